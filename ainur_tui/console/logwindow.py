"""The window of log records the console holds: where one stands in it, and what is marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.logquery import LogPage, rows

KEPT = 5000
"""Records held by the console; others are asked of the engine when scrolled to."""
TOO_FAST = ""
"""The source of a row that stands for lines that were kept by the engine but came too fast."""

Record = LogLine | LogGap
Test = Callable[[Record], bool]


@dataclass(frozen=True)
class Place:
    """A moment (epoch seconds) to stand at, and the record there where it is known."""

    at: float
    seq: int | None = None


class Window:
    """Records in the order the engine gave them. ``index`` is the one selected; ``following`` is
    at the end and stays there; ``waiting`` records arrived while one was reading; ``behind`` tells
    that newer records than the last one here are to be asked for."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.index = 0
        self.following = True
        self.waiting = 0
        self.behind = False
        self.anchor: int | None = None
        """The sequence number at which a selection of several began."""
        self._newest = 0

    def start(self, page: LogPage, place: Place | None) -> None:
        """Begin again with a page: at its end, or about a place."""
        self.records = rows(page)
        self.waiting, self.anchor = 0, None
        self.following = place is None
        self.behind = place is not None
        self.index = max(0, len(self.records) - 1) if place is None else self._nearest(place)

    def append(self, page: LogPage) -> int:
        """Records that just arrived; the number that was taken off the front for them. A window
        that is read stays as it is, and counts them."""
        fresh = rows(page)
        if page.skipped and fresh:
            before = moment(self.records[-1]) if self.records else moment(fresh[0])
            fresh.insert(0, LogGap(seq=fresh[0].seq - 1, source=TOO_FAST, since=before,
                                   until=moment(fresh[0]), dropped=page.skipped))  # fmt: skip
        if fresh:
            self._newest = max(self._newest, fresh[-1].seq)
        if self.following:
            return self._end(fresh)
        self.waiting += len(page.lines) + len(page.gaps) + page.skipped
        self.behind = self.behind or len(self.records) + len(fresh) > KEPT
        if not self.behind:
            self.records += fresh
        return 0

    def prepend(self, page: LogPage) -> int:
        """Older records above; the selected one stays selected. The number of rows it went down."""
        older = rows(page)
        self.records[:0] = older
        self.index += len(older)
        if len(self.records) > KEPT:
            del self.records[max(KEPT, self.index + 1) :]
            self.behind = True
        return len(older)

    def extend(self, page: LogPage) -> int:
        """Newer records below; the number that was taken off the front for them."""
        fresh = rows(page)
        self.records += fresh
        gone = max(0, min(len(self.records) - KEPT, self.index))
        del self.records[:gone]
        self.index -= gone
        last = self.records[-1].seq if self.records else 0
        self.behind = not page.matched_all or last < self._newest
        return gone

    @property
    def record(self) -> Record | None:
        """The selected record."""
        return self.records[self.index] if self.records else None

    @property
    def place(self) -> Place | None:
        """Where one stands; ``None`` while following."""
        record = self.record
        return None if self.following or record is None else Place(moment(record), record.seq)

    def go(self, index: int) -> None:
        """Select a record: one reads, and follows no more."""
        self.index = max(0, min(index, len(self.records) - 1))
        self.following = False

    def follow(self) -> bool:
        """To the end, and stay there; whether the end has to be asked for first."""
        self.following, self.waiting, self.anchor = True, 0, None
        self.index = max(0, len(self.records) - 1)
        return self.behind

    def find(self, test: Test, step: int) -> int | None:
        """The next record (``step`` 1) or the one before (-1) for which ``test`` holds. Who
        follows stands below the last one."""
        below = self.following and step < 0
        index = (len(self.records) if below else self.index) + step
        while 0 <= index < len(self.records):
            if test(self.records[index]):
                return index
            index += step
        return None

    def find_seq(self, seq: int | None) -> int | None:
        """Where the record with that sequence number is, if it is here."""
        places = (i for i, record in enumerate(self.records) if record.seq == seq)
        return next(places, None)

    def selected(self) -> tuple[int, int]:
        """First and last index of the selection, which is at least the record one stands on."""
        place = self.index
        if self.anchor is not None:
            place = self.find_seq(self.anchor) or 0
        return min(place, self.index), max(place, self.index)

    def _end(self, fresh: list[Record]) -> int:
        gone = max(0, len(self.records) + len(fresh) - KEPT)
        self.records = (self.records + fresh)[-KEPT:]
        self.index = max(0, len(self.records) - 1)
        return gone

    def _nearest(self, place: Place) -> int:
        if (index := self.find_seq(place.seq)) is not None:
            return index
        found = range(len(self.records))
        return min(found, key=lambda i: abs(moment(self.records[i]) - place.at), default=0)


def moment(record: Record) -> float:
    """When a record was written (epoch seconds); a gap when it ended."""
    return record.until if isinstance(record, LogGap) else record.at
