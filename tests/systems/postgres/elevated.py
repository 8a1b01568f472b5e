"""What the tests of the writing role's actions share: a step, a plan worked through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec

from ainur_tui.model.action import Plan
from ainur_tui.model.board import BoardView, Trust
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.acting import Action, Observation
from ainur_tui.systems.acting import World as Around
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres.actions_hands import Hands
from ainur_tui.systems.postgres.client import Database
from tests.systems.conftest import Now, Server

WORLD = Around(
    BoardView(
        environment="t", at=0, state="up", since=None, trust=Trust(fresh=0, all=0), targets=[]
    ),
    lambda _: [],
)


@dataclass
class Step:
    """A ``StepContext`` that keeps what it is told."""

    run_id: str = "r"
    clock: Clock = field(default_factory=Now)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def progress(self, detail: str) -> None:
        self.told.append(detail)

    def keep(self, **result: Any) -> None:
        self.kept |= result

    async def until(
        self, condition: Callable[[], Awaitable[str | None]], deadline: float, every: float = 0.5
    ) -> str:
        del every
        async with asyncio.timeout(deadline):
            while not (found := await condition()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def hands_of(
    postgres: Server, user: str = "postgres", database: str = "ainur"
) -> AsyncIterator[Hands]:
    """Hands of a role, beside the database that is watched."""
    watched = Database(postgres.dsn(), Now(), Redactor(), 10)
    try:
        yield Hands(postgres.dsn(user, database), watched, Redactor(), 10)
    finally:
        await watched.close()


@asynccontextmanager
async def session(postgres: Server, user: str = "postgres") -> AsyncIterator[Any]:
    """A session of somebody else."""
    connection = await asyncpg.connect(postgres.dsn(user).reveal())
    try:
        yield connection
    finally:
        connection.terminate()


def kept(plan: Plan) -> Plan:
    """The plan as the journal gives it back after a crash."""
    return msgspec.json.decode(msgspec.json.encode(plan), type=Plan)


async def work(action: Action, plan: Plan, step: Step) -> list[str]:
    """All steps of a plan; what each said."""
    return [await one.work(step) for one in action.steps(kept(plan))]


async def seen(action: Action, plan: Plan) -> Observation:
    """The post-condition, looked at until it holds."""
    for _ in range(200):
        found = await action.observe(kept(plan))
        if found.state == "verified":
            break
        await asyncio.sleep(0.02)
    return found


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
