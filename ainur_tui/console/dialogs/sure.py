"""A page that asks: one key does it, every other way out does not."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from ainur_tui.console.dialogs.confirm import Guard
from ainur_tui.console.dialogs.page import Build, PageDialog
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, line


class SureDialog(PageDialog):
    """Dismisses with ``True`` on ``y``. ``go`` says what that does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "sure", "Yes", id="sure.yes"),
        Binding("escape,q,n", "close", "No", id="sure.no"),
        Binding("enter", "nothing", show=False, id="sure.nothing"),
    ]

    def __init__(self, title: str, build: Build, glyphs: Glyphs, go: str) -> None:
        super().__init__(title, build, glyphs, guard=Guard())
        self._go = go

    def keys(self) -> Line:
        return line(("y", "key"), (f" {self._go}   ", "quiet"), ("Esc", "key"), (" no", "quiet"))

    def action_sure(self) -> None:
        self.dismiss(True)

    def action_nothing(self) -> None:
        """Enter is pressed by habit; it decides nothing here."""
