"""Choose one of many by typing: the command palette, and every "which one?" question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, Tone, cut, left, line
from ainur_tui.console.widgets.lines import LinesView

T = TypeVar("T")


@dataclass(frozen=True)
class Choice(Generic[T]):
    """Something that can be chosen. ``reason`` says why it cannot be, here and now."""

    label: str
    help: str
    value: T
    reason: str | None = None


def matches(choices: Sequence[Choice[T]], words: str) -> list[Choice[T]]:
    """Choices that fit what was typed, best first; among equals the shortest label."""
    if not words.strip():
        return list(choices)
    matcher = Matcher(words.strip())
    scored = [(matcher.match(choice.label), choice) for choice in choices]
    found = [(score, choice) for score, choice in scored if score > 0]
    plain = words.strip().lower()

    def rank(pair: tuple[float, Choice[T]]) -> tuple[bool, float, int]:
        return (plain not in pair[1].label.lower(), -round(pair[0], 2), len(pair[1].label))

    by_prefix = sorted(found, key=rank)
    return [choice for _, choice in sorted(by_prefix, key=lambda p: p[1].label.lower() != plain)]


class ChooseDialog(ModalScreen[T | None]):
    """Dismisses with the chosen value or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "Back", id="choose.back"),
        Binding("down", "move(1)", "Down", show=False, id="choose.down"),
        Binding("up", "move(-1)", "Up", show=False, id="choose.up"),
        Binding("pagedown", "move(8)", "Page down", show=False, id="choose.page-down"),
        Binding("pageup", "move(-8)", "Page up", show=False, id="choose.page-up"),
    ]  # fmt: skip

    def __init__(
        self, title: str, choices: Sequence[Choice[T]], glyphs: Glyphs, *,
        later: Callable[[], Sequence[Choice[T]] | None] | None = None,
    ) -> None:  # fmt: skip
        """``later`` is asked until it gives the choices that were not known at first."""
        super().__init__()
        self._later = later
        self._title = title
        self._choices = choices
        self._glyphs = glyphs
        self._index = 0
        self._words = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog choose"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield Input(placeholder="type to narrow, Enter to choose", compact=True)
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(Input))
        if self._later is not None:
            self._asking = self.set_interval(0.1, self._ask_later)

    def _ask_later(self) -> None:
        if self._later is not None and (found := self._later()) is not None:
            self._asking.stop()
            self.offer(found)

    def offer(self, choices: Sequence[Choice[T]]) -> None:
        """Choices that became known later."""
        self._choices = choices
        if self.is_mounted:
            self.redraw()

    def redraw(self) -> None:
        """Draw what fits the typed words."""
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        if not columns:
            return
        found = matches(self._choices, self._words)
        self._index = max(0, min(self._index, len(found) - 1))
        top = max(0, min(self._index - rows + 1, len(found) - rows)) if self._index >= rows else 0
        self.query_one(".dialog-title", LinesView).show(
            [line((self._title, "title"), (f"   {len(found)} of {len(self._choices)}", "quiet"))]
        )
        if not found:
            body.show([line((" nothing fits these words", "quiet"))])
            return
        widest = max(cell_len(choice.label) for choice in self._choices)
        wide = min(widest, 38, columns // 2)
        body.show([self._line(choice, columns, wide, selected=top + i == self._index)
                   for i, choice in enumerate(found[top : top + rows])])  # fmt: skip

    def _line(self, choice: Choice[T], columns: int, wide: int, *, selected: bool) -> Line:
        tone: Tone = "cursor" if selected else "quiet" if choice.reason else "text"
        help_text = f"not available: {choice.reason}" if choice.reason else choice.help
        return line(
            (self._glyphs.cursor if selected else " ", "accent"), (left(choice.label, wide), tone),
            ("  ", "text"), (cut(help_text, columns - wide - 3), "quiet"),
        )  # fmt: skip

    def on_input_changed(self, event: Input.Changed) -> None:
        self._words = event.value
        self._index = 0
        self.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        found = matches(self._choices, self._words)
        if found and found[self._index].reason is None:
            self.dismiss(found[self._index].value)
        else:
            self.app.bell()

    def action_move(self, by: int) -> None:
        self._index += by
        self.redraw()

    def action_refuse(self) -> None:
        self.dismiss(None)
