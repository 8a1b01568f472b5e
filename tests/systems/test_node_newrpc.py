"""A node that offers only the newer RPC family, or none that tells of its head."""
# ruff: noqa: ASYNC110 - what a server tells in its own time has no event here

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Environment, Node
from ainur_tui.demo.node.chain import Chain
from ainur_tui.demo.node.chainhead import header_bytes
from ainur_tui.demo.node.rpc import Methods
from ainur_tui.demo.node.server import RpcServer, metrics_page
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.chain import ChainProbe
from ainur_tui.systems.node.chaintime import TIMESTAMP_NOW, moment_of
from ainur_tui.systems.node.client import RpcRefused
from ainur_tui.systems.node.follow import KEPT, Follow
from ainur_tui.systems.node.heads import Heads
from ainur_tui.systems.node.scaleheader import header_of
from ainur_tui.systems.node.system import connect
from ainur_tui.systems.system import System
from tests.systems import nodeworld
from tests.systems.nodeworld import of, probe
from tests.systems.web import app_server

clock, context = nodeworld.clock, nodeworld.context
NEW = frozenset({"node-new-rpc"})
BLOCK = 2.0
AGE = 300.0
"""Seconds since its best block when a test begins."""


@dataclass
class Place:
    """The miniature's RPC in this process, moved on by the test."""

    chain: Chain
    rpc: RpcServer
    url: str = ""
    metrics: str = ""
    at: float = 0.0

    def live(self, blocks: int, faults: frozenset[str] = NEW) -> None:
        for _ in range(blocks):
            self.at += BLOCK
            if imported := self.chain.advance(self.at, faults):
                self.rpc.publish(imported)

    def config(self, **more: Any) -> Node:
        return Node(rpc=[self.url], block_time=0.1, timeout=5.0, unit=None, **more)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    chain = Chain(1, BLOCK)
    found = Place(chain, RpcServer(chain, Methods(chain)), at=time.time() - AGE)
    chain.advance(found.at, NEW)
    app = found.rpc.application()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=metrics_page(chain, 0, 0, 0))

    app.router.add_get("/metrics", page)
    async with app_server(app) as found.url:
        found.metrics = f"{found.url}/metrics"
        yield found


@pytest.fixture
async def follow(place: Place, context: Context) -> AsyncIterator[Follow]:
    found = Follow(place.config(), context)
    yield found
    await found.close()


async def test_the_head_is_followed(place: Place, follow: Follow) -> None:
    chain = place.chain
    first = await follow.look(10)
    assert (first.best.height, first.finalized) == (chain.best, chain.finalized)
    assert first.best.parent_hash == chain.hash(chain.best - 1)
    assert first.runtime is not None
    assert first.runtime.spec_version == 104
    [following] = place.rpc._follows.values()
    for _ in range(4):
        place.live(KEPT)
        found = await follow.look(10)
        assert found.finalized <= chain.finalized
    await followed(follow, chain.best)
    assert [*place.rpc._follows.values()] == [following]
    assert len(following._pinned) <= KEPT + 2


async def test_the_state_is_read_by_operations(place: Place, follow: Follow) -> None:
    assert await follow.stored(TIMESTAMP_NOW, 10) is None
    await follow.look(10)
    for _ in range(2):
        told = await follow.stored(TIMESTAMP_NOW, 10)
        assert moment_of(told) == pytest.approx(place.chain.timestamp, abs=0.001)
        assert await follow.stored("0x00", 10) is None
    place.rpc._read = lambda *_: {"result": "started", "operationId": "lost"}  # type: ignore[method-assign]
    with pytest.raises(ProbeFailure, match="no state from"):
        await follow.stored(TIMESTAMP_NOW, 0.2)
    place.rpc._end(*place.rpc._follows)
    assert await follow.stored(TIMESTAMP_NOW, 10) is None


async def followed(follow: Follow, height: int) -> None:
    """Look until the head is told: notifications come in their own time."""
    async with asyncio.timeout(10):
        while (await follow.look(10)).best.height != height:
            await asyncio.sleep(0.01)


async def test_a_subscription_that_ends_is_begun_again(place: Place, follow: Follow) -> None:
    await follow.look(10)
    [name] = place.rpc._follows
    place.rpc._tell(name, {"event": "stop"})
    place.live(1)
    await followed(follow, place.chain.best)
    names = [name, *place.rpc._follows]
    place.rpc._end(names[-1])
    place.live(1)
    await followed(follow, place.chain.best)
    names += place.rpc._follows
    place.rpc._follows[names[-1]]._pinned.clear()
    await followed(follow, place.chain.best)
    assert len({*names, *place.rpc._follows}) == 4


async def test_a_node_without_the_newer_family(place: Place, follow: Follow) -> None:
    def offers(method: str) -> bool:
        return not method.startswith("chainHead")

    place.rpc._methods.offers = offers  # type: ignore[method-assign]
    with pytest.raises((RpcRefused, ProbeFailure)):
        await follow.look(10)


@pytest.fixture
async def system(place: Place, context: Context) -> AsyncIterator[System]:
    found = connect(Environment(node=place.config(metrics=place.metrics)), context)
    assert found is not None
    yield found
    assert found.close is not None
    await found.close()


async def test_heights_come_from_the_newer_family_and_say_so(place: Place, system: System) -> None:
    chain = next(one for one in system.probes if isinstance(one, ChainProbe))
    found = of(await chain.read())
    assert found["node.best"].value == place.chain.best
    assert found["node.finalized"].value == place.chain.finalized
    assert found["node.best"].source.startswith("chainHead_v1 ws://127.0.0.1:")
    assert "no chain_getHeader" in (found["node.up"].note or "")
    assert found["node.peers"].value == place.chain.peers
    assert found["node.import.stalled"].value == 1
    assert found["node.block.age"].value == pytest.approx(AGE, abs=30)
    place.live(1)
    async with asyncio.timeout(10):
        while (again := of(await chain.read()))["node.best"].value != place.chain.best:
            await asyncio.sleep(0.01)
    assert again["node.import.stalled"].value == 0


async def test_facts_of_the_newer_family(place: Place, system: System) -> None:
    await probe(system, "head").read()
    rows = {r.key: str(r.cells[1]) for r in (await probe(system, "facts").read()).tables[0].rows}
    assert rows["Runtime"] == "ainur-runtime 104 (transactions 2)"
    assert rows["Node"] == "the node does not tell"
    assert rows["Chain"] == "Ainur Testnet"
    assert rows["Genesis"] == place.chain.genesis
    assert rows["Token"] == "AINU"
    assert rows["RPC methods"].endswith("newer family (chainHead, chainSpec)")


async def test_without_either_family_the_metrics_tell(place: Place, context: Context) -> None:
    place.rpc._methods.offers = lambda method: method == "rpc_methods"  # type: ignore[method-assign]
    found = connect(Environment(node=place.config(metrics=place.metrics)), context)
    alone = connect(Environment(node=place.config()), context)
    assert found is not None
    assert alone is not None
    head = of(await probe(found, "head").read())
    assert head["node.best"].value == place.chain.best
    assert head["node.target"].value == place.chain.target
    assert head["node.peers"].value == place.chain.peers
    assert head["node.best"].source == "node's metrics"
    with pytest.raises(ProbeFailure, match="no chain_getHeader, and by chainHead_v1"):
        await probe(alone, "head").read()
    for one in (found, alone):
        assert one.close is not None
        await one.close()


async def test_the_old_family_is_asked_for_again(place: Place, context: Context) -> None:
    heads = probe(connected := connect(Environment(node=place.config()), context), "head")._heads  # type: ignore[arg-type]
    assert isinstance(heads, Heads)
    assert (await heads.look(5)).source.startswith("chainHead_v1")
    place.live(1, frozenset())
    assert (await heads.look(5)).source.startswith("chainHead_v1")
    context.clock.ahead += 61  # type: ignore[attr-defined]
    assert (await heads.look(5)).source.startswith("JSON-RPC")
    assert connected is not None
    assert connected.close is not None
    await connected.close()


@pytest.mark.parametrize("number", [0, 63, 64, 16383, 16384, 184_000, 2**30 - 1])
def test_headers_as_the_newer_family_gives_them(number: int) -> None:
    header = Chain(1, BLOCK).header(number)
    found = header_of("0x" + header_bytes(header).hex())
    assert found.height == number
    assert (found.parent_hash, found.state_root) == (header["parentHash"], header["stateRoot"])


def test_the_first_header_of_a_real_chain() -> None:
    """Polkadot's: their hash is that chain's genesis, so these are its bytes."""
    state = "29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17"
    extrinsics = "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314"
    raw = bytes.fromhex("00" * 33 + state + extrinsics + "00")
    genesis = "91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"
    assert hashlib.blake2b(raw, digest_size=32).hexdigest() == genesis
    found = header_of("0x" + raw.hex())
    assert (found.height, found.state_root) == (0, "0x" + state)
    assert found.extrinsics_root == "0x" + extrinsics


def test_a_large_height_and_what_is_no_header() -> None:
    rest = bytes(64)
    large = bytes(32) + b"\x03\x00\x00\x00\x40" + rest  # the SCALE description's own 2**30
    assert header_of(large.hex()).height == 2**30
    for bad in ("", "0x" + "00" * 32, (bytes(32) + b"\x04" + bytes(63)).hex(), "zz",
                (bytes(32) + b"\xff" + bytes(200)).hex()):  # fmt: skip
        with pytest.raises(ValueError, match=r"header|height|hexadecimal"):
            header_of(bad)
