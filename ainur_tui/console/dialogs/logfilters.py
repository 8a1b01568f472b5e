"""The stack of log filters: each on or off, turned round, taken away, and new ones typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.help import key_name
from ainur_tui.console.draw.logbars import words_of
from ainur_tui.console.draw.spans import EMPTY, Line, Span, cut, line
from ainur_tui.console.logsearch import Search
from ainur_tui.console.logstack import Bound, Condition, Stack, known_level
from ainur_tui.console.logtime import HOW, moment_of
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.log import LEVELS
from ainur_tui.model.logquery import LogFilter

TYPED = {
    "i": ("with these words", "a linear-time regular expression; small letters find capitals"),
    "o": ("without these words", "a linear-time regular expression; small letters find capitals"),
    "f": ("field = value", "name=value, or name!=value"),
    "l": ("level exactly", ", ".join(LEVELS)),
    "s": ("since", HOW),
    "u": ("until", HOW),
}
"""What can be typed: the key, what it adds, and how it is written."""


def condition(kind: str, words: str, now: float) -> Condition:
    """What was typed for a key of :data:`TYPED`. Raises ``ValueError`` with what is wrong."""
    match kind:
        case "i" | "o":
            Search(words)
            return LogFilter(kind="text", value=words, out=kind == "o")
        case "f":
            name, equals, value = words.partition("=")
            if not equals or not name.strip("! ") or not value:
                raise ValueError("written as name=value")
            out = name.endswith("!")
            return LogFilter(kind="field", field=name.rstrip("! "), value=value.strip(), out=out)
        case "l":
            if (level := known_level(words)) is None:
                raise ValueError(f"one of {', '.join(LEVELS)}")
            return LogFilter(kind="level", value=level)
    if (at := moment_of(words, now)) is None:
        raise ValueError(f"no time: {HOW}")
    return Bound("since" if kind == "s" else "until", at)


class FiltersDialog(ModalScreen[None]):
    """Every change is told to ``changed`` at once; ``now`` gives epoch seconds."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Close", id="filters.back"),
        Binding("q,enter", "close", "Close", show=False, id="filters.close"),
        Binding("down,j", "move(1)", "Down", show=False, id="filters.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="filters.up"),
        Binding("space", "switch", "On, off", id="filters.toggle"),
        Binding("t", "turn", "In, out", id="filters.turn"),
        Binding("equals_sign", "exact", "Exactly", id="filters.exact"),
        Binding("d,delete", "drop", "Take away", id="filters.drop"),
    ]

    def __init__(
        self, stack: Stack, glyphs: Glyphs, changed: Callable[[Stack], None],
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        super().__init__()
        self._stack = stack
        self._glyphs = glyphs
        self._changed = changed
        self._now = now
        self._index = max(0, len(stack.chips) - 1)
        self._kind = ""
        self._trouble = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog log-filters"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            field = Input(compact=True)
            field.display = False
            yield field
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def redraw(self) -> None:
        """Draw the stack, and what is being typed."""
        self._index = max(0, min(self._index, len(self._stack.chips) - 1))
        title: Line = line(("Log filters", "title"), ("   all must hold", "quiet"))
        if self._kind:
            what, how = TYPED[self._kind]
            trouble = self._trouble
            title = line((f"{what}  ", "title"), (trouble or how, "fail" if trouble else "quiet"))
        self.query_one(".dialog-title", LinesView).show([title])
        body = self.query_one(".dialog-body", LinesView)
        lines = [*self._chips(body.size.width), EMPTY, *_help()]
        body.styles.height = len(lines)
        body.show(lines)
        self.query_one(".dialog-keys", LinesView).show([_keys()])

    def _chips(self, columns: int) -> list[Line]:
        if not self._stack.chips:
            return [line((" no filter: every line is shown", "quiet"))]
        lines: list[Line] = []
        for place, chip in enumerate(self._stack.chips):
            here = place == self._index
            mark: Span = (f"{self._glyphs.cursor if here else ' '} {place + 1}  ", "accent")
            state: Span = ("on   ", "text") if chip.on else ("off  ", "quiet")
            words = cut(words_of(chip.what), columns - 12)
            lines.append(line(mark, state, (words, "cursor" if here else state[1])))
        return lines

    def on_key(self, event: Key) -> None:
        if self.query_one(Input).has_focus:
            return
        if event.key in TYPED:
            event.stop()
            self._type(event.key)
        elif event.key.isdigit() and event.key != "0":
            event.stop()
            self._index = int(event.key) - 1
            self._put(self._stack.toggle(self._index))

    def _type(self, kind: str) -> None:
        self._kind, self._trouble = kind, ""
        field = self.query_one(Input)
        field.display = True
        field.value = ""
        field.focus()
        self.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            stack = self._stack.add(condition(self._kind, event.value, self._now()))
        except ValueError as error:
            self._trouble = str(error)
            self.redraw()
            return
        self._index = len(stack.chips) - 1
        self._leave_field()
        self._put(stack)

    def _leave_field(self) -> None:
        self._kind = ""
        self.query_one(Input).display = False
        self.set_focus(None)

    def _put(self, stack: Stack) -> None:
        if stack != self._stack:
            self._stack = stack
            self._changed(stack)
        self.redraw()

    def action_back(self) -> None:
        """Esc leaves the field first."""
        if self._kind:
            self._leave_field()
            self.redraw()
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        self._index += by
        self.redraw()

    def action_switch(self) -> None:
        self._put(self._stack.toggle(self._index))

    def action_turn(self) -> None:
        self._put(self._stack.turn(self._index) if self._stack.chips else self._stack)

    def action_exact(self) -> None:
        self._put(self._stack.exact(self._index) if self._stack.chips else self._stack)

    def action_drop(self) -> None:
        self._put(self._stack.drop(self._index))


def _help() -> list[Line]:
    lines = [line(("ADD", "title"))]
    for key, (what, _) in TYPED.items():
        lines.append(line((f"{key_name(key)}  ", "key"), (what, "text")))
    return lines


def _keys() -> Line:
    words = (("1-9", "on, off"), ("d", "take away"), ("t", "in, out"), ("=", "level exactly"),
             ("Esc", "close"))  # fmt: skip
    return tuple(
        span for key, word in words for span in line((key, "key"), (f" {word}  ", "quiet"))
    )
