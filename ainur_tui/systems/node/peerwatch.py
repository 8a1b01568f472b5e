"""Who the node is connected to and on which chain they stand, asked once for all who want it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock
from ainur_tui.systems.node.branch import Branches, Crowd, Stand
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.shapes import Hash, Header, Peer

FRESH = 8.0
"""Seconds for which an answer serves."""


@dataclass(frozen=True)
class Look:
    """The peers, our best block then, where each peer stands; or why they cannot be had."""

    peers: Sequence[Peer] = ()
    best: int = 0
    stands: Sequence[Stand | None] = ()
    crowd: Crowd | None = None
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
                self._last = await self._ask(deadline / 3)
                self._at = self._clock.monotonic()
            return self._last

    async def _ask(self, within: float) -> Look:
        call = self._client.call
        try:
            peers = await call("system_peers", list[Peer], deadline=within)
            best = (await call("chain_getHeader", Header, deadline=within)).height
        except ProbeFailure as failure:
            return Look(failure=failure)
        self._branches.announced(peers)
        heights = self._branches.heights(best)
        try:
            hashes = (
                await call("chain_getBlockHash", list[Hash | None], heights, deadline=within)
                if heights
                else []
            )
        except ProbeFailure:
            hashes = []
        ours = {height: own for height, own in zip(heights, hashes, strict=False) if own}
        self._branches.judge(ours, best)
        peers.sort(key=lambda peer: (-(peer.best_number or 0), peer.peer_id))
        stands = [self._branches.stand(peer.peer_id) for peer in peers]
        return Look(peers, best, stands, self._branches.crowd)
