"""What the configured role may see and do, and the statement that mends what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.examined import Examined, State
from ainur_tui.systems.postgres.client import Database, major_of, version_text
from ainur_tui.systems.postgres.dsn import is_placeholder
from ainur_tui.systems.postgres.shown import Shown

SUPPORTED = range(13, 19)

_ROLE = """
SELECT r.rolname, r.rolsuper, r.rolcreatedb OR r.rolcreaterole AS creates,
       quote_ident(r.rolname) AS quoted,
       (SELECT array_agg(m.rolname ORDER BY m.rolname) FROM pg_roles AS m
         WHERE m.oid <> r.oid AND pg_has_role(r.oid, m.oid, 'member'))::text[] AS roles,
       (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema'
           AND n.nspname !~ '^pg_'
           AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writable,
       (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema'
           AND n.nspname !~ '^pg_' AND NOT (has_schema_privilege(n.oid, 'USAGE')
           AND has_table_privilege(c.oid, 'SELECT'))) AS unreadable,
       EXISTS (SELECT FROM pg_namespace AS n, aclexplode(n.nspacl) AS a
                WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE')
           AS anybody_creates,
       (SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements') AS installed,
       (SELECT default_version FROM pg_available_extensions
         WHERE name = 'pg_stat_statements') AS available,
       (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries') AS preloaded,
       (SELECT setting FROM pg_settings WHERE name = 'pg_stat_statements.track') AS tracked,
       current_setting('track_io_timing') AS io_timing,
       current_setting('track_activities') AS activities
  FROM pg_roles AS r WHERE r.rolname = current_user
"""


async def examine(environment: Environment, context: Context) -> list[Examined]:
    """Look at the role once, reading only. Raises SecretMissing where its address leads nowhere;
    a server that does not answer is told by the probes, so nothing is found here."""
    section = environment.postgres
    if section is None or is_placeholder(dsn := context.secret(section.dsn)):
        return []
    database = Database(dsn, context.clock, context.redact, section.timeout)
    try:
        async with database.short() as connection:
            major, version = major_of(connection), version_text(connection)
            row = dict((await connection.fetch(_ROLE))[0])
    except ProbeFailure:
        return []
    finally:
        await database.close()
    return [
        *_server(major, Shown(context.redact).text(version)),
        *judge(row, major, Shown(context.redact)),
    ]


def _server(major: int, version: str) -> list[Examined]:
    if major in SUPPORTED:
        return [Examined("server", "ok", f"PostgreSQL {version}")]
    known = f"{SUPPORTED[0]} to {SUPPORTED[-1]}"
    return [Examined("server", "warn", f"PostgreSQL {version}: only {known} are tried")]


def judge(row: Mapping[str, Any], major: int, shown: Shown) -> list[Examined]:
    """What is to be said of a role, from one row of the catalogues."""
    who, roles = shown.text(row["quoted"]), set(row["roles"] or ())
    return [
        _identity(row, who, shown),
        *_writing(row, who),
        _member("sessions", "pg_monitor", row, who,
                "queries and states of others, replication, some settings", state="warn"),
        _member("signals", "pg_signal_backend", row, who, "cancel and terminate"),
        *([_member("reserve", "pg_use_reserved_connections", row, who,
                   "a way in when connections are exhausted")] if major >= 16 else []),
        *_reading(row, who, major, roles),
        _statements(row),
        *_switches(row),
    ]  # fmt: skip


def _identity(row: Mapping[str, Any], who: str, shown: Shown) -> Examined:
    if row["rolsuper"]:
        made = "CREATE ROLE monitoring LOGIN PASSWORD …; GRANT pg_monitor TO monitoring;"
        return Examined("role", "warn", f"{who} is a superuser; to watch, less is enough: {made}")
    roles = ", ".join(shown.text(role) for role in row["roles"] or ()) or "no other role"
    return Examined("role", "ok", f"{who}, member of {roles}")


def _writing(row: Mapping[str, Any], who: str) -> list[Examined]:
    found = []
    if row["writable"] and not row["rolsuper"]:
        found.append(
            Examined(
                "writing", "warn",
                f"{who} may write to {row['writable']} tables (our sessions never do): REVOKE "
                f"INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public FROM {who};",
            )
        )  # fmt: skip
    elif not row["rolsuper"]:
        found.append(Examined("writing", "ok", f"{who} may write to no table"))
    if row["creates"] and not row["rolsuper"]:
        words = f"{who} may make roles or databases: ALTER ROLE {who} NOCREATEDB NOCREATEROLE;"
        found.append(Examined("writing", "warn", words))
    if row["anybody_creates"]:
        words = "everybody may create in it: REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
        found.append(Examined("schema public", "warn", words))
    return found


def _member(
    name: str, role: str, row: Mapping[str, Any], who: str, gives: str, *, state: State = "note"
) -> Examined:  # fmt: skip
    if row["rolsuper"] or role in (row["roles"] or ()):
        return Examined(name, "ok", f"{role}: {gives}")
    return Examined(name, state, f"without {role} there is no: {gives}. GRANT {role} TO {who};")


def _reading(row: Mapping[str, Any], who: str, major: int, roles: set[str]) -> list[Examined]:
    if not row["unreadable"] or row["rolsuper"] or "pg_read_all_data" in roles:
        return [Examined("tables", "ok", "all may be read: plans and backups need it")]
    grant = f"GRANT pg_read_all_data TO {who};"
    if major < 14:
        grant = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {who};"
    words = f"{row['unreadable']} may not be read: no plans of their statements, no backup by it."
    return [Examined("tables", "note", f"{words} {grant}")]


def _statements(row: Mapping[str, Any]) -> Examined:
    name, installed, newest = "pg_stat_statements", row["installed"], row["available"]
    loaded = row["preloaded"]
    if newest is None:
        return Examined(name, "warn", "its files are not there: install the contrib package")
    if loaded is not None and name not in loaded:
        value = ", ".join(filter(None, [loaded, name]))
        words = f"ALTER SYSTEM SET shared_preload_libraries = '{value}'; then restart PostgreSQL"
        return Examined(name, "warn", f"not loaded, so no statement is counted: {words}")
    if installed is None:
        return Examined(name, "warn", f"not made in this database: CREATE EXTENSION {name};")
    if row["tracked"] == "none":
        words = f"counts nothing: ALTER SYSTEM SET {name}.track = 'top'; SELECT pg_reload_conf();"
        return Examined(name, "warn", words)
    if installed != newest:
        words = f"version {installed}, {newest} is there: ALTER EXTENSION {name} UPDATE;"
        return Examined(name, "note", words)
    return Examined(name, "ok", f"version {installed}")


def _switches(row: Mapping[str, Any]) -> list[Examined]:
    found = []
    switches: tuple[tuple[str, str, State, str], ...] = (
        ("track_io_timing", "io_timing", "note", "how long statements read and write is not known"),
        ("track_activities", "activities", "warn", "no session tells what it does"),
    )
    for name, key, state, without in switches:
        mend = f"{without}: ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();"
        on = row[key] == "on"
        found.append(Examined(name, "ok" if on else state, "on" if on else mend))
    return found
