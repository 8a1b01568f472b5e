"""A server on which a backup is restored: databases are created there, counted, and dropped."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.postgres.backup import dump
from ainur_tui.systems.postgres.client import APPLICATION, major_of
from ainur_tui.systems.postgres.dsn import Address, parse
from ainur_tui.systems.postgres.errors import failure, is_ours

if TYPE_CHECKING:
    from asyncpg import Connection, Record

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""Names of new databases: nothing that would have to be quoted, anywhere."""
_SETTINGS = {"application_name": APPLICATION, "lock_timeout": "30s",
             "default_transaction_read_only": "off"}  # fmt: skip
"""A database that a recovery has left is read-only by default, but not for the next recovery."""


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
        try:
            connection = await asyncpg.connect(
                self._dsn.reveal(), database=database or address.database,
                timeout=self._timeout, server_settings=_SETTINGS,
            )  # fmt: skip
        except Exception as error:
            raise failure(error, address.shown, self._redact) from None
        try:
            yield connection
        except Exception as error:
            if not is_ours(error):
                raise
            raise failure(error, address.shown, self._redact) from None
        finally:
            connection.terminate()

    async def major(self) -> int:
        """The server's major version."""
        async with self.session() as connection:
            return major_of(connection)

    async def exists(self, name: str) -> bool:
        """Whether there is a database of that name."""
        async with self.session() as connection:
            found = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
            return bool(await connection.fetchval(found, name))

    async def create(self, name: str) -> None:
        """Make a new, empty database. Raises :class:`ActionFailure` for a name that is none."""
        if not NAME.fullmatch(name):
            raise ActionFailure("a new database has a name of a-z, 0-9 and _")
        async with self.session() as connection:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        self._made.add(name)

    async def drop(self, name: str) -> None:
        """Drop a database that this object made; any other stays."""
        if name in self._made:
            async with self.session() as connection:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.discard(name)

    async def measure(self, name: str) -> tuple[str, dict[str, int]]:
        """The schema digest and the rows of a database."""
        async with self.session(name) as connection, connection.transaction(readonly=True):
            return await dump.measure(connection)
