"""The node's probes against a JSON-RPC server that says what each test wants."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import xxhash
from aiohttp import web

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.chaintime import TIMESTAMP_NOW
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.endpoints import socket_urls, urls_of
from ainur_tui.systems.node.head import HeadProbe
from ainur_tui.systems.node.shapes import Header, Text
from ainur_tui.systems.node.system import connect
from tests.systems import nodeworld
from tests.systems.nodeworld import (
    GENESIS,
    HASH,
    WORLD,
    Clock,
    Connect,
    FakeNode,
    Told,
    Unit,
    grows,
    of,
    probe,
)

node, clock, context, system, unit = (
    nodeworld.node, nodeworld.clock, nodeworld.context, nodeworld.system, nodeworld.unit
)  # fmt: skip


def test_none_is_connected_without_a_section(context: Context) -> None:
    assert connect(Environment(), context) is None


async def test_a_living_head(node: FakeNode, system: Connect) -> None:
    node.answers["chain_getHeader"] = grows(node)
    head = probe(system(), "head")
    found = of(await head.read())
    assert set(found) == {signal.name for signal in head.signals}
    assert found["node.up"].value == 1
    assert found["node.finality.lag"].value in {1, 2}
    assert found["node.lag"].value == 0
    assert found["node.peers"].value == 8
    assert found["node.import.stalled"].value == 0
    assert found["node.block.age"].value is not None
    assert found["node.block.age"].value < 5
    assert found["node.import.rate"].value is None


async def test_a_stall_is_seen_by_one_look(node: FakeNode, system: Connect) -> None:
    began = time.monotonic()
    found = of(await probe(system(), "head").read())
    assert time.monotonic() - began < 10
    assert found["node.import.stalled"].value == 1
    assert found["node.import.stalled"].note is not None
    assert found["node.import.stalled"].note.startswith("none in ")
    assert found["node.block.age"].value is not None
    assert found["node.block.age"].value >= 0.24


async def test_a_stall_stays_until_a_block_comes(
    node: FakeNode, system: Connect, clock: Clock
) -> None:
    node.answers["state_getStorage"] = lambda _: stamp(clock.now())
    head = probe(system(block_time=2.0, timeout=0.5), "head")
    assert of(await head.read())["node.import.stalled"].value == 0
    clock.ahead += 7
    stalled = of(await head.read())
    assert stalled["node.import.stalled"].value == 1
    assert stalled["node.block.age"].value is not None
    assert stalled["node.block.age"].value > 7
    node.best += 7
    clock.ahead += 7
    well = of(await head.read())
    assert well["node.import.stalled"].value == 0
    assert well["node.block.age"].value == pytest.approx(0, abs=5)
    assert well["node.import.rate"].value == pytest.approx(0.5, abs=0.2)


def test_the_key_of_the_chains_time() -> None:
    def twox128(text: str) -> bytes:
        return b"".join(
            xxhash.xxh64(text, seed=seed).intdigest().to_bytes(8, "little") for seed in (0, 1)
        )

    assert (twox128("Timestamp") + twox128("Now")).hex() == TIMESTAMP_NOW[2:]


def stamp(at: float) -> str:
    return "0x" + int(at * 1000).to_bytes(8, "little").hex()


async def test_the_chains_own_time_spares_the_wait(
    node: FakeNode, system: Connect, clock: Clock
) -> None:
    node.answers["state_getStorage"] = lambda _: stamp(clock.now() - 1)
    head = probe(system(block_time=6.0), "head")
    began = time.monotonic()
    found = of(await head.read())
    assert time.monotonic() - began < 5, "the six seconds of a block are not waited for"
    assert found["node.block.age"].value == pytest.approx(1, abs=5)
    assert found["node.import.stalled"].value == 0


async def test_an_old_block_by_the_chains_own_time(
    node: FakeNode, system: Connect, clock: Clock
) -> None:
    node.answers["state_getStorage"] = lambda _: stamp(clock.now() - 300)
    found = of(await probe(system(block_time=0.2), "head").read())
    assert found["node.block.age"].value == pytest.approx(300, abs=2)
    assert found["node.import.stalled"].value == 1


@pytest.mark.parametrize("told", ["0x", "junk", None, "0x" + "ff" * 8, stamp(0)])
async def test_a_senseless_time_is_not_used(node: FakeNode, system: Connect, told: Any) -> None:
    node.answers["state_getStorage"] = lambda _: told
    found = of(await probe(system(block_time=0.2), "head").read())
    assert found["node.block.age"].value == pytest.approx(0.8, abs=0.5)
    assert found["node.import.stalled"].value == 1


async def test_behind_and_alone(node: FakeNode, system: Connect) -> None:
    node.behind = 125
    node.answers["system_health"] = {"peers": 0, "isSyncing": True, "shouldHavePeers": True}
    found = of(await probe(system(), "head").read())
    assert found["node.lag"].value == 125
    assert found["node.peers"].value == 0
    assert found["node.syncing"].value == 1


async def test_what_a_development_chain_does_not_have(node: FakeNode, system: Connect) -> None:
    node.answers["system_health"] = {"peers": 0, "isSyncing": False, "shouldHavePeers": False}
    del node.answers["chain_getFinalizedHead"]
    node.answers["system_syncState"] = {"startingBlock": 0, "currentBlock": 1, "highestBlock": None}
    found = of(await probe(system(), "head").read())
    assert found["node.peers"].value is None
    assert found["node.finalized"].value is None
    assert found["node.lag"].value is None


BAD: list[tuple[Any, str]] = [
    (b"<html>", "system_health"),
    (b"", "system_health"),
    (b'{"id": 99999, "result": {}}', "another call"),
    (b'{"id":1,"result":' + b"[" * 100_000, "system_health"),
    ({"peers": -1, "isSyncing": False}, "peers"),
    ({"peers": "8", "isSyncing": False}, "peers"),
    ({"peers": 1e400, "isSyncing": False}, "system_health"),
    ({}, "peers"),
    (None, "system_health"),
    (RuntimeError("no\x1b[31m way"), "no␛[31m way"),
]


@pytest.mark.parametrize(("answer", "words"), BAD)
async def test_an_answer_that_makes_no_sense_is_a_failure_with_its_words(
    node: FakeNode, system: Connect, answer: Any, words: str
) -> None:
    node.answers["system_health"] = answer
    with pytest.raises(ProbeFailure) as failure:
        await probe(system(), "head").read()
    assert failure.value.kind == "bad answer"
    assert words in failure.value.detail


@pytest.mark.parametrize("number", ["100", "0x", "0xzz", "0x" + "f" * 20, 100])
async def test_heights_that_are_none(node: FakeNode, system: Connect, number: Any) -> None:
    node.answers["chain_getHeader"] = {"number": number, "parentHash": HASH}
    with pytest.raises(ProbeFailure) as failure:
        await probe(system(), "head").read()
    assert failure.value.kind == "bad answer"


async def test_a_silent_node_ends_at_the_deadline(node: FakeNode, system: Connect) -> None:
    async def never() -> None:
        await asyncio.sleep(30)

    node.answers["system_health"] = never
    began = time.monotonic()
    with pytest.raises(ProbeFailure) as failure:
        await probe(system(timeout=0.5), "head").read()
    assert failure.value.kind == "timeout"
    assert time.monotonic() - began < 15


async def test_the_next_endpoint_is_asked(node: FakeNode, system: Connect) -> None:
    node.answers["chain_getHeader"] = grows(node)
    where = system(rpc=["ws://127.0.0.1:1", node.url])
    up = of(await probe(where, "head").read())["node.up"]
    assert up.value == 1
    assert up.note is not None
    assert "127.0.0.1:1: nothing listens there" in up.note
    assert node.url.removeprefix("http://") in up.note


async def test_no_endpoint_answers(system: Connect) -> None:
    with pytest.raises(ProbeFailure, match=r"127\.0\.0\.1:1: .*; 127\.0\.0\.1:2: ") as failure:
        await probe(system(rpc=["http://127.0.0.1:1", "http://127.0.0.1:2"]), "head").read()
    assert failure.value.kind == "refused"


async def test_the_first_endpoint_is_tried_again(context: Context, clock: Clock) -> None:
    client = NodeClient(["http://127.0.0.1:1", "http://127.0.0.1:2"], context, 1.0)
    client._settle(1, [])
    assert client._order() == [1, 0]
    clock.ahead += 61
    assert client._order() == [0, 1]


@pytest.mark.parametrize(
    ("endpoint", "urls"),
    [
        ("http://n:9944", ["http://n:9944", "http://n:9933"]),
        ("http://n:9933", ["http://n:9933", "http://n:9944"]),
        ("http://n:8080/rpc", ["http://n:8080/rpc"]),
        ("ws://n:9944", ["ws://n:9944", "ws://n:9933"]),
        ("wss://n/rpc", ["wss://n/rpc"]),
        ("https://n", ["https://n"]),
        ("http://n", ["http://n:9944", "http://n:9933", "http://n"]),
        ("ws://[::1]", ["ws://[::1]:9944", "ws://[::1]:9933", "ws://[::1]"]),
        ("http://n:x", ["http://n:x"]),
    ],
)
def test_the_ports_a_node_may_answer_at(endpoint: str, urls: list[str]) -> None:
    assert urls_of(endpoint) == urls


def test_the_same_places_by_websocket() -> None:
    assert socket_urls(["https://n/rpc", "http://n:9933", "ws://n:9944"]) == [
        "wss://n/rpc", "ws://n:9933", "ws://n:9944",
    ]  # fmt: skip


async def test_a_node_tells_its_chain_runtime_and_pool(node: FakeNode, system: Connect) -> None:
    facts = probe(system(genesis=GENESIS.upper().replace("0X", "")), "facts")
    sample = await facts.read()
    found = of(sample)
    assert found["node.pool"].value == 2
    assert found["node.chain"].value == 1
    rows = {str(row.cells[0]): row.cells[1] for row in sample.tables[0].rows}
    assert rows["Chain"] == "Ainur"
    assert rows["Runtime"] == "ainur 104 (transactions 2)"
    assert rows["Genesis"] == f"{GENESIS} as configured"
    assert rows["Token"] == "AINU"
    assert rows["RPC methods"] == "2"
    assert sample.events == []


async def test_another_chain_and_a_new_runtime(node: FakeNode, system: Connect) -> None:
    facts = probe(system(genesis=HASH), "facts")
    sample = await facts.read()
    assert of(sample)["node.chain"].value == 0
    assert next(row for row in sample.tables[0].rows if row.key == "Genesis").tone == "fail"
    node.answers["state_getRuntimeVersion"] = {"specName": "ainur", "specVersion": 105}
    events = (await facts.read()).events
    assert [event.text for event in events] == [
        "runtime ainur 104 (transactions 2) → ainur 105 (transactions 0)"
    ]
    assert (await facts.read()).events == []


async def test_a_node_that_does_not_answer_takes_no_fact_away(system: Connect) -> None:
    sample = await probe(system(rpc=["http://127.0.0.1:1"], genesis=GENESIS), "facts").read()
    assert {signal: found.value for signal, found in of(sample).items()} == {
        "node.pool": None, "node.chain": None,
    }  # fmt: skip
    assert "nothing listens there" in (of(sample)["node.pool"].note or "")
    assert sample.tables == ()


async def test_facts_stand_alone(node: FakeNode, system: Connect) -> None:
    del node.answers["author_pendingExtrinsics"]
    node.answers["system_name"] = {"not": "text"}
    node.answers["system_chain"] = "evil\x1b]0;x\x07"
    sample = await probe(system(), "facts").read()
    rows = {str(row.cells[0]): str(row.cells[1]) for row in sample.tables[0].rows}
    assert rows["Chain"] == "evil␛]0;x␇"
    assert "not what it should be" in rows["Node"]
    pool = of(sample)["node.pool"]
    assert pool.value is None
    assert "not offered by this node" in (pool.note or "")


async def test_metrics_fill_what_is_hidden(node: FakeNode, system: Connect) -> None:
    del node.answers["author_pendingExtrinsics"]

    async def page(_: web.Request) -> web.Response:
        return web.Response(
            text='substrate_ready_transactions_number{chain="a"} 5\nprocess_start_time_seconds 0\n'
        )

    app = web.Application()
    app.router.add_get("/metrics", page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    where = system(metrics=f"http://127.0.0.1:{runner.addresses[0][1]}/metrics")
    pool = of(await probe(where, "facts").read())["node.pool"]
    await runner.cleanup()
    assert (pool.value, pool.source) == (5, "node's metrics")
    assert of(await probe(where, "facts").read())["node.pool"].value is None


async def test_peers_are_listed_with_how_far_they_lag_or_said_to_be_hidden(
    node: FakeNode, system: Connect, clock: Clock
) -> None:
    peers = probe(system(), "peers")
    table = (await peers.read()).tables[0]
    assert [row.cells for row in table.rows] == [
        ["p1", "FULL", 100, 0, "—", "—", "—"], ["p2␛[31m", "FULL", 40, 60, "—", "—", "—"],
    ]  # fmt: skip
    assert [row.tone for row in table.rows] == ["none", "warn"]
    node.answers["system_peers"] = RuntimeError("RPC call is unsafe to be called externally")
    clock.ahead += 10
    table = (await peers.read()).tables[0]
    assert table.missing is not None
    assert table.missing.startswith("hidden by the node's safe mode")
    assert table.rows == []


async def test_a_refusal_does_not_ask_elsewhere(node: FakeNode, context: Context) -> None:
    client = NodeClient([node.url, "http://127.0.0.1:1"], context, 1.0)
    with pytest.raises(RpcRefused) as refused:
        await client.call("nothing", Text)
    assert refused.value.hidden
    await client.close()


@pytest.mark.parametrize("batches", [True, False])
async def test_several_calls_in_one_question(
    node: FakeNode, context: Context, batches: bool
) -> None:
    node.batches = batches
    client = NodeClient([node.url], context, 10.0)
    for _ in range(2):
        found = await client.batch([
            ("system_chain", Text, ()), ("nothing", Text, ()), ("system_name", int, ()),
            ("system_version", Text, ()),
        ])  # fmt: skip
        assert (found[0], found[3]) == ("Ainur", "1.0.0")
        assert isinstance(found[1], RpcRefused)
        assert found[2].kind == "bad answer"
    assert await client.batch([]) == []
    await client.close()
    nobody = NodeClient(["http://127.0.0.1:1"], context, 10.0)
    with pytest.raises(ProbeFailure):
        await nobody.batch([("system_chain", Text, ())])
    await nobody.close()


async def test_the_units_state_and_its_restarts_are_seen(
    unit: Unit, system: Connect, clock: Clock
) -> None:
    found = probe(system(unit="ainur-node"), "unit")
    sample = await found.read()
    assert of(sample)["node.unit"].value == 1
    assert sample.events == []
    facts = [row.cells for row in sample.tables[0].rows]
    assert facts[0] == ["State", "active (running)"]
    assert ["Process id", "7"] in facts
    unit.says(pid=8)
    clock.ahead += 2
    sample = await found.read()
    assert [e.text for e in sample.events] == ["unit ainur-node restarted: PID 7 → 8"]
    unit.says(pid=0, state="failed")
    clock.ahead += 2
    sample = await found.read()
    assert of(sample)["node.unit"].value == 0
    assert of(sample)["node.unit"].note == "ainur-node is failed (running)"
    assert sample.events == []


async def test_other_flags_of_the_unit_are_an_event(
    unit: Unit, system: Connect, clock: Clock
) -> None:
    found = probe(system(unit="ainur-node"), "unit")
    unit.says(pid=7, flags="--pruning 256 --validator --node-key=hunter22 --suri hunter24")
    assert (await found.read()).events == []
    unit.says(pid=7, flags="--pruning archive --validator --rpc-token=hunter23")
    clock.ahead += 2
    sample = await found.read()
    (event,) = sample.events
    assert (event.kind, event.target) == ("setting", "node")
    assert "added --pruning archive" in event.text
    assert "removed --pruning 256" in event.text
    assert "--validator" not in event.text
    assert "hunter" not in str(sample)


async def test_a_machine_without_systemd(system: Connect) -> None:
    where = system(unit="ainur-node")
    sample = await probe(where, "unit").read()
    assert sample.readings == []
    assert sample.tables[0].missing is not None
    assert "no systemctl on this machine" in sample.tables[0].missing
    assert where.logs == ()
    assert where.actions[0].unavailable() == "no systemctl on this machine"


async def test_a_restart_is_verified_by_a_new_process_that_answers(
    unit: Unit, node: FakeNode, system: Connect, clock: Clock
) -> None:
    action = system(unit="ainur-node").actions[0]
    plan = await action.plan("node", {}, WORLD)
    assert plan.risk == "R2"
    assert plan.affects == ["api", "frontend"]
    assert plan.before == {"unit": "ainur-node", "state": "active", "main_pid": "7"}
    assert plan.steps[0] == "Restart unit ainur-node (PID 7)"
    assert any("validator" in warning for warning in plan.warnings)
    assert plan.before == (await action.plan("node", {}, WORLD)).before
    assert (await action.observe(plan)).state == "failed"
    told = Told(clock)
    restart, answers = action.steps(plan)
    assert await restart.work(told) == "systemctl restart ainur-node returned"
    unit.says(pid=9)
    node.best -= 1
    waiting = asyncio.ensure_future(answers.work(told))
    await told.waited.wait()
    assert told.said[1] == "best block 99, before it was 100"
    assert (await action.observe(plan)).state == "failed"
    node.best += 1
    assert await waiting == "RPC answers, best block 100"
    seen = await action.observe(plan)
    assert (seen.state, seen.by) == (
        "verified",
        "unit ainur-node is active with PID 9 (was 7); its RPC answers with best block 100",
    )


async def test_stop_and_start(unit: Unit, node: FakeNode, system: Connect, clock: Clock) -> None:
    _, start, stop, *_ = system(unit="ainur-node").actions
    with pytest.raises(Refused, match="active already"):
        await start.plan("node", {}, WORLD)
    plan = await stop.plan("node", {}, WORLD)
    assert (plan.risk, plan.inverse, plan.affects) == ("R3", "start node", ["api", "frontend"])
    assert any("validator" in warning for warning in plan.warnings)
    assert (await stop.observe(plan)).state == "failed"
    [step] = stop.steps(plan)
    assert await step.work(Told(clock)) == "systemctl stop ainur-node returned"
    unit.says(pid=0, state="inactive")
    assert (await stop.observe(plan)).state == "verified"
    plan = await start.plan("node", {}, WORLD)
    assert (plan.risk, plan.steps) == ("R1", ["start unit ainur-node"])
    assert (await start.observe(plan)).state == "failed"
    [step] = start.steps(plan)
    assert "RPC answers, best block 100" in await step.work(Told(clock))
    unit.says(pid=9)
    assert (await start.observe(plan)).state == "verified"


async def test_what_cannot_be_planned(system: Connect) -> None:
    with pytest.raises(Refused, match=r"no node\.unit"):
        await system().actions[0].plan("node", {}, WORLD)


def test_headers_of_different_blocks_differ() -> None:
    one = Header(number="0x1", parent_hash=HASH)
    assert one == Header(number="0x1", parent_hash=HASH)
    assert one != Header(number="0x1", parent_hash=GENESIS)
    assert HeadProbe.name == "node.head"
