"""Where heights come from: the old methods, else ``chainHead_v1``, else the node's metrics."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock
from ainur_tui.systems.node.chaintime import TIMESTAMP_NOW, best_time, moment_of
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.follow import Follow
from ainur_tui.systems.node.metrics import NodeMetrics
from ainur_tui.systems.node.shapes import Hash, Header, Health, Runtime, SyncState

AGAIN = 60.0
"""Seconds after which methods that were refused are asked for again: the node may be another."""
NOBODY = "0x" + "00" * 32


@dataclass(frozen=True)
class Head:
    """The chain as the node knows it now; ``None``: not told. ``source`` names how it was had."""

    best: Header
    finalized: int | None
    target: int | None
    health: Health | None
    source: str
    note: str | None = None


class Heads:
    """Asks the first way that the node offers; which one it was is in the source of the answer."""

    def __init__(
        self, client: NodeClient, follow: Follow, metrics: NodeMetrics | None, clock: Clock
    ) -> None:
        self._client = client
        self._follow = follow
        self._metrics = metrics
        self._clock = clock
        self._old_from = 0.0
        self.runtime: Runtime | None = None
        """The chain's, where the newer family told it."""

    async def best(self, deadline: float) -> Header:
        """The best block alone."""
        old = await self._old(deadline)
        return old or (await self._newer(deadline)).best

    async def look(self, deadline: float) -> Head:
        """All of it. Raises :class:`ProbeFailure` where no way leads to a height."""
        best, health, sync, final = await asyncio.gather(
            self._old(deadline), self._health(deadline), self._sync_state(deadline),
            self._finalized(deadline),
        )  # fmt: skip
        if best is None:
            newer = await self._newer(deadline)
            target = newer.target or (sync.highest_block if sync else None)
            return Head(
                newer.best, newer.finalized, _reached(target, newer.best), health or newer.health,
                newer.source, newer.note,
            )  # fmt: skip
        target = _reached(sync.highest_block if sync else None, best)
        source = f"JSON-RPC {self._client.peer}"
        return Head(best, final, target, health or await self._counted(), source)

    async def time(self, deadline: float) -> float | None:
        """When the best block was made, by the chain's own time: epoch seconds, or ``None``."""
        if self._clock.monotonic() >= self._old_from:
            return await best_time(self._client, deadline)
        try:
            return moment_of(await self._follow.stored(TIMESTAMP_NOW, deadline))
        except ProbeFailure:
            return None

    async def _old(self, deadline: float) -> Header | None:
        """The best block by the old family; ``None`` where the node does not offer it."""
        if self._clock.monotonic() < self._old_from:
            return None
        try:
            found: Header = await self._client.call("chain_getHeader", Header, deadline=deadline)
        except RpcRefused as refused:
            if not refused.hidden:
                raise
            self._old_from = self._clock.monotonic() + AGAIN
            return None
        return found

    async def _newer(self, deadline: float) -> Head:
        counted = await self._metrics.read() if self._metrics else {}
        final, target = (_whole(counted.get(one)) for one in ("finalized", "sync_target"))
        try:
            found = await self._follow.look(deadline)
            self.runtime = found.runtime
        except ProbeFailure as failure:
            best = _whole(counted.get("best"))
            if best is None:
                words = f"no chain_getHeader, and by chainHead_v1: {failure}"
                raise ProbeFailure(failure.kind, words) from None
            header = Header(number=hex(best), parent_hash=NOBODY)
            words = "heights are its metrics', the RPC offers none"
            return Head(header, final, target, _health(counted), "node's metrics", words)
        words = "heights by chainHead_v1: it offers no chain_getHeader"
        source = f"chainHead_v1 {self._follow.peer}"
        return Head(found.best, found.finalized, target, _health(counted), source, words)

    async def _counted(self) -> Health | None:
        """Peers and syncing as the metrics have them, for a node that does not tell its health."""
        return _health(await self._metrics.read()) if self._metrics else None

    async def _health(self, deadline: float) -> Health | None:
        try:
            found: Health = await self._client.call("system_health", Health, deadline=deadline)
        except RpcRefused as refused:
            if not refused.hidden:
                raise
            return None
        return found

    async def _sync_state(self, deadline: float) -> SyncState | None:
        try:
            return await self._client.call("system_syncState", SyncState, deadline=deadline)
        except RpcRefused:
            return None

    async def _finalized(self, deadline: float) -> int | None:
        """The finalized height; ``None`` for a chain without finality."""
        try:
            block = await self._client.call("chain_getFinalizedHead", Hash, deadline=deadline)
            header: Header | None = await self._client.call(
                "chain_getHeader", Header | None, block, deadline=deadline
            )
        except RpcRefused:
            return None
        return header.height if header else None


def _reached(target: int | None, best: Header) -> int | None:
    """A target is never below what is there already."""
    return None if target is None else max(target, best.height)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _health(counted: dict[str, float]) -> Health | None:
    peers = _whole(counted.get("substrate_sub_libp2p_peers_count"))
    if peers is None:
        return None
    syncing = bool(counted.get("substrate_sub_libp2p_is_major_syncing"))
    return Health(peers=peers, is_syncing=syncing)
