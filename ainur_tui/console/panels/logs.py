"""Logs: the tail of every source in one stream, with a visible stack of filters."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from ainur_tui.console.draw import logbars
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import line
from ainur_tui.console.logsearch import Search, Unusable
from ainur_tui.console.logstack import Condition, Stack
from ainur_tui.console.logwindow import Place
from ainur_tui.console.panels.base import Selection
from ainur_tui.console.panels.logfind import FindingPanel
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.logview import LogView
from ainur_tui.model.log import LEVELS, LogLine
from ainur_tui.model.logquery import FilterKind, LogCounts, LogFilter, LogPage, LogQuery
from ainur_tui.model.units import clock

LIMIT = 400
"""Records of a page."""

Errand = Literal["time", "new", "books", "keep", "filters", "in", "out"]
"""What takes a dialog."""


class LogsPanel(FindingPanel):
    """The engine filters and keeps the lines; this panel asks for a window of them."""

    title: ClassVar[str] = "Logs"
    key: ClassVar[str] = "5"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "errand('filters')", "Filters…", id="logs.filters",
                tooltip="the stack: 1-9 on and off, take away, add words, fields, times"),
        Binding("F", "clear", "No filters", show=False, id="logs.clear",
                tooltip="every filter away; Esc brings them back"),
        Binding("v", "level", "Level", id="logs.level",
                tooltip="only this level and above: all, info, warn, error, fatal"),
        Binding("c", "log_class", "Class", id="logs.class",
                tooltip="only one class of errors: database, storage, WASM, authentication"),
        Binding("t", "source", "Source", id="logs.source", tooltip="only one source"),
        Binding("T", "errand('time')", "Time…", id="logs.time", tooltip="go to a moment"),
        Binding("D", "errand('new')", "New", id="logs.new",
                tooltip="what is said now and was not in the last good hour"),
        Binding("plus", "errand('in')", "Only these…", show=False, id="logs.in",
                tooltip="only records with a value of this one"),
        Binding("minus", "errand('out')", "Not these…", show=False, id="logs.out",
                tooltip="no records with a value of this one"),
        Binding("B", "errand('books')", "Bookmarks", show=False, id="logs.books",
                tooltip="the bookmarks, to go to one"),
        Binding("X", "errand('keep')", "Keep…", show=False, id="logs.keep",
                tooltip="the selection, or all that is here: to a file, or frozen as evidence"),
    ]  # fmt: skip

    class QueryChanged(Message):
        """Another window of lines is wanted."""

    class Sent(Message):
        """Something that takes a dialog is wanted."""

        def __init__(self, errand: Errand) -> None:
            super().__init__()
            self.errand: Errand = errand

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.stack = Stack()
        self.counts: LogCounts | None = None
        self._place: Place | None = None
        self._today = ""
        self._sources: list[str] = []
        self._targets: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield LinesView(glyphs=self.glyphs, classes="sources")
        yield LinesView(glyphs=self.glyphs, classes="classes")
        yield LinesView(glyphs=self.glyphs, classes="filters")
        yield LogView(glyphs=self.glyphs)

    @property
    def query_now(self) -> LogQuery:
        """What is asked of the engine."""
        return self.stack.query(LIMIT)

    @property
    def place(self) -> Place | None:
        """Where the next page is to be; ``None`` is the end."""
        return self._place or self.view.window.place

    def show_scene(self, scene: Scene) -> None:
        sources = scene.view.logs if scene.view else []
        self._sources = [source.name for source in sources]
        self._targets = {source.name: source.target for source in sources}
        self._today = clock(scene.now, date=True)[:10]
        view = self.query_one(".sources", LinesView)
        drawn = logbars.sources_line(sources, scene.now, view.size.width)
        if scene.lost is not None:
            drawn = line((" the engine does not answer: no new lines", "unknown"))
        elif scene.view is not None and not sources:
            drawn = line((" no log source is configured: fly, postgres.log_file or node.unit",
                          "quiet"))  # fmt: skip
        view.show([drawn])
        self.show_bars()

    def show_bars(self) -> None:
        bar = self.query_one(".classes", LinesView)
        chosen = self.stack.value("class")
        bar.show([logbars.classes_line(self.counts, chosen, bar.size.width, self.glyphs)])
        self._show_filters()

    def _show_filters(self) -> None:
        bar, window = self.query_one(".filters", LinesView), self.view.window
        bar.show([logbars.chips_line(
            self.stack, following=window.following, waiting=window.waiting, note=self.note(),
            columns=bar.size.width, day=self._day(),
        )])  # fmt: skip

    def _day(self) -> str:
        """The day of the record one stands at, where that is not today: rows tell hours only."""
        place = self.view.window.place
        day = clock(place.at, date=True)[:10] if place is not None else ""
        return day if day != self._today else ""

    def show_counts(self, counts: LogCounts) -> None:
        """The newest counts of the classes."""
        self.counts = counts
        self.show_bars()

    def on_log_view_behind(self) -> None:
        self.post_message(self.QueryChanged())

    def on_log_view_moved(self) -> None:
        self.told = ""
        self._show_filters()

    def on_log_view_elsewhere(self, message: LogView.Elsewhere) -> None:
        self.jump(message.place)

    def start(self, page: LogPage, place: Place | None = None, problem: str = "") -> None:
        """Show the first page of a new window, or why there is none."""
        why = "no line passes these filters (f shows them, Esc drops the newest)"
        self._place = None
        self.view.shown = [Search(words) for words in _texts(self.stack)] if not problem else []
        self.view.start(page, problem or (why if self.stack.chips else "no line yet"), place)

    def append(self, page: LogPage) -> None:
        """Show lines that just arrived."""
        self.view.append(page)
        self._show_filters()

    def change(self, stack: Stack) -> None:
        """Filter otherwise. Who reads stays where they are."""
        self.stack, self.told = stack, ""
        self.show_bars()
        self.post_message(self.QueryChanged())

    def follow(self, wish: Literal["everywhere", "in", "out"], what: Condition) -> None:
        """What was wanted of a value: that alone in all sources, or one filter more."""
        self.change(self.stack.everywhere(what) if wish == "everywhere" else self.stack.add(what))

    def jump(self, place: Place) -> None:
        """Stand at a place, which is asked for."""
        self._place = place
        self.post_message(self.QueryChanged())

    def action_errand(self, errand: Errand) -> None:
        self.post_message(self.Sent(errand))

    def _cycle(self, kind: FilterKind, values: list[str]) -> None:
        steps = [None, *values]
        now = self.stack.value(kind)
        place = steps.index(now) if now in steps else -1
        self.change(self.stack.choose(kind, steps[(place + 1) % len(steps)]))

    def action_level(self) -> None:
        self._cycle("min-level", list(LEVELS[1:]))

    def action_log_class(self) -> None:
        self._cycle("class", list(logbars.CLASSES))

    def action_source(self) -> None:
        self._cycle("source", self._sources)

    def action_clear(self) -> None:
        if self.stack.chips:
            self.change(Stack(before=self.stack))

    def set_filter(self, words: str) -> None:
        if not words:
            return
        try:
            Search(words)
        except Unusable as error:
            self.tell(str(error))
            return
        self.change(self.stack.add(LogFilter(kind="text", value=words)))

    def drop_filter(self) -> None:
        if self.stack.chips or self.stack.before is not None:
            self.change(self.stack.back())

    def selection(self) -> Selection:
        record = self.view.record
        if record is None:
            return Selection()
        if isinstance(record, LogLine) and record.machine and record.source == "api":
            return Selection(f"api/machine/{record.machine}")
        return Selection(self._targets.get(record.source))

    @property
    def first(self) -> LogView:
        return self.view


def _texts(stack: Stack) -> list[str]:
    """The expressions of filters that are on, to show where they are found."""
    found: list[str] = []
    for chip in stack.chips:
        what = chip.what
        if chip.on and isinstance(what, LogFilter) and not what.out and what.kind == "text":
            found.append(what.value)
    return found
