"""A row of a table with everything that did not fit, and the way to what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from ainur_tui.console.dialogs.page import Build, PageDialog
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line


class RowDialog(PageDialog):
    """``act`` offers the actions of this row, which may be gone from the table by then."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "act", "Actions", id="row.act")]

    def __init__(self, title: str, build: Build, glyphs: Glyphs, act: Callable[[], None]) -> None:
        super().__init__(title, build, glyphs)
        self._act = act

    def keys(self) -> Line:
        return (("a", "key"), (" actions   ", "text"), *super().keys())

    def action_act(self) -> None:
        self.dismiss(None)
        self._act()
