"""History: readings, events and small state on disk, off the event loop.

One thread owns the database; the loop only puts work in its queue. Readings are kept as they came
for a day and as means of a minute for a month.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ainur_tui.engine.history.file import opened
from ainur_tui.engine.history.store import Store
from ainur_tui.model.alert import Evidence, Op
from ainur_tui.model.event import Event
from ainur_tui.model.series import Series, SeriesQuery
from ainur_tui.model.signal import Reading
from ainur_tui.model.slo import Beyond, Minutes
from ainur_tui.systems.base import Clock

T = TypeVar("T")

FLUSH = 1.0
"""Seconds between commits."""
PRUNE = 600.0
"""Seconds between removals of what is too old."""
BUFFER = 50_000
"""Readings held at most while the disk does not take them; then the oldest go."""


class History:
    """``path`` is the database file, ``None`` for memory only. All times are epoch seconds."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._work: queue.SimpleQueue[Callable[[Store], None] | None] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._readings: list[Reading] = []
        self._events: list[Event] = []
        self._states: dict[str, tuple[str, float]] = {}
        self._values: dict[str, bytes] = {}
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        """Why nothing is written now, in words; ``None`` when all is well."""
        self.notices: list[str] = []
        """What happened to the file while running: set aside, begun anew."""

    async def open(self, *, writable: bool = True) -> str | None:
        """Open the file, which makes it when it is not there; returns what a person should know.

        A file that is damaged or of a newer version is set aside under another name. Where no
        file can be had at all, history lives in memory. ``writable=False`` changes no file.
        """
        ready: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._serve, args=(loop, ready, writable), name="history", daemon=True
        )
        self._thread.start()
        return await ready

    def add(self, readings: Iterable[Reading]) -> None:
        """Keep readings; they are on disk within a second or so. Never waits."""
        with self._lock:
            self._readings.extend(readings)
            if (excess := len(self._readings) - BUFFER) > 0:
                del self._readings[:excess]

    def add_event(self, event: Event) -> None:
        """Keep an event; one of the same key is there once."""
        with self._lock:
            self._events.append(event)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is added within is on disk all of it, or nothing."""
        with self._lock:
            yield

    def set_states(self, states: Mapping[str, tuple[str, float]]) -> None:
        """Keep the state of each target and its beginning, for the next start."""
        with self._lock:
            self._states = dict(states)

    async def series(self, query: SeriesQuery, until: float | None = None) -> list[Series]:
        """The means a chart needs, in the order wanted, up to now or an earlier moment; a gap is
        ``None``."""
        now = self._clock.now() if until is None else until
        return await self._ask(lambda store: store.series(query, now))

    async def past(self, signal: str, since: float) -> dict[str, list[tuple[float, float]]]:
        """A signal's minutes (moment, mean) from ``since`` on, by target, oldest first."""
        return await self._ask(lambda store: store.past(signal, since))

    async def evidence(self, signal: str, op: Op, since: float) -> dict[str, Evidence]:
        """What a rule is judged by afterwards, by target: readings, before them minutes."""
        return await self._ask(lambda store: store.evidence(signal, op, since))

    async def beyond(self, query: Beyond, since: float) -> Minutes:
        """The minutes since then that were beyond a limit, and how many are known."""
        return await self._ask(lambda store: store.beyond(query, since))

    async def events(self, since: float) -> list[Event]:
        """Events from ``since`` on, oldest first."""
        return await self._ask(lambda store: store.events(since))

    async def states(self) -> dict[str, tuple[str, float]]:
        """What :meth:`set_states` kept last."""
        return await self._ask(lambda store: store.states())

    async def load(self, key: str) -> bytes | None:
        """A small piece of state by its key."""
        return await self._ask(lambda store: store.load(key))

    def set_value(self, key: str, value: bytes) -> None:
        """Keep a small piece of state by its key; it is on disk after :meth:`flush`."""
        with self._lock:
            self._values[key] = value

    async def save(self, key: str, value: bytes) -> None:
        """The same, and flush."""
        self.set_value(key, value)
        await self.flush()

    async def flush(self) -> None:
        """Write what is buffered now; what the disk does not take stays buffered, and is told of
        by ``problem``."""
        await self._ask(_nothing)

    async def close(self) -> None:
        """Write what is buffered and let go of the file."""
        if self._thread is None:
            return
        self._work.put(None)
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join, 10.0)

    async def _ask(self, work: Callable[[Store], T]) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def run(store: Store) -> None:
            try:
                found = work(store)
            except Exception as error:
                _tell(loop, answer, error=error)
                if isinstance(error, sqlite3.DatabaseError):
                    raise
            else:
                _tell(loop, answer, found)

        if self._thread is None:
            raise RuntimeError("the history is not open")
        self._work.put(run)
        return await answer

    def _serve(
        self, loop: asyncio.AbstractEventLoop, ready: asyncio.Future[str | None], writable: bool
    ) -> None:
        try:
            store, notice = opened(self._path, writable=writable)
        except Exception as error:
            _tell(loop, ready, error=error)
            return
        _tell(loop, ready, notice)
        pruned = self._clock.monotonic()
        going = True
        while going:
            work: Callable[[Store], None] | None = _nothing
            with suppress(queue.Empty):
                work = self._work.get(timeout=FLUSH)
            going = work is not None
            todo = [self._write, work or _nothing]
            if self._clock.monotonic() - pruned > PRUNE:
                pruned = self._clock.monotonic()
                todo.append(lambda store: store.prune(self._clock.now()))
            for one in todo:  # a disk that takes nothing more can be read all the same
                try:
                    one(store)
                except Exception as error:
                    if type(error) is sqlite3.DatabaseError:  # not a subclass: it is damaged
                        store.close()
                        store, notice = opened(self._path, writable=writable, damaged=True)
                        self.notices.append(notice or "history begun anew")
                    else:
                        known = isinstance(error, sqlite3.Error)
                        what = str(error) if known else type(error).__name__
                        self.problem = f"history is not written: {what}"
        store.close()

    def _write(self, store: Store) -> None:
        with self._lock:
            readings, self._readings = self._readings, []
            events, self._events = self._events, []
            states, self._states = self._states, {}
            values, self._values = self._values, {}
        if not (readings or events or states or values):
            return
        try:
            store.write(readings, events, states, values)
            self.problem = None
        except sqlite3.OperationalError:
            with self._lock:
                self._readings = [*readings, *self._readings][-BUFFER:]
                self._events = [*events, *self._events][-BUFFER:]
                self._states = self._states or states
                self._values = {**values, **self._values}
            raise


def _nothing(store: Store) -> None:
    del store


def _tell(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Any],
    value: Any = None,
    *,
    error: Exception | None = None,
) -> None:
    def settle() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
