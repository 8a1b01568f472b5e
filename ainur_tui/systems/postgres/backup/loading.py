"""The script that pg_restore makes of the rows of an archive, worked off on several sessions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.text import decode
from ainur_tui.systems.postgres.backup.lanes import Lanes, Table

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


async def load(
    script: AsyncIterator[bytes],
    sessions: Sequence[Connection[Record]],
    *,
    lasting: bool = True,
) -> None:
    """Work off a script of pg_restore's data section: rows, and the few other statements between
    them. ``lasting`` says whether the rows are to stay. Raises what the server says, or
    :class:`ActionFailure`."""
    text, lanes = _Script(script), Lanes(sessions, lasting=lasting)
    statements = _Statements(sessions, lanes)
    try:
        while (line := await text.line()) is not None:
            table = table_of(line)
            if table is None:
                await statements.take(line)
            else:
                await statements.flush()
                await lanes.take(table, text.rows())
        await statements.flush()
        await lanes.idle()
    finally:
        await lanes.end()


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
    """What is not rows: sequences and large objects for one session, settings for all."""

    def __init__(self, sessions: Sequence[Connection[Record]], lanes: Lanes) -> None:
        self._sessions = sessions
        self._lanes = lanes
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
            await self._lanes.idle()
            await self._sessions[0].execute(statements)

    async def _setting(self, statement: str) -> None:
        import asyncpg

        await self._lanes.idle()
        for session in self._sessions:
            # A newer pg_restore's may be unknown to this server.
            with suppress(asyncpg.UndefinedObjectError):
                await session.execute(statement)


def decode_all(text: bytes) -> str:
    """A statement; the archive is written in UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ActionFailure(f"a statement is not UTF-8: {decode(text, 60)}") from None
