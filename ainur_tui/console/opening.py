"""What the visible tab asks for: to look closer, for older lines, for an errand in the log."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from ainur_tui.console.desktop import Desktop
from ainur_tui.console.draw import alerttable
from ainur_tui.console.draw.alarm import moment_of, undeclared
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.logwindow import Place
from ainur_tui.console.panels.alerts import AlertsPanel
from ainur_tui.console.panels.incidents import IncidentsPanel
from ainur_tui.console.panels.logs import LogsPanel
from ainur_tui.console.panels.overview import Findings, OverviewPanel
from ainur_tui.console.tabbing import Tabbed
from ainur_tui.console.widgets.logview import LogView
from ainur_tui.console.widgets.table import TableView

if TYPE_CHECKING:
    from ainur_tui.console.desks import Desks


class Opening(Tabbed):
    """An app that answers what its tabs send."""

    desks: Desks
    bell_wanted: bool
    rung: set[tuple[str, str, float]]
    """Alerts the terminal was rung for: name, target, since."""
    desktop: Desktop

    @abstractmethod
    def lead(self, work: Coroutine[Any, Any, None]) -> None:
        """Talk something over with the person: one thing at a time."""

    def on_findings_opened(self, message: Findings.Opened) -> None:
        self.desks.pages.target(message.target)

    def on_alerts_panel_sent(self, message: AlertsPanel.Sent) -> None:
        self.lead(self.desks.alerts().run(message.errand, message.alert))

    def on_table_view_opened(self, message: TableView.Opened) -> None:
        if isinstance(self.panel, AlertsPanel) and message.table.name == alerttable.NAME:
            self.lead(self.desks.alerts().run("detail", self.panel.alert))
            return
        self.desks.pages.row(message.table, message.row)

    def on_alerts_panel_rested(self) -> None:
        self.feed.ask_series()

    def on_log_view_opened(self, message: LogView.Opened) -> None:
        if isinstance(self.panel, LogsPanel):
            self.desks.pages.record(message.record, self.panel.follow)

    def on_log_view_more(self, message: LogView.More) -> None:
        self.feed.more(message.seq, older=message.older)

    def on_log_view_sought(self, message: LogView.Sought) -> None:
        self.lead(self.desks.log().seek(message))

    def on_logs_panel_sent(self, message: LogsPanel.Sent) -> None:
        self.lead(self.desks.log().run(message.errand))

    def on_incidents_panel_wanted(self) -> None:
        if isinstance(self.panel, IncidentsPanel):
            refresh = self.desks.incidents.refresh(self.panel)
            self.run_worker(refresh, group="incidents", exclusive=True, exit_on_error=False)

    def on_incidents_panel_sent(self, message: IncidentsPanel.Sent) -> None:
        if isinstance(self.panel, IncidentsPanel):
            self.lead(self.desks.incidents.run(message.wish, self.panel))

    def action_declare(self) -> None:
        """Declare an incident, from what is selected."""
        pointed = isinstance(self.panel, OverviewPanel | AlertsPanel)
        target = self.panel.selection().target
        self.lead(self.desks.incidents.declare(target, pointed=pointed))

    def ring(self, scene: Scene) -> None:
        """Sound the terminal once for a grave alert that nobody declared, and tell the desktop of
        it, where that is wanted."""
        alarms = {moment_of(alert) for alert in undeclared(scene)}
        if self.bell_wanted and alarms - self.rung:
            self.bell()
        there = {moment_of(alert) for alert in scene.view.alerts} if scene.view else self.rung
        self.rung = (self.rung & there) | alarms
        if self._driver is not None:
            self.desktop.tell(scene, self._driver.write)

    async def look_at_logs(self, at: float) -> None:
        """The lines about a moment (epoch seconds)."""
        await self.action_tab("Logs")
        if isinstance(self.panel, LogsPanel):
            self.panel.jump(Place(at))

    def on_logs_panel_query_changed(self) -> None:
        self.feed.look()
