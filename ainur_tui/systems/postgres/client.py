"""Connections to PostgreSQL that neither hang, nor write, nor wait for a lock (F-22 to F-24)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres.cost import Cost
from ainur_tui.systems.postgres.dsn import Address, parse
from ainur_tui.systems.postgres.errors import failure, is_ours, lent

if TYPE_CHECKING:
    from asyncpg import Connection, Record

APPLICATION = "ainur-tui"
_SETTINGS = {
    "application_name": APPLICATION,
    "default_transaction_read_only": "on",
    "statement_timeout": "3s",
    "lock_timeout": "200ms",
    "idle_in_transaction_session_timeout": "10s",
}
_LOCAL_SETTINGS = "SET LOCAL statement_timeout = '3s'; SET LOCAL lock_timeout = '200ms'"
_LONGEST_PAUSE = 5.0
_POOLER_STATES = {"08P01", "26000", "42P05", "22023", "42704"}
"""What a pooler in transaction mode answers to start-up settings or to prepared statements."""


class Database:
    """One database: a connection held open for sampling, and short ones for everything else.

    The held connection is what an exhausted server cannot take from us. After a failed attempt
    the next is put off, a little longer each time, up to five seconds. All methods raise
    :class:`~ainur_tui.model.failure.ProbeFailure`.
    """

    def __init__(self, dsn: Secret, clock: Clock, redact: Redactor, timeout: float) -> None:
        self._dsn = dsn
        self._clock = clock
        self.cost = Cost(clock)
        self._redact = redact
        self._timeout = timeout
        self._held: Connection[Record] | None = None
        self._pooled = False
        self._turn = asyncio.Lock()
        self._pause = 0.0
        self._not_before = 0.0
        self._last: ProbeFailure | None = None

    @property
    def address(self) -> Address:
        """Where it is, without the password."""
        return parse(self._dsn)

    async def fetch(self, sql: str, *arguments: Any) -> list[Record]:
        """Rows of a read-only query over the held connection."""
        async with self.sampling() as connection:
            return await connection.fetch(sql, *arguments)

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[Connection[Record]]:
        """The held connection, for one user at a time; through a pooler, one transaction.

        A connection whose query was cut short is thrown away: its state is not known.
        """
        where = self.address.shown
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout):
                    connection = await self._connection()
                    with self.cost.counted():
                        if self._pooled:
                            async with connection.transaction(readonly=True):
                                await connection.execute(_LOCAL_SETTINGS)
                                yield connection
                        else:
                            yield connection
            except asyncio.CancelledError:
                self._drop()
                raise
            except Exception as error:
                if not is_ours(error):
                    raise
                self._judge(error)
                raise failure(error, where, self._redact) from None

    def _judge(self, error: Exception) -> None:
        """Throw the connection away unless the server has answered about this query alone."""
        state = getattr(error, "sqlstate", None) or "08"
        if state in {"26000", "42P05"}:
            self._pooled = True
            self._drop()
        elif state.startswith(("08", "57P")):
            self._drop()

    async def _connection(self) -> Connection[Record]:
        await asyncio.sleep(0)  # an end that has arrived is noticed before the connection is used
        if self._held is not None and not self._held.is_closed():
            return self._held
        if self._last is not None and self._clock.monotonic() < self._not_before:
            raise self._last
        try:
            self._held = await self._open(_SETTINGS)
        except Exception as error:
            self._last = failure(error, self.address.shown, self._redact)
            self._pause = min(_LONGEST_PAUSE, self._pause * 2 or 0.5)
            self._not_before = self._clock.monotonic() + self._pause
            raise self._last from None
        self._pause, self._last = 0.0, None
        return self._held

    async def _open(self, settings: dict[str, str]) -> Connection[Record]:
        import asyncpg

        if not self._pooled:
            try:
                return await self._connect(settings, 100)
            except asyncpg.PostgresError as error:
                if error.sqlstate not in _POOLER_STATES:
                    raise
                self._pooled = True
        return await self._connect({}, 0)

    async def _connect(self, settings: dict[str, str], cache: int) -> Connection[Record]:
        import asyncpg

        parse(self._dsn)
        return await asyncpg.connect(
            self._dsn.reveal(),
            timeout=self._timeout * 0.9,
            command_timeout=max(3.5, self._timeout),
            server_settings=settings,
            statement_cache_size=cache,
        )

    @asynccontextmanager
    async def short(self, *, long_statements: bool = False) -> AsyncIterator[Connection[Record]]:
        """A connection of its own, read only, closed when the block is left.

        ``long_statements`` lifts the time limits: for a snapshot held during a dump.
        """
        settings = dict(_SETTINGS)
        if long_statements:
            settings |= {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
            settings["lock_timeout"] = "60s"
        async with lent(self._open(settings), self.address.shown, self._redact) as connection:
            with nullcontext() if long_statements else self.cost.counted():
                yield connection

    def _drop(self) -> None:
        if self._held is not None:
            self._held.terminate()
            self._held = None

    async def close(self) -> None:
        """Let go of the held connection."""
        held, self._held = self._held, None
        if held is not None and not held.is_closed():
            try:
                await held.close(timeout=1)
            except Exception:
                held.terminate()


def major_of(connection: Connection[Record]) -> int:
    """The server's major version, learnt once when the connection was opened: 18."""
    return connection.get_server_version().major


def version_text(connection: Connection[Record]) -> str:
    """The server's version as people write it: ``18.6``."""
    return str(connection.get_settings().server_version).partition(" ")[0]
