"""The node: its chain by a made-up clock, its wire as a real process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from ainur_tui.demo.node.chain import FINALITY, FIRST_HEIGHT, Chain
from ainur_tui.demo.node.peers import peers
from ainur_tui.demo.node.rpc import Methods, RpcError
from ainur_tui.demo.service import free_port
from ainur_tui.demo.switches import Switches
from tests.demo.flyhouse import until
from tests.demo.processes import answers, component

NONE: frozenset[str] = frozenset()


def run(chain: Chain, begin: float, seconds: float, *faults: str) -> float:
    """Let the chain live, ten looks a second; the time then."""
    for tick in range(1, round(seconds * 10) + 1):
        chain.advance(begin + tick / 10, frozenset(faults))
    return begin + seconds


def test_the_chain_grows_with_the_clock_and_is_the_same_every_time(tmp_path: Path) -> None:
    chains = [Chain(7, 2.0, tmp_path / "chain.json"), Chain(7, 2.0)]
    for chain in chains:
        chain.advance(0, NONE)
        run(chain, 0, 20)
        assert chain.best == chain.target == FIRST_HEIGHT + 10
        assert chain.finalized == chain.best - FINALITY
        assert 7 <= chain.peers <= 9
    one, other = (chain.header(chain.best) for chain in chains)
    assert one == other
    assert one["parentHash"] == chains[0].hash(chains[0].best - 1)
    assert chains[0].pool == chains[1].pool != []
    assert Chain(7, 2.0, tmp_path / "chain.json").best == FIRST_HEIGHT + 10
    assert Chain(8, 2.0).hash(5) != chains[0].hash(5)


def test_a_stalled_chain_keeps_its_peers() -> None:
    chain = Chain(1, 2.0)
    now = run(chain, 0, 4)
    height = chain.best
    now = run(chain, now, 30, "node-stalled")
    assert (chain.best, chain.target) == (height, height)
    assert chain.peers > 0
    run(chain, now, 10)
    assert chain.best == height + 5


def test_a_lagging_node_falls_far_behind_and_catches_up() -> None:
    chain = Chain(1, 2.0)
    now = run(chain, 0, 4)
    chain.advance(now, frozenset({"node-lagging"}))
    for _ in range(60):
        now = run(chain, now, 1, "node-lagging")
        assert chain.target - chain.best >= 120
        assert chain.syncing
    assert chain.best > FIRST_HEIGHT + 2
    run(chain, now, 3)
    assert chain.target - chain.best <= 1
    assert not chain.syncing


def test_no_peers_is_no_peers() -> None:
    chain = Chain(1, 2.0)
    now = run(chain, 0, 4, "node-no-peers")
    assert peers(chain) == []
    run(chain, now, 4)
    assert len(peers(chain)) == chain.peers > 0


def test_errors_are_the_real_nodes() -> None:
    methods = Methods(Chain(1, 2.0), safe=True)
    for method, params, code in (
        ("nothing", [], -32601),
        ("system_peers", [], -32601),
        ("chain_getBlockHash", ["x"], -32602),
        ("chain_getHeader", [1, 2, 3], -32602),
        ("state_call", ["Core_nothing", "0x"], -32000),
        ("state_getStorage", ["0x00", "0x" + "00" * 32], 4003),
    ):
        with pytest.raises(RpcError) as refused:
            methods.call(method, params)
        assert refused.value.json["code"] == code


@dataclass
class Place:
    directory: Path
    rpc: str
    metrics: str

    async def call(self, session: ClientSession, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 9, "method": method, "params": params}
        async with session.post(self.rpc, json=body) as answer:
            found = await answer.json()
            assert found["id"] == 9
            return found["result"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory, rpc, metrics = tmp_path_factory.mktemp("node"), free_port(), free_port()
    words = ("--rpc-port", rpc, "--metrics-port", metrics, "--block-time", "0.2")
    with component("node", directory, *words):
        answers(f"http://127.0.0.1:{rpc}/health")
        yield Place(directory, f"http://127.0.0.1:{rpc}", f"http://127.0.0.1:{metrics}/metrics")


async def test_calls_over_http(place: Place) -> None:
    async with ClientSession() as session:
        health = await place.call(session, "system_health")
        assert health["shouldHavePeers"] is True
        header = await place.call(session, "chain_getHeader")
        number = int(header["number"], 16)
        assert await place.call(session, "chain_getBlockHash", number - 1) == header["parentHash"]
        finalized = await place.call(session, "chain_getFinalizedHead")
        assert (
            int((await place.call(session, "chain_getHeader", finalized))["number"], 16) <= number
        )
        assert (await place.call(session, "state_getRuntimeVersion"))["specVersion"] > 0
        assert "grandpa_roundState" in (await place.call(session, "rpc_methods"))["methods"]
        async with session.post(place.rpc, data=b"{") as answer:
            assert (await answer.json())["error"]["code"] == -32700
        async with session.post(place.rpc, json={"jsonrpc": "2.0", "id": 1}) as answer:
            assert (await answer.json())["error"]["code"] == -32600


async def test_heads_over_websocket(place: Place) -> None:
    async with ClientSession() as session, session.ws_connect(place.rpc) as socket:
        for key, method in enumerate(("chain_subscribeNewHeads", "chain_subscribeFinalizedHeads")):
            await socket.send_json({"jsonrpc": "2.0", "id": key, "method": method, "params": []})
        names: dict[str, list[int]] = {}
        while min(map(len, names.values()), default=0) < 3 or len(names) < 2:
            said = await socket.receive_json(timeout=5)
            if "method" in said:
                number = int(said["params"]["result"]["number"], 16)
                names.setdefault(said["method"], []).append(number)
    assert set(names) == {"chain_newHead", "chain_finalizedHead"}
    for numbers in names.values():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_metrics_and_faults(place: Place) -> None:
    switches = Switches(place.directory)
    switches.set("node-no-peers", on=True)
    async with ClientSession() as session:

        async def alone() -> bool:
            return bool((await place.call(session, "system_health"))["peers"] == 0)

        await until(alone, "the peers are gone")
        async with session.get(place.metrics) as answer:
            text = await answer.text()
        switches.set("node-no-peers", on=False)
    found = dict(re.findall(r"^(\S+?)(?:,?chain=\S*)? (\S+)$", text, re.MULTILINE))
    assert int(found['substrate_block_height{status="best"']) > FIRST_HEIGHT
    assert found["substrate_sub_libp2p_peers_count{"] == "0"


def test_the_log_is_the_real_nodes(tmp_path: Path) -> None:
    words = ("--rpc-port", free_port(), "--metrics-port", free_port(), "--block-time", "0.1")
    with component("node", tmp_path, *words) as process:
        assert process.stderr is not None
        lines: list[str] = []
        while not lines or "Pre-sealed" not in lines[-1]:
            lines.append(process.stderr.readline().decode())
    text = "".join(lines)
    at = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
    assert re.search(at + r"🏆 Imported #\d+ \(0x\w{4}…\w{4} → 0x\w{4}…\w{4}\)$", text, re.M)
    assert re.search(at + r"🎁 Prepared block for proposing at \d+ \(\d+ ms\)", text, re.M)
