"""The tail of the logs: follows, pauses when one scrolls up, counts what arrives meanwhile."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.draw.loglines import record_line
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.wire import LogPage

KEPT = 5000
"""Records held by the console; older ones are asked of the engine when scrolled to."""

Record = LogLine | LogGap


class LogView(LinesView, can_focus=True):
    """Holds a window of records in order of arrival. The engine filters; this only shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="logs.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="logs.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="logs.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="logs.page-up"),
        Binding("g,home", "move(-1000000)", "Oldest", show=False, id="logs.first"),
        Binding("G,end", "follow", "Follow", id="logs.follow", tooltip="to the end, and follow"),
        Binding("space", "pause", "Pause", id="logs.pause", tooltip="pause or follow again"),
        Binding("n", "error(1)", "Next error", id="logs.next-error",
                tooltip="to the next error or fatal record"),
        Binding("N", "error(-1)", "Error before", show=False, id="logs.error-before",
                tooltip="to the error before this record"),
        Binding("enter", "open", "Detail", id="logs.open"),
    ]  # fmt: skip

    class Opened(Message):
        """A record was opened."""

        def __init__(self, record: Record) -> None:
            super().__init__()
            self.record = record

    class Older(Message):
        """The top was reached: records before ``seq`` are wanted."""

        def __init__(self, seq: int) -> None:
            super().__init__()
            self.seq = seq

    class Behind(Message):
        """The newest records are wanted: some went by unseen."""

    class Moved(Message):
        """The place or the following changed."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Moved)

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self._records: list[Record] = []
        self._index = 0
        self._top = 0
        self.following = True
        self.waiting = 0
        self.words = ""
        self.why_empty = "asking the engine …"
        self._asked_before: int | None = None
        self._behind = False
        """Whether records went by while one was reading: following starts with a new page."""

    def replace(self, page: LogPage, why_empty: str) -> None:
        """Start again with a page (a filter has changed)."""
        self._records = _merged(page)
        self.why_empty = why_empty
        self._asked_before, self._behind = None, False
        self.action_follow()

    def append(self, page: LogPage) -> None:
        """New records at the end; a paused view stays where it is and counts them."""
        fresh = _merged(page)
        if self.following:
            self._records = (self._records + fresh)[-KEPT:]
            self._index = len(self._records) - 1
        else:
            self.waiting += len(fresh)
            self._behind = self._behind or len(self._records) + len(fresh) > KEPT
            if not self._behind:
                self._records += fresh
        self._draw()

    def prepend(self, page: LogPage) -> None:
        """Older records above; the selected one stays selected."""
        older = _merged(page)
        self._records[:0] = older
        self._index += len(older)
        self._top += len(older)
        self._draw()

    @property
    def record(self) -> Record | None:
        """The selected record."""
        return self._records[self._index] if self._records else None

    def _draw(self) -> None:
        columns, rows = self.size
        if not columns or not rows:
            return
        if not self._records:
            self.show([line(("  " + self.why_empty, "quiet"))])
            return
        if self.following:
            self._top = max(0, len(self._records) - rows)
        self._top = min(max(self._top, self._index - rows + 1), self._index)
        shown = self._records[self._top : self._top + rows]
        self.show([self._line(self._top + i, record) for i, record in enumerate(shown)])

    def _line(self, index: int, record: Record) -> Line:
        here = index == self._index and not self.following
        return record_line(
            record, self.size.width, words=self.words, wide=self.size.width >= 70,
            marker=self.glyphs.cursor if here else " ",
        )  # fmt: skip

    def _go(self, index: int) -> None:
        if not self._records:
            return
        self._index = max(0, min(index, len(self._records) - 1))
        self.following = False
        if self._index == 0 and self._asked_before != self._records[0].seq:
            self._asked_before = self._records[0].seq
            self.post_message(self.Older(self._records[0].seq))
        self._draw()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        self._go(self._index + by)

    def action_page(self, by: int) -> None:
        self._go(self._index + by * max(1, self.size.height - 1))

    def action_follow(self) -> None:
        self.following, self.waiting = True, 0
        if self._behind:
            self.post_message(self.Behind())
        self._index = max(0, len(self._records) - 1)
        self._draw()
        self.post_message(self.Moved())

    def action_pause(self) -> None:
        if self.following:
            self._go(self._index)
        else:
            self.action_follow()

    def action_error(self, step: int) -> None:
        index = self._index + step
        while 0 <= index < len(self._records):
            record = self._records[index]
            if isinstance(record, LogLine) and record.level in {"error", "fatal"}:
                self._go(index)
                return
            index += step
        self.app.bell()

    def action_open(self) -> None:
        if self.record is not None:
            self.post_message(self.Opened(self.record))

    def new_size(self) -> None:
        self._draw()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-3)


def _merged(page: LogPage) -> list[Record]:
    """Lines and gaps in one order."""
    records: list[Record] = [*page.lines, *page.gaps]
    if page.gaps:
        records.sort(key=lambda record: record.seq)
    return records
