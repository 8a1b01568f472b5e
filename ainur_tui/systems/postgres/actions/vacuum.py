"""Vacuum and analyze: dead rows made room, the planner's statistics renewed; nobody is shut out."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, Refused
from ainur_tui.model.units import duration, size, some
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.hands import LONGEST, PACED, Elevated
from ainur_tui.systems.postgres.actions.relations import (
    around,
    at_work,
    denied,
    found,
    label,
    oldest,
    quoted,
)
from ainur_tui.systems.postgres.shown import ages

if TYPE_CHECKING:
    from asyncpg import Connection, Record

WAIT = 5.0
"""Seconds to wait for the lock, which only other maintenance of the table holds."""
_LONG = 60.0
"""Seconds from which an open transaction is told as one that holds dead rows back."""
TABLE = Param(name="table", type="str", help="which table: NAME or SCHEMA.NAME", required=True)
_FACTS = """
SELECT pg_table_size($1::bigint::oid)::float8 AS size, n_dead_tup::float8 AS dead,
       n_live_tup::float8 AS live,
       extract(epoch FROM clock_timestamp() - greatest(last_vacuum, last_autovacuum))::float8
           AS vacuumed,
       extract(epoch FROM clock_timestamp() - greatest(last_analyze, last_autoanalyze))::float8
           AS analyzed
  FROM (SELECT 1) AS one LEFT JOIN pg_stat_all_tables ON relid = $1::bigint::oid
"""
_ALL = """
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
       clock_timestamp()::text AS since, pg_get_userbyid(c.relowner) AS owner,
       current_user::text AS me,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
           OR pg_has_role(current_user, c.relowner, 'USAGE') AS allowed
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY c.relpages DESC, c.oid
"""
_SETTLED = "SELECT clock_timestamp() > $1::text::timestamptz + interval '30 s'"
"""Before 15 a process of its own writes the statistics down, a little after the work."""
_DONE = """
SELECT c.relname AS name, coalesce(s.{kind} > $2::text::timestamptz, false) AS done,
       extract(epoch FROM clock_timestamp() - s.{kind})::float8 AS ago, s.n_dead_tup::float8 AS dead
  FROM pg_class AS c LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
 WHERE c.oid::bigint = ANY($1::bigint[])
"""


class _Care(Elevated):
    """What both share: the run, and the look at when the server did it last."""

    # After a crash the server goes on with it, and may need long.
    verify_within = 3600.0

    @abstractmethod
    async def statement(self, plan: Plan, connection: Connection[Record]) -> str:
        """The one statement of it, with the names as they are now."""

    def steps(self, plan: Plan) -> list[Step]:
        async def work(step: StepContext) -> str:
            async with self.hands.reading() as connection:
                sql = await self.statement(plan, connection)
            await self.hands.act(sql, step, WAIT, PACED)
            return "the server has done it"

        return [Step(plan.steps[0], work, "abort", limit=LONGEST)]

    async def observe(self, plan: Plan) -> Observation:
        tables, since = plan.goal["tables"], plan.goal["since"]
        by: list[str] = []
        async with self.hands.reading() as connection:
            pid = await at_work(connection, await self.statement(plan, connection))
            if pid is not None:
                return Observation("unknown", f"session {pid} of the server is still at it")
            settled = await connection.fetchval(_SETTLED, since)
            for kind in plan.goal["kinds"]:
                rows = await connection.fetch(_DONE.format(kind=kind), tables, since)
                left = [self.shown.text(row["name"]) for row in rows if not row["done"]]
                if left or not rows:
                    told = some(left, 5) or "it is gone"
                    return Observation("failed", f"{kind} is not newer: {told}",
                                       final=settled)  # fmt: skip
                if len(rows) > 1:
                    by.append(f"{kind} of all {len(rows)} tables is newer")
                    continue
                by.append(f"{kind} {duration(ages(rows[0]['ago']) or 0.0)} ago")
                if kind == "last_vacuum" and rows[0]["dead"] is not None:
                    by.append(f"{rows[0]['dead']:,.0f} dead rows left")
        return Observation("verified", f"{', '.join(by)} (pg_stat_all_tables)")


class Vacuum(_Care):
    """One table. ``VACUUM FULL``, which shuts everybody out, is not offered."""

    spec = ActionSpec(
        name="vacuum",
        targets=["db"],
        risk="R1",
        summary="Make the room of a table's dead rows free again; reads and writes go on",
        params=[
            TABLE,
            Param(
                name="analyze", type="bool", default="true", choices=["true", "false"],
                help="renew the planner's statistics as well",
            ),
        ],
    )  # fmt: skip

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name, analyze = _given("vacuum", params), params.get("analyze", "true")
        if analyze not in {"true", "false"}:
            raise Refused("analyze is true or false", USAGE)
        both = analyze == "true"
        async with self.hands.reading() as connection:
            blocked = await self.hands.hindrance(connection)
            table = await found(connection, name, "rm", "table")
            row = (await connection.fetch(_FACTS, table["oid"]))[0]
            near = await around(connection, table["oid"])
        called, warnings = label(self.shown, table), []
        if near["vacuum"]:
            blocked = blocked or f"session {near['vacuum']} vacuums {called} already"
        if near["index"]:
            blocked = blocked or f"session {near['index']} builds an index of {called}: wait for it"
        if (ages(near["age"]) or 0.0) > _LONG:
            warnings.append(f"rows that died since then stay: {oldest(near)}")
        before = "never" if row["vacuumed"] is None else f"{duration(row['vacuumed'])} ago"
        return self.draft(
            target, {"table": name, "analyze": analyze},
            title=f"Vacuum {'and analyze ' if both else ''}{called}",
            steps=[f"vacuum {'and analyze ' if both else ''}{called}"],
            before={"table": table["oid"]},
            goal={
                "about": called, "tables": [table["oid"]], "since": table["since"],
                "kinds": ["last_vacuum", "last_analyze"] if both else ["last_vacuum"],
            },
            facts=[
                f"{_count(row['dead'])} dead rows ({_count(row['live'])} live) → 0, but for what"
                " open transactions still see",
                f"{size(row['size'])} on disk stay so: new rows take the room",
                f"vacuumed {before}{', ' + _statistics(row['analyzed']) if both else ' → now'}",
                "reads and writes go on; ALTER TABLE and index builds of it wait",
                f"pauses as autovacuum does; not begun if its lock is not free in {WAIT:g} s",
            ],
            warnings=warnings, way_back="none is needed: no row is changed",
            blocked=blocked or denied(self.shown, table),
        )  # fmt: skip

    async def statement(self, plan: Plan, connection: Connection[Record]) -> str:
        options = "TRUNCATE false" + ", ANALYZE" * ("last_analyze" in plan.goal["kinds"])
        return f"VACUUM ({options}) {await quoted(connection, plan.goal['tables'][0])}"


class Analyze(_Care):
    """One table, or every one."""

    spec = ActionSpec(
        name="analyze",
        targets=["db"],
        risk="R1",
        summary="Renew the planner's statistics of a table, or of all; reads and writes go on",
        params=[
            Param(
                name="table", type="str", default="all", help="which table, or all of the database"
            )
        ],
    )  # fmt: skip

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name = _given("analyze", {"table": "all"} | params)
        facts = ["a sample of the rows is read; reads and writes go on"]
        async with self.hands.reading() as connection:
            blocked = await self.hands.hindrance(connection)
            if name == "all":
                tables: list[Any] = await connection.fetch(_ALL)
                called = f"all {len(tables)} tables"
                facts.append("the server's own catalogues as well")
                facts.append("a table that is locked meanwhile is left out, and told at the end")
            else:
                tables = [await found(connection, name, "rm", "table")]
                called = label(self.shown, tables[0])
                row = (await connection.fetch(_FACTS, tables[0]["oid"]))[0]
                facts += [
                    _statistics(row["analyzed"]),
                    f"{_count(row['live'])} rows, {size(row['size'])} on disk",
                    f"not begun when other maintenance holds the table for {WAIT:g} s",
                ]
        if not tables:
            raise Refused("the database has no table", UNAVAILABLE)
        blocked = blocked or next(filter(None, (denied(self.shown, row) for row in tables)), None)
        return self.draft(
            target, {"table": name}, title=f"Analyze {called}", steps=[f"analyze {called}"],
            before={"tables": len(tables)} if name == "all" else {"table": tables[0]["oid"]},
            goal={
                "about": called if name != "all" else "", "tables": [row["oid"] for row in tables],
                "since": tables[0]["since"], "kinds": ["last_analyze"],
            },
            facts=facts, warnings=["plans of queries may change with the new statistics"],
            way_back="none: the former statistics are not kept", blocked=blocked,
        )  # fmt: skip

    async def statement(self, plan: Plan, connection: Connection[Record]) -> str:
        if plan.params["table"] == "all":
            return "ANALYZE (SKIP_LOCKED)"
        return f"ANALYZE {await quoted(connection, plan.goal['tables'][0])}"


def _given(action: str, params: dict[str, str]) -> str:
    if not params.get("table"):
        raise Refused(f"{action} needs table=NAME", USAGE)
    return params["table"]


def _count(value: float | None) -> str:
    return "an unknown number of" if value is None else f"{value:,.0f}"


def _statistics(age: float | None) -> str:
    before = "never made" if age is None else f"{duration(max(0.0, age))} old"
    return f"statistics {before} → now"
