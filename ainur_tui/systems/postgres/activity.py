"""What the sessions do now: connections, idle transactions, waits for locks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.units import duration
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres import pools, queries, signals
from ainur_tui.systems.postgres.activity_tables import Session, clients, locks, sessions
from ainur_tui.systems.postgres.client import Database, major_of
from ainur_tui.systems.postgres.look import GRANT
from ainur_tui.systems.postgres.pools import Room
from ainur_tui.systems.postgres.shown import Shown, ages

if TYPE_CHECKING:
    from asyncpg import Record

SOURCE = "pg_stat_activity"
SLOW_SECONDS = 5.0
OTHERS_WORK = (
    signals.ACTIVE, signals.IDLE, signals.IDLE_TX, signals.IDLE_TX_OLDEST, signals.OLDEST_TX,
    signals.SLOW, signals.WAITING, signals.WAITING_OLDEST,
)  # fmt: skip
"""What only a role that sees other sessions' work can count."""


class ActivityProbe(Probe):
    """One look at ``pg_stat_activity``; ``pg_blocking_pids`` only for those that wait.

    Our own sampling session counts as a used connection, and nowhere else.
    """

    name = "db.activity"
    target = "db"
    signals = signals.ACTIVITY

    def __init__(
        self, database: Database, clock: Clock, shown: Shown, *, interval: float, deadline: float,
        pool: int | None = None,
    ) -> None:  # fmt: skip
        self.interval = interval
        self.deadline = deadline
        self._database = database
        self._clock = clock
        self._shown = shown
        self._pool = pool

    async def read(self) -> Sample:
        waits: list[Record] = []
        async with self._database.sampling() as connection:
            limits = (await connection.fetch(queries.LIMITS))[0]
            found = await connection.fetch(queries.ACTIVITY)
            waiting = [row["pid"] for row in found if row["wait_event_type"] == "Lock"]
            if waiting:
                waits = await connection.fetch(queries.waits(major_of(connection)), waiting)
        at = self._clock.now()
        everyone = [Session.of(row) for row in found]
        others = [session for session in everyone if not session.own]
        behind = {row["pid"]: row for row in waits}
        readings = _Readings(at)
        hidden = None if limits["sees_all"] else GRANT.format(self._shown.text(limits["me"]))
        self._connections(readings, everyone, limits)
        if hidden is None:
            self._states(readings, others)
            self._transactions(readings, others)
            self._locks(readings, others, behind)
        else:  # what is not seen is not absent
            for signal in OTHERS_WORK:
                readings.add(signal, None, note=hidden)
        spent = self._database.cost.last_minute()
        note = f"our own looking took {duration(spent.seconds)} in the last {spent.over:.0f} s"
        kept = limits["reserved"] + limits["also_reserved"]
        room, held = Room(limits["most"], kept, len(everyone)), pools.pools(everyone, self._pool)
        if (full := pools.fullest(held)) is not None:
            who = f"{self._shown.text(full.application or full.client, 60)}: {full.open} of "
            readings.add(signals.POOL, full.share, note=f"{who}{full.may} connections")
        tables = [
            sessions(others, self._shown, at, self.interval, hidden or note),
            locks(others, behind, self._shown, at, self.interval, missing=hidden),
            clients(others, self._shown, at, self.interval),
            pools.table(held, room, self._pool, self._shown, at=at, interval=self.interval),
        ]
        return Sample(readings.all, tables)

    def _connections(
        self,
        readings: _Readings,
        everyone: Sequence[Session],
        limits: Record,
    ) -> None:
        most = float(limits["most"])
        kept = limits["reserved"] + limits["also_reserved"]
        used = len(everyone)
        full = used >= most - kept
        note = f"{used} of {most:.0f}, {kept} of them reserved"
        if full:
            note += ": ordinary roles are refused"
        readings.add(signals.USED, used, note=note, limit=most)
        # None is left for those who are refused, whatever is kept for others.
        readings.add(signals.RATIO, 1.0 if full else used / most, note=note)

    def _states(self, readings: _Readings, others: Sequence[Session]) -> None:
        readings.add(signals.ACTIVE, sum(s.state == "active" for s in others))
        readings.add(signals.IDLE, sum(s.state == "idle" for s in others))

    def _transactions(self, readings: _Readings, others: Sequence[Session]) -> None:
        idle = [s for s in others if s.idle_in_transaction]
        oldest = max(idle, key=lambda s: s.state_age or 0.0, default=None)
        readings.add(signals.IDLE_TX, len(idle), note=self._who(oldest, "longest"))
        readings.add(
            signals.IDLE_TX_OLDEST,
            (oldest.state_age or 0.0) if oldest else 0.0,
            note=self._who(oldest, "idle in transaction"),
        )
        running = [s for s in others if s.xact_age is not None]
        longest = max(running, key=lambda s: s.xact_age or 0.0, default=None)
        readings.add(
            signals.OLDEST_TX,
            (longest.xact_age or 0.0) if longest else 0.0,
            note=self._who(longest, "open"),
        )
        slow = [s for s in others if s.state == "active" and (s.query_age or 0.0) > SLOW_SECONDS]
        readings.add(signals.SLOW, len(slow))

    def _locks(
        self, readings: _Readings, others: Sequence[Session], behind: dict[int, Record]
    ) -> None:
        waiting = [s for s in others if s.waits_for_lock]
        ages_of = {s.pid: wait_age(s, behind.get(s.pid)) for s in waiting}
        oldest = max(waiting, key=lambda s: ages_of[s.pid], default=None)
        note = None
        if oldest is not None:
            row = behind.get(oldest.pid)
            blockers = ", ".join(map(str, row["blockers"][:3])) if row else ""
            note = f"pid {oldest.pid} waits for a lock, {duration(ages_of[oldest.pid])}"
            note += f", behind pid {blockers}" if blockers else ""
        readings.add(signals.WAITING, len(waiting), note=note)
        readings.add(signals.WAITING_OLDEST, max(ages_of.values(), default=0.0), note=note)

    def _who(self, session: Session | None, words: str) -> str | None:
        if session is None:
            return None
        age = ages(session.state_age if session.idle_in_transaction else session.xact_age) or 0.0
        who = self._shown.text(session.application or session.user, 40)
        return f"pid {session.pid} ({who}) {words} {duration(age)}"


def wait_age(session: Session, row: Any) -> float:
    """Seconds a session has waited for its lock; before 14 the age of its query."""
    exact = row["wait_age"] if row is not None else None
    return ages(exact if exact is not None else session.query_age) or 0.0


class _Readings:
    def __init__(self, at: float) -> None:
        self.all: list[Reading] = []
        self._at = at

    def add(
        self,
        signal: Signal,
        value: float | None,
        note: str | None = None,
        limit: float | None = None,
    ) -> None:
        self.all.append(
            Reading(
                target="db", signal=signal.name, value=None if value is None else float(value),
                source=SOURCE, observed_at=self._at, note=note, limit=limit,
            )
        )  # fmt: skip
