"""The writing role: looks with it, and one statement at a time that can be watched and ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from ainur_tui.model.action import Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, StepContext
from ainur_tui.systems.postgres import progress
from ainur_tui.systems.postgres.client import APPLICATION, Database
from ainur_tui.systems.postgres.dsn import Address, is_placeholder, parse
from ainur_tui.systems.postgres.errors import lent
from ainur_tui.systems.postgres.shown import Shown

if TYPE_CHECKING:
    from asyncpg import Connection, Record

LONGEST = 12 * 3600.0
"""Seconds one statement may work."""
_LACKING = (
    'add the line admin = { env = "ADMIN_URL" } to the postgres section: the DSN of a role that'
    " may change the database"
)
_EVERY = 0.5
_ENDING = 20.0
"""Seconds a cancelled statement has to clear away after itself."""
_SAME = "SELECT pg_postmaster_start_time()::text || ' ' || current_database() AS where"
_WAITING = """
SELECT array_to_string(pg_blocking_pids(pid), ', ') AS behind FROM pg_stat_activity
 WHERE pid = $1 AND wait_event_type = 'Lock'
"""

UNLOGGED = """
SELECT set_config(s.name, s.quiet, false)
  FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'),
               ('log_min_duration_sample', '-1'), ('log_min_error_statement', 'panic'),
               ('pg_stat_statements.track', 'none')) AS s (name, quiet)
  JOIN pg_settings USING (name)
 WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""
"""The text of what follows stays out of the server's log and statistics; only a superuser may."""
PACED = "SET vacuum_cost_delay = '2ms'"
"""As autovacuum pauses, so that others have the disk too."""


class Hands:
    """Connections of the writing role. Plans and observations use :meth:`reading` only."""

    def __init__(
        self, dsn: Secret | None, watched: Database, redact: Redactor, timeout: float
    ) -> None:
        self._dsn = None if dsn is not None and is_placeholder(dsn) else dsn
        self.watched = watched
        self._redact = redact
        self._timeout = timeout

    def forbids(self) -> str | None:
        """The sentence why nothing can be changed, with the line that mends it, or ``None``."""
        return _LACKING if self._dsn is None else None

    @property
    def address(self) -> Address:
        """Where the writing role connects. Raises ``ActionFailure`` without one."""
        return parse(self._secret())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection[Record]]:
        """A connection that only reads, closed when the block is left. Raises ``ProbeFailure``.

        No time limit of the session hides the server's own settings of that name.
        """
        async with self._session(True) as connection:
            yield connection

    async def hindrance(self, connection: Connection[Record]) -> str | None:
        """Why nothing may be done with a role that was configured: it is led elsewhere."""
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            return "postgres.admin leads to a replica, which takes no change"
        try:
            async with self.watched.short() as other:
                if await other.fetchval(_SAME) != await connection.fetchval(_SAME):
                    return "postgres.admin leads to another database or server than postgres.dsn"
        except ProbeFailure:
            return None  # the monitoring role may be what is to be made
        return None

    async def act(self, sql: str, step: StepContext, wait: float, first: str = "") -> None:
        """Run one statement, telling how far it is, and end it on the server when we are ended.

        It waits at most ``wait`` seconds for any lock; ``first`` is run before it in its session.
        Raises ``ActionFailure``.
        """
        try:
            async with self._session(False) as worker:
                await worker.execute(
                    f"SET statement_timeout = 0; SET lock_timeout = '{wait * 1000:.0f}ms'"
                )
                if first:
                    await worker.execute(first)
                await self._watched(worker, sql, step, wait)
        except ProbeFailure as failed:
            raise ActionFailure(str(failed)) from None

    async def _watched(
        self, worker: Connection[Record], sql: str, step: StepContext, wait: float
    ) -> None:
        pid = worker.get_server_pid()
        work = asyncio.ensure_future(worker.execute(sql))
        behind = ""
        try:
            while not (await asyncio.wait({work}, timeout=_EVERY))[0]:
                with suppress(ProbeFailure):
                    behind = await self._tell(pid, step)
            await work
        except Exception as error:
            match getattr(error, "sqlstate", None):
                case "55P03":
                    whose = f" (session {behind})" if behind else ""
                    raise ActionFailure(f"a lock was not free in {wait:g} s{whose}") from None
                case "57014":
                    raise ActionFailure("somebody cancelled it on the server") from None
            raise
        finally:
            if not work.done():
                await asyncio.shield(self._end(pid, work))

    async def _tell(self, pid: int, step: StepContext) -> str:
        """Tell how far the statement of ``pid`` is; whom it waits for, if anybody."""
        async with self.watched.sampling() as connection:
            found = await connection.fetch(progress.sql(connection.get_server_version().major))
            behind = clean(await connection.fetchval(_WAITING, pid) or "", 60)
        words = []
        if (row := next((row for row in found if row["pid"] == pid), None)) is not None:
            words.append(clean(f"{row['relation']}: {row['phase']}", 160))
            if row["total"] and row["done"] is not None:
                words.append(f"{min(1.0, row['done'] / row['total']):.0%} of this phase")
        if behind:
            words.append(f"waits for session {behind}")
        if words:
            step.progress(", ".join(words))
        return behind

    async def _end(self, pid: int, work: asyncio.Future[str]) -> None:
        # Its connection is still open, so the pid is still its own.
        with suppress(ProbeFailure):
            async with self._session(False) as connection:
                await connection.execute(f"SELECT pg_cancel_backend({pid})")
        await asyncio.wait({work}, timeout=_ENDING)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    def _secret(self) -> Secret:
        if self._dsn is None:
            raise ActionFailure(_LACKING)
        return self._dsn

    @asynccontextmanager
    async def _session(self, reads: bool) -> AsyncIterator[Connection[Record]]:
        import asyncpg

        opening = asyncpg.connect(
            self._secret().reveal(), timeout=self._timeout, statement_cache_size=0,
            command_timeout=max(10.0, self._timeout) if reads else None,
            server_settings={
                "application_name": APPLICATION,
                "default_transaction_read_only": "on" if reads else "off",
            },
        )  # fmt: skip
        async with lent(opening, self.address.shown, self._redact) as connection:
            yield connection


class Elevated(Action):
    """An action of the writing role."""

    def __init__(self, hands: Hands, shown: Shown) -> None:
        self.hands = hands
        self.shown = shown

    def unavailable(self) -> str | None:
        return self.hands.forbids()

    def draft(
        self, target: str, params: dict[str, str], *, title: str, steps: list[str],
        before: dict[str, Any], goal: dict[str, Any], facts: list[str],
        warnings: list[str], way_back: str | None, blocked: str | None = None,
    ) -> Plan:  # fmt: skip
        """The plan, with what every one of these has in common. ``goal["about"]`` is the part of
        the database it is about: only runs about the same tell how long it takes."""
        return Plan(
            action=self.spec.name, target=target, risk=self.spec.risk, params=params, steps=steps,
            affects=[], before=before, goal=goal, inverse=way_back,
            title=title, warnings=warnings, facts=facts, blocked=blocked,
        )  # fmt: skip
