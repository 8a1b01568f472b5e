"""What an empty server lacks before a backup is restored into it, and after: roles, and the right
of the application to its tables. Nothing that is there is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial

from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.hands import UNLOGGED
from ainur_tui.systems.postgres.actions.scram import verifier
from ainur_tui.systems.postgres.backup.server import Server
from ainur_tui.systems.postgres.backup.worded import worded
from ainur_tui.systems.postgres.dsn import parse
from ainur_tui.systems.postgres.errors import lent

_MISSING = """
SELECT name FROM unnest($1::text[]) AS name
 WHERE name <> current_user AND name NOT IN (SELECT rolname FROM pg_roles)
"""
_MAKE = """
SELECT format('CREATE ROLE %I', $1::text)
       || CASE WHEN $2::text IS NULL THEN '' ELSE format(' LOGIN PASSWORD %L', $2::text) END
"""
_WATCHES = "SELECT format('GRANT pg_monitor TO %I', $1::text)"
_GRANTS = """
SELECT format(verb, n.nspname, $1::text) FROM pg_namespace AS n, (VALUES
  ('GRANT USAGE ON SCHEMA %I TO %I'), ('GRANT ALL ON ALL TABLES IN SCHEMA %I TO %I'),
  ('GRANT ALL ON ALL SEQUENCES IN SCHEMA %I TO %I')) AS v (verb)
 WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""
_LACKS = """
SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
            AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE'))
"""


async def missing(server: Server, names: Sequence[str]) -> list[str]:
    """Which of these roles are not there. Raises ``ProbeFailure``."""
    async with server.session() as connection:
        return [row["name"] for row in await connection.fetch(_MISSING, list(names))]


async def lacking(dsn: Secret, redact: Redactor, timeout: float) -> int:
    """How many tables the role of an address may not read and write there. Raises
    ``ProbeFailure``, also where it may not log in."""
    import asyncpg

    where = parse(dsn)
    opening = asyncpg.connect(dsn.reveal(), timeout=timeout)
    async with lent(opening, f"{clean(where.user, 63)} at {where.shown}", redact) as connection:
        return int(await connection.fetchval(_LACKS))


class MakeRoles(Action):
    """The roles of the addresses in the configuration with their passwords, those that own what is
    restored without one. ``logins`` are addresses; the last one's role is the one that watches."""

    spec = ActionSpec(name="roles", targets=["db"], risk="R2", summary="make the roles")

    def __init__(self, server: Server, logins: Sequence[Secret]) -> None:
        self._server = server
        self._logins = {parse(one).user: one for one in logins}

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        names = params["names"].split("\n")
        blocked = await self._server.lacks("roles", "databases")
        if not names[0]:
            raise AlreadySo("every role is there")
        return Plan(
            action="roles", target=target, risk="R2",
            steps=[f"make the role {clean(name, 63)}, {self._how(name)}" for name in names],
            affects=[], goal={"names": names}, expected_seconds=2.0,
            title="Make the roles", blocked=blocked,
        )  # fmt: skip

    def _how(self, name: str) -> str:
        if name not in self._logins:
            return "without a login"
        return "with the password that the configuration refers to, sent as a verifier"

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(step, worded(partial(self._make, name)))
            for step, name in zip(plan.steps, plan.goal["names"], strict=True)
        ]

    async def _make(self, name: str, step: StepContext) -> str:
        kept = None
        if (login := self._logins.get(name)) is not None:
            kept = verifier(parse(login).password, os.urandom(16))
        watches = login is not None and name == list(self._logins)[-1]
        async with self._server.session() as connection:
            if not await connection.fetch(_MISSING, [name]):
                return "it is there already"
            await connection.fetch(UNLOGGED)
            await connection.execute(await connection.fetchval(_MAKE, name, kept))
            if watches:
                await connection.execute(await connection.fetchval(_WATCHES, name))
        return "made" + ", a member of pg_monitor" * watches

    async def observe(self, plan: Plan) -> Observation:
        left = await missing(self._server, plan.goal["names"])
        if left:
            return Observation("failed", f"not there: {clean(', '.join(left), 200)}")
        return Observation("verified", "every role is there (pg_roles)")


class GrantUse(Action):
    """The application may read and write the tables that were restored for it."""

    spec = ActionSpec(name="grant-use", targets=["db"], risk="R2", summary="grant the tables")

    def __init__(self, server: Server, application: Secret) -> None:
        self._server = server
        self._at = parse(application)

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        who = clean(self._at.user, 63)
        return Plan(
            action="grant-use", target=target, risk="R2",
            steps=[f"grant {who} the schemas, tables and sequences of {self._at.database}"],
            affects=[], expected_seconds=1.0,
            title=f"Grant {who} its tables",
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return [Step(plan.steps[0], worded(self._grant))]

    async def _grant(self, step: StepContext) -> str:
        async with self._server.session(self._at.database) as connection:
            rows = await connection.fetch(_GRANTS, self._at.user)
            async with connection.transaction():
                for row in rows:
                    await connection.execute(row[0])
        return f"{len(rows)} grants"

    async def observe(self, plan: Plan) -> Observation:
        return Observation("verified", "granted; the application itself is asked next")


def emptied(then: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """The tables of a backup that a database does not have, or has without a row."""
    return sorted(
        name for name, rows in then.items() if name not in now or (rows and not now[name])
    )


async def held(server: Server, database: str) -> dict[str, int] | None:
    """The rows of a database, ``None`` where there is none. Raises ``ProbeFailure``."""
    if not await server.exists(database):
        return None
    _, counted = await server.measure(database)
    return {clean(name, 120): rows for name, rows in counted.items()}
