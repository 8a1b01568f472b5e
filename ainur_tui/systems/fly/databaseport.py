"""Whether the database's port answers as PostgreSQL does, and whether it lets us in."""

from __future__ import annotations

import asyncio
import struct
from urllib.parse import urlsplit

from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.hands import Answers
from ainur_tui.systems.postgres.client import Database

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def answers_of(environment: Environment, context: Context, sql: Database | None) -> Answers | None:
    """A look at PostgreSQL's port, where the DSN names a host, then SELECT 1; one that our login
    is not let in to is well all the same."""
    if environment.postgres is None:
        return None
    try:
        parts = urlsplit(context.secret(environment.postgres.dsn).reveal())
        host, port = parts.hostname, parts.port or 5432
    except (SecretMissing, ValueError):
        return None
    if host is None:
        return None

    async def answers() -> str | None:
        seen = await speaks_postgres(host, port)
        if seen is None or sql is None:
            return seen
        try:
            await sql.fetch("SELECT 1")
        except ProbeFailure as failure:
            if not failure.blames_us:
                raise
            return f"{seen} (SELECT 1 could not be tried: {failure})"
        return f"{seen}, SELECT 1 answered"

    return answers


async def speaks_postgres(host: str, port: int, deadline: float = 2.0) -> str | None:
    """Ask whether it speaks TLS (PostgreSQL protocol, SSLRequest): any server answers that
    without a login. Says what was seen, ``None`` for another answer; raises ProbeFailure."""
    try:
        async with asyncio.timeout(deadline):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_SSL_REQUEST)
                reply = await reader.read(1)
            finally:
                writer.close()
    except TimeoutError:
        raise ProbeFailure("timeout", "the database's port") from None
    except OSError:
        raise ProbeFailure("refused", "the database's port") from None
    return "PostgreSQL answers on its port" if reply in {b"S", b"N"} else None
