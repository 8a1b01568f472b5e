"""On which chain the peers stand: what they announced, held against our own chain. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ainur_tui.systems.node.shapes import Peer

Stand = Literal["ours", "other"]

DEPTH = 3
"""Blocks below our best one from which on another hash is another chain; near the tip two blocks
of one height are everyday."""
KEPT = 8
"""Announcements of a peer that wait until our chain has come to their height."""
MOST_HEIGHTS = 64


@dataclass
class _Known:
    waiting: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=KEPT))
    stand: Stand | None = None


@dataclass(frozen=True)
class Crowd:
    """How many peers are known to stand on our chain, on another one, and how many there are."""

    ours: int
    other: int
    all: int

    @property
    def eclipsed(self) -> bool:
        """Peers there are, none is known on our chain, and at least half are on another one."""
        return self.other > 0 and self.ours == 0 and 2 * self.other >= self.all


class Branches:
    """Remembers what peers announced until it can be judged; forgets peers that are gone."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def announced(self, peers: Iterable[Peer]) -> None:
        """Take note of each peer's best block."""
        before, self._known = self._known, {}
        for peer in peers:
            known = self._known[peer.peer_id] = before.get(peer.peer_id) or _Known()
            if peer.best_number is not None and peer.best_hash:
                told = (peer.best_number, peer.best_hash.lower())
                if told not in known.waiting:
                    known.waiting.append(told)

    def heights(self, best: int) -> list[int]:
        """The heights our own hashes are needed of, the newest first; a bounded number."""
        wanted = {n for known in self._known.values() for n, _ in known.waiting if n <= best}
        return sorted(wanted, reverse=True)[:MOST_HEIGHTS]

    def judge(self, ours: Mapping[int, str], best: int) -> None:
        """Hold announcements against our chain's hashes by height. The same hash is our chain at
        any depth; another one is another chain only deep enough."""
        for known in self._known.values():
            left: list[tuple[int, str]] = []
            for height, told in known.waiting:
                own = ours.get(height)
                if own is not None and own.lower() == told:
                    known.stand = "ours"
                elif own is not None and height <= best - DEPTH:
                    known.stand = "other"
                elif height > best - DEPTH:
                    left.append((height, told))
            known.waiting = deque(left, maxlen=KEPT)

    def stand(self, peer_id: str) -> Stand | None:
        """Where a peer stands; ``None``: it cannot be told yet."""
        known = self._known.get(peer_id)
        return known.stand if known else None

    @property
    def crowd(self) -> Crowd:
        """All peers together."""
        stands = [known.stand for known in self._known.values()]
        return Crowd(stands.count("ours"), stands.count("other"), len(stands))
