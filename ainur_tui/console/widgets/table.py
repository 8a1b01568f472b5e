"""A table that keeps its selection by row, sorts, filters, and drops columns when narrow."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message

from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.draw.spans import Line, cut, ends, line, width, wrap
from ainur_tui.console.draw.tables import (
    Layout,
    head_line,
    layout,
    matching,
    ordered,
    row_line,
    stems,
)
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.table import Row, Table
from ainur_tui.model.units import age


class TableView(LinesView, can_focus=True):
    """Shows one :class:`~ainur_tui.model.table.Table`; posts :class:`Opened` on Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("g,home", "move(-1000000)", "First", show=False, id="table.first"),
        Binding("G,end", "move(1000000)", "Last", show=False, id="table.last"),
        Binding("enter", "open", "Detail", id="table.open"),
        Binding("o", "sort", "Sort", show=False, id="table.sort",
                tooltip="sort by the next column; the last press returns to the natural order"),
        Binding("O", "reverse", "Reverse", show=False, id="table.reverse",
                tooltip="turn the order round"),
    ]  # fmt: skip

    class Opened(Message):
        """A row was opened."""

        def __init__(self, table: Table, row: Row) -> None:
            super().__init__()
            self.table = table
            self.row = row

    class Selected(Message):
        """Another row is selected now."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TableView.Selected)

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self.table: Table | None = None
        self.filter = ""
        self._rows: list[Row] = []
        self._key: str | None = None
        self._index = 0
        self._top = 0
        self._above = 2
        """Lines above the first row."""
        self._sort: int | None = None
        self._reverse = True
        self._elapsed = 0.0
        self._stale = False
        self._empty: list[Line] = []
        self._laid: tuple[tuple[int, float], Layout, list[str]] | None = None

    @property
    def row(self) -> Row | None:
        """The selected row."""
        return self._rows[self._index] if self._rows else None

    def show_table(
        self, table: Table | None, *, empty: list[Line], elapsed: float = 0.0, stale: bool = False
    ) -> None:
        """Take the newest table. ``empty`` is what to say while there is none."""
        if table is not None and (self.table is None or table.name != self.table.name):
            self._key, self._index, self._top, self._sort = None, 0, 0, None
        self.table, self._elapsed, self._stale, self._empty = table, elapsed, stale, empty
        self._arrange()

    def set_filter(self, words: str) -> None:
        """Show only rows that hold every word."""
        self.filter = words
        self._arrange()

    def _arrange(self) -> None:
        if self.table is None or self.table.missing is not None:
            self._rows = []
        else:
            self._rows = ordered(matching(self.table, self.filter), self._sort, self._reverse)
        place = next((i for i, row in enumerate(self._rows) if row.key == self._key), None)
        self._index = min(self._index, max(0, len(self._rows) - 1)) if place is None else place
        if place is None and self.row is not None:
            self._key = self.row.key if self._index else None
        self._laid = None
        self._draw()

    def _draw(self) -> None:
        columns, rows = self.size
        if not columns or not rows:
            return
        if self.table is None:
            self.show(self._empty)
            return
        lines = [self._head(self.table, columns)]
        if self.table.missing is not None:
            lines += [
                line(("  " + t, "unknown")) for t in wrap(self.table.missing, columns - 4, rows)
            ]
        elif not self._rows:
            why = self.table.note or "none at this moment"
            why = f"no row holds {self.filter!r}" if self.filter else why
            lines += [line(("  " + t, "quiet")) for t in wrap(why, columns - 4, rows)]
        else:
            lines += self._note(self.table, columns, rows)
            self._above = len(lines) + 1
            lines += self._body(self.table, columns, rows - len(lines))
        self.show(lines[:rows])

    def _body(self, table: Table, columns: int, rows: int) -> list[Line]:
        now = table.observed_at + self._elapsed
        if self._laid is None or self._laid[0] != (columns, now):
            tree = self._sort is None and not self.filter
            branches = stems(self._rows, self.glyphs) if tree else [""] * len(self._rows)
            self._laid = (columns, now), layout(table, self._rows, columns, now), branches
        _, plan, branches = self._laid  # a key moves the cursor through rows that stay as they are
        room = max(1, rows - 1)
        self._top = min(max(self._top, self._index - room + 1), self._index)
        self._top = max(0, min(self._top, len(self._rows) - room))
        shown = self._rows[self._top : self._top + room]
        focused = self.has_focus
        return [
            head_line(plan, self._sort, self._reverse),
            *(
                row_line(
                    row,
                    plan,
                    self.glyphs,
                    stem=branches[self._top + i],
                    selected=focused and self._top + i == self._index,
                )
                for i, row in enumerate(shown)
            ),
        ]

    def _head(self, table: Table, columns: int) -> Line:
        start, seen = self._title(table)
        note = table.note or ""
        beside = note if cell_len(note) <= _beside(start, seen, columns) else ""
        return ends(start, (*line((f"{beside}   ", "quiet")), *seen), columns)

    def _note(self, table: Table, columns: int, rows: int) -> list[Line]:
        """A note too long to stand beside the title has lines of its own below, where the rows
        leave room for it, else one that is cut: a row's detail tells it whole."""
        start, seen = self._title(table)
        note = table.note or ""
        if cell_len(note) <= _beside(start, seen, columns):
            return []
        told = wrap(note, columns - 4, 3)
        if len(self._rows) + len(told) + 2 > rows:
            told = [cut(note, columns - 4)]
        return [line(("  " + t, "quiet")) for t in told]

    def _title(self, table: Table) -> tuple[Line, Line]:
        seconds = self._elapsed
        place = ""
        if self._rows:
            place = f"{self._index + 1} of {len(self._rows)}"
            if self.filter:
                place += f" (of {len(table.rows)}) with {self.filter!r}"
        old = self._stale or seconds > 3 * table.interval
        seen = f"stale, {age(seconds)} old " if old else f"{age(seconds)} old "
        return line((f" {table.title}  ", "strong"), (place, "quiet")), line(
            (seen, "unknown" if old else "quiet")
        )

    def _select(self, index: int) -> None:
        if not self._rows:
            return
        self._index = max(0, min(index, len(self._rows) - 1))
        # Who stands at the top stays there: what is worst comes there, whatever it was before.
        self._key = self._rows[self._index].key if self._index else None
        self._draw()
        self.post_message(self.Selected())

    def action_move(self, by: int) -> None:
        self._select(self._index + by)

    def action_page(self, by: int) -> None:
        self._select(self._index + by * max(1, self.size.height - self._above - 1))

    def action_open(self) -> None:
        if self.table is not None and self.row is not None:
            self.post_message(self.Opened(self.table, self.row))

    def action_sort(self) -> None:
        if self.table is not None:
            following = 0 if self._sort is None else self._sort + 1
            self._sort = following if following < len(self.table.columns) else None
            self._arrange()

    def action_reverse(self) -> None:
        self._reverse = not self._reverse
        self._arrange()

    def new_size(self) -> None:
        self._draw()

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._draw()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-3)

    def on_click(self, event: Click) -> None:
        self._select(self._top + event.y - self._above)


def _beside(start: Line, seen: Line, columns: int) -> int:
    """Columns that are left for a note between the title and the age."""
    return columns - width(start) - width(seen) - 4
