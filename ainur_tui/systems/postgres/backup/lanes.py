"""Sessions that load tables side by side, and leave their rows frozen.

Rows as COPY writes them have yet to be judged by their readers. The first to read them, an index
build, writes that judgement down: every page is written again, and with checksums each page that
is older than the last checkpoint goes through the WAL again too. So a small table goes to one
session, which in a transaction that has emptied the table itself may write rows as judged (COPY
FREEZE). But one transaction keeps one processor busy, mostly with parsing: the rows of a large
table are dealt to all sessions, and VACUUM follows behind, while the pages are at hand and young.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SMALL = 16 << 20
"""Bytes of rows that are held in memory, once for each session."""
_AT_ONCE = 32 << 20
"""Bytes of a large table that one transaction loads. VACUUM freezes only what is committed."""
_BEHIND = 256 << 20
"""Bytes that VACUUM may be behind: far fewer than are written between two checkpoints."""
_NEW = "SELECT relkind = 'r' AND pg_relation_size(oid) = 0 FROM pg_class WHERE oid = $1::regclass"
"""Whether it never had a row. The tables of an extension have what the extension put there."""


class Table(NamedTuple):
    """Where rows go; no columns: the table has none. ``quoted`` is its name as SQL."""

    schema: str | None
    name: str
    columns: tuple[str, ...]
    quoted: str


async def together(*work: Awaitable[None]) -> None:
    """Do all of it; the first error ends the rest, and is raised once they have ended."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Lanes:
    """Loads tables. Without ``lasting`` large ones are not frozen: they are dropped soon.

    :meth:`take` and :meth:`idle` raise what the server says of any table. :meth:`end` in any case.
    """

    def __init__(self, sessions: Sequence[Connection[Record]], *, lasting: bool) -> None:
        self._sessions = sessions
        self._lasting = lasting
        self._busy: dict[asyncio.Task[None], Connection[Record]] = {}

    async def take(self, table: Table, rows: AsyncIterator[bytes]) -> None:
        """Read the rows of a table, in blocks of whole lines, and have them loaded."""
        held, size = list[bytes](), 0
        async for block in rows:
            held.append(block)
            size += len(block)
            if size > _SMALL:
                await self._deal(table, _Dealer(held, rows))
                return
        while len(self._busy) == len(self._sessions):
            await self._wait(asyncio.FIRST_COMPLETED)
        session = next(one for one in self._sessions if one not in self._busy.values())
        self._begin(session, self._whole(session, table, _Dealer(held)))

    async def idle(self) -> None:
        """Wait until all that was taken is in."""
        await self._wait(asyncio.ALL_COMPLETED)

    async def end(self) -> None:
        """Give up what is not in yet."""
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    def _begin(self, session: Connection[Record], work: Coroutine[Any, Any, None]) -> None:
        self._busy[asyncio.create_task(work)] = session

    async def _wait(self, until: str) -> None:
        if self._busy:
            for task in (await asyncio.wait(self._busy, return_when=until))[0]:
                del self._busy[task]
                task.result()

    async def _whole(self, session: Connection[Record], table: Table, dealer: _Dealer) -> None:
        if await session.fetchval(_NEW, table.quoted):
            async with session.transaction():
                await session.execute(f"TRUNCATE {table.quoted}")
                await _copy(session, table, dealer.rows(), freeze=True)
        else:
            await _copy(session, table, dealer.rows())

    async def _deal(self, table: Table, dealer: _Dealer) -> None:
        await self.idle()
        await together(*(self._share(one, table, dealer) for one in self._sessions))
        if self._lasting:
            self._begin(self._sessions[0], _freeze(self._sessions[0], table))

    async def _share(self, session: Connection[Record], table: Table, dealer: _Dealer) -> None:
        while not dealer.ended:
            async with session.transaction():
                # VACUUM takes no row for judged whose commit is not on the disk.
                await session.execute("SET LOCAL synchronous_commit = local")
                await _copy(session, table, dealer.rows(_AT_ONCE))
            if self._lasting and dealer.behind > _BEHIND:
                dealer.behind = 0
                await _freeze(session, table)


class _Dealer:
    """Blocks of rows for any number of takers, each block for one: first those that are held.

    ``behind``: bytes that were given since it was set to 0.
    """

    def __init__(self, held: Sequence[bytes], rest: AsyncIterator[bytes] | None = None) -> None:
        self._held = iter(held)
        self._rest = rest
        self._turn = asyncio.Lock()
        self.ended = False
        self.behind = 0

    async def rows(self, most: float = math.inf) -> AsyncIterator[bytes]:
        """What one taker gets at a time, about ``most`` bytes."""
        while most > 0 and (block := await self._next()) is not None:
            yield block
            most -= len(block)

    async def _next(self) -> bytes | None:
        async with self._turn:
            if (block := next(self._held, None)) is None and self._rest is not None:
                block = await anext(self._rest, None)
            self.ended = block is None
            self.behind += len(block or b"")
            return block


async def _freeze(session: Connection[Record], table: Table) -> None:
    await session.execute(f"VACUUM (FREEZE, INDEX_CLEANUP OFF, TRUNCATE OFF) {table.quoted}")


async def _copy(
    session: Connection[Record],
    table: Table,
    rows: AsyncIterator[bytes],
    *,
    freeze: bool | None = None,
) -> None:
    await session.copy_to_table(
        table.name, schema_name=table.schema, columns=table.columns or None, source=rows,
        freeze=freeze,
    )  # fmt: skip
