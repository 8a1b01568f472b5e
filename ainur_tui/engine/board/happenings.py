"""What happened lately, each happening once."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.event import Event

SHOWN = 200
KEPT = 1000
LEFT = 400
"""How many stay when there are more than ``KEPT``: sorting is for once in a while."""


class Happenings:
    """Events by their ``key``: the newest ``KEPT`` or fewer."""

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}

    def add(self, event: Event) -> bool:
        """Whether it is new."""
        if event.key in self._events:
            return False
        self._events[event.key] = event
        if len(self._events) > KEPT:
            self._events = {one.key: one for one in self._in_order()[-LEFT:]}
        return True

    def restore(self, events: Sequence[Event]) -> None:
        """Take over what an earlier engine knew."""
        self._events.update({event.key: event for event in events})

    def known(self) -> list[Event]:
        """All of them, as they came."""
        return list(self._events.values())

    def newest(self) -> list[Event]:
        """Those that are shown, in the order of their time."""
        return self._in_order()[-SHOWN:]

    def _in_order(self) -> list[Event]:
        return sorted(self._events.values(), key=lambda one: one.at)
