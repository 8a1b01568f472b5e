"""What the tests of the writing role's actions share: a step, a plan worked through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from ainur_tui.model.action import Plan
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.acting import Action, Observation
from ainur_tui.systems.postgres.actions.hands import Hands
from ainur_tui.systems.postgres.client import Database
from tests.systems.conftest import Server
from tests.systems.steps import Step
from tests.systems.web import RealClock


@asynccontextmanager
async def hands_of(
    postgres: Server, user: str = "postgres", database: str = "ainur"
) -> AsyncIterator[Hands]:
    """Hands of a role, beside the database that is watched."""
    watched = Database(postgres.dsn(), RealClock(), Redactor(), 10)
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
