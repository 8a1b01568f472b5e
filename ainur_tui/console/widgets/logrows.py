"""Records of a window as rows, about the selected one."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.draw.loglines import Look, Marks, Places, record_rows
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.console.logsearch import Search
from ainur_tui.console.logwindow import Window
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.log import LogGap, LogLine

UNSURE = 1.0
"""Seconds by which a record must be older than the one above it for their order to be unsure:
many sources tell whole seconds only."""

REMEMBERED = 1000
"""Drawn records that are remembered: a key moves among them, and draws two anew."""


class LogRows(LinesView):
    """Draws a :class:`Window`. ``search`` is highlighted, or else what the filters look for
    (``shown``); ``books`` are the bookmarks by sequence number. ``heads`` are the columns of
    source, level and class; ``wrapped`` records go over several rows."""

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self.window = Window()
        self.search: Search | None = None
        self.shown: list[Search] = []
        self.books: dict[int, LogLine] = {}
        self.why_empty = "asking the engine …"
        self.heads = True
        self.wrapped = False
        self._top = 0
        self._drawn_rows: dict[tuple[int, Marks], list[Line]] = {}
        self._drawn_look: Look | None = None

    def draw(self) -> None:
        """Draw the records about the selected one."""
        columns, rows = self.size
        if not columns or not rows:
            return
        if not self.window.records:
            self.show([line(("  " + self.why_empty, "quiet"))])
            return
        look = Look(columns, heads=self.heads, wrap=self.wrapped, places=self._places())
        if look != self._drawn_look or len(self._drawn_rows) > REMEMBERED:
            self._drawn_rows, self._drawn_look = {}, look
        self.show(self._over_rows(look, rows) if self.wrapped else self._rows(look, rows))

    def _rows(self, look: Look, rows: int) -> list[Line]:
        window = self.window
        if window.following:
            self._top = max(0, len(window.records) - rows)
        self._top = max(0, min(max(self._top, window.index - rows + 1), window.index))
        first, last = window.selected()
        places = range(self._top, min(self._top + rows, len(window.records)))
        return [self._record(i, look, first <= i <= last)[0] for i in places]

    def _over_rows(self, look: Look, rows: int) -> list[Line]:
        """The selected record whole, those from the top down to it as far as there is room, and
        what fits below; at the end, what fits above."""
        window = self.window
        first, last = window.selected()

        def drawn(index: int) -> list[Line]:
            return self._record(index, look, first <= index <= last)

        self._top = max(0, min(self._top, window.index))
        lines: list[Line] = []
        index = window.index
        while index >= self._top and len(lines) < rows:
            lines[:0] = drawn(index)
            index -= 1
        self._top = index + 1
        lines = lines[-rows:]
        index = window.index + 1
        while index < len(window.records) and len(lines) < rows:
            lines += drawn(index)
            index += 1
        lines = lines[:rows]
        while self._top > 0 and len(lines) < rows:
            self._top -= 1
            lines[:0] = drawn(self._top)
        return lines[-rows:]

    def _record(self, index: int, look: Look, selected: bool) -> list[Line]:
        window = self.window
        record = window.records[index]
        here = index == window.index and not window.following
        several = selected and window.anchor is not None
        marker = self.glyphs.cursor if here else self.glyphs.branch_stem[0] if several else " "
        before = window.records[index - 1] if index else None
        unsure = (
            isinstance(before, LogLine)
            and not isinstance(record, LogGap)
            and record.at <= before.at - UNSURE
        )
        marks = Marks(marker, here=here, booked=record.seq in self.books, unsure=unsure)
        key = (record.seq, marks)
        rows = self._drawn_rows.get(key)
        if rows is None:
            rows = self._drawn_rows[key] = record_rows(record, look, marks)
        return rows

    def _places(self) -> Places | None:
        if self.search is not None:
            return self.search.places
        return self.shown[0].places if self.shown else None

    def new_size(self) -> None:
        self.draw()
