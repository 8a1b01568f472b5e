"""The monitoring role: made, or brought to what it should be; it sees all and writes nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import USAGE, ActionFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.hands import UNLOGGED, Elevated
from ainur_tui.systems.postgres.actions.scram import head, verifier
from ainur_tui.systems.postgres.client import major_of

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_WAIT = 5.0
LIMIT = 20
"""Connections: what is held, what is short, and a parallel dump."""
SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
_ROLE = """
SELECT r.rolsuper AS super, r.rolcreatedb AS makes, r.rolcreaterole AS names,
       r.rolreplication AS feeds, r.rolcanlogin AS login, r.rolconnlimit AS most,
       r.rolname = current_user AS ours,
       (SELECT setconfig FROM pg_db_role_setting
         WHERE setrole = r.oid AND setdatabase = 0) AS own,
       (SELECT array_agg(g.rolname::text ORDER BY g.rolname) FROM pg_auth_members AS m
          JOIN pg_roles AS g ON g.oid = m.roleid WHERE m.member = r.oid) AS member_of,
       (SELECT count(*) FROM pg_class WHERE relowner = r.oid)::int AS owns,
       has_database_privilege(r.rolname, current_database(), 'CONNECT') AS connects
  FROM pg_roles AS r WHERE r.rolname = $1
"""
_QUOTED = "SELECT quote_ident($1) AS role, quote_ident(current_database()) AS database"
_ME = """
SELECT rolname::text AS me, rolsuper AS super, rolsuper OR rolcreaterole AS may
  FROM pg_roles WHERE rolname = current_user
"""
_KEPT = "SELECT starts_with(rolpassword, $2) FROM pg_authid WHERE rolname = $1"


class MonitorRole(Elevated):
    """The role of ``postgres.dsn``. Its password comes apart and leaves us as a verifier only."""

    spec = ActionSpec(
        name="monitor-role",
        targets=["db"],
        risk="R2",
        summary="Make the role this console reads with, or bring it to what it should be",
        params=[
            Param(name="role", type="str", default="ainur_monitor", help="its name"),
            Param(
                name="signal", type="bool", default="false", choices=["true", "false"],
                help="may also cancel and end sessions (pg_signal_backend)",
            ),
            Param(
                name="renew", type="bool", default="false", choices=["true", "false"],
                help="set the password of a role that is there anew",
            ),
            Param(name="password", type="secret", help="for a new role, or with renew"),
        ],
    )  # fmt: skip
    verify_within = 15.0

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = {"role": "ainur_monitor", "signal": "false", "renew": "false"} | params
        name = _checked(given)
        async with self.hands.reading() as connection:
            blocked = await self.hands.hindrance(connection)
            me = (await connection.fetch(_ME))[0]
            grants = _grants(major_of(connection), given["signal"] == "true")
            row = await _role(connection, name)
        shown = self.shown.text(name)
        if row is not None:
            blocked = blocked or _stranger(shown, row)
        if not me["may"]:
            blocked = blocked or f"{self.shown.text(me['me'])} may not make roles: no CREATEROLE"
        lacks = _lacks(row, grants)
        renew = row is None or given["renew"] == "true"
        if not lacks and not renew:
            raise AlreadySo(f"{shown} is as it should be: {', '.join(grants)}, "
                            f"read only, at most {LIMIT} connections")  # fmt: skip
        salt = os.urandom(16).hex() if renew else None
        extra = sorted(set((row["member_of"] if row else None) or []) - set(grants))
        facts = [f"{shown}: {said}" for said in lacks]
        if extra:
            facts.append(f"also a member of {self.shown.text(', '.join(extra))}: left as it is")
        if renew:
            facts.append("the password goes to the server as a SCRAM-SHA-256 verifier, made here")
            facts.append(f"then in the configuration: {self._line(name)}")
        if lacks and row is not None:
            facts.append("its sessions go on as they are; those that begin then are limited")
        warnings = []
        if row is not None and renew:
            warnings.append("whoever connects with the former password is refused from then on")
        if row is None or renew:
            warnings.append("without a password, which is given apart and unseen, nothing is done")
        steps = [f"make the role {shown}" if row is None else f"set the password of {shown}"]
        return self.draft(
            target, given, title=f"{'Make' if row is None else 'Mend'} the monitoring role {shown}",
            steps=[*(steps if renew else []), *([f"grant and limit {shown}"] if lacks else [])],
            before={"lacks": lacks},
            goal={"about": name, "grants": grants, "salt": salt}, facts=facts, warnings=warnings,
            way_back=f'DROP ROLE "{shown}", by hand' if row is None
            else "none: grants and limits are taken back by hand",
            blocked=blocked,
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        name, goal = plan.params["role"], plan.goal

        async def password(step: StepContext) -> str:
            if "password" not in step.secrets:
                raise ActionFailure("no password was given: --secret password=env:V, file:P or -")
            kept = verifier(step.secrets["password"], bytes.fromhex(goal["salt"]))
            async with self.hands.reading() as connection:
                role = (await connection.fetch(_QUOTED, name))[0]["role"]
                there = await _role(connection, name)
            verb = "CREATE" if there is None else "ALTER"
            # A verifier is of A-Z, a-z, 0-9 and +/=$:-, so there is nothing to quote in it.
            await self.hands.act(
                f"{verb} ROLE {role} LOGIN PASSWORD '{kept}'", step, _WAIT, UNLOGGED
            )
            step.keep(dsn=self._line(name))
            return f"as a verifier; now in the configuration: {self._line(name)}"

        async def grant(step: StepContext) -> str:
            async with self.hands.reading() as connection:
                found = (await connection.fetch(_QUOTED, name))[0]
            role, database = found["role"], found["database"]
            statements = [
                f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                f" CONNECTION LIMIT {LIMIT}",
                *(f"ALTER ROLE {role} SET {key} = '{value}'" for key, value in SETTINGS.items()),
                f"GRANT CONNECT ON DATABASE {database} TO {role}",
                f"GRANT {', '.join(goal['grants'])} TO {role}",
            ]
            # Sent as one, they are one transaction: all of it holds, or nothing.
            await self.hands.act("; ".join(statements), step, _WAIT)
            return f"{', '.join(goal['grants'])}; read only; at most {LIMIT} connections"

        work = {False: grant, True: password}
        return [
            Step(one, work[goal["salt"] is not None and not index], limit=60.0)
            for index, one in enumerate(plan.steps)
        ]

    async def observe(self, plan: Plan) -> Observation:
        name, goal = plan.params["role"], plan.goal
        shown = self.shown.text(name)
        async with self.hands.reading() as connection:
            row = await _role(connection, name)
            lacks = _lacks(row, goal["grants"])
            seen: bool | None = None
            if goal["salt"] and (await connection.fetch(_ME))[0]["super"]:
                seen = await connection.fetchval(_KEPT, name, head(bytes.fromhex(goal["salt"])))
        if lacks:
            return Observation("failed", f"{shown}: {'; '.join(lacks)}")
        by = f"{shown} is in {', '.join(goal['grants'])}, read only"
        if goal["salt"] and not seen:
            if seen is False:
                return Observation("failed", f"{by}, but its password is another one")
            return Observation(
                "unknown", f"{by}; only a superuser sees whether the password is new"
            )
        return Observation("verified", f"{by} (pg_roles{', pg_authid' if seen else ''})")

    def _line(self, name: str) -> str:
        """The line of the configuration, and what its variable holds but for the password."""
        at = self.hands.watched.address
        who = f"{quote(name, safe='')}:PASSWORD"
        return f'dsn = {{ env = "DATABASE_URL" }}, which holds postgresql://{who}@{at.shown}'


def _checked(given: Mapping[str, str]) -> str:
    """The role's name. Raises Refused."""
    if {given["signal"], given["renew"]} - {"true", "false"}:
        raise Refused("signal and renew are true or false", USAGE)
    name = given["role"]
    if not name or len(name.encode()) > 63 or not name.isprintable():
        raise Refused("role is a name of at most 63 printable characters", USAGE)
    if name.startswith("pg_") or name in {"public", "none", "postgres"}:
        raise Refused(f"{clean(name, 63)} is the server's own", USAGE)
    return name


def _grants(major: int, signals: bool) -> list[str]:
    """The roles it is to be a member of; the reserved way in is there from 16 on."""
    reserved = ["pg_use_reserved_connections"] if major >= 16 else []
    return ["pg_monitor", *reserved, *(["pg_signal_backend"] if signals else [])]


async def _role(connection: Connection[Record], name: str) -> dict[str, Any] | None:
    row = await connection.fetchrow(_ROLE, name)
    return None if row is None else dict(row)


def _stranger(shown: str, row: Mapping[str, Any]) -> str | None:
    """Why a role that is there must not be made a monitoring role."""
    if row["ours"]:
        return f"{shown} is the role of postgres.admin itself"
    for key, words in (("super", "is a superuser"), ("makes", "may make databases"),
                       ("names", "may make roles"), ("feeds", "feeds replicas")):  # fmt: skip
        if row[key]:
            return f"{shown} {words}: another role depends on that; give a new name"
    if row["owns"]:
        return f"{shown} owns {row['owns']} relations: read only, its service would stand still"
    return None


def _lacks(row: Mapping[str, Any] | None, grants: list[str]) -> list[str]:
    """What is not as it should be, as before → after."""
    if row is None:
        limits = f"read only, statements end after {SETTINGS['statement_timeout']}"
        return [f"not there → {', '.join(grants)}; {limits}, at most {LIMIT} connections"]
    own = dict(one.split("=", 1) for one in row["own"] or [])
    found = [
        f"{key} {own.get(key, 'not set')} → {value}"
        for key, value in SETTINGS.items() if own.get(key) != value
    ]  # fmt: skip
    found += [
        f"no member → member of {one}" for one in grants if one not in (row["member_of"] or [])
    ]
    if not row["login"]:
        found.append("no login → login")
    if not row["connects"]:
        found.append("may not connect → CONNECT on the database")
    if not 0 <= row["most"] <= LIMIT:
        most = "any number of" if row["most"] < 0 else row["most"]
        found.append(f"{most} connections → at most {LIMIT}")
    return found
