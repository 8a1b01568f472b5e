"""Events on the chain: decoded in a thread of their own, from a runtime's real metadata."""

from __future__ import annotations

import asyncio
import threading

import pytest
import xxhash

from ainur_tui.demo.node import runtime as node_runtime
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.node import events
from ainur_tui.systems.node.scale import Codec, Worker
from tests.systems import nodeworld, test_node_more
from tests.systems.nodeworld import Connect, FakeNode, of, probe
from tests.systems.test_node_more import Mini

# The fixtures of the other files, shared.
node, clock, context, system, mini = (
    nodeworld.node, nodeworld.clock, nodeworld.context, nodeworld.system, test_node_more.mini
)  # fmt: skip


def test_the_key_of_the_events() -> None:
    words = ("System", "Events")
    parts = (xxhash.xxh64(word, seed=seed).intdigest() for word in words for seed in (0, 1))
    assert "0x" + "".join(part.to_bytes(8, "little").hex() for part in parts) == events.EVENTS


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(node_runtime.metadata())


def test_every_kind_of_event_is_decoded(codec: Codec) -> None:
    found = [one for number in range(200) for one in codec.events(node_runtime.events(1, number))]
    kinds = {(one.pallet, one.name) for one in found}
    made = {
        (name, kind.name) for (name, _), kinds in node_runtime.PALLETS.items() for kind in kinds
    }
    assert kinds == made - {("System", "CodeUpdated")}
    locked = next(one for one in found if one.name == "EscrowLocked")
    assert [name for name, _ in locked.fields] == ["escrow_id", "amount"]
    assert int(locked.fields[1][1]) % 10**12 == 0


async def test_the_chain_is_followed_from_where_it_is(
    node: FakeNode, mini: Mini, system: Connect
) -> None:
    where = probe(system(timeout=10.0), "events")
    first = (await where.read()).tables[0]
    assert first.rows == []
    assert where._codec is None
    begun = mini.chain.finalized
    mini.grow(12)
    node.answers = mini.answers
    sample = await where.read()
    table = sample.tables[0]
    told = [(row.cells[0], row.cells[1], row.cells[2]) for row in reversed(table.rows)]
    codec: Codec = vars(where)["_codec"]
    wanted = [
        (number, one.pallet, one.name)
        for number in range(begun + 1, begun + 13)
        for one in codec.events(node_runtime.events(1, number))
        if one.name != "ExtrinsicSuccess"
    ]
    assert told == wanted != []
    assert of(sample)["node.extrinsics.failed"].value is not None
    assert table.note == f"decoded up to block #{begun + 12:,}"
    mini.grow(50)
    node.answers = mini.answers
    assert "30 blocks were skipped" in ((await where.read()).tables[0].note or "")
    assert where._codec is codec


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("state_getMetadata", "0x6d657461", "cannot be decoded"),
        ("state_getMetadata", "0x6", "state_getMetadata"),
        ("state_getMetadata", RuntimeError("no way"), "no way"),
        ("state_getStorage", "0xffffffff", "cannot be decoded"),
        ("chain_getFinalizedHead", RuntimeError("no finality"), "no finality"),
    ],
)
async def test_what_cannot_be_decoded_is_said(
    node: FakeNode, mini: Mini, system: Connect, method: str, answer: object, words: str
) -> None:
    where = probe(system(timeout=10.0), "events")
    await where.read()
    mini.grow(1)
    node.answers = mini.answers | {method: lambda *_: answer}
    sample = await where.read()
    assert words in (sample.tables[0].missing or "")
    assert of(sample)["node.extrinsics.failed"].value is None


async def test_bytes_without_end_cost_one_thread_and_no_waiting() -> None:
    worker, over = Worker(), threading.Event()
    with pytest.raises(ProbeFailure, match="not decoded within"):
        await worker.run(over.wait, 0.05)
    with pytest.raises(ProbeFailure, match="not come to an end"):
        await worker.run(lambda: 1, 10.0)
    over.set()
    assert worker._thread is not None
    assert worker._thread.daemon
    await asyncio.to_thread(worker._thread.join, 10)
    assert await worker.run(lambda: 1, 10.0) == 1
