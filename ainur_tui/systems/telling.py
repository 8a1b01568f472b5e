"""Whom a system can tell: receivers of alerts, and takers of a text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ainur_tui.model.alert import Alert
from ainur_tui.model.hours import Hours


@dataclass(frozen=True)
class Message:
    """One thing to tell a receiver: an alert, what of it is new, and how many symptoms its line
    stands for. ``since`` is when it began to fire (epoch seconds)."""

    alert: Alert
    what: Literal["fires", "still fires", "over"]
    since: float
    symptoms: int = 0


class Receiver(ABC):
    """Somebody outside who is told of alerts. ``send`` raises
    :class:`~ainur_tui.model.failure.ProbeFailure` when it is not known to have arrived.

    ``folded``: one message a cause, for people, and none for what somebody has in hand; else every
    alert that fires, and the watchdog, every ``repeat`` seconds, and at once when somebody takes
    or silences one. People are reminded by severity (``repeat`` is ``None``). ``hears`` are the
    judges (origins) whose alerts reach it without us. Outside its ``hours`` somebody hears only of
    the severities in ``always``.
    """

    name: str
    folded: bool = True
    repeat: float | None = None
    severities: frozenset[str] = frozenset({"P1", "P2", "P3", "P4"})
    resolved: bool = True
    hears: frozenset[str] = frozenset()
    hours: Hours | None = None
    always: frozenset[str] = frozenset({"P1"})

    def awake(self, severity: str, at: float) -> bool:
        """Whether it wants to hear of that severity at that moment (epoch seconds)."""
        return self.hours is None or severity in self.always or self.hours.open(at)

    @abstractmethod
    async def send(self, messages: Sequence[Message]) -> None: ...


class Writer(ABC):
    """Somebody outside who takes a text as it stands. ``write`` raises
    :class:`~ainur_tui.model.failure.ProbeFailure` when it is not known to have arrived."""

    name: str

    @abstractmethod
    async def write(self, title: str, body: str) -> None: ...
