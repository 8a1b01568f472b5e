"""What configured files hold from before the engine followed them, read in place, in one order.

Lines of the past have negative numbers, for those of the engine begin at one: a number says which
file, and how far before the place from which it was followed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from ainur_tui.engine.logs.pastfile import Empty, Late, Opened, Reader, key_of, open_earlier
from ainur_tui.engine.logs.store import MOST
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.systems.logsource import LogSource

SEAM = -1
"""The number between the past and what the engine has itself."""
FILES = 64
"""Sources that can have a past."""
REMEMBERED = 128
"""Ends of pages of which it is remembered where in each file they are."""

Places = dict[int, int]
"""By a file's number, the place to go on from (bytes)."""


class Past:
    """The files of those ``sources`` that have one. A question reads, and so is for a thread; one
    is asked after the other."""

    def __init__(self, sources: Sequence[LogSource], redact: Callable[[str], str]) -> None:
        self._sources = sources[:FILES]
        self._redact = redact
        self._empty = Empty()
        self._remembered: OrderedDict[tuple[int, bytes, bool], Places] = OrderedDict()

    def known(self, names: Sequence[str] = ()) -> list[str]:
        """The sources (of those named, if any are) that had a file before they were followed."""
        return [
            source.name
            for source in self._sources
            if (not names or source.name in names) and source.earlier and source.earlier.end
        ]

    def query(self, query: LogQuery, late: Callable[[], bool]) -> LogPage:
        """The newest lines before the number ``query.before`` (``None``: all), or with ``forward``
        the oldest after ``query.after``. When it is ``late`` it ends for now. Raises
        :class:`Refused` (64)."""
        limit = max(1, min(query.limit, MOST))
        with ExitStack() as stack:
            files = self._open(query, stack)
            places = self._places(query, files)
            readers = {
                number: Reader(one, query, places[number], late, self._empty)
                for number, one in files.items()
            }
            lines, stopped = _merged(readers, limit, forward=query.forward)
            found = [self._numbered(number, line) for number, line in lines]
            more = stopped is not None or any(reader.head for reader in readers.values())
            end = found[-1].seq if found else SEAM
            if stopped is not None:
                end = self._number(stopped, readers[stopped].place)
            if more:
                self._remember(end, query, {n: reader.rest for n, reader in readers.items()})
        if not query.forward:
            found.reverse()
        return LogPage(
            lines=found, matched_all=not more, ended=end if stopped is not None else None
        )

    def first_moment(self, name: str) -> float | None:
        """The oldest time in a source's file, or ``None`` where it tells none or is gone."""
        with ExitStack() as stack:
            for one in self._open(LogQuery(sources=[name]), stack).values():
                return one.log.first_moment()
        return None

    def _open(self, query: LogQuery, stack: ExitStack) -> dict[int, Opened]:
        wanted = self.known(query.sources)
        found: dict[int, Opened] = {}
        for number, source in enumerate(self._sources):
            if source.name in wanted and source.earlier is not None:
                opened = open_earlier(source.name, source.earlier, self._redact)
                if opened is not None:
                    found[number] = opened
                    stack.enter_context(opened.file)
        return found

    def _places(self, query: LogQuery, files: dict[int, Opened]) -> Places:
        """Where to begin: as remembered of the page before, or else in the file that the number
        names where it says, and in the others by the time there."""
        at = query.after if query.forward else query.before
        if at is None or at >= SEAM:
            return {number: 0 if query.forward else one.file.size for number, one in files.items()}
        remembered = self._remembered.get((at, key_of(query), query.forward), {})
        if files.keys() <= remembered.keys():
            return remembered
        number, back = -at % FILES, -at // FILES
        if number not in files:
            return {other: one.file.size for other, one in files.items()}
        own = files[number]
        place = max(0, own.file.size - back)
        moment = own.log.moment(place)
        found = {other: one.log.offset(moment) for other, one in files.items()}
        found[number] = own.records.past(place) if query.forward else place
        return found

    def _remember(self, end: int, query: LogQuery, places: Places) -> None:
        self._remembered[end, key_of(query), query.forward] = places
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _number(self, number: int, place: int) -> int:
        earlier = self._sources[number].earlier
        return -((earlier.end if earlier else 0) - place) * FILES - number

    def _numbered(self, number: int, line: LogLine) -> LogLine:
        return replace(line, seq=self._number(number, line.seq - 1))


def _merged(
    readers: dict[int, Reader], limit: int, *, forward: bool
) -> tuple[list[tuple[int, LogLine]], int | None]:
    """So many lines of all, by their times, each file in its own order; and in which file there
    was no time to go on, if there was one."""
    found: list[tuple[int, LogLine]] = []
    waiting = list(readers)
    while True:
        for number in waiting:
            try:
                readers[number].advance()
            except Late:
                return found, number
        heads = [(head.at, n, head) for n, reader in readers.items() if (head := reader.head)]
        if not heads or len(found) >= limit:
            return found, None
        _, number, head = min(heads) if forward else max(heads)
        found.append((number, head))
        waiting = [number]
