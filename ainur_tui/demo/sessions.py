"""Plain database sessions of the miniature's own, one connection each."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from ainur_tui.demo import credentials

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What anything on a session raises when the database is away, full or in the way."""


async def session(directory: Path, port: int, name: str, **settings: str) -> asyncpg.Connection:
    """A session as the application's role. Raises what is in ``FAILURES``."""
    return await asyncpg.connect(
        credentials.url(directory, credentials.APP_ROLE, port),
        timeout=3,
        server_settings={"application_name": name, **settings},
    )


def drop(connection: asyncpg.Connection) -> None:
    """End a session at once, whatever it is doing."""
    connection.terminate()
