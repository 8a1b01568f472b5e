"""Logs: the tail of every source in one stream, with a visible stack of filters."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.loglines import filters_line, sources_line
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import line
from ainur_tui.console.panels.base import Panel, Selection
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.logview import LogView
from ainur_tui.model.log import LEVELS, LogLine
from ainur_tui.model.wire import LogPage, LogQuery

CLASSES = ("db-timeout", "storage-failure", "wasm-timeout", "auth-failure")


class LogsPanel(Panel):
    """The engine filters and keeps the lines; this panel asks for a window of them."""

    title: ClassVar[str] = "Logs"
    key: ClassVar[str] = "5"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "level", "Level", id="logs.level",
                tooltip="only this level and above: all, info, warn, error, fatal"),
        Binding("c", "log_class", "Class", id="logs.class",
                tooltip="only one class of errors: database, storage, WASM, authentication"),
        Binding("t", "source", "Source", id="logs.source", tooltip="only one source"),
        Binding("x", "clear", "Clear filters", id="logs.clear"),
    ]  # fmt: skip

    class QueryChanged(Message):
        """Another window of lines is wanted."""

        def __init__(self, query: LogQuery) -> None:
            super().__init__()
            self.query = query

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.query_now = LogQuery(limit=400)
        self._sources: list[str] = []
        self._targets: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield LinesView(glyphs=self.glyphs, classes="sources")
        yield LinesView(glyphs=self.glyphs, classes="filters")
        yield LogView(glyphs=self.glyphs)

    def show_scene(self, scene: Scene) -> None:
        sources = scene.view.logs if scene.view else []
        self._sources = [source.name for source in sources]
        self._targets = {source.name: source.target for source in sources}
        view = self.query_one(".sources", LinesView)
        if scene.lost is not None:
            view.show([line((" the engine does not answer: no new lines", "unknown"))])
        elif scene.view is not None and not sources:
            view.show(
                [
                    line(
                        (
                            " no log source is configured: fly, postgres.log_file or node.unit",
                            "quiet",
                        )
                    )
                ]
            )
        else:
            view.show([sources_line(sources, scene.now, view.size.width)])
        self._show_filters()

    def _show_filters(self) -> None:
        view = self.query_one(".filters", LinesView)
        log = self.query_one(LogView)
        view.show([filters_line(self.query_now, following=log.following, waiting=log.waiting,
                                columns=view.size.width)])  # fmt: skip

    def on_log_view_behind(self) -> None:
        self.post_message(self.QueryChanged(self.query_now))

    def on_log_view_moved(self) -> None:
        self._show_filters()

    def start(self, page: LogPage, problem: str = "") -> None:
        """Show the first page of a new window, or why there is none."""
        filtered = self.query_now != LogQuery(limit=self.query_now.limit)
        why = "no line passes these filters (x clears them)" if filtered else "no line yet"
        log = self.query_one(LogView)
        log.words = self.query_now.pattern or ""
        log.replace(page, problem or why)

    def append(self, page: LogPage) -> None:
        """Show lines that just arrived."""
        self.query_one(LogView).append(page)
        self._show_filters()

    def prepend(self, page: LogPage) -> None:
        """Show older lines above."""
        self.query_one(LogView).prepend(page)

    def _ask(self, **changes: object) -> None:
        self.query_now = msgspec.structs.replace(self.query_now, **changes)
        self._show_filters()
        self.post_message(self.QueryChanged(self.query_now))

    def action_level(self) -> None:
        steps = [None, *LEVELS[1:]]
        now = steps.index(self.query_now.min_level)  # type: ignore[arg-type]
        self._ask(min_level=steps[(now + 1) % len(steps)])

    def action_log_class(self) -> None:
        steps = [None, *CLASSES]
        self._ask(log_class=steps[(steps.index(self.query_now.log_class) + 1) % len(steps)])

    def action_source(self) -> None:
        steps: list[str | None] = [None, *self._sources]
        now = self.query_now.sources[0] if self.query_now.sources else None
        following = steps[(steps.index(now) + 1) % len(steps)] if now in steps else None
        self._ask(sources=[following] if following else [])

    def action_clear(self) -> None:
        self.query_now = LogQuery(limit=self.query_now.limit)
        self._ask()

    def set_filter(self, words: str) -> None:
        self._ask(pattern=words or None)

    def selection(self) -> Selection:
        record = self.query_one(LogView).record
        if record is None:
            return Selection()
        if isinstance(record, LogLine) and record.machine and record.source == "api":
            return Selection(f"api/machine/{record.machine}")
        return Selection(self._targets.get(record.source))

    @property
    def first(self) -> LogView:
        return self.query_one(LogView)
