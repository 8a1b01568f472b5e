"""The record of incidents in memory and on disk, and the queue of what is still to be written."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ainur_tui.engine.incidents.store import IncidentStore, Unwritable
from ainur_tui.model.failure import CANNOT_CREATE, UNAVAILABLE, Refused
from ainur_tui.model.incident import Entry, Incident, Opened
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.rules.incidents import incidents
from ainur_tui.rules.incidents.objectives import Objectives

EVERY = 1.0
"""Seconds between looks at the clocks; after a failure, until what waits is written again."""
MOST_WAITING = 10_000
"""Entries that wait at most while the disk takes none."""
_LONGEST = 8000

_log = logging.getLogger(__name__)


class IncidentRecord:
    """``problem`` is why nothing can be written at present. All writing takes turns, so that the
    order of the record is the order of things. ``changed`` is called after each addition, ``tick``
    about once a second."""

    def __init__(
        self,
        path: Path,
        objectives: Objectives,
        *,
        changed: Callable[[], None],
        tick: Callable[[], None],
    ) -> None:
        self.known: dict[str, Incident] = {}
        self.problem: str | None = None
        self._objectives = objectives
        self._changed = changed
        self._tick = tick
        self._store = IncidentStore(path)
        self._entries: dict[str, list[Entry]] = {}
        self._keys: set[tuple[str, str]] = set()
        self._waiting: list[Entry] = []
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, writable: bool) -> str | None:
        """Take up the record; returns what a person should know."""
        entries, notice = await self._store.open(writable=writable)
        for entry in entries:
            self._take(entry)
        if writable:
            self._task = asyncio.create_task(self._for_ever())
        return notice

    async def stop(self) -> None:
        """Write what waits, and let go of the file."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._write()
        await self._store.close()

    def entries(self, incident: str) -> list[Entry]:
        """Those of an incident, in the order of what they tell."""
        return incidents.ordered(self._entries[incident])

    def of_key(self, key: str) -> Incident | None:
        """The incident that has an entry of this key."""
        return next((self.known[id] for id, one in self._keys if one == key and id in self.known),
                    None)  # fmt: skip

    def has(self, incident: str, key: str) -> bool:
        """Whether an incident has this entry, or will have it in a moment."""
        return (incident, key) in self._keys

    async def put(self, make: Callable[[], Sequence[Entry]]) -> None:
        """Add what ``make`` gives when its turn comes; on the disk when this returns. Raises
        Refused, also where ``make`` does. Whoever asked may go away: it is done all the same."""
        await asyncio.shield(self._put(make))

    def queue(self, entry: Entry) -> None:
        """Add it as soon as the disk takes it; once. Never waits."""
        if not self.has(entry.incident, entry.key) and len(self._waiting) < MOST_WAITING:
            self._keys.add((entry.incident, entry.key))
            self._waiting.append(entry)
            self._wake.set()

    async def _put(self, make: Callable[[], Sequence[Entry]]) -> None:
        if self._task is None:
            raise Refused("only the engine process keeps incidents; it is not running", UNAVAILABLE)
        async with self._turn:
            try:
                new = await self._store.add(make())
            except Unwritable as error:
                self.problem = str(error)
                raise Refused(f"{error}; nothing was added", CANNOT_CREATE) from None
            self.problem = None
            for entry in new:
                self._take(entry)
        self._changed()

    def _take(self, entry: Entry) -> None:
        known = self.known.get(entry.incident)
        if known is None and not isinstance(entry.what, Opened):
            return  # its declaration cannot be read: there is nothing it could belong to
        self.known[entry.incident] = (
            incidents.begin(entry, self._objectives) if known is None
            else incidents.step(known, entry, self._objectives)
        )  # fmt: skip
        self._entries.setdefault(entry.incident, []).append(entry)
        self._keys.add((entry.incident, entry.key))

    async def _for_ever(self) -> None:
        while True:
            try:
                self._tick()
                await self._write()
            except Exception:  # one bad entry must not end the record
                _log.exception("keeping incidents")
            if self.problem is not None:  # the disk takes nothing: in a while perhaps
                await asyncio.sleep(EVERY)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._wake.wait()

    async def _write(self) -> None:
        """Write what waits; what could not be written waits on."""
        self._wake.clear()
        while self._waiting:
            taken = list(self._waiting)
            with contextlib.suppress(Refused):
                await self._put(lambda taken=taken: taken)  # type: ignore[misc]
                del self._waiting[: len(taken)]
                continue
            break


def safe(entry: Entry, redact: Redactor) -> Entry:
    """An entry whose texts are clean (a message keeps its lines) and hold no known secret."""
    return msgspec.convert(_safe(msgspec.to_builtins(entry), redact), Entry)


def _safe(value: object, redact: Redactor) -> object:
    if isinstance(value, str):
        return "\n".join(clean(part) for part in redact(value[:_LONGEST]).split("\n"))
    if isinstance(value, dict):
        return {key: _safe(item, redact) for key, item in value.items()}
    if isinstance(value, list):
        return [_safe(item, redact) for item in value]
    return value
