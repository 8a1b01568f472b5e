"""Ask for one line of words: a reason, a file's name."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.dialogs.confirm import Guard
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Tone, line, wrap
from ainur_tui.console.widgets.lines import LinesView

PLACE = {True: "required", False: "may stay empty"}


class TextDialog(ModalScreen[str | None]):
    """Dismisses with what was typed, empty only where that is not ``needed``; ``None`` on Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", "Back", id="text.back")]

    def __init__(
        self, title: str, about: str, glyphs: Glyphs, *, value: str = "", go: str = "go on",
        tone: Tone = "text", needed: bool = True,
    ) -> None:  # fmt: skip
        """``go`` says what Enter does."""
        super().__init__()
        self._words = (title, about, go)
        self._glyphs = glyphs
        self._value = value
        self._tone = tone
        self._needed = needed
        self._guard = Guard()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog ask"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            yield Input(value=self._value, placeholder=PLACE[self._needed], compact=True)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(".dialog-body").styles.height = 4
        self.query_one(Input).focus()
        self.redraw()
        self.call_after_refresh(self._guard.painted)

    def redraw(self) -> None:
        """Draw the question."""
        title, about, go = self._words
        self.query_one(".dialog-title", LinesView).show([line((title, "strong"))])
        body = self.query_one(".dialog-body", LinesView)
        body.show([line((part, self._tone)) for part in wrap(about, max(20, body.size.width), 4)])
        self.query_one(".dialog-keys", LinesView).show(
            [line(("Enter", "key"), (f" {go}     ", "quiet"), ("Esc", "key"), (" back", "quiet"))]
        )

    def on_key(self, event: Key) -> None:
        """Words may be typed ahead; that they are meant is decided once the question was seen."""
        if event.key == "enter" and self._guard.early(event):
            event.stop()
            event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if (words := event.value.strip()) or not self._needed:
            self.dismiss(words)
        else:
            self.app.bell()

    def action_refuse(self) -> None:
        self.dismiss(None)
