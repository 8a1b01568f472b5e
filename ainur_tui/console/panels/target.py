"""The common shape of the tabs about targets: banner, signals, charts, and a stack of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.draw import target as draw
from ainur_tui.console.draw.others import others, short
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, ends, fit, line, width
from ainur_tui.console.draw.values import Named
from ainur_tui.console.panels.base import Panel, Selection, Wanted
from ainur_tui.console.widgets.bare import Across
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.table import Table

ROOMY = 15
"""Rows from which on a sentence may take two lines."""
_EDGES = 5
"""Columns for what tells that there are more tables at either side."""


class TargetPanel(Panel):
    """A tab is this class with its lists filled in."""

    targets: ClassVar[tuple[str, ...]]
    """Shown in the banner; the first is what actions act on when nothing is selected."""
    signals: ClassVar[tuple[Named, ...]]
    charts: ClassVar[tuple[Wanted, ...]]
    words: ClassVar[Mapping[str, str]] = {}
    """What a table is called above it, where that is not its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tables", "Tables…", id="panel.tables",
                tooltip="choose one of this tab's tables by typing its name"),
        Binding("right,l,tab", "table(1)", "Next table", show=False, id="panel.next-table",
                tooltip="show the next table of this tab"),
        Binding("left,h,shift+tab", "table(-1)", "Table before", show=False,
                id="panel.table-before", tooltip="show the table before"),
    ]  # fmt: skip

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)  # type: ignore[arg-type]
        pairs = [(target, signal) for _, target, signal in cls.signals]
        cls.series = tuple(dict.fromkeys([*pairs, *cls.charts]))

    def compose(self) -> ComposeResult:
        self._shown = 0
        self._scene: Scene | None = None
        yield LinesView(glyphs=self.glyphs, classes="banner")
        with Across(classes="measures"):
            yield LinesView(glyphs=self.glyphs, classes="signals")
            for _ in self.charts:
                yield LinesView(glyphs=self.glyphs, classes="chart")
        yield LinesView(glyphs=self.glyphs, classes="stack")
        yield TableView(glyphs=self.glyphs)

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        view = self.query_one(".banner", LinesView)
        head = self.head(scene, self.size.width)
        view.styles.height = len(head)
        view.show(head)
        view = self.query_one(".signals", LinesView)
        view.show(draw.signals(self.signals, scene, *view.size))
        for view, (target, name) in zip(
            self.query(".chart").results(LinesView), self.charts, strict=True
        ):
            if view.size.width:
                view.show(draw.signal_chart(target, name, scene, *view.size))
        self.query_one(".stack", LinesView).show([self._stack(scene)])
        self._show_table(scene)

    def head(self, scene: Scene, columns: int) -> list[Line]:
        """What stands first: how its targets are. One alone may take a second line, where there is
        room for it: the end of the sentence is what to do about it."""
        roomy = len(self.targets) == 1 and self.size.height >= ROOMY
        return draw.banner(self.targets, scene, columns, 2 if roomy else 1)

    def table(self, scene: Scene, name: str) -> Table | None:
        """One of the tab's tables as it is shown."""
        return scene.view.table(name) if scene.view else None

    def _show_table(self, scene: Scene) -> None:
        table = self.table(scene, self.tables[self._shown])
        elapsed = scene.elapsed
        if table is not None and scene.view is not None:
            elapsed += max(0.0, scene.view.at - table.observed_at)
        self.query_one(TableView).show_table(
            table, empty=self._empty(scene), elapsed=elapsed, stale=self._stale(scene, table)
        )

    def _stale(self, scene: Scene, table: Table | None) -> bool:
        """Whether the rows are of a time that is over: no engine tells, or its target went down
        since they were read."""
        if scene.lost is not None or table is None:
            return scene.lost is not None
        home = scene.target(table.target)
        down = home.since if home is not None and home.state == "down" else None
        return down is not None and table.observed_at < down

    def _empty(self, scene: Scene) -> list[Line]:
        """Why there is no table: the four reasons read differently."""
        home = scene.target(self.targets[0])
        if scene.view is None:
            return [line(("  asking the engine …", "quiet"))]
        if home is None:
            return [line(("  nothing to list: it is not configured", "quiet"))]
        probe = next((p for p in scene.view.probes if p.target == home.name and p.problem), None)
        if probe is not None:
            return [line(("  could not be read: ", "warn"), (probe.problem or "", "text"))]
        return [line(("  not read yet", "quiet"))]

    def _stack(self, scene: Scene) -> Line:
        """The tables of this tab, the shown one always among them; at the right, the others."""
        there = others(scene)
        end = line((" with " + ", ".join(map(short, there)) + " ", "accent")) if there else EMPTY
        end = fit(end, self.size.width * 2 // 5)
        room = self.size.width - width(end) - 1
        parts = [self._tab(scene, index) for index in range(len(self.tables))]
        first, last = 0, self._shown + 1
        while first < self._shown and sum(map(width, parts[first:last])) > room - _EDGES:
            first += 1
        while last < len(parts) and sum(map(width, parts[first : last + 1])) <= room - _EDGES:
            last += 1
        spans = (span for part in parts[first:last] for span in part)
        start: Line = (("‹" if first else " ", "quiet"), *spans)
        more = line((f"+{len(parts) - last}›", "quiet")) if last < len(parts) else EMPTY
        return ends((*fit(start, room - width(more)), *more), end, self.size.width)

    def _tab(self, scene: Scene, index: int) -> Line:
        table = scene.view.table(self.tables[index]) if scene.view else None
        words = self._word(index)
        count = "" if table is None or table.missing else f" {len(table.rows)}"
        if index == self._shown:
            return line((f"[{words}{count}]", "cursor"), (" ", "text"))
        return line((f" {words}{count} ", "quiet"), (" ", "text"))

    def _word(self, index: int) -> str:
        name = self.tables[index]
        return self.words.get(name) or name.partition(".")[2] or name

    def action_table(self, by: int) -> None:
        self._show((self._shown + by) % len(self.tables))

    def action_tables(self) -> None:
        """Which table, by typing: there may be more of them than the strip has room for."""
        scene = self._scene
        choices = []
        for index, name in enumerate(self.tables):
            table = self.table(scene, name) if scene else None
            told = "not read yet" if table is None else table.missing or _told(table)
            choices.append(Choice(self._word(index), told, index))
        self.app.push_screen(ChooseDialog("Tables", choices, self.glyphs), self._show)

    def _show(self, index: int | None) -> None:
        if index is None:
            return
        self._shown = index
        if self._scene is not None:
            self.show_scene(self._scene)

    def selection(self) -> Selection:
        row = self.query_one(TableView).row
        if row is None:
            return Selection(self.targets[0])
        return Selection(row.target or self.targets[0], row.params)

    def set_filter(self, words: str) -> None:
        self.query_one(TableView).set_filter(words)

    @property
    def first(self) -> TableView:
        return self.query_one(TableView)


def _told(table: Table) -> str:
    many = f"{len(table.rows)} row{'' if len(table.rows) == 1 else 's'}"
    return f"{table.title}: {many}"
