"""Cancel a statement, end a session, end those idle in a transaction.

A pid is used again by the next session. So every signal is sent in the statement that compares
the session's start, and what it was at, with what the person saw.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import USAGE, ActionFailure, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.model.units import many
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.victims import (
    IDLE,
    ONE,
    Mark,
    Victim,
    clients,
    victims,
)
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.shown import Shown

_OLDEST = 31_536_000
PID = Param(name="pid", type="int", help="the session's process id", required=True)

_STILL = """
  FROM pg_stat_activity AS a
 WHERE a.pid = $1 AND a.backend_start = $2::text::timestamptz AND a.{mark} = $3::text::timestamptz
   AND {also}
"""


class _Signal(Action):
    """One signal to each victim of the plan, and the look whether it worked."""

    function: ClassVar[str]
    mark: ClassVar[Mark] = "backend_start"
    also: ClassVar[str] = "true"
    done: ClassVar[str]
    not_done: ClassVar[str]
    verify_within = 15.0

    def __init__(self, database: Database, redact: Redactor) -> None:
        self.database = database
        self.shown = Shown(redact)

    def draft(
        self, target: str, params: dict[str, str], world: World, chosen: list[Victim], *,
        title: str, after: str, warnings: list[str],
    ) -> Plan:  # fmt: skip
        """The plan for the sessions chosen."""
        blocked = next(filter(None, (victim.untouchable() for victim in chosen)), None)
        told = [f"{v.pid} feeds a replica or a backup: it breaks off" for v in chosen
                if v.replication]  # fmt: skip
        marks = [victim.identity(self.mark) for victim in chosen]
        return Plan(
            action=self.spec.name,
            target=target,
            risk=self.spec.risk,
            params=params,
            steps=[f"{self.function} of {victim.pid}" for victim in chosen],
            affects=clients(chosen),
            before={"sessions": {str(one["pid"]): one for one in marks}},
            goal={"victims": marks},
            expected_seconds=world.usual_seconds,
            title=title,
            warnings=[*warnings, *told],
            facts=[f"{victim.words} → {after}" for victim in chosen],
            blocked=blocked,
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(name, partial(self._signal, one), limit=30.0)
            for name, one in zip(plan.steps, plan.goal["victims"], strict=True)
        ]

    async def _signal(self, one: dict[str, Any], _: StepContext) -> str:
        rows = await self._of(f"SELECT {self.function}(a.pid) AS sent", one)
        if not rows:
            return f"{one['pid']} is no longer at what it was: nothing was sent"
        if not rows[0]["sent"]:
            raise ActionFailure(f"the server did not reach {one['pid']}")
        return f"sent to {one['pid']}"

    async def observe(self, plan: Plan) -> Observation:
        found = plan.goal["victims"]
        left = [one["pid"] for one in found if await self._of("SELECT a.pid", one)]
        if left:
            return Observation("failed", f"{', '.join(map(str, left))}: {self.not_done}")
        return Observation("verified", f"{self.done} ({len(found)} by pg_stat_activity)")

    async def _of(self, what: str, one: dict[str, Any]) -> list[Any]:
        sql = what + _STILL.format(mark=self.mark, also=self.also)
        async with self.database.short() as connection:
            return list(await connection.fetch(sql, one["pid"], one["backend_start"], one["mark"]))

    async def one(self, params: dict[str, str]) -> Victim:
        """The session that ``pid`` names. Raises Refused when there is none."""
        pid = _number(self.spec.name, params, "pid", 2**31 - 1)
        found = await victims(self.database, self.shown, ONE, pid)
        if not found:
            raise AlreadySo(f"there is no session {pid} any more")
        return found[0]


class Cancel(_Signal):
    """Breaks off the running statement; the session stays."""

    function, mark, also = "pg_cancel_backend", "query_start", "a.state = 'active'"
    done, not_done = "the statement runs no more", "the statement still runs"
    spec = ActionSpec(
        name="cancel",
        targets=["db"],
        risk="R2",
        summary="Break off a session's running statement; the session stays",
        params=[PID],
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        victim = await self.one(params)
        state = victim.row["state"]
        if not victim.untouchable() and state != "active":
            said = self.shown.text(state) or "not in a statement"
            raise AlreadySo(f"{victim.pid} is {said}: no statement to cancel; `terminate` ends it")
        return self.draft(
            target, {"pid": str(victim.pid)}, world, [victim],
            title=f"Cancel the statement of session {victim.pid}", after="statement cancelled",
            warnings=["Its client gets an error; an open transaction of it is rolled back"],
        )  # fmt: skip


class Terminate(_Signal):
    """Ends a session."""

    function = "pg_terminate_backend"
    done, not_done = "the session is gone", "the session is still there"
    spec = ActionSpec(
        name="terminate",
        targets=["db"],
        risk="R3",
        summary="End a session; its open transaction is rolled back",
        params=[PID],
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        victim = await self.one(params)
        return self.draft(
            target, {"pid": str(victim.pid)}, world, [victim],
            title=f"End session {victim.pid}", after="session ended",
            warnings=[
                "Its client loses the connection; its open transaction is rolled back",
                *(["It is at work: `cancel` breaks off the statement alone"]
                  if victim.row["state"] == "active" else []),
            ],
        )  # fmt: skip


class TerminateIdle(_Signal):
    """Ends the sessions that hold a transaction open and do nothing."""

    function, mark = "pg_terminate_backend", "state_change"
    also = "a.state LIKE 'idle in transaction%'"
    done, not_done = "they hold no transaction any more", "still idle in the same transaction"
    spec = ActionSpec(
        name="terminate-idle",
        targets=["db"],
        risk="R2",
        summary="End the sessions that have been idle in a transaction for long",
        params=[
            Param(
                name="older", type="int", default="300",
                help="seconds they must have been idle in it",
            ),
            Param(name="except", type="str", help="process ids to leave alone: 123,456"),
        ],
    )  # fmt: skip

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        spared = _spared(params.get("except", ""))
        older = _number(self.spec.name, {"older": "300"} | params, "older", _OLDEST)
        found = await victims(self.database, self.shown, IDLE, older)
        chosen = [one for one in found if one.pid not in spared]
        left = [one for one in found if one.pid in spared]
        if not chosen:
            others = f" but {len(left)} that are left alone" if left else ""
            raise AlreadySo(
                f"no session has been idle in a transaction for {older} s or more{others}"
            )
        kept = {"except": ",".join(map(str, sorted(spared)))} if spared else {}
        plan = self.draft(
            target, {"older": str(older)} | kept, world, chosen,
            title=f"End {many(len(chosen), 'session')} idle in a transaction for over {older} s",
            after="session ended",
            warnings=["Their clients lose the connection; what they had not committed is lost"],
        )  # fmt: skip
        told = [f"{one.words} → left alone" for one in left]
        # A pid that is none of them may be a slip of the finger for one that is.
        told += [f"{pid}: is not among them" for pid in sorted(spared - {v.pid for v in left})]
        return replace(plan, facts=[*told, *plan.facts])


def _spared(text: str) -> set[int]:
    """Process ids, divided by commas. Raises Refused for anything else."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 11 for part in parts):
        raise Refused("terminate-idle needs except=PID,PID: process ids as its plan lists", USAGE)
    return set(map(int, parts))


def _number(action: str, params: dict[str, str], name: str, most: int) -> int:
    value = params.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) < 12 and 0 < int(value) <= most):
        raise Refused(f"{action} needs {name}=NUMBER, from 1 to {most}", USAGE)
    return int(value)
