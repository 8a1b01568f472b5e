"""What keeps keys that were not meant for a question from answering it (S-38, F-50 to F-52)."""

from __future__ import annotations

import time

from textual.events import Event, Key, Paste
from textual.message import Message
from textual.widgets import Input

GUARD = 0.5
"""Seconds of silence a question asks for: keys before that were meant for the screen before."""
_NOT_YET = 1e6
_SAFE = frozenset({"escape", "up", "down", "pageup", "pagedown"})


class Guard:
    """Keys count once the question was painted and the keyboard was still for a moment, so that
    neither what was typed ahead nor a key that is held down ever answers it. When a key was
    pressed matters, not when its turn came: a busy loop lets nothing through."""

    def __init__(self) -> None:
        self._since = time.monotonic() + _NOT_YET

    def painted(self) -> None:
        """The question is on the screen (again) from now on."""
        self._since = time.monotonic()

    def early(self, event: Event) -> bool:
        """Whether a key is to be dropped."""
        if event.time - self._since >= GUARD or (isinstance(event, Key) and event.key in _SAFE):
            return False
        self._since = max(self._since, event.time)
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
