"""What keeps keys that were not meant for a question from answering it (S-38, F-50 to F-52)."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TypeVar

from textual.events import Event, Key, Paste
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs

Answer = TypeVar("Answer")

GUARD = 0.5
"""Seconds after the paint in which keys are dropped: they were meant for the screen before."""
REPEAT = 0.15
"""Seconds within which the next key of a held one comes."""
_NOT_YET = 1e6
_SAFE = frozenset({"escape", "up", "down", "pageup", "pagedown"})


class Guard:
    """Keys count a moment after the question was painted; one that is held down since before then
    never does, until it is let go. When a key was pressed matters, not when its turn came: a busy
    loop lets nothing through."""

    def __init__(self) -> None:
        self._painted = time.monotonic() + _NOT_YET
        self._dropped = float("-inf")

    def painted(self) -> None:
        """The question is on the screen (again) from now on."""
        self._painted = time.monotonic()

    def early(self, event: Event) -> bool:
        """Whether a key is to be dropped."""
        at = event.time
        if isinstance(event, Key) and event.key in _SAFE:
            return False
        if at - self._painted >= GUARD and at - self._dropped >= min(GUARD, REPEAT):
            return False
        self._dropped = max(self._dropped, at)
        return True


class ConfirmField(Input):
    """Where a name is typed to confirm. A paste is no confirmation: nobody read what they typed.

    Posts :class:`Pasted` when somebody tried.
    """

    class Pasted(Message):
        """Something was pasted; nothing of it was taken."""

    def __init__(self, guard: Guard, *, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, compact=True)
        self._guard = guard

    def on_key(self, event: Key) -> None:
        if self._guard.early(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Pasted())


class ConfirmDialog(ModalScreen[Answer | None]):
    """A question that is scrolled and read, and answered by typing a name; Esc is no answer.

    ``wrong`` says why what was typed does not count, until something else is typed.
    """

    AUTO_FOCUS = ""  # a field that is not shown yet would be focused, and take the keys

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.guard = Guard()
        self.top = 0
        self.wrong = ""

    @abstractmethod
    def redraw(self) -> None:
        """Draw the question from its line ``top`` on."""

    def say(self, wrong: str) -> None:
        """Tell why the answer does not count."""
        self.wrong = wrong
        self.redraw()

    def on_input_changed(self) -> None:
        self.say("")

    def on_confirm_field_pasted(self) -> None:
        self.say("a paste does not confirm: type the name")

    def action_scroll(self, by: int) -> None:
        self.top += by
        self.say("")

    def action_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.query_one(".dialog-body").size.height - 1))

    def action_refuse(self) -> None:
        self.dismiss(None)
