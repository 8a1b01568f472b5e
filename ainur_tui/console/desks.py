"""Who does what a person asks for; none is made before it is needed, so the first paint pays for
none of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ainur_tui.console.panels.logs import LogsPanel

if TYPE_CHECKING:
    from ainur_tui.console.alertdesk import AlertDesk
    from ainur_tui.console.app import AinurApp
    from ainur_tui.console.incidents import IncidentDesk
    from ainur_tui.console.logdesk import LogDesk
    from ainur_tui.console.operations import Operations
    from ainur_tui.console.pages import Pages
    from ainur_tui.console.playbooks import Playbooks
    from ainur_tui.console.runs import Runs


class Desks:
    """The desks of one console."""

    def __init__(self, app: AinurApp) -> None:
        self._app = app

    @cached_property
    def operations(self) -> Operations:
        """Actions and their dialogs."""
        from ainur_tui.console.operations import Operations

        return Operations(self._app)

    @cached_property
    def runs(self) -> Runs:
        """What goes on or has ended, and what can be done about it."""
        from ainur_tui.console.runs import Runs

        return Runs(self._app)

    @cached_property
    def incidents(self) -> IncidentDesk:
        """What is done about incidents."""
        from ainur_tui.console.incidents import IncidentDesk

        return IncidentDesk(self._app)

    @cached_property
    def playbooks(self) -> Playbooks:
        """From a trouble to what is done about it."""
        from ainur_tui.console.playbooks import Playbooks

        return Playbooks(self._app)

    @cached_property
    def pages(self) -> Pages:
        """What is opened over the tabs."""
        from ainur_tui.console.pages import Pages

        return Pages(self._app)

    def log(self) -> LogDesk:
        """Who runs the errands of the log view."""
        from ainur_tui.console.logdesk import LogDesk

        return LogDesk(self._app, self._app.query_one(LogsPanel))

    def alerts(self) -> AlertDesk:
        """Who runs the errands of the Alerts tab."""
        from ainur_tui.console.alertdesk import AlertDesk

        return AlertDesk(self._app)
