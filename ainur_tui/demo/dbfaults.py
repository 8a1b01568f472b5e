"""``python -m ainur_tui.demo.dbfaults --dir DIR``: sessions that misbehave while a fault is on, and
what else befalls the database and its backups."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from ainur_tui.demo.damage import Damage
from ainur_tui.demo.disk import Disk
from ainur_tui.demo.service import arguments, run, until_stopped
from ainur_tui.demo.sessions import FAILURES, drop, session
from ainur_tui.demo.slot import Slot
from ainur_tui.demo.switches import Switches

TICK = 0.1
RETRY = 0.2
IDLE_SESSIONS = 12
HELD_SESSIONS = 70
CHANNEL = "SELECT id FROM payment_channels WHERE state = 'closed' ORDER BY id OFFSET $1 LIMIT 1"
TAKE = "UPDATE payment_channels SET updated_at = now() WHERE id = $1"

TAKE_OPEN = "UPDATE payment_channels SET updated_at = now() WHERE state = 'open'"


class Sessions:
    """Sessions opened for one fault, all ended together."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self._port = directory, port
        self._held: list[asyncpg.Connection] = []
        self._waiting: list[asyncio.Task[str]] = []

    async def open(self, name: str) -> asyncpg.Connection:
        """One more; raises what is in ``FAILURES``."""
        made = await session(
            self._directory, self._port, name, client_connection_check_interval="200ms"
        )
        self._held.append(made)
        return made

    @property
    def begun(self) -> bool:
        """Whether any was opened."""
        return bool(self._held)

    @property
    def lost(self) -> bool:
        """Whether the server ended one of them."""
        return any(each.is_closed() for each in self._held)

    def wait_for(self, connection: asyncpg.Connection, channel: object) -> None:
        """Have a session ask for a row somebody holds, without waiting here."""
        self._waiting.append(asyncio.create_task(connection.execute(TAKE, channel)))

    async def end(self) -> None:
        """End them all at once."""
        for each in self._held:
            drop(each)
        await asyncio.gather(*self._waiting, return_exceptions=True)
        self._held.clear()
        self._waiting.clear()


async def hold(sessions: Sessions) -> None:
    """Keep what is open until cancelled, or until the server has ended some of it."""
    while not sessions.lost:  # noqa: ASYNC110 (a connection tells its end to nobody)
        await asyncio.sleep(TICK)


async def exhaust(sessions: Sessions) -> None:
    """Take every ordinary connection, and each one that becomes free later."""
    while not sessions.lost:
        try:
            await sessions.open("ainur-batch-import")
        except FAILURES:
            await asyncio.sleep(RETRY)


async def idle_in_transaction(sessions: Sessions) -> None:
    """Begin, read, and forget to end."""
    await _idle(sessions, IDLE_SESSIONS)


async def pool_held(sessions: Sessions) -> None:
    """So many of them that hardly a connection is left."""
    await _idle(sessions, HELD_SESSIONS)


async def forgotten(sessions: Sessions) -> None:
    """A single one."""
    await _idle(sessions, 1)


async def _idle(sessions: Sessions, many: int) -> None:
    for _ in range(many):
        connection = await sessions.open("ainur-report")
        await connection.execute("BEGIN")
        await connection.fetchval("SELECT count(*) FROM tasks")
    await hold(sessions)


async def slow_statement(sessions: Sessions) -> None:
    """A statement of an hour in a transaction that holds what payments want."""
    root = await sessions.open("ainur-report")
    await root.execute("BEGIN")
    await root.execute(TAKE_OPEN)
    await root.execute("SELECT pg_sleep(3600)")


async def lock_chain(sessions: Sessions) -> None:
    """A forgotten transaction holds one row; six sessions wait, some behind one that waits."""
    root = await sessions.open("ainur-migration")
    first, second = [await root.fetchval(CHANNEL, place) for place in (0, 1)]
    await root.execute("BEGIN")
    await root.execute(TAKE, first)
    middle = await sessions.open("ainur-settlement")
    await middle.execute("BEGIN")
    await middle.execute(TAKE, second)
    sessions.wait_for(middle, first)
    for wanted in (second, second, first, second, first):
        sessions.wait_for(await sessions.open("ainur-settlement"), wanted)
    await hold(sessions)


EFFECTS: dict[str, Callable[[Sessions], Awaitable[None]]] = {
    "db-connections-exhausted": exhaust,
    "db-idle-in-transaction": idle_in_transaction,
    "db-pool-held": pool_held,
    "db-session-forgotten": forgotten,
    "db-connections-leaked": exhaust,
    "db-statement-slow": slow_statement,
    "db-lock-chain": lock_chain,
}
MENDED = frozenset(
    {"db-pool-held", "db-session-forgotten", "db-connections-leaked", "db-statement-slow"}
)
"""They are over once somebody has ended their sessions or what they do."""


async def keep(name: str, directory: Path, port: int) -> None:
    """Have one fault in effect until cancelled, beginning anew when the database goes away, or it
    has been mended."""
    while True:
        sessions = Sessions(directory, port)
        try:
            await EFFECTS[name](sessions)
            if name in MENDED:
                return
        except FAILURES:
            if name in MENDED and sessions.begun:
                return
            await asyncio.sleep(RETRY)
        finally:
            await sessions.end()


async def main(argv: list[str] | None = None) -> int:
    """Follow the switches until told to stop."""
    options = arguments(
        "ainur_tui.demo.dbfaults",
        ("--database-port", {"type": int, "required": True}),
        argv=argv,
    )
    switches = Switches(options.dir)
    stopped = asyncio.create_task(until_stopped())
    active: dict[str, asyncio.Task[None]] = {}
    others = [
        asyncio.create_task(one(options.dir, options.database_port).follow(switches))
        for one in (Damage, Disk, Slot)
    ]
    while not stopped.done():
        wanted = EFFECTS.keys() & switches.names
        for name in wanted - active.keys():
            work = keep(name, options.dir, options.database_port)
            active[name] = asyncio.create_task(work)
        for name in active.keys() - wanted:
            await cancel(active.pop(name))
        await asyncio.wait([stopped], timeout=TICK)
    for task in (*others, *active.values()):
        await cancel(task)
    return 0


async def cancel(task: asyncio.Task[None]) -> None:
    """Cancel and wait for the end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(run(main()))
