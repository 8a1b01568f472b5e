"""Whole engines over systems that the test decides about, on real sockets."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ainur_tui.client.remote import Remote
from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Environment, SecretMissing, SecretRef, SecretSource, Threshold
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.service import Engine
from ainur_tui.engine.wire.server import Server
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.target import Target
from ainur_tui.model.wire import PROTOCOL, Access, Hello
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.logsource import LogSource, RawBatch, RawLine
from ainur_tui.systems.system import System
from tests.engine.acting import CANARY, Restart


class Pulse(Probe):
    """Whether the API is up, and how busy; ``failure`` is raised instead, ``hold`` waited for."""

    def __init__(self, target: str = "api", interval: float = 3600.0) -> None:
        self.name = f"{target} pulse"
        self.target = target
        self.interval = interval
        self.deadline = 5.0
        self.signals = (
            Signal(
                name=f"{target}.up", title="up", unit="bool", worse="below", fail=1.0, vital=True
            ),
            Signal(name=f"{target}.queue", title="queue", unit="count", warn=10.0),
        )
        self.queue = 0.0
        self.reads = 0
        self.failure: ProbeFailure | None = None
        self.hold = asyncio.Event()
        self.hold.set()

    async def read(self) -> Sample:
        await self.hold.wait()
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        now = SystemClock().now()
        values = {f"{self.target}.up": 1.0, f"{self.target}.queue": self.queue}
        return Sample(
            readings=[
                Reading(target=self.target, signal=name, value=value, source="x", observed_at=now)
                for name, value in values.items()
            ],
            tables=[
                Table(
                    name=f"{self.target}.queues", target=self.target, title="Queues",
                    columns=[Column(name="depth", title="depth", unit="count")],
                    rows=[Row(key="q", cells=[self.queue])], observed_at=now, source="x",
                )
            ],
        )  # fmt: skip


class Lines(LogSource):
    """Log lines that the test writes."""

    def __init__(self) -> None:
        self.name = "api"
        self.target = "api"
        self.queue: asyncio.Queue[list[str]] = asyncio.Queue()

    async def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        yield RawBatch()
        while True:
            lines = await self.queue.get()
            yield RawBatch([RawLine(SystemClock().now(), text) for text in lines])


class Little:
    """A little environment: one API with probe, log, action; the other systems as given."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.lines = Lines()
        self.restart = Restart(("api",))
        self.broken: dict[str, Exception] = {}
        self.closed: list[str] = []

    def connect(self, name: str, environment: Environment, context: Context) -> System | None:
        if name in self.broken:
            raise self.broken[name]
        if name == "storage":
            context.secret(SecretRef(env="CANARY"))
        if name == "postgres":
            context.secret(SecretRef(env="NOWHERE"))
        if name != "api":
            return None

        async def close() -> None:
            self.closed.append(name)

        target = Target(name="api", kind="api", title="API service")
        return System("api", (target,), (self.pulse,), (self.lines,), (self.restart,), close)


def resolve(source: SecretSource) -> Secret:
    if isinstance(source, SecretRef) and source.env == "CANARY":
        return Secret(f"postgresql://mira:{CANARY}@db/ainur")
    raise SecretMissing("the environment variable NOWHERE is not set")


def paths(folder: Path) -> Paths:
    return Paths(folder / "run", folder / "state")


def hello(access: Access = "operate", operator: str = "mira", **more: int) -> Hello:
    return Hello(
        protocol=more.get("protocol", PROTOCOL),
        version="1",
        access=access,
        operator=operator,
        tty="pts/1",
    )


def engine_of(
    folder: Path, little: Little | None = None, *, access: Access = "operate",
    fail: float | None = None,
) -> Engine:  # fmt: skip
    """``fail`` is the person's own threshold of the queue."""
    own = {"api.queue": Threshold(fail=fail)} if fail else {}
    return Engine(
        Environment(name="test", access=access, thresholds=own),
        paths(folder),
        clock=SystemClock(),
        version="1",
        resolve_secret=resolve,
        connect=(little or Little()).connect,
    )


@asynccontextmanager
async def engine(
    folder: Path, little: Little | None = None, *, watching: bool = True,
    access: Access = "operate", fail: float | None = None,
) -> AsyncIterator[Engine]:  # fmt: skip
    made = engine_of(folder, little, access=access, fail=fail)
    await made.start(watching=watching)
    try:
        yield made
    finally:
        made.forced = True
        await made.close()


@asynccontextmanager
async def serving(
    folder: Path, little: Little | None = None, *, access: Access = "operate"
) -> AsyncIterator[Engine]:
    (folder / "run").mkdir(exist_ok=True, mode=0o700)
    async with engine(folder, little, access=access) as made:
        server = Server(made, paths(folder).socket)
        await server.start()
        try:
            yield made
        finally:
            await server.close()


async def connected(folder: Path, access: Access = "operate", operator: str = "mira") -> Remote:
    return await Remote.open(paths(folder).socket, hello(access, operator))


async def until(condition: Callable[[], object | Awaitable[object]], seconds: float = 20.0) -> None:
    """Give everybody their turn until it is so."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.01)
