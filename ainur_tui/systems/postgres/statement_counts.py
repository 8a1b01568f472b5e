"""Counters of statements at two moments, and what each cost in between. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Key(NamedTuple):
    """One statement of one role."""

    queryid: int
    userid: int
    toplevel: bool


class Counters(NamedTuple):
    """What a statement has cost since its entry began.

    ``seconds`` of execution and, where ``track_io_timing`` is on, of ``io``; bytes found in the
    cache (``hit``), ``read``, of ``temp`` files and of WAL (``None``: an extension before 1.8).
    """

    calls: float
    seconds: float
    rows: float
    hit: float = 0.0
    read: float = 0.0
    temp: float = 0.0
    io: float = 0.0
    wal: float | None = None

    def less(self, was: Counters) -> Counters:
        """What was added since."""
        return Counters(
            calls=self.calls - was.calls,
            seconds=self.seconds - was.seconds,
            rows=self.rows - was.rows,
            hit=self.hit - was.hit,
            read=self.read - was.read,
            temp=self.temp - was.temp,
            io=self.io - was.io,
            wal=None if self.wal is None or was.wal is None else self.wal - was.wal,
        )


@dataclass(frozen=True)
class Snapshot:
    """All counters at one moment of the monotonic clock.

    ``epoch`` changes when they were reset; ``evicted`` counts entries thrown out for room.
    """

    at: float
    epoch: str
    evicted: int
    counters: Mapping[Key, Counters]


def delta(before: Snapshot, after: Snapshot) -> dict[Key, Counters]:
    """What each statement cost in between.

    After a reset every counter began at zero, so it is its own delta. An entry that is new began
    in between likewise; one that shrank was evicted and came back: the same. Never negative.
    """
    found: dict[Key, Counters] = {}
    for key, now in after.counters.items():
        was = before.counters.get(key) if before.epoch == after.epoch else None
        fresh = was is None or now.calls < was.calls or now.seconds < was.seconds
        if was is None or fresh:
            found[key] = now
        else:
            found[key] = now.less(was)
    return {key: counters for key, counters in found.items() if counters.calls > 0}
