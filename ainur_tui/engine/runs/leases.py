"""Leases: one holder per target, its parts and its whole included (S-42, F-65)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import msgspec

from ainur_tui.model.action import Lease
from ainur_tui.model.failure import Refused
from ainur_tui.model.target import overlaps
from ainur_tui.model.units import duration
from ainur_tui.systems.base import Clock

TTL = 30.0
"""Seconds without a heartbeat after which a lease is over."""

_KEY = "leases"


class KeyValue(Protocol):
    """Where leases outlive the engine."""

    async def load(self, key: str) -> bytes | None: ...
    async def save(self, key: str, value: bytes) -> None: ...


class LeaseLost(Exception):
    """Somebody else holds the target now; the text says who."""


@dataclass(frozen=True)
class _Held:
    lease: Lease
    ends: float
    """On the monotonic clock: a jump of the wall clock ends no lease."""


class Leases:
    """Who may act on what, now. Times told to others are epoch seconds."""

    def __init__(self, clock: Clock, store: KeyValue | None = None, ttl: float = TTL) -> None:
        self._clock = clock
        self._store = store
        self.ttl = ttl
        self._held: dict[str, _Held] = {}

    async def open(self) -> None:
        """Take up what an engine before this one left: it expires unless it is renewed."""
        data = await self._store.load(_KEY) if self._store else None
        if not data:
            return
        now, ticks = self._clock.now(), self._clock.monotonic()
        try:
            found = msgspec.json.decode(data, type=list[Lease])
        except msgspec.DecodeError:
            return
        for lease in found:
            left = min(lease.expires_at - now, self.ttl)
            if left > 0:
                self._held[lease.run] = _Held(lease, ticks + left)

    def holder(self, target: str) -> Lease | None:
        """Who stands in the way of acting on ``target``."""
        return next(iter(self.against(target)), None)

    def against(self, target: str) -> list[Lease]:
        """All that stand in the way of acting on ``target``."""
        return [lease for lease in self.views() if overlaps(lease.target, target)]

    def views(self) -> list[Lease]:
        """The leases that hold now."""
        now = self._clock.monotonic()
        self._held = {run: held for run, held in self._held.items() if held.ends > now}
        return [held.lease for held in self._held.values()]

    async def take(self, target: str, holder: str, reason: str, run: str) -> Lease:
        """Take the lease for a run. Raises Refused naming the holder and for how long."""
        if other := self.holder(target):
            raise Refused(in_the_way(other, self._clock.now()))
        lease = self._put(target, holder, reason, run)
        await self._save()
        return lease

    async def renew(self, run: str, otherwise: Lease) -> None:
        """The heartbeat. ``otherwise`` is taken again when it had expired and nobody else has it.

        Raises LeaseLost when somebody has.
        """
        other = self.holder(otherwise.target)
        if other is not None and other.run != run:
            raise LeaseLost(in_the_way(other, self._clock.now()))
        self._put(otherwise.target, otherwise.holder, otherwise.reason, run)
        await self._save()

    async def release(self, run: str) -> None:
        """Give a lease back."""
        if self._held.pop(run, None) is not None:
            await self._save()

    async def only(self, runs: Collection[str]) -> None:
        """Give back those of all other runs: an engine before this one ended after their verdict,
        or before they were begun."""
        if ended := self._held.keys() - set(runs):
            for run in ended:
                del self._held[run]
            await self._save()

    def _put(self, target: str, holder: str, reason: str, run: str) -> Lease:
        lease = Lease(
            target=target,
            holder=holder,
            reason=reason,
            expires_at=self._clock.now() + self.ttl,
            run=run,
        )
        self._held[run] = _Held(lease, self._clock.monotonic() + self.ttl)
        return lease

    async def _save(self) -> None:
        if self._store is not None:
            await self._store.save(_KEY, msgspec.json.encode(self.views()))


def in_the_way(lease: Lease, now: float) -> str:
    """The sentence for the person who has to wait."""
    left = duration(max(0.0, lease.expires_at - now))
    return (
        f"{lease.holder} holds {lease.target}: {lease.reason} "
        f"(run {lease.run}; the lease ends in {left} unless that goes on)"
    )
