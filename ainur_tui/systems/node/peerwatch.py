"""Who the node is connected to and on which chain they stand, asked once for all who want it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock
from ainur_tui.systems.node.branch import Branches, Crowd, Stand
from ainur_tui.systems.node.client import Call, NodeClient
from ainur_tui.systems.node.shapes import Connected, Connections, Hash, Header, Peer

FRESH = 8.0
"""Seconds for which an answer serves."""
_ASKED: tuple[Call, ...] = (
    ("system_peers", list[Peer], ()),
    ("chain_getHeader", Header, ()),
    ("system_unstable_networkState", Connections, ()),
)


@dataclass(frozen=True)
class Look:
    """The peers, our best block then, where each peer stands; or why they cannot be had."""

    peers: Sequence[Peer] = ()
    best: int = 0
    stands: Sequence[Stand | None] = ()
    crowd: Crowd | None = None
    connections: Mapping[str, Connected] = field(default_factory=dict)
    """By peer, where the node tells them."""
    failure: ProbeFailure | None = None


class PeerWatch:
    """Asks ``system_peers`` and our hashes at the heights they announced. Never raises."""

    def __init__(self, client: NodeClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._branches = Branches()
        self._turn = asyncio.Lock()
        self._at = float("-inf")
        self._last = Look()

    async def look(self, deadline: float) -> Look:
        """The peers as they are now, or were at most :data:`FRESH` seconds ago."""
        async with self._turn:
            if self._clock.monotonic() - self._at >= FRESH:
                self._last = await self._ask(deadline)
                if self._last.failure is None:
                    self._at = self._clock.monotonic()
            return self._last

    async def _ask(self, deadline: float) -> Look:
        try:
            peers, header, state = await self._client.batch(_ASKED, deadline=0.7 * deadline)
        except ProbeFailure as failure:
            return Look(failure=failure)
        for told in (peers, header):
            if isinstance(told, ProbeFailure):
                return Look(failure=told)
        best = header.height
        self._branches.announced(peers)
        heights = self._branches.heights(best)
        try:
            hashes = (
                await self._client.call(
                    "chain_getBlockHash", list[Hash | None], heights, deadline=0.3 * deadline
                )
                if heights
                else []
            )
        except ProbeFailure:
            hashes = []
        ours = {height: own for height, own in zip(heights, hashes, strict=False) if own}
        self._branches.judge(ours, best)
        peers.sort(key=lambda peer: (-(peer.best_number or 0), peer.peer_id))
        stands = [self._branches.stand(peer.peer_id) for peer in peers]
        connections = state.connected_peers if isinstance(state, Connections) else {}
        return Look(peers, best, stands, self._branches.crowd, connections)
