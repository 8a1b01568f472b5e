"""The plan of a statement, on demand. It is planned, never executed.

Why an action (R0) and no table: a plan is asked for by a person, about one statement, and costs
the server planning time; nobody wants it every five seconds. As a *plan* of an action it is read
before anything is decided, also through a connection that may only read.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import (
    BAD_DATA,
    TRY_AGAIN,
    UNAVAILABLE,
    USAGE,
    ActionFailure,
    ProbeFailure,
    Refused,
)
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.postgres import queries
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.shown import HIDDEN, Shown
from ainur_tui.systems.postgres.statements import Unreadable, enter

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MOST_LINES = 60
_KINDS = ("select", "insert", "update", "delete", "merge")
_ALSO = ("with",)
"""What leads one of these, and nothing else."""
_LIMITS = "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '200ms'"
_LEADING = re.compile(r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/|\()+")
_PREPARED = "ainur_tui_plan"


def kind(statement: str) -> str:
    """The word a statement begins with, in small letters, past comments and brackets."""
    found = _LEADING.match(statement)
    word = re.match(r"[a-zA-Z]+", statement[found.end() if found else 0 :])
    return word[0].lower() if word else ""


class Explain(Action):
    """Shows how the server would carry a statement out. It is named by its id of
    ``pg_stat_statements`` and its text read there, so nobody can have anything else planned."""

    spec = ActionSpec(
        name="explain",
        targets=["db"],
        risk="R0",
        summary="Show how the server carries a statement out: planned, never executed",
        params=[
            Param(name="statement", type="str", required=True,
                  help="its query id, as the statements table tells it")
        ],
    )  # fmt: skip

    def __init__(self, database: Database, redact: Redactor) -> None:
        self._database = database
        self._shown = Shown(redact)
        self._turn = asyncio.Lock()

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        number = params.get("statement", "")
        if not re.fullmatch(r"-?[0-9]{1,19}", number):
            raise Refused("explain needs statement=QUERY_ID", USAGE)
        lines = await self._read(int(number))
        return Plan(
            action=self.spec.name,
            target=target,
            risk=self.spec.risk,
            params=params,
            steps=["Keep this plan in the journal"],
            affects=[],
            goal={"statement": number},
            expected_seconds=world.usual_seconds,
            title=f"Plan of statement {number}",
            warnings=[
                "Parameters are not known: this is the plan for any value. Rows and costs are the "
                "planner's estimates"
            ],
            facts=lines,
        )

    def steps(self, plan: Plan) -> list[Step]:
        async def keep(context: StepContext) -> str:
            try:
                lines = await self._read(int(plan.goal["statement"]))
            except Refused as refusal:
                raise ActionFailure(str(refusal)) from None
            context.keep(plan=lines)
            return f"{len(lines)} lines; the first: {lines[0]}"

        return [Step(plan.steps[0], keep, limit=15.0)]

    async def observe(self, plan: Plan) -> Observation:
        return Observation("verified", "the plan was read; nothing was executed")

    async def _read(self, number: int) -> list[str]:
        """The plan's lines, clean. Raises Refused with the sentence why there is none."""
        if self._turn.locked():
            raise Refused("another plan is being read; one at a time", TRY_AGAIN)
        async with self._turn:
            try:
                async with self._database.short() as connection:
                    text = await self._text(connection, number)
                    if kind(text) not in _KINDS + _ALSO:
                        said = self._shown.text(kind(text), 20) or "this"
                        wanted = ", ".join(_KINDS).upper()
                        raise Refused(f"only {wanted} are planned, not {said}", BAD_DATA)
                    async with connection.transaction(readonly=True):
                        await connection.execute(_LIMITS)
                        found = await _planned(connection, text)
            except Unreadable as reason:
                raise Refused(str(reason), UNAVAILABLE) from None
            except ProbeFailure as failure:
                raise Refused(_meant(failure), UNAVAILABLE) from None
        lines = [self._shown.text(_drawn(row[0]), 200) for row in found[:MOST_LINES]]
        left_out = len(found) - MOST_LINES
        return [*lines, *([f"… {left_out} more lines"] if left_out > 0 else [])]

    async def _text(self, connection: Connection[Record], number: int) -> str:
        async with connection.transaction(readonly=True):
            await enter(connection)
            found = await connection.fetch(queries.WHOLE_TEXT, number)
        if not found:
            raise Refused("the server keeps no such statement (any more)", UNAVAILABLE)
        if found[0]["query"] == HIDDEN:
            raise Refused("the role may not see its text: GRANT pg_monitor TO it", UNAVAILABLE)
        if found[0]["query"] is None:
            raise Refused("its text is longer than a plan is made for", BAD_DATA)
        return str(found[0]["query"])


async def _planned(connection: Connection[Record], text: str) -> list[Record]:
    """The plan for any value of the parameters. A message holds one statement, so that nothing
    can follow it.

    ``EXPLAIN (GENERIC_PLAN)`` of 16 does not serve: our driver binds a value to every parameter,
    and the planner takes it for known. A prepared statement whose generic plan is asked for is
    planned with them open, on every version.
    """
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.fetch(f"PREPARE {_PREPARED} AS {text}")
    many = (await connection.fetch(queries.PREPARED, _PREPARED))[0]["many"]
    values = f"({', '.join(['NULL'] * many)})" if many else ""
    return await connection.fetch(f"EXPLAIN EXECUTE {_PREPARED}{values}")


def _drawn(line: str) -> str:
    """A line of the tree with its depth kept where runs of spaces are folded."""
    text = line.lstrip()
    return "| " * ((len(line) - len(text) + 1) // 3) + text


def _meant(failure: ProbeFailure) -> str:
    if failure.kind == "forbidden":
        return (
            f"{failure.detail}. Even to plan a statement the server asks for the rights to run it, "
            "and our role watches only. As the role that runs it, in psql (from 16 on): EXPLAIN "
            "(GENERIC_PLAN) and its text, which Enter on its row shows"
        )
    return failure.detail or str(failure)
