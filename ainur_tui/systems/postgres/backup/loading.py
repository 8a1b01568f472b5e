"""Rows into their tables, frozen as they come where a table is new.

pg_restore turns the rows of an archive into a script, whose COPY writes each row as one that its
readers have yet to judge. The first to read it, an index build, writes that judgement down, and
with checksums each of those pages goes through the WAL a second time. In a transaction that has
emptied the table itself, COPY may write them as judged (FREEZE): half the WAL and less to do for
all who come later.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import suppress
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
"""Bytes of statements that are worth a journey."""
_SESSION = (b"SET ", b"SELECT pg_catalog.set_config(")
_NEW = "SELECT relkind = 'r' AND pg_relation_size(oid) = 0 FROM pg_class WHERE oid = $1::regclass"
"""Whether it never had a row. The tables of an extension have what the extension put there."""


class Table(NamedTuple):
    """Where rows go; no columns: the table has none. ``quoted`` is its name as SQL."""

    schema: str | None
    name: str
    columns: tuple[str, ...]
    quoted: str


def table_of(line: bytes) -> Table | None:
    """The table of a COPY as pg_restore writes it; ``None`` for any other line."""
    found = _COPY.fullmatch(line)
    if found is None:
        return None
    columns = tuple(_plain(one) for one in _ONE.findall(found[3] or b""))
    quoted = b".".join(filter(None, (found[1], found[2]))).decode()
    return Table(_plain(found[1]) if found[1] else None, _plain(found[2]), columns, quoted)


def _plain(name: bytes) -> str:
    quoted = name.startswith(b'"')
    return (name[1:-1].replace(b'""', b'"') if quoted else name).decode()


async def load(script: AsyncIterator[bytes], connection: Connection[Record]) -> None:
    """Work off a script of pg_restore's data section: rows, and the few other statements between
    them. Raises what the server says, or :class:`ActionFailure`."""
    text, statements = _Script(script), _Statements(connection)
    while (line := await text.line()) is not None:
        table = table_of(line)
        if table is None:
            await statements.take(line)
            continue
        await statements.flush()
        if not await connection.fetchval(_NEW, table.quoted):
            await _copy(connection, table, text)
            continue
        async with connection.transaction():
            await connection.execute(f"TRUNCATE {table.quoted}")
            await _copy(connection, table, text, freeze=True)
    await statements.flush()


async def _copy(
    connection: Connection[Record], table: Table, text: _Script, *, freeze: bool | None = None
) -> None:
    await connection.copy_to_table(
        table.name, schema_name=table.schema, columns=table.columns or None,
        source=text.rows(), freeze=freeze,
    )  # fmt: skip


class _Script:
    """The script: by lines outside of the rows, in blocks of whole lines inside."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._waiting = b""

    async def line(self) -> bytes | None:
        """The next line, ``None`` at the end."""
        while b"\n" not in self._waiting:
            if not await self._more():
                if self._waiting:
                    raise _cut()
                return None
        line, ended, self._waiting = self._waiting.partition(b"\n")
        return line + ended

    async def rows(self) -> AsyncIterator[bytes]:
        """All up to the line that ends them."""
        while not self._waiting.startswith(_END):
            # One byte is sought eight times as fast as four.
            at = self._waiting.find(b"\n" + _END) + 1 if _END[:1] in self._waiting else 0
            at = at or self._waiting.rfind(b"\n") + 1
            if at:
                yield self._waiting[:at]
                self._waiting = self._waiting[at:]
            elif not await self._more():
                raise _cut()
        self._waiting = self._waiting[len(_END) :]

    async def _more(self) -> bool:
        async for chunk in self._chunks:
            self._waiting += chunk
            return True
        return False


def _cut() -> ActionFailure:
    return ActionFailure("the rows of the archive end in their middle")


class _Statements:
    """What is not rows: settings, sequences, large objects."""

    def __init__(self, connection: Connection[Record]) -> None:
        self._connection = connection
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
            await self._connection.execute(statements)

    async def _setting(self, statement: str) -> None:
        import asyncpg

        with suppress(asyncpg.UndefinedObjectError):  # a newer pg_restore's, unknown to this server
            await self._connection.execute(statement)


def decode_all(text: bytes) -> str:
    """A statement; the archive is written in UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ActionFailure(f"a statement is not UTF-8: {decode(text, 60)}") from None
