"""Where a backup is restored to prove it: a server that was named, or one of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres.backup import cluster
from ainur_tui.systems.postgres.backup.manifest import Manifest
from ainur_tui.systems.postgres.backup.server import Server

_GROWTH = 12
"""How much larger a database may be than its compressed dump, where that is not known."""
_MARGIN = 1.3


class Scratch(Protocol):
    """Both methods raise ``ActionFailure`` or ``ProbeFailure``."""

    @property
    def shown(self) -> str:
        """Where that is, in words."""

    async def lacks(self) -> str | None:
        """Why nothing can be restored there at all, and what mends it."""

    async def check(self, made: Manifest) -> str:
        """Whether a backup can be restored there; what was found, as a sentence part."""

    def open(self, made: Manifest) -> AbstractAsyncContextManager[Server]:
        """The server, for one restore."""


class Named:
    """The server of ``backup.scratch``."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def shown(self) -> str:
        return self._server.address.shown

    async def lacks(self) -> str | None:
        return await self._server.lacks("databases", key="backup.scratch")

    async def check(self, made: Manifest) -> str:
        major = await self._server.major()
        if _major(made) != major:
            raise ActionFailure(
                f"the backup is of PostgreSQL {clean(made.server_version, 20)}, the scratch server"
                f" is {major}: counts and schema are compared within one major version"
            )
        gone = await self._server.sweep()
        swept = f"; {', '.join(gone)} of a broken run removed" if gone else ""
        return f"PostgreSQL {major} will take it{swept}"

    @asynccontextmanager
    async def open(self, made: Manifest) -> AsyncIterator[Server]:
        del made
        yield self._server


class Own:
    """A server of our own, from the programs that are found; nothing listens on the network."""

    def __init__(self, context: Context, timeout: float) -> None:
        self._context = context
        self._timeout = timeout

    @property
    def shown(self) -> str:
        return "a server of its own"

    async def lacks(self) -> str | None:
        return None

    async def check(self, made: Manifest) -> str:
        await self._programs(made)
        needed = int((made.database_bytes or made.bytes * _GROWTH) * _MARGIN)
        return f"PostgreSQL {_major(made)} is started for it; {cluster.room(needed)}"

    @asynccontextmanager
    async def open(self, made: Manifest) -> AsyncIterator[Server]:
        folder = await self._programs(made)
        async with cluster.cluster(folder, self._context.redact, self._timeout) as server:
            yield server

    async def _programs(self, made: Manifest) -> Path:
        found = await asyncio.to_thread(cluster.programs, self._context.tools, _major(made))
        if found is None:
            raise ActionFailure(
                f"no initdb and postgres of version {_major(made)} are found: install the server"
                " programs, add their folder to tools.path, or give backup.scratch"
            )
        return found


def _major(made: Manifest) -> int:
    first = made.server_version.partition(".")[0]
    return int(first) if first.isdecimal() else 0
