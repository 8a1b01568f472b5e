"""A field whose values are known: a short list to pick from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.console.widgets.lines import LinesView

ROWS = 6


class PickField(LinesView, can_focus=True):
    """``value`` is what is picked; Enter posts :class:`Picked`. Typing goes to what begins so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Next", show=False, id="pick.next"),
        Binding("up", "move(-1)", "Before", show=False, id="pick.before"),
        Binding("enter", "pick", "Pick", show=False, id="pick.pick"),
    ]

    class Picked(Message):
        """The value is decided."""

        def __init__(self, field: PickField) -> None:
            super().__init__()
            self.field = field

    def __init__(
        self, values: Sequence[str], value: str, *, glyphs: Glyphs, required: bool, id: str
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, sized=self.draw)
        self._values = list(values) if required else ["", *values]
        self._index = self._values.index(value) if value in self._values else 0
        self._typed = ""

    @property
    def value(self) -> str:
        """What is picked; empty for nothing."""
        return self._values[self._index]

    def on_mount(self) -> None:
        self.styles.margin = (0, 0, 1, 0)
        self._open(False)

    def _open(self, focused: bool) -> None:
        """The whole list while it has the keyboard, else the picked value alone."""
        self.styles.height = min(ROWS, len(self._values)) if focused else 1
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw the list around what is picked."""
        rows = max(1, self.size.height)
        top = max(0, min(self._index - rows // 2, len(self._values) - rows))
        lines: list[Line] = []
        for place, value in enumerate(self._values[top : top + rows], top):
            here = place == self._index
            mark = self.glyphs.cursor if here else " "
            tone = "cursor" if here and self.has_focus else "strong" if here else "quiet"
            lines.append(line((f"{mark} ", "accent"), (value or "(not wanted)", tone)))  # type: ignore[arg-type]
        self.show(lines)

    def action_move(self, by: int) -> None:
        self._index = max(0, min(self._index + by, len(self._values) - 1))
        self._typed = ""
        self.draw()

    def action_pick(self) -> None:
        self.post_message(self.Picked(self))

    def on_key(self, event: Key) -> None:
        if event.character is None or not event.is_printable:
            return
        event.stop()
        for typed in (self._typed + event.character, event.character):
            found = next((i for i, v in enumerate(self._values) if v and v.startswith(typed)), None)
            if found is not None:
                self._typed, self._index = typed, found
                self.draw()
                return

    def on_focus(self) -> None:
        self._open(True)

    def on_blur(self) -> None:
        self._open(False)
