"""One consistent snapshot of a database: what is counted in it, and how pg_dump reads it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems import process
from ainur_tui.systems.base import Tools
from ainur_tui.systems.postgres.client import Database, major_of, version_text

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_BEGIN = """
SELECT pg_export_snapshot() AS snapshot, current_database() AS database,
       extract(epoch FROM clock_timestamp())::float8 AS at,
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
             ELSE pg_current_wal_lsn() END)::text AS lsn
"""

_TABLES = """
SELECT format('%s.%s', n.nspname, c.relname) AS name,
       format('SELECT count(*) FROM ONLY %I.%I', n.nspname, c.relname) AS counting
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema'
   AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY c.relpages DESC, c.oid
"""
"""The server writes the counting statements, so that it quotes its own names."""

_SCHEMA = r"""
SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), ''),
                                'UTF8')), 'hex')
  FROM (
    SELECT format('column %I.%I.%I %s %s %s', n.nspname, c.relname, a.attname,
                  format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  pg_get_expr(d.adbin, d.adrelid)) AS line
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
       AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_class'::regclass
                            AND e.objid = c.oid AND e.deptype = 'e')
    UNION ALL
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_'
       AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_class'::regclass
                            AND e.objid = c.oid AND e.deptype = 'e')
    UNION ALL
    SELECT format('constraint %I.%I %I %s', n.nspname, c.relname, k.conname,
                  pg_get_constraintdef(k.oid))
      FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND k.contype <> 'n'
       AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_class'::regclass
                            AND e.objid = c.oid AND e.deptype = 'e')
  ) AS lines
"""
"""What extensions own is theirs, and of their version, not of the backup. Not-null constraints are
left out: from 18 they have rows of their own, before they have not."""

_ROLES = """
SELECT array_agg(DISTINCT name ORDER BY name) FROM (
  SELECT pg_get_userbyid(c.relowner)::text AS name FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  UNION SELECT pg_get_userbyid(a.grantee)::text FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace, LATERAL aclexplode(c.relacl) AS a
   WHERE a.grantee <> 0 AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  UNION SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()
) AS roles
"""

_UNREAD = """
SELECT count(*)::int AS many, min(c.oid::regclass::text) AS name, quote_ident(current_user) AS us
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema'
   AND n.nspname !~ '^pg_' AND NOT (has_schema_privilege(n.oid, 'USAGE')
                                    AND has_table_privilege(c.oid, 'SELECT'))
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
"""

_SNAPSHOT = re.compile(r"[0-9A-F]+(-[0-9A-F]+)+")
_VERSION_DEADLINE = 10.0


@dataclass(frozen=True)
class Snapshot:
    """A snapshot held open on the server. ``at`` is epoch seconds by the server's clock."""

    connection: Connection[Record]
    name: str
    database: str
    at: float
    lsn: str | None
    server_version: str
    major: int


async def schema_digest(connection: Connection[Record]) -> str:
    """SHA-256 of the definitions of tables, indexes and constraints, in a transaction."""
    await connection.execute("SET LOCAL search_path = pg_catalog")  # names in full everywhere
    return str(await connection.fetchval(_SCHEMA))


async def count_rows(connection: Connection[Record]) -> dict[str, int]:
    """The exact number of rows of every table, as this transaction sees them."""
    tables = await connection.fetch(_TABLES)
    return {
        str(table["name"]): int(await connection.fetchval(table["counting"])) for table in tables
    }


async def measure(connection: Connection[Record]) -> tuple[str, dict[str, int]]:
    """Schema digest and rows: what two copies of a database must have in common."""
    return await schema_digest(connection), await count_rows(connection)


async def unreadable(connection: Connection[Record]) -> str | None:
    """Why pg_dump would fail with this role: tables it may not read, and what mends it."""
    row = (await connection.fetch(_UNREAD))[0]
    if not row["many"]:
        return None
    us = clean(row["us"], 80)
    return (
        f"{us} may not read {row['many']} of the tables, as {clean(row['name'], 80)}: GRANT"
        f" pg_read_all_data TO {us} (before PostgreSQL 14: SELECT on each), or another role in"
        " postgres.dsn"
    )


async def roles_of(connection: Connection[Record]) -> list[str]:
    """The roles that own a relation or were granted something on one, and the database's owner."""
    return list(await connection.fetchval(_ROLES) or [])


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Snapshot]:
    """Open a snapshot and hold it until the block is left. Raises ``ProbeFailure``."""
    async with (
        database.short(long_statements=True) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = (await connection.fetch(_BEGIN))[0]
        if not _SNAPSHOT.fullmatch(row["snapshot"]):
            raise ProbeFailure("bad answer", "the snapshot's name is not one")
        yield Snapshot(
            connection, row["snapshot"], row["database"], row["at"], row["lsn"],
            version_text(connection), major_of(connection),
        )  # fmt: skip


@dataclass(frozen=True)
class Dumper:
    """The pg_dump that was found: where, and its version (``18.6``)."""

    program: str
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def check(self, server: int, server_version: str) -> None:
        """Raises :class:`ActionFailure` where it is older than the server."""
        if self.major < server:
            raise ActionFailure(
                f"pg_dump {self.version} cannot dump PostgreSQL {server_version}: "
                f"install the client programs of version {server} or newer"
            )

    def argv(self, snapshot: str) -> list[str]:
        """The command. Where and as whom is in the environment, never here (S-12)."""
        return [
            self.program, "--format=custom", "--compress=0", "--no-password",
            "--lock-wait-timeout=60000", f"--snapshot={snapshot}",
        ]  # fmt: skip


async def find_dumper(tools: Tools) -> Dumper:
    """Find pg_dump and ask for its version.

    Raises :class:`ActionFailure` when there is none or it does not say.
    """
    program = tools.find("pg_dump")
    if program is None:
        raise ActionFailure("pg_dump is not found: install it or add its folder to tools.path")
    try:
        said = await process.run(
            [program, "--version"], env=tools.environment, deadline=_VERSION_DEADLINE
        )
    except ProbeFailure as failure:
        raise ActionFailure(str(failure)) from None
    found = re.search(rb"\) (\d+(?:\.\d+)*)", said.stdout)
    if said.code != 0 or found is None:
        raise ActionFailure(f"pg_dump --version ended with {said.code}: {said.stderr}")
    return Dumper(program, found[1].decode())
