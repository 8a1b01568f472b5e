"""The field that narrows what the visible tab lists."""

from __future__ import annotations

from abc import abstractmethod

from textual.app import App
from textual.widgets import Input

from ainur_tui.console.panels.base import Panel
from ainur_tui.console.panels.logs import LogsPanel


class Filtering(App[None]):
    """An app whose tabs can be filtered."""

    @property
    @abstractmethod
    def panel(self) -> Panel:
        """The tab that is shown."""

    def action_filter(self) -> None:
        """Narrow what is listed; Enter keeps the words, Esc drops them."""
        if self.query("#filter"):
            self.query_one("#filter").focus()
            return
        field = Input(
            id="filter", placeholder="filter: Enter keeps it, Esc clears it", compact=True
        )
        self.query_one("#body").mount(field, before=0)
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "filter" and not isinstance(self.panel, LogsPanel):
            self.panel.set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "filter":
            self.panel.set_filter(event.value)
            event.input.remove()
            self.panel.focus_first()

    async def unfilter(self) -> None:
        """Take the field away, and list everything again."""
        if fields := self.query("#filter"):
            await fields.remove()
            if isinstance(self.panel, LogsPanel):
                return  # nothing of what was typed was a filter yet
        self.panel.drop_filter()
