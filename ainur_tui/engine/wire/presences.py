"""Who else is here, and what they look at."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import Presence
from ainur_tui.model.text import clean
from ainur_tui.model.wire import LookingAt
from ainur_tui.systems.base import Clock


class Presences:
    """Connected clients by a key of their own; ``moved`` is called when anything changed."""

    def __init__(self, clock: Clock, moved: Callable[[], None]) -> None:
        self._clock = clock
        self._moved = moved
        self._known: dict[object, Presence] = {}

    def views(self) -> list[Presence]:
        """Everybody, in the order they came."""
        return list(self._known.values())

    def enter(self, key: object, peer: Peer) -> Presence:
        """Take note of a client that watches; again is the same."""
        if key not in self._known:
            since = self._clock.now()
            while any(one.since == since for one in self._known.values()):
                since += 1e-3  # it tells two consoles of one operator apart
            self._known[key] = Presence(operator=peer.operator, tty=peer.tty, since=since)
            self._moved()
        return self._known[key]

    def look(self, key: object, peer: Peer, at: LookingAt) -> None:
        """Take note of what a client shows and has selected."""
        before = self.enter(key, peer)
        target = None if at.target is None else clean(at.target, 80)
        self._known[key] = replace(before, tab=clean(at.tab, 40), target=target)
        if self._known[key] != before:
            self._moved()

    def leave(self, key: object) -> None:
        """The client is gone."""
        if self._known.pop(key, None) is not None:
            self._moved()

    def told(self, key: object, presences: list[Presence]) -> list[Presence]:
        """The same list for one of them, who finds itself marked in it."""
        own = self._known.get(key)
        return [replace(one, here=own is not None and one.since == own.since) for one in presences]
