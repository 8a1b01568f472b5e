"""A little world to act on: actions whose every move the test decides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ainur_tui.engine.journal import Journal
from ainur_tui.engine.runs.catalogue import Catalogue
from ainur_tui.engine.runs.executor import Executor
from ainur_tui.engine.runs.glass import Glass
from ainur_tui.engine.runs.leases import Leases
from ainur_tui.engine.runs.planning import Planner
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import ActionSpec, Plan, Risk, Run
from ainur_tui.model.board import BoardView, TargetView, Trust
from ainur_tui.model.event import Event
from ainur_tui.model.runcalls import RunCall
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.target import kind_of
from ainur_tui.systems.acting import Action, Observation, Policy, Step, StepContext, World

MIRA = Peer("mira", "operate", "/dev/pts/1")
READER = Peer("otto", "read")
CANARY = "canary-secret-value"


class Clock:
    """Real ticks for waiting; the wall clock stands where the test puts it."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.ticks = 0.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return asyncio.get_event_loop().time() + self.ticks

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds


class Restart(Action):
    """Raises ``boots`` by one. ``gate`` holds its first step open; ``fail`` makes its second one
    fail; ``works`` is whether it really does anything."""

    def __init__(
        self, targets: tuple[str, ...] = ("api",), risk: Risk = "R2", policy: Policy = "finish"
    ) -> None:
        self.spec = ActionSpec(
            name="restart", targets=list(targets), risk=risk, summary="restart it"
        )
        self.verify_within = 0.0
        self.policy: Policy = policy
        self.boots = 1
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.fail: Exception | None = None
        self.works = True
        self.blocked: str | None = None
        self.undone: list[str] = []
        self.usual: float | None = None
        self.blind: Exception | None = None
        self.also: Callable[[StepContext], Awaitable[None]] | None = None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        self.usual = world.usual_seconds
        return Plan(
            action="restart",
            target=target,
            risk=self.spec.risk,
            params=params,
            steps=["drain", "restart"],
            affects=world.dependants(target),
            before={"boots": self.boots, "zone": ("a", "b")},
            goal={"boots": self.boots + 1},
            expected_seconds=world.usual_seconds,
            title=f"Restart {target}",
            blocked=self.blocked,
        )

    def steps(self, plan: Plan) -> list[Step]:
        async def drain(context: StepContext) -> str:
            self.begun.set()
            context.progress("draining")
            await self.gate.wait()
            return "drained"

        async def refill() -> None:
            self.undone.append("drain")

        async def restart(context: StepContext) -> str:
            if self.also is not None:
                await self.also(context)
            if self.works:
                self.boots += 1
            if self.fail is not None:
                raise self.fail
            context.keep(machine="17", note=f"token={CANARY}")
            return "restarted"

        return [
            Step("drain", drain, self.policy, refill),
            Step("restart", restart, "finish"),
        ]

    async def observe(self, plan: Plan) -> Observation:
        if self.blind is not None:
            raise self.blind
        there = self.boots >= plan.goal["boots"]
        return Observation("verified" if there else "failed", f"{self.boots} boots")


def picture(*targets: str) -> BoardView:
    return BoardView(
        environment="test",
        at=0.0,
        state="up",
        since=None,
        trust=Trust(fresh=1, all=1),
        targets=[
            TargetView(
                name=name, kind=kind_of(name), title=f"The {name}", state="up", since=None,
                cause=None, summary="",
            )
            for name in targets
        ],
    )  # fmt: skip


class Store:
    """Key and value in memory; outlives an executor as the history file does."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def load(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def save(self, key: str, value: bytes) -> None:
        self.values[key] = value


class World1:
    """An executor with all it needs, in a folder; a second one over it is the next engine."""

    def __init__(self, folder: Path, *actions: Action, store: Store | None = None) -> None:
        self.clock = Clock()
        self.redact = Redactor([Secret(CANARY)])
        self.journal = Journal(
            folder / "journal.jsonl",
            folder / "journal.head",
            clock=self.clock,
            redact=self.redact,
            host="box",
        )
        self.leases = Leases(self.clock, store)
        self.told: list[str] = []
        self.runs: list[Run] = []
        self.events: list[Event] = []
        self.board = picture("api", "api/machine/17", "db", "frontend")
        self.glass = Glass(self.journal, self.clock, self.redact, self.events.append)
        self.planner = Planner(
            Catalogue(actions), self.leases, self.glass, self.clock,
            board=lambda: self.board,
            dependants=lambda target: ["frontend"] if target == "api" else [],
        )  # fmt: skip
        self.executor = Executor(
            self.planner,
            journal=self.journal,
            leases=self.leases,
            clock=self.clock,
            redact=self.redact,
            changed=self.runs.append,
            event=self.events.append,
            tell=self.told.append,
        )

    async def open(self, *, recover: bool = True) -> World1:
        await self.journal.open()
        await self.leases.open()
        await self.executor.open(recover=recover)
        return self

    async def ended(self, run: Run) -> Run:
        await self.over()
        return self.executor.runs(run.id)[0]

    async def over(self) -> None:
        async with asyncio.timeout(5):
            while self.executor.active:  # noqa: ASYNC110 - gives everybody their turn
                await asyncio.sleep(0)

    async def kinds(self) -> list[tuple[str, str]]:
        return [(entry.kind, entry.state) for entry in await self.journal.entries()]


def call(target: str = "api", key: str = "k1", **more: Any) -> RunCall:
    return RunCall(action="restart", target=target, key=key, **more)
