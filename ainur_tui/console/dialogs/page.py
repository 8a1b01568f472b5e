"""A page of lines over the screen: details, help, messages. Esc or q closes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from ainur_tui.console.dialogs.confirm import Guard
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line, ends, line
from ainur_tui.console.widgets.lines import LinesView

Build = Callable[[int], list[Line]]
"""The lines of a page for a number of columns."""


class PageDialog(ModalScreen[bool | None]):
    """Shows what ``build`` gives, scrolled by keys; drawn again whenever the picture changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", "Close", id="page.close"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="page.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="page.up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="page.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page.page-up"),
        Binding("g,home", "scroll(-1000000)", "Top", show=False, id="page.top"),
        Binding("G,end", "scroll(1000000)", "End", show=False, id="page.end"),
    ]  # fmt: skip

    def __init__(
        self, title: str, build: Build, glyphs: Glyphs, *, guard: Guard | None = None
    ) -> None:
        """``guard`` drops what was typed before the page was seen: a page that comes by itself is
        not closed by a key meant for the screen before."""
        super().__init__()
        self._guard = guard
        self._title = title
        self._build = build
        self._glyphs = glyphs
        self._top = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog page"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        if self._guard is not None:
            self.call_after_refresh(self._guard.painted)

    def on_key(self, event: Key) -> None:
        if self._guard is not None and self._guard.early(event):
            event.stop()
            event.prevent_default()

    def redraw(self) -> None:
        """Draw the newest lines at the same place."""
        if not self.query(".dialog-keys"):
            return  # the screen is there before what stands on it
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        if not columns:
            return
        lines = self._build(columns)
        self._top = max(0, min(self.place(lines, rows), len(lines) - rows))
        body.show(lines[self._top : self._top + rows])
        last = min(len(lines), self._top + rows)
        place = f"{self._top + 1}-{last} of {len(lines)} " if len(lines) > rows else ""
        head = self.query_one(".dialog-title", LinesView)
        note = (*self.note(), (place, "quiet"))
        head.show([ends(line((self._title, "title")), note, head.size.width)])
        self.query_one(".dialog-keys", LinesView).show([self.keys()])

    def place(self, lines: list[Line], rows: int) -> int:
        """The first line that is shown."""
        return self._top

    def note(self) -> Line:
        """What stands at the end of the title."""
        return EMPTY

    def keys(self) -> Line:
        """What can be pressed here."""
        return line(("Esc", "key"), (" close   ", "quiet"), ("j k", "key"), (" scroll", "quiet"))

    def action_scroll(self, by: int) -> None:
        self._top += by
        self.redraw()

    def action_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.query_one(".dialog-body").size.height - 1))

    def action_close(self) -> None:
        self.dismiss(None)
