"""The word a run asks for in its middle: what it tells is read, the name typed (G-157)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from ainur_tui.console.dialogs.confirm import ConfirmDialog, ConfirmField
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, ends, line, wrap
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import Question


class WordDialog(ConfirmDialog[str]):
    """Dismisses with the word once it was typed, ``None`` on Esc: the run goes on waiting."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "Not yet", id="word.back"),
        Binding("down", "scroll(1)", "Down", show=False, id="word.down"),
        Binding("up", "scroll(-1)", "Up", show=False, id="word.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="word.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="word.page-up"),
    ]

    def __init__(
        self, title: str, question: Question, clock: Callable[[], Line], glyphs: Glyphs
    ) -> None:
        super().__init__(glyphs)
        self._title = title
        self._question = question
        self._clock = clock

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog plan risk-R3"):
            yield LinesView(glyphs=self.glyphs, classes="dialog-title")
            yield LinesView(glyphs=self.glyphs, classes="dialog-body", sized=self.redraw)
            yield ConfirmField(self.guard, placeholder=f"type {self._question.word} to go on")
            yield LinesView(glyphs=self.glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.set_interval(1.0, self.redraw)
        self.call_after_refresh(self.guard.painted)

    def redraw(self) -> None:
        """Draw what is asked; the clock goes on."""
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        if not columns:
            return
        lines = [
            line((text, "strong" if first < 2 else "text"))
            for first, told in enumerate(self._question.lines)
            for text in wrap(told, columns, 4)
        ]
        self.top = max(0, min(self.top, len(lines) - rows))
        body.show(lines[self.top : self.top + rows])
        more = f"   {self.top + rows} of {len(lines)}, PgDn " if len(lines) > rows else ""
        start = line((self._title, "title"), ("   once more", "warn"), (more, "quiet"))
        head = self.query_one(".dialog-title", LinesView)
        head.show([ends(start, self._clock(), head.size.width)])
        how = line(("Enter", "key"), (" users go there, once the name is typed     ", "fail"))
        if self.wrong:
            how = line((f"{self.wrong}; ", "fail"))
        back = line(("Esc", "key"), (" not yet: it waits", "quiet"))
        self.query_one(".dialog-keys", LinesView).show([(*how, *back)])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if typed == self._question.word:
            self.dismiss(typed)
        else:
            self.say(f"{typed!r} is not {self._question.word}")
