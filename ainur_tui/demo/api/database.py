"""The API's way to its database: one pool that survives the database being away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

IDLE, OPEN = 5, 25
PING_LIMIT = 2.0
STATEMENT_LIMIT = 5.0
IDLE_SECONDS = 30.0
KEEP_EVERY = 5.0

Connection = asyncpg.pool.PoolConnectionProxy
FAILURES = (
    asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError,
    TimeoutError,
)  # fmt: skip
"""What a statement raises when the database is away, full, slow or in the way."""


async def _leave_as_is(_: asyncpg.Connection) -> None:
    """Our statements leave nothing behind in a session, so a reset query each time is saved."""


class NotConnected(ConnectionError):
    """The database has not been reached since this process started."""


class Database:
    """A pool of 5 idle and 25 open connections, as the guide sets for one machine."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self.name = url, name
        self._pool: asyncpg.Pool | None = None
        self._last = "not connected yet"

    async def connect(self) -> None:
        """Reach the database once, however long it takes; then keep five connections warm."""
        while self._pool is None:
            try:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=IDLE,
                    max_size=OPEN,
                    max_inactive_connection_lifetime=IDLE_SECONDS,
                    command_timeout=STATEMENT_LIMIT,
                    timeout=PING_LIMIT,
                    reset=_leave_as_is,
                    server_settings={"application_name": self.name},
                )
            except FAILURES as error:
                self._last = str(error) or type(error).__name__
                await asyncio.sleep(0.2)
        while True:
            # The pool closes what is idle for long; Go's keeps five, so use five now and then.
            await asyncio.gather(*(self._hold() for _ in range(IDLE)), return_exceptions=True)
            await asyncio.sleep(KEEP_EVERY)

    async def close(self) -> None:
        """Give every connection back, or drop it after two seconds."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 2)
            except TimeoutError:
                self._pool.terminate()

    @asynccontextmanager
    async def session(self, wait: float = STATEMENT_LIMIT) -> AsyncIterator[Connection]:
        """A connection of the pool; waits at most ``wait`` seconds for one.

        Raises what is in ``FAILURES``.
        """
        if self._pool is None:
            raise NotConnected(f"failed to connect to `host=127.0.0.1`: {self._last}")
        async with self._pool.acquire(timeout=wait) as connection:
            yield connection

    async def ping(self) -> str | None:
        """``None`` when the database answers within two seconds, else why not."""
        try:
            async with asyncio.timeout(PING_LIMIT), self.session(PING_LIMIT) as connection:
                await connection.fetchval("SELECT 1")
        except TimeoutError:
            return "context deadline exceeded"
        except FAILURES as error:
            return str(error) or type(error).__name__
        return None

    async def _hold(self) -> None:
        async with self.session(PING_LIMIT):
            await asyncio.sleep(0.05)
