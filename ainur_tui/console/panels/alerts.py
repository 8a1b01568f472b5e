"""Alerts: what fires, folded under its cause, who is on it, and what nobody is called for."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from ainur_tui.console.draw import alerts as draw
from ainur_tui.console.draw.alerttable import Rows, key_of
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import line
from ainur_tui.console.panels.base import Panel, Selection, Wanted
from ainur_tui.console.widgets.bare import Across
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.alert import Alert

ROOMY = 24
"""Lines from which on the selected alert is shown under the list."""
CHART = 12
"""Lines of its chart."""
REST = 0.25
"""Seconds without a key after which a selection rests."""


class AlertsPanel(Panel):
    """One line a cause, worst first; ``f`` shows what it drags along."""

    title = "Alerts"
    key = "6"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "send('ack')", "Acknowledge…", id="alerts.ack",
                tooltip="you are on it: nobody else is called for it"),
        Binding("S", "send('silence')", "Silence…", id="alerts.silence",
                tooltip="call nobody for it until a moment; it shows what that would mute"),
        Binding("f", "unfold", "Unfold", id="alerts.unfold",
                tooltip="show or hide what is told by this line"),
        Binding("F", "unfold_all", "Unfold all", show=False, id="alerts.unfold-all",
                tooltip="show or hide what is told by every line"),
        Binding("i", "send('inventory')", "Inventory", id="alerts.inventory",
                tooltip="every rule, silence and delivery"),
        Binding("D", "send('doctor')", "Doctor", id="alerts.doctor",
                tooltip="rules that cannot fire or compare unlike things; t tests one on the past"),
        Binding("Q", "app.record('queries')", "PromQL", show=False, id="alerts.queries",
                tooltip="the guide's PromQL queries and yours: value, chart, age"),
    ]  # fmt: skip

    class Sent(Message):
        """Something is wanted, of this alert where it needs one."""

        def __init__(self, errand: str, alert: Alert | None) -> None:
            super().__init__()
            self.errand = errand
            self.alert = alert

    class Rested(Message):
        """Another alert is looked at."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._resting: Timer | None = None
        self._drawn: object = None
        self._scene: Scene | None = None
        self._opened: set[str] = set()
        self._rows = Rows()

    def compose(self) -> ComposeResult:
        yield LinesView(glyphs=self.glyphs, classes="stack")
        yield TableView(glyphs=self.glyphs)
        with Across(id="alert-beside"):
            yield LinesView(glyphs=self.glyphs, id="alert-facts")
            yield LinesView(glyphs=self.glyphs, classes="chart")

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        view = self.query_one(".stack", LinesView)
        view.show([draw.heading(scene, view.size.width)])
        self.query_one(TableView).show_table(
            self._rows.table(scene, self._opened),
            empty=[line(("  asking the engine …", "quiet"))],
            elapsed=scene.elapsed, stale=scene.lost is not None,
        )  # fmt: skip
        self._show_beside(scene)

    def _show_beside(self, scene: Scene) -> None:
        """The selected alert under the list, where the terminal has the room: once a second, for
        in a storm of alerts it would be drawn for each."""
        part, table = self.query_one("#alert-beside"), self.query_one(TableView)
        alert = self.alert if self.size.height >= ROOMY else None
        part.display = alert is not None
        needed = len(table.table.rows) + 3 if table.table and alert else 0
        table.styles.height = min(needed, self.size.height // 2) if needed else "1fr"
        if alert is None:
            return
        facts, chart = part.query(LinesView)
        drawn = key_of(alert), alert.state, int(scene.now), facts.size
        if drawn == self._drawn:
            return
        self._drawn = drawn
        one = next(one for one in scene.folds if alert is one.root or alert in one.under)
        facts.show(draw.beside(one, alert, scene, *facts.size))
        columns, rows = chart.size
        if columns:
            chart.show(draw.value_chart(alert, scene, columns, min(rows, CHART)))

    def wanted(self, scene: Scene) -> list[Wanted]:
        alert = self.alert
        if alert is None or not self.query_one("#alert-beside").display:
            return []
        return [(alert.target, alert.signal)] if scene.signal(alert.target, alert.signal) else []

    def on_table_view_selected(self, message: TableView.Selected) -> None:
        """The selected one is drawn when the selection rests: keys are not kept waiting by it."""
        message.stop()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._rested)

    def _rested(self) -> None:
        if self._scene is not None:
            self._show_beside(self._scene)
        self.post_message(self.Rested())

    @property
    def alert(self) -> Alert | None:
        """The selected alert."""
        row = self.query_one(TableView).row
        alerts = self._scene.view.alerts if self._scene and self._scene.view else []
        return next((a for a in alerts if row is not None and key_of(a) == row.key), None)

    def action_send(self, errand: str) -> None:
        self.post_message(self.Sent(errand, self.alert))

    def action_unfold(self) -> None:
        """The line itself, or that of the symptom that is selected."""
        chosen = self.alert
        if chosen is None or self._scene is None:
            return
        for one in self._scene.folds:
            if chosen is one.root or chosen in one.under:
                self._opened ^= {key_of(one.root)}
        self.show_scene(self._scene)

    def action_unfold_all(self) -> None:
        """Every line that tells of others, or none of them."""
        if self._scene is None:
            return
        every = {key_of(one.root) for one in self._scene.folds if one.under}
        self._opened = set() if self._opened & every else every
        self.show_scene(self._scene)

    def selection(self) -> Selection:
        row = self.query_one(TableView).row
        return Selection(row.target if row is not None else None)

    def set_filter(self, words: str) -> None:
        self.query_one(TableView).set_filter(words)

    @property
    def first(self) -> TableView:
        return self.query_one(TableView)
