"""Plain database sessions of the miniature's own, one connection each."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from ainur_tui.demo import credentials

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What anything on a session raises when the database is away, full or in the way."""


IN_USE = """
SELECT datname FROM pg_stat_activity
WHERE usename = current_user AND application_name LIKE 'ainur-api %'
GROUP BY datname ORDER BY count(*) DESC LIMIT 1"""


async def session(
    directory: Path, port: int, name: str, *, database: str = credentials.DATABASE,
    role: str = credentials.APP_ROLE, **settings: str,
) -> asyncpg.Connection:  # fmt: skip
    """A session, as the application's role if nothing else is said. Raises what is in
    ``FAILURES``."""
    return await asyncpg.connect(
        credentials.url(directory, role, port, database),
        timeout=3,
        server_settings={"application_name": name, **settings},
    )


async def in_use(directory: Path, port: int) -> str:
    """The database that the API's machines use now. Raises what is in ``FAILURES``."""
    asking = await session(directory, port, "ainur-worker")
    try:
        return str(await asking.fetchval(IN_USE) or credentials.DATABASE)
    finally:
        drop(asking)


def drop(connection: asyncpg.Connection) -> None:
    """End a session at once, whatever it is doing."""
    connection.terminate()
