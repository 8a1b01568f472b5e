"""Tables and indexes by the names people give them, and what surrounds work on one. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ainur_tui.model.failure import USAGE, ActionFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration
from ainur_tui.systems.postgres.shown import Shown, ages

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_FIND = """
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS system,
       pg_get_userbyid(c.relowner) AS owner, current_user::text AS me,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
           OR pg_has_role(current_user, c.relowner, 'USAGE') AS allowed,
       clock_timestamp()::text AS since
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind::text = ANY($2::text[])
   AND ($1 IN (n.nspname || '.' || c.relname,
               quote_ident(n.nspname) || '.' || quote_ident(c.relname),
               format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
        OR n.nspname = 'public' AND $1 IN (c.relname, quote_ident(c.relname)))
"""
_QUOTED = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1::bigint::oid
"""
_AROUND = """
SELECT (SELECT pid FROM pg_stat_progress_vacuum WHERE relid = $1::bigint::oid LIMIT 1) AS vacuum,
       (SELECT pid FROM pg_stat_progress_create_index
         WHERE relid = $1::bigint::oid LIMIT 1) AS index,
       o.pid, extract(epoch FROM clock_timestamp() - o.xact_start)::float8 AS age
  FROM (SELECT 1) AS one LEFT JOIN LATERAL (
       SELECT pid, xact_start FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND xact_start IS NOT NULL
          AND datname = current_database() AND backend_type = 'client backend'
        ORDER BY xact_start LIMIT 1) AS o ON true
"""

_AT_WORK = """
SELECT min(pid) FROM pg_stat_activity
 WHERE query = $1 AND state = 'active' AND datname = current_database() AND usename = current_user
"""


async def found(
    connection: Connection[Record], name: str, kinds: str, what: str
) -> Mapping[str, Any]:
    """The one relation of that name among ``kinds`` (of ``pg_class.relkind``).

    Raises Refused (64) for none, for several, and for those of the system.
    """
    rows = await connection.fetch(_FIND, name, list(kinds))
    if not rows:
        raise Refused(f"there is no {what} {clean(name, 140)}", USAGE)
    if len(rows) > 1:
        raise Refused(f'{clean(name, 140)} is more than one: write "SCHEMA"."NAME"', USAGE)
    if rows[0]["system"]:
        raise Refused(f"{clean(name, 140)} is the server's own", USAGE)
    return dict(rows[0])


async def quoted(connection: Connection[Record], oid: int) -> str:
    """Its name, quoted by the server, as it is now. Raises ``ActionFailure`` when it is gone."""
    row = await connection.fetchrow(_QUOTED, oid)
    if row is None:
        raise ActionFailure("it is no longer there")
    return str(row["quoted"])


async def at_work(connection: Connection[Record], sql: str) -> int | None:
    """The session of our role that is at this very statement: one that outlived its engine."""
    pid: int | None = await connection.fetchval(_AT_WORK, sql)
    return pid


async def around(connection: Connection[Record], oid: int) -> Mapping[str, Any]:
    """Who vacuums it or builds an index of it (``vacuum``, ``index``: pids), and the oldest open
    transaction beside ours (``pid``, ``age`` in seconds)."""
    return dict((await connection.fetch(_AROUND, oid))[0])


def label(shown: Shown, row: Mapping[str, Any]) -> str:
    """A relation as people call it: without the schema everybody has."""
    return shown.text(f"{row['schema']}.{row['name']}".removeprefix("public."), 140)


def oldest(row: Mapping[str, Any]) -> str | None:
    """The oldest open transaction in words, or ``None``."""
    age = ages(row["age"])
    return None if age is None else f"session {row['pid']}, open for {duration(age)}"


def denied(shown: Shown, row: Mapping[str, Any]) -> str | None:
    """The sentence why the role may not work on it, with the statement that mends it."""
    if row["allowed"]:
        return None
    owner, me = shown.text(row["owner"]), shown.text(row["me"])
    return f'{me} does not own it: GRANT "{owner}" TO "{me}";'
