"""Which tabs exist, in the order of their keys."""

from __future__ import annotations

from ainur_tui.console.panels.alerts import AlertsPanel
from ainur_tui.console.panels.backups import BackupsPanel
from ainur_tui.console.panels.base import Panel
from ainur_tui.console.panels.database import DatabasePanel
from ainur_tui.console.panels.incidents import IncidentsPanel
from ainur_tui.console.panels.logs import LogsPanel
from ainur_tui.console.panels.node import NodePanel
from ainur_tui.console.panels.overview import OverviewPanel
from ainur_tui.console.panels.services import ServicesPanel

PANELS: tuple[type[Panel], ...] = (
    OverviewPanel,
    ServicesPanel,
    DatabasePanel,
    NodePanel,
    LogsPanel,
    AlertsPanel,
    IncidentsPanel,
    BackupsPanel,
)
