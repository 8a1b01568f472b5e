"""Reindex: an index built anew beside the old one, which serves until the new one takes over."""

from __future__ import annotations

import asyncio
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.units import size
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.hands import LONGEST, Elevated
from ainur_tui.systems.postgres.actions.leftover import drop, is_left_of, leftovers, told
from ainur_tui.systems.postgres.actions.relations import (
    around,
    at_work,
    denied,
    found,
    label,
    oldest,
    quoted,
)
from ainur_tui.systems.postgres.client import major_of
from ainur_tui.systems.postgres.shown import ages

_MOST_WAIT = 3600
_HURRIED = 5.0
_LONG = 5.0
"""Seconds from which an open transaction is told as one that it must wait for."""
_FACTS = """
SELECT i.indrelid::bigint AS table_oid, i.indisvalid AND i.indisready AS valid,
       i.indisexclusion AS excludes, pg_relation_size(i.indexrelid)::float8 AS size,
       t.relname AS table, n.nspname AS schema,
       (SELECT array_agg(c.relname) FROM pg_index AS s JOIN pg_class AS c ON c.oid = s.indexrelid
         WHERE s.indrelid = i.indrelid) AS names
  FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
  JOIN pg_namespace AS n ON n.oid = t.relnamespace
 WHERE i.indexrelid = $1::bigint::oid
"""
_BUILD = "REINDEX INDEX CONCURRENTLY "
_NOW = """
SELECT c.oid::bigint AS oid, i.indisvalid AND i.indisready AS valid,
       pg_relation_size(c.oid)::float8 AS size
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = $1::bigint::oid AND c.relname = $2
"""


class Reindex(Elevated):
    """``REINDEX INDEX CONCURRENTLY``. What it leaves behind when it breaks off is dropped."""

    spec = ActionSpec(
        name="reindex",
        targets=["db"],
        risk="R2",
        summary="Build an index anew beside the old one; reads and writes go on",
        params=[
            Param(name="index", type="str", help="which index: NAME or SCHEMA.NAME",
                  required=True),
            Param(
                name="wait", type="int", default="60",
                help="seconds to wait for locks and for older transactions, each time",
            ),
        ],
    )  # fmt: skip
    # After a crash the server goes on with it, and may need long.
    verify_within = 3600.0

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name, wait = _given(params)
        async with self.hands.reading() as connection:
            blocked = await self.hands.hindrance(connection)
            if major_of(connection) < 12:
                raise Refused("REINDEX CONCURRENTLY is there from PostgreSQL 12 on", UNAVAILABLE)
            index = await found(connection, name, "iI", "index")
            if index["kind"] == "I":
                raise Refused(f"{label(self.shown, index)} is a partitioned index: name that of"
                              " one partition", USAGE)  # fmt: skip
            row = (await connection.fetch(_FACTS, index["oid"]))[0]
            near = await around(connection, row["table_oid"])
            left = await leftovers(connection, row["table_oid"], index["name"])
        called, table = label(self.shown, index), self.shown.text(row["table"], 140)
        twin = next((n for n in row["names"] if is_left_of(index["name"], n)), None)
        if twin is not None and not row["valid"]:
            raise Refused(f"{called} is what a broken-off rebuild of {self.shown.text(twin)} left:"
                          f" reindex {self.shown.text(twin)} drops it", USAGE)  # fmt: skip
        if row["excludes"]:
            blocked = "it guards an exclusion constraint: PostgreSQL cannot rebuild it concurrently"
        if near["vacuum"] or near["index"]:
            pid, work = near["vacuum"] or near["index"], "vacuums" if near["vacuum"] else "indexes"
            blocked = blocked or f"session {pid} {work} {table}: wait for it, or cancel it"
        warnings = [
            f"it takes {size(row['size'])} more disk, processor and reading until it is done"
        ]
        if (ages(near["age"]) or 0.0) > _LONG:
            warnings.append(f"it must wait until older transactions end: {oldest(near)}")
        dropped = self.shown.text(told(left), 300)
        state = "valid" if row["valid"] else "invalid: not used, and still written to"
        first = [f"drop what an earlier rebuild left: {dropped}"] if left else []
        return self.draft(
            target, {"index": name, "wait": str(wait)},
            title=f"Rebuild the index {called}", steps=[*first, f"rebuild {called} concurrently"],
            before={"index": index["oid"], "valid": row["valid"],
                    "leftovers": [one["oid"] for one in left]},
            goal={"about": called, "index": index["oid"], "name": index["name"],
                  "table": row["table_oid"], "wait": wait},
            facts=[
                f"{called} of {table}: {state}, {size(row['size'])} → built anew, valid",
                "reads and writes go on; ALTER TABLE, vacuum and other index builds of "
                f"{table} wait",
                f"it gives up after waiting {wait} s for a lock or a transaction; what it had built"
                " is dropped then, and the old one serves all the time",
            ],
            warnings=warnings, way_back="none is needed: the same index, built anew",
            blocked=blocked or denied(self.shown, index),
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        table, name, wait = plan.goal["table"], plan.goal["name"], plan.goal["wait"]

        async def clear(step: StepContext) -> str:
            gone, left = await drop(self.hands, table, name, step, wait)
            if left:
                raise ActionFailure(f"still there: {left}")
            return f"dropped {gone}" if gone else "it was gone already"

        async def rebuild(step: StepContext) -> str:
            async with self.hands.reading() as connection:
                sql = _BUILD + await quoted(connection, plan.goal["index"])
            try:
                await self.hands.act(sql, step, wait)
            except ActionFailure as failure:
                raise ActionFailure(f"{failure}; {await self._clear(plan, step, wait)}") from None
            except asyncio.CancelledError:
                # Somebody waits for the end: what cannot go at once is named by the verdict.
                await asyncio.shield(self._clear(plan, step, min(wait, _HURRIED)))
                raise
            return "the server has built it"

        *first, last = plan.steps
        cleared = [Step(one, clear, "finish") for one in first]
        return [*cleared, Step(last, rebuild, "abort", limit=LONGEST)]

    async def _clear(self, plan: Plan, step: StepContext, wait: float) -> str:
        """Drop what the broken-off build left; what became of it, in words."""
        goal = plan.goal
        try:
            gone, left = await drop(self.hands, goal["table"], goal["name"], step, wait)
        except ProbeFailure as failure:
            return f"not known whether it left a half-built index: {failure}"
        if left:
            return f"it left {left}, which could not be dropped: reindex again drops it first"
        return f"what it had built was dropped: {gone}" if gone else "nothing was left behind"

    async def observe(self, plan: Plan) -> Observation:
        goal: dict[str, Any] = plan.goal
        async with self.hands.reading() as connection:
            rows = await connection.fetch(_NOW, goal["table"], goal["name"])
            if not rows:
                return Observation("failed", f"there is no index {goal['about']} any more")
            row = rows[0]
            pid = await at_work(connection, _BUILD + await quoted(connection, row["oid"]))
            left = await leftovers(connection, goal["table"], goal["name"])
        if pid is not None:
            return Observation("unknown", f"session {pid} of the server still builds it")
        new, state = row["oid"] != goal["index"], "valid" if row["valid"] else "invalid"
        by = f"{goal['about']} is {'new' if new else 'the old one'} and {state}"
        if left:
            by += f"; left behind: {self.shown.text(told(left), 300)}: reindex drops it first"
        if left or not new or not row["valid"]:
            return Observation("failed", by, final=True)
        by += f", {size(row['size'])}, nothing left behind (pg_index)"
        return Observation("verified", by)


def _given(params: dict[str, str]) -> tuple[str, int]:
    wait = params.get("wait", "60")
    if not (wait.isascii() and wait.isdigit() and len(wait) < 6 and 0 < int(wait) <= _MOST_WAIT):
        raise Refused(f"wait is a number of seconds, from 1 to {_MOST_WAIT}", USAGE)
    if not params.get("index"):
        raise Refused("reindex needs index=NAME", USAGE)
    return params["index"], int(wait)
