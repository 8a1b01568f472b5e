"""Finding in what is shown: a field, the highlight, and what was wrong with the words."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line, cut, line
from ainur_tui.console.logsearch import Search, Unusable
from ainur_tui.console.panels.base import Panel
from ainur_tui.console.widgets.logview import LogView


class FindingPanel(Panel):
    """A panel about a :class:`LogView`. ``told`` is what could not be done, until the next
    change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "find", "Find", id="logs.find",
                tooltip="highlight what matches; n and N go from one to the next"),
        Binding("escape", "retreat", "Back", show=False, id="logs.retreat",
                tooltip="end the selection, then the search, then the newest filter"),
    ]  # fmt: skip

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.told = ""

    @property
    def view(self) -> LogView:
        """The records."""
        return self.query_one(LogView)

    def show_bars(self) -> None:
        """Draw what stands above the records."""
        raise NotImplementedError

    def tell(self, words: str) -> None:
        """Something could not be done; the words stay until the next change."""
        self.told = words
        self.app.bell()
        self.show_bars()

    def note(self) -> Line:
        """What stands at the end of the filters: what was wrong, selected, or searched."""
        if self.told:
            return line((cut(self.told, 46) + " ", "fail"))
        search, anchor = self.view.search, self.view.window.anchor
        if anchor is not None:
            first, last = self.view.window.selected()
            return line(
                (f"{last - first + 1} selected  ", "accent"), ("X", "key"), (" keep ", "quiet")
            )
        if search is not None:
            return line((f'"{cut(search.words, 20)}" ', "cursor"), ("  n N", "key"), (" ", "quiet"))
        return EMPTY

    def on_log_view_sought(self, message: LogView.Sought) -> None:
        if message.what == "match" and self.view.search is None:
            message.stop()
            self.action_find()

    def action_find(self) -> None:
        """A field for what is searched; what matches stands out while it is typed."""
        if not self.query("#find"):
            search = self.view.search
            words = search.words if search else ""
            place = "find: Enter goes there, n and N go on, Esc ends"
            self.mount(
                Input(value=words, id="find", placeholder=place, compact=True), before=self.view
            )
        self.query_one("#find").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "find":
            event.stop()
            self._search(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != "find":
            return
        event.stop()
        event.input.remove()
        self.view.focus()
        if event.value and not self.told:
            step = -1 if self.view.window.following else 1
            # In the view's own turn: what it posts in ours does not come to us.
            self.view.call_later(self.view.action_seek, "match", step)

    def _search(self, words: str) -> None:
        self.told = ""
        try:
            self.view.search = Search(words) if words else None
        except Unusable as error:
            self.view.search, self.told = None, str(error)
        self.view.draw()
        self.show_bars()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the frame's while there is nothing here to leave."""
        if action == "retreat":
            log = self.view
            return (
                bool(self.query("#find")) or log.search is not None or log.window.anchor is not None
            )
        return super().check_action(action, parameters)

    def action_retreat(self) -> None:
        log = self.view
        if self.query("#find") or log.window.anchor is None:
            self.query("#find").remove()
            self._search("")
            log.focus()
        else:
            log.action_select()
            self.show_bars()
