"""A node that says what each test wants, and the console's part for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Environment, Node
from ainur_tui.model.board import BoardView, Trust
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.signal import Reading
from ainur_tui.systems import base
from ainur_tui.systems.acting import World
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.node.chain import ChainProbe
from ainur_tui.systems.node.system import connect
from ainur_tui.systems.system import System
from tests.systems.steps import no_secret

HASH = "0x" + "ab" * 32


GENESIS = "0x" + "00" * 31 + "01"


class Clock:
    """Real time that a test can push on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class FakeNode:
    """Answers by method: a value, or a function of the parameters; an error is raised."""

    def __init__(self) -> None:
        self.best = 100
        self.behind = 0
        self.answers: dict[str, Any] = {
            "system_health": {"peers": 8, "isSyncing": False, "shouldHavePeers": True},
            "system_syncState": lambda: {
                "startingBlock": 0, "currentBlock": self.best,
                "highestBlock": self.best + self.behind,
            },
            "chain_getHeader": self.header,
            "chain_getFinalizedHead": HASH,
            "system_chain": "Ainur",
            "system_name": "ainur-node",
            "system_version": "1.0.0",
            "state_getRuntimeVersion": {
                "specName": "ainur", "specVersion": 104, "transactionVersion": 2, "implVersion": 1,
            },
            "chain_getBlockHash": lambda _: GENESIS,
            "system_properties": {"tokenSymbol": "AINU", "ss58Format": 42, "tokenDecimals": None},
            "system_nodeRoles": ["Authority"],
            "rpc_methods": {"methods": ["a", "b"]},
            "author_pendingExtrinsics": ["0x01", "0x02"],
            "system_peers": [
                {"peerId": "p1", "roles": "FULL", "bestHash": HASH, "bestNumber": 100},
                {"peerId": "p2\x1b[31m", "roles": "FULL", "bestHash": HASH, "bestNumber": 40},
            ],
        }  # fmt: skip
        self.asked: list[str] = []
        self.batches = True
        self.url = ""

    def header(self, wanted: str | None = None) -> dict[str, Any]:
        number = self.best - 2 if wanted else self.best
        return {"number": hex(number), "parentHash": HASH, "stateRoot": hex(number),
                "extrinsicsRoot": HASH, "digest": {"logs": []}}  # fmt: skip

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = await request.json()
        if isinstance(call, list):
            if not self.batches:
                return web.json_response({"jsonrpc": "2.0", "id": None, "error": {"code": -32005}})
            return web.json_response([await self.answer(one) for one in call])
        found = self.answers.get(call["method"])
        if isinstance(found, bytes):
            return web.Response(body=found)
        return web.json_response(await self.answer(call))

    async def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        method = call["method"]
        self.asked.append(method)
        told = {"jsonrpc": "2.0", "id": call["id"]}
        if method not in self.answers:
            return told | {"error": {"code": -32601, "message": "Method not found"}}
        found = self.answers[method]
        if asyncio.iscoroutinefunction(found):
            await found()
        result = found(*call["params"]) if callable(found) else found
        if isinstance(result, Exception):
            return told | {"error": {"code": -32000, "message": str(result)}}
        return told | {"result": result}


@pytest.fixture
async def node() -> AsyncIterator[FakeNode]:
    found = FakeNode()
    app = web.Application()
    app.router.add_post("/", found.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(clock: Clock, tmp_path: Path) -> Context:
    def find(name: str) -> str | None:
        path = tmp_path / name
        return str(path) if path.exists() else None

    return Context("test", clock, Redactor(), Tools(find), no_secret)


Connect = Callable[..., System]


@pytest.fixture
async def system(node: FakeNode, context: Context) -> AsyncIterator[Connect]:
    opened: list[System] = []

    def make(**more: Any) -> System:
        given: dict[str, Any] = {
            "rpc": [node.url],
            "block_time": 0.2,
            "timeout": 3.0,
            "unit": None,
        } | more
        found = connect(Environment(node=Node(**given)), context)
        assert found is not None
        opened.append(found)
        return found

    yield make
    for one in opened:
        assert one.close is not None
        await one.close()


def probe(system: System, name: str) -> Any:
    if name == "head":
        return next(p.head for p in system.probes if isinstance(p, ChainProbe))
    return next(p for p in system.probes if p.name == f"node.{name}")


def of(sample: Sample) -> dict[str, Reading]:
    return {reading.signal: reading for reading in sample.readings}


def grows(node: FakeNode) -> Callable[..., dict[str, Any]]:
    """Headers of a chain that has a new block at every third question."""
    count = 0

    def header(wanted: str | None = None) -> dict[str, Any]:
        nonlocal count
        count += 1
        node.best += count % 3 == 0
        return node.header(wanted)

    return header


class Unit:
    """A stand-in for systemctl whose answers a test writes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "systemctl"
        self.says(pid=7)

    def says(self, pid: int, state: str = "active", code: int = 0, flags: str = "") -> None:
        self.path.write_text(
            f"#!/bin/sh\n[ $1 = show ] || exit {code}\n"
            "printf 'LoadState=loaded\\nSubState=running\\n"
            f"ActiveState={state}\\nMainPID={pid}\\n"
            f"ExecStart={{ path=/bin/node ; argv[]=/bin/node {flags} ; ignore_errors=no }}\\n'\n"
        )
        self.path.chmod(0o755)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path)


WORLD = World(
    BoardView(
        environment="test", at=0, state="up", since=None, trust=Trust(fresh=1, all=1), targets=[]
    ),
    lambda target: {"node": ["api", "frontend"]}[target],
    4.0,
)


class Told:
    """A step's context that waits without patience."""

    run_id = "r"
    secrets: Mapping[str, Secret] = {}

    def __init__(self, clock: base.Clock) -> None:
        self.clock = clock
        self.waited = asyncio.Event()
        self.said: list[str] = []

    def progress(self, detail: str) -> None:
        self.said.append(detail)

    async def until(self, condition: Any, deadline: float, every: float = 0.5) -> str:
        async with asyncio.timeout(5):
            while True:
                if found := await condition():
                    return str(found)
                self.waited.set()
                await asyncio.sleep(0.01)

    def keep(self, **result: Any) -> None:
        raise AssertionError(result)
