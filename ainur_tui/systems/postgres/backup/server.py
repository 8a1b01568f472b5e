"""A server on which a backup is restored: databases are created there, counted, and dropped."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres.backup import dump, names
from ainur_tui.systems.postgres.backup.locale import Locale, creation, locale_of
from ainur_tui.systems.postgres.client import APPLICATION, major_of
from ainur_tui.systems.postgres.dsn import Address, parse
from ainur_tui.systems.postgres.errors import lent

if TYPE_CHECKING:
    from asyncpg import Connection, Record

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""Names of new databases: nothing that would have to be quoted, anywhere."""
_PASSING = re.compile(r"ainur_(verify|restore)_\d{8}_\d{6}_(\d+)")
_FORGOTTEN = """
SELECT d.datname AS name, extract(epoch FROM now())::float8 AS now FROM pg_database AS d
 WHERE NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid)
"""
_MAY = """
SELECT quote_ident(rolname) AS us, rolsuper OR rolcreatedb AS databases,
       rolsuper OR rolcreaterole AS roles, pg_is_in_recovery() AS replica
  FROM pg_roles WHERE rolname = current_user
"""
_FRESH = 600.0
"""Seconds during which a database without a session may still be in somebody's hands."""
_SETTINGS = {"application_name": APPLICATION, "lock_timeout": "30s",
             "default_transaction_read_only": "off"}  # fmt: skip
"""A database that a recovery has left is read-only by default, but not for the next recovery."""


def passing_name(work: str, backup: str, clock: Clock) -> str:
    """The name of a database that is there while one backup is restored into it."""
    return f"ainur_{work}_{backup.removeprefix(names.STEM)}_{int(clock.now())}"


_UNLOGGED = """
SELECT format('ALTER TABLE %I.%I SET UNLOGGED', n.nspname, c.relname) AS statement
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema'
   AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
"""


class Server:
    """Creates, measures and drops databases; a name that is taken is never touched.

    All methods raise ``ProbeFailure``.
    """

    def __init__(self, dsn: Secret, redact: Redactor, timeout: float) -> None:
        self._dsn = dsn
        self._redact = redact
        self._timeout = timeout
        self._made: set[str] = set()

    @property
    def address(self) -> Address:
        """Where it is, without the password."""
        return parse(self._dsn)

    @asynccontextmanager
    async def session(self, database: str | None = None) -> AsyncIterator[Connection[Record]]:
        """A connection of its own, to the database of the address or to another."""
        import asyncpg

        address = self.address
        opening = asyncpg.connect(
            self._dsn.reveal(), database=database or address.database,
            timeout=self._timeout, server_settings=_SETTINGS,
        )  # fmt: skip
        async with lent(opening, address.shown, self._redact) as connection:
            yield connection

    async def major(self) -> int:
        """The server's major version."""
        async with self.session() as connection:
            return major_of(connection)

    async def lacks(self, *rights: str, key: str = "backup.admin") -> str | None:
        """Why our role may not do here what is needed (``databases``, ``roles``), with the
        statement and the key of the configuration that mend it."""
        async with self.session() as connection:
            row = (await connection.fetch(_MAY))[0]
        if row["replica"]:
            return f"{self.address.shown} is a replica and takes no writes: {key} names its primary"
        us, missing = clean(row["us"], 80), [right for right in rights if not row[right]]
        if not missing:
            return None
        verbs = " ".join({"databases": "CREATEDB", "roles": "CREATEROLE"}[one] for one in missing)
        return (
            f"{us} may not make {' or '.join(missing)}: ALTER ROLE {us} {verbs}; or give {key} the"
            " DSN of a role that may"
        )

    async def exists(self, name: str) -> bool:
        """Whether there is a database of that name."""
        async with self.session() as connection:
            found = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
            return bool(await connection.fetchval(found, name))

    async def create(self, name: str, like: Locale | None = None) -> None:
        """Make a new, empty database, of the locale ``like`` where the server has it. Raises
        :class:`ActionFailure` for a name that is none."""
        from asyncpg import PostgresError

        if not NAME.fullmatch(name):
            raise ActionFailure("a new database has a name of a-z, 0-9 and _")
        async with self.session() as connection:
            plain = f'CREATE DATABASE "{name}" TEMPLATE template0'
            try:
                await connection.execute(await creation(connection, name, like or {}) or plain)
            except PostgresError:
                if not like:
                    raise
                await connection.execute(plain)  # what differs is told once it is restored
        self._made.add(name)

    async def locale(self, name: str) -> dict[str, str]:
        """The locale of a database."""
        async with self.session(name) as connection:
            return await locale_of(connection)

    async def drop(self, name: str) -> None:
        """Drop a database that this object made; any other stays."""
        if name in self._made:
            async with self.session() as connection:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.discard(name)

    async def sweep(self) -> list[str]:
        """Drop what a killed restore left: ours by name, old, with nobody connected to it."""
        gone = []
        async with self.session() as connection:
            for row in await connection.fetch(_FORGOTTEN):
                found = _PASSING.fullmatch(row["name"])
                if found and row["now"] - float(found[2]) > _FRESH:
                    await connection.execute(f'DROP DATABASE IF EXISTS "{row["name"]}"')
                    gone.append(row["name"])
        return gone

    async def rename(self, name: str, into: str) -> None:
        """Give a database that this object made its name. Raises :class:`ActionFailure`."""
        if name not in self._made or not NAME.fullmatch(into):
            raise ActionFailure("only a database made by this run is renamed, to a-z, 0-9 and _")
        async with self.session() as connection:
            await connection.execute(f'ALTER DATABASE "{name}" RENAME TO "{into}"')
        self._made.discard(name)

    async def unlogged(self, name: str) -> None:
        """Have the empty tables of a database that is dropped soon do without the WAL."""
        async with self.session(name) as connection:
            for row in await connection.fetch(_UNLOGGED):
                await connection.execute(row["statement"])

    async def measure(self, name: str) -> tuple[str, dict[str, int]]:
        """The schema digest and the rows of a database."""
        async with self.session(name) as connection, connection.transaction(readonly=True):
            return await dump.measure(connection)
