"""The log itself: follows, pauses when one scrolls, marks what is found, booked and selected."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.message import Message

from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.logwindow import Place, Record, Test, moment
from ainur_tui.console.widgets.logrows import LogRows
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogPage

Kind = Literal["match", "error"]


class LogView(LogRows, can_focus=True):
    """Moves in a window of records. The engine filters; what is not here is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="logs.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="logs.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="logs.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="logs.page-up"),
        Binding("g,home", "move(-1000000)", "Oldest", show=False, id="logs.first",
                tooltip="to the top; once more for what is older"),
        Binding("G,end", "follow", "Follow", id="logs.follow", tooltip="to the end, and follow"),
        Binding("space", "pause", "Pause", id="logs.pause", show=False,
                tooltip="pause or follow again"),
        Binding("enter", "open", "Fields", id="logs.open",
                tooltip="all of a record; there Enter follows a value everywhere"),
        Binding("e", "seek('error',1)", "Error", id="logs.next-error",
                tooltip="to the next error or fatal record"),
        Binding("E", "seek('error',-1)", "Error before", id="logs.error-before",
                tooltip="to the error before this record"),
        Binding("n", "seek('match',1)", "Next match", show=False, id="logs.next-match",
                tooltip="to the next record that holds what is searched"),
        Binding("N", "seek('match',-1)", "Match before", show=False, id="logs.match-before",
                tooltip="to the match before this record"),
        Binding("M", "book", "Bookmark", show=False, id="logs.book",
                tooltip="set a bookmark here, or take it away"),
        Binding("apostrophe", "next_book", "Next bookmark", show=False, id="logs.next-book",
                tooltip="to the next bookmark, from the last one to the first"),
        Binding("V", "select", "Select", show=False, id="logs.select",
                tooltip="select records from here to where one goes; X keeps them"),
        Binding("W", "wrap", "Wrap", show=False, id="logs.wrap",
                tooltip="long records over several rows, or cut"),
        Binding("C", "columns", "Columns", show=False, id="logs.columns",
                tooltip="source, level and class in columns, or the words alone"),
    ]  # fmt: skip

    class Opened(Message):
        """A record was opened."""

        def __init__(self, record: Record) -> None:
            super().__init__()
            self.record = record

    class More(Message):
        """The edge was reached: records before or after ``seq`` are wanted."""

        def __init__(self, seq: int, *, older: bool) -> None:
            super().__init__()
            self.seq = seq
            self.older = older

    class Sought(Message):
        """What is sought is not in the window (any more) on that side."""

        def __init__(self, what: Kind, step: int) -> None:
            super().__init__()
            self.what: Kind = what
            self.step = step

    class Elsewhere(Message):
        """A place that is not in the window is wanted."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    class Behind(Message):
        """The newest records are wanted: some went by unseen."""

    class Moved(Message):
        """The place or the following changed."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Moved)

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self._asked: tuple[int, bool] | None = None

    def start(self, page: LogPage, why_empty: str, place: Place | None = None) -> None:
        """Begin again with a page, at its end or at a place in it."""
        self.window.start(page, place)
        self.why_empty = why_empty
        self._asked = None
        self._top = self.window.index - self.size.height // 2 if place else 0
        self.draw()
        self.post_message(self.Moved())

    def append(self, page: LogPage) -> None:
        """New records at the end; a view that is read stays where it is and counts them."""
        self._top -= self.window.append(page)
        self.draw()

    def more(self, page: LogPage, *, older: bool) -> None:
        """Records beyond an edge; the selected one stays selected, and where it is."""
        self._top += self.window.prepend(page) if older else -self.window.extend(page)
        self.draw()

    @property
    def record(self) -> Record | None:
        """The selected record."""
        return self.window.record

    def go(self, index: int) -> None:
        """Select a record; beyond the edges are others that can be asked for."""
        window = self.window
        if not window.records:
            return
        if index > window.index and window.following:
            return  # there is nothing below the end
        edge, older = window.records[0 if index <= 0 else -1].seq, index <= 0
        beyond = older or (window.behind and index >= len(window.records) - 1)
        window.go(index)
        if beyond and self._asked != (edge, older):
            self._asked = (edge, older)
            self.post_message(self.More(edge, older=older))
        self.draw()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        self.go(self.window.index + by)

    def action_page(self, by: int) -> None:
        self.go(self.window.index + by * max(1, self.size.height - 1))

    def action_follow(self) -> None:
        if self.window.follow():
            self.post_message(self.Behind())
        self.draw()
        self.post_message(self.Moved())

    def action_pause(self) -> None:
        if self.window.following:
            self.go(self.window.index)
        else:
            self.action_follow()

    def action_seek(self, what: Kind, step: int) -> None:
        """To the next record of that kind, here or, where there is none, in all there are."""
        if what == "match" and self.search is None:
            self.post_message(self.Sought(what, step))
            return
        test: Test = is_error if self.search is None or what == "error" else self.search.holds
        index = self.window.find(test, step)
        if index is None:
            self.post_message(self.Sought(what, step))
        else:
            self.go(index)

    def action_open(self) -> None:
        if self.record is not None:
            self.post_message(self.Opened(self.record))

    def action_book(self) -> None:
        record = self.record
        if not isinstance(record, LogLine):
            self.app.bell()
        elif self.books.pop(record.seq, None) is None:
            self.books[record.seq] = record
        self.draw()

    def action_next_book(self) -> None:
        record = self.record
        found = sorted(self.books.values(), key=lambda one: (one.at, one.seq))
        if record is None or not found:
            self.app.bell()
            return
        at = (moment(record), record.seq)
        self.to(next((one for one in found if (one.at, one.seq) > at), found[0]))

    def to(self, record: LogLine) -> None:
        """Stand at a record, which may have to be asked for."""
        index = self.window.find_seq(record.seq)
        if index is None:
            self.post_message(self.Elsewhere(Place(record.at, record.seq)))
        else:
            self.go(index)

    def action_select(self) -> None:
        record, window = self.record, self.window
        if record is None:
            return
        window.anchor = None if window.anchor is not None else record.seq
        self.go(window.index)

    def action_wrap(self) -> None:
        self.wrapped = not self.wrapped
        self.draw()

    def action_columns(self) -> None:
        self.heads = not self.heads
        self.draw()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-3)


def is_error(record: Record) -> bool:
    """Whether a record tells of an error, or worse."""
    return isinstance(record, LogLine) and record.level in {"error", "fatal"}
