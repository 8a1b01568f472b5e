"""Rows into their tables over several connections at once.

pg_restore turns the rows of an archive into a script; one connection that works it off leaves all
but one of the server's processors idle. Here the lines of each COPY are dealt out in blocks.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.text import decode

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_NAME = rb'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_COPY = re.compile(
    rb"COPY (?:(%(n)b)\.)?(%(n)b)(?: \((%(n)b(?:, %(n)b)*)\)| )? ?FROM stdin;\n" % {b"n": _NAME}
)
_ONE = re.compile(_NAME)
_END = b"\\.\n"
_ENOUGH = 1 << 20
"""Bytes of rows that are worth a block."""
_SESSION = (b"SET ", b"SELECT pg_catalog.set_config(")


class Table(NamedTuple):
    """Where rows go; no columns: the table has none."""

    schema: str | None
    name: str
    columns: tuple[str, ...]


def table_of(line: bytes) -> Table | None:
    """The table of a COPY as pg_restore writes it; ``None`` for any other line."""
    found = _COPY.fullmatch(line)
    if found is None:
        return None
    columns = tuple(_plain(one) for one in _ONE.findall(found[3] or b""))
    return Table(_plain(found[1]) if found[1] else None, _plain(found[2]), columns)


def _plain(name: bytes) -> str:
    quoted = name.startswith(b'"')
    return (name[1:-1].replace(b'""', b'"') if quoted else name).decode()


async def load(script: AsyncIterator[bytes], connections: Sequence[Connection[Record]]) -> None:
    """Work off a script of pg_restore's data section: rows on all connections, the few other
    statements on the first. Raises what the server says, or :class:`ActionFailure`."""
    waiting, lines = b"", _Statements(connections)
    copying: _Copying | None = None
    try:
        async for chunk in script:
            waiting += chunk
            while waiting:
                if copying is None:
                    line, ended, rest = waiting.partition(b"\n")
                    if not ended:
                        break
                    waiting = rest
                    table = table_of(line + ended)
                    if table is None:
                        await lines.take(line + ended)
                        continue
                    await lines.flush()
                    copying = _Copying(table, connections)
                # One byte is sought eight times as fast as four.
                at = waiting.find(b"\n" + _END) + 1 if _END[:1] in waiting else 0
                at = 0 if waiting.startswith(_END) else at
                whole = at > 0 or waiting.startswith(_END)
                if not whole:
                    at = waiting.rfind(b"\n") + 1
                if at:
                    await copying.give(waiting[:at])
                waiting = waiting[at:]
                if not whole:
                    break
                waiting = waiting[len(_END) :]
                await copying.end()
                copying = None
        if copying is not None or waiting:
            raise ActionFailure("the rows of the archive end in their middle")
        await lines.flush()
    finally:
        if copying is not None:
            await copying.abandon()


class _Statements:
    """What is not rows: settings (for every connection), sequences, large objects."""

    def __init__(self, connections: Sequence[Connection[Record]]) -> None:
        self._connections = connections
        self._waiting = b""

    async def take(self, line: bytes) -> None:
        if line.startswith(_SESSION):
            await self._setting(decode_all(line))
        elif not line.startswith((b"--", b"\\")):  # comments, and words for psql alone
            self._waiting += line
            if len(self._waiting) > _ENOUGH and line.endswith(b";\n"):
                await self.flush()

    async def flush(self) -> None:
        statements, self._waiting = decode_all(self._waiting), b""
        if statements.strip():
            await self._connections[0].execute(statements)

    async def _setting(self, statement: str) -> None:
        import asyncpg

        for connection in self._connections:
            try:
                await connection.execute(statement)
            except asyncpg.UndefinedObjectError:
                return  # a newer pg_restore's setting, which this server does not have yet


def decode_all(text: bytes) -> str:
    """A statement; the archive is written in UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ActionFailure(f"a statement is not UTF-8: {decode(text, 60)}") from None


class _Copying:
    """One table's rows. Connections join one by one, so that a small table needs only one."""

    def __init__(self, table: Table, connections: Sequence[Connection[Record]]) -> None:
        self._table = table
        self._connections = connections
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue(2)
        self._working: list[asyncio.Task[str]] = []

    async def give(self, rows: bytes) -> None:
        if len(self._working) < len(self._connections):
            connection = self._connections[len(self._working)]
            self._working.append(asyncio.create_task(self._copy(connection)))
        await self._put(rows)

    async def end(self) -> None:
        for _ in self._working:
            await self._put(None)
        await asyncio.gather(*self._working)

    async def _put(self, block: bytes | None) -> None:
        giving = asyncio.ensure_future(self._blocks.put(block))
        try:
            await asyncio.wait({giving, *self._working}, return_when=asyncio.FIRST_COMPLETED)
            for one in self._working:
                if one.done():
                    one.result()  # raises where it failed
            await giving
        finally:
            giving.cancel()

    async def abandon(self) -> None:
        """End what still copies; nothing of it is kept."""
        for one in self._working:
            one.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _copy(self, connection: Connection[Record]) -> str:
        async def blocks() -> AsyncIterator[bytes]:
            while (block := await self._blocks.get()) is not None:
                yield block

        schema, name, columns = self._table
        return await connection.copy_to_table(
            name, schema_name=schema, columns=columns or None, source=blocks()
        )
