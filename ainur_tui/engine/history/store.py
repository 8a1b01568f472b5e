"""The database of the history; used by one thread only."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ainur_tui.engine.history.buckets import Frame, Rows, buckets
from ainur_tui.engine.history.prune import prune
from ainur_tui.model.alert import Evidence, Op
from ainur_tui.model.event import Event
from ainur_tui.model.series import Series, SeriesQuery
from ainur_tui.model.signal import Reading
from ainur_tui.model.slo import Beyond, Minutes

VERSION = 1
RAW_ASKED = 6 * 3600.0
"""Up to this many seconds a chart is drawn from single readings, beyond it from minutes."""
MOST_POINTS = 2000
EMPTY: Mapping[str, bytes] = MappingProxyType({})

_SCHEMA = """
CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, target INTEGER NOT NULL, signal INTEGER NOT NULL,
  UNIQUE (target, signal));
CREATE TABLE IF NOT EXISTS raw (
  series INTEGER NOT NULL, at REAL NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (series, at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS minute (
  series INTEGER NOT NULL, at INTEGER NOT NULL, mean REAL NOT NULL, low REAL NOT NULL,
  high REAL NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (series, at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
  key TEXT PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
  text TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_at ON event (at);
CREATE TABLE IF NOT EXISTS state (target TEXT PRIMARY KEY, state TEXT NOT NULL, since REAL NOT NULL)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class Store:
    """Plain methods on the connection; each write is one transaction."""

    def __init__(self, connection: sqlite3.Connection, *, writable: bool = True) -> None:
        self._db = connection
        self._series: dict[tuple[str, str], int] = {}
        self._last: dict[int, float] = {}
        self._writable = writable
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.commit()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def write(
        self,
        readings: Iterable[Reading],
        events: Iterable[Event],
        states: Mapping[str, tuple[str, float]],
        values: Mapping[str, bytes] = EMPTY,
    ) -> None:
        """Keep all of it, or nothing."""
        if not self._writable:
            return
        raw: list[tuple[int, float, float]] = []
        minutes: dict[tuple[int, int], list[float]] = {}
        try:
            with self._db:
                for reading in readings:
                    value = reading.value
                    if value is None or reading.rejected is not None or not math.isfinite(value):
                        continue
                    series = self._number(reading.target, reading.signal)
                    if self._last.get(series) == reading.observed_at:
                        continue
                    self._last[series] = reading.observed_at
                    raw.append((series, reading.observed_at, value))
                    minute = int(reading.observed_at // 60) * 60
                    minutes.setdefault((series, minute), []).append(value)
                self._db.executemany("INSERT OR IGNORE INTO raw VALUES (?, ?, ?)", raw)
                self._db.executemany(
                    "INSERT INTO minute VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " mean = (mean * count + excluded.mean * excluded.count)"
                    " / (count + excluded.count), low = min(low, excluded.low),"
                    " high = max(high, excluded.high), count = count + excluded.count",
                    [
                        (series, at, sum(v) / len(v), min(v), max(v), len(v))
                        for (series, at), v in minutes.items()
                    ],
                )
                self._db.executemany(
                    "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)",
                    [(e.key, e.at, e.kind, e.target, e.text) for e in events],
                )
                if states:  # they are all there are: what is not among them is gone
                    self._db.execute("DELETE FROM state")
                self._db.executemany(
                    "INSERT INTO state VALUES (?, ?, ?)",
                    [(target, state, since) for target, (state, since) in states.items()],
                )
                self._db.executemany("INSERT OR REPLACE INTO kv VALUES (?, ?)", values.items())
        except sqlite3.Error:
            self._series.clear()
            self._last.clear()
            raise

    def series(self, query: SeriesQuery, now: float) -> list[Series]:
        """Means in buckets that stay where they are from one call to the next."""
        points = max(1, min(query.points, MOST_POINTS))
        step = max(query.seconds, 1.0) / points
        start = (math.floor(now / step) + 1 - points) * step
        fine = query.seconds <= RAW_ASKED
        found = []
        for target, signal in query.wanted:
            series = self._number(target, signal, make=False)
            rows: Rows = []
            if series and fine:
                rows = self._db.execute(
                    "SELECT at, value FROM raw WHERE series = ? AND at >= ? AND at < ? ORDER BY at",
                    (series, start - step, start + points * step),
                ).fetchall()
            elif series:
                rows = self._db.execute(
                    "SELECT at, mean FROM minute WHERE series = ? AND at >= ? AND at < ?"
                    " ORDER BY at",
                    (series, start - 60, start + points * step),
                ).fetchall()
            frame = Frame(start, step, points, now)
            values = buckets(rows, frame, spacing=0.0 if fine else 60.0)
            found.append(
                Series(target=target, signal=signal, start=start, step=step, values=values)
            )
        return found

    def past(self, signal: str, since: float) -> dict[str, list[tuple[float, float]]]:
        """A signal of every target that has it: the means of its minutes, oldest first."""
        rows = self._db.execute(
            "SELECT t.text, m.at, m.mean FROM word s JOIN series ON series.signal = s.id"
            " JOIN word t ON t.id = series.target JOIN minute m ON m.series = series.id"
            " WHERE s.text = ? AND m.at >= ? ORDER BY m.series, m.at",
            (signal, since),
        )
        found: dict[str, list[tuple[float, float]]] = {}
        for target, at, mean in rows:
            found.setdefault(target, []).append((float(at), mean))
        return found

    def evidence(self, signal: str, op: Op, since: float) -> dict[str, Evidence]:
        """The same for a rule's judgement: single readings as far back as they are kept, before
        them the value of each minute that lies furthest to the side of ``op``."""
        extreme = "high" if op == "above" else "low"
        found: dict[str, Evidence] = {}
        for number, target in self._db.execute(
            "SELECT series.id, t.text FROM word s JOIN series ON series.signal = s.id"
            " JOIN word t ON t.id = series.target WHERE s.text = ? ORDER BY t.text", (signal,),
        ).fetchall():  # fmt: skip
            single = self._db.execute(
                "SELECT at, value FROM raw WHERE series = ? AND at >= ? ORDER BY at",
                (number, since),
            ).fetchall()
            begins = single[0][0] if single else math.inf
            minutes = self._db.execute(
                f"SELECT at, {extreme} FROM minute WHERE series = ? AND at >= ? AND at <= ?"  # noqa: S608
                " ORDER BY at",
                (number, since, begins - 60 if single else 1e12),
            ).fetchall()
            if single or minutes:
                found[target] = Evidence(minutes, single)
        return found

    def beyond(self, query: Beyond, since: float) -> Minutes:
        """How many minutes since then are known, and those whose mean is beyond the limit."""
        series = self._number(query.target, query.signal, make=False)
        sign = ">" if query.above else "<"
        (known,) = self._db.execute(
            "SELECT count(*) FROM minute WHERE series = ? AND at >= ?", (series, since)
        ).fetchone()
        rows = self._db.execute(
            f"SELECT at, mean FROM minute WHERE series = ? AND at >= ? AND mean {sign} ?"  # noqa: S608
            " ORDER BY at",
            (series, since, query.limit),
        )
        return Minutes(known, [(float(at), mean) for at, mean in rows])

    def events(self, since: float) -> list[Event]:
        """Oldest first."""
        rows = self._db.execute(
            "SELECT key, at, kind, target, text FROM event WHERE at >= ? ORDER BY at", (since,)
        )
        return [Event(key=k, at=at, kind=kind, target=t, text=x) for k, at, kind, t, x in rows]

    def states(self) -> dict[str, tuple[str, float]]:
        """By target: its state and the beginning of it."""
        rows = self._db.execute("SELECT target, state, since FROM state")
        return {target: (state, since) for target, state, since in rows}

    def load(self, key: str) -> bytes | None:
        """The value under a key."""
        row = self._db.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else None

    def prune(self, now: float) -> None:
        """Remove what is too old."""
        if not self._writable:
            return
        left = prune(self._db, now)
        self._series = {of: number for of, number in self._series.items() if number in left}
        self._last = {number: at for number, at in self._last.items() if number in left}

    def _number(self, target: str, signal: str, *, make: bool = True) -> int:
        """The series' number; 0 when there is none and none is to be made."""
        if (known := self._series.get((target, signal))) is not None:
            return known
        if make:
            self._db.executemany(
                "INSERT OR IGNORE INTO word (text) VALUES (?)", [(target,), (signal,)]
            )
            self._db.execute(
                "INSERT OR IGNORE INTO series (target, signal) SELECT t.id, s.id"
                " FROM word t, word s WHERE t.text = ? AND s.text = ?",
                (target, signal),
            )
        row = self._db.execute(
            "SELECT series.id FROM series JOIN word t ON t.id = target JOIN word s ON s.id = signal"
            " WHERE t.text = ? AND s.text = ?",
            (target, signal),
        ).fetchone()
        if row is None:
            return 0
        self._series[target, signal] = row[0]
        return int(row[0])
