"""A message to others: read, edited, then copied, written to a file or sent."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import TextArea

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.help import keys_line
from ainur_tui.console.draw.spans import EMPTY, Line, Span, Tone, line, wrap
from ainur_tui.console.widgets.lines import LinesView

How = Literal["copy", "file", "send", "publish"]
OPEN = ("TODO", "PROPOSED")
"""What a person still has to write, or to confirm."""


class Decided(NamedTuple):
    """The text as it stands now, and what is to become of it."""

    how: How
    text: str


class DraftDialog(ModalScreen[Decided | None]):
    """Shows a text; ``e`` edits it in place, Esc ends that and then the dialog. ``keys`` are the
    ways it can leave, each with its key and a word."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="draft.back", priority=True),
    ]

    def __init__(
        self, title: str, text: str, glyphs: Glyphs, keys: dict[str, tuple[How, str]]
    ) -> None:
        super().__init__()
        self._title = title
        self._glyphs = glyphs
        self._keys = keys
        self._top = 0
        self.text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog page draft"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            area = TextArea(self.text, soft_wrap=True, show_line_numbers=False, compact=True)
            area.display = False
            yield area
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    @property
    def _area(self) -> TextArea:
        return self.query_one(TextArea)

    def redraw(self) -> None:
        """Draw the text, or the keys of its editor."""
        if not self.query(".dialog-keys"):
            return
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        left = [f"{n} {word}" for word in OPEN if (n := self.text.count(word))]
        note: Span = (f"   {', '.join(left)} left", "warn") if left else ("", "quiet")
        self.query_one(".dialog-title", LinesView).show([line((self._title, "title"), note)])
        keys = self.query_one(".dialog-keys", LinesView)
        keys.show([self._how(keys.size.width)])
        if not columns:
            return
        lines: list[Line] = []
        for part in self.text.splitlines():
            tone: Tone = (
                "warn"
                if any(word in part for word in OPEN)
                else "title"
                if part.startswith("#")
                else "text"
            )
            lines += [line((row, tone)) for row in wrap(part, columns, 40)] or [EMPTY]
        self._top = max(0, min(self._top, len(lines) - rows))
        body.show(lines[self._top : self._top + rows])

    def _how(self, columns: int) -> Line:
        if self._area.display:
            return line(("Esc", "key"), (" done: the text stays as it is here", "quiet"))
        leave = [(key, word) for key, (_, word) in self._keys.items()]
        return keys_line([("e", "edit"), *leave, ("j k", "scroll"), ("Esc", "back")], columns)

    def on_key(self, event: Key) -> None:
        key = event.key
        if self._area.display:
            return
        event.stop()
        if key == "e":
            self._edit(True)
        elif key in self._keys:
            self.dismiss(Decided(self._keys[key][0], self.text))
        elif (step := _STEPS.get(key)) is not None:
            self._top += step
            self.redraw()

    def _edit(self, begin: bool) -> None:
        area = self._area
        area.display = begin
        self.query_one(".dialog-body").display = not begin
        if begin:
            area.focus()
        else:
            self.text = area.text
            self.set_focus(None)
        self.call_after_refresh(self.redraw)

    def action_back(self) -> None:
        """Esc ends the editor first: what was written stays."""
        if self._area.display:
            self._edit(False)
        else:
            self.dismiss(None)


_STEPS = {"j": 1, "down": 1, "k": -1, "up": -1, "pagedown": 12, "space": 12, "pageup": -12,
          "g": -1_000_000, "home": -1_000_000, "G": 1_000_000, "end": 1_000_000}  # fmt: skip
