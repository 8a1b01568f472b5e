"""How much is in each bucket. Looked at seldom: a store tells it only by listing every object."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Storage
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.storage.client import Bucket, Stored
from ainur_tui.systems.storage.drift import listed

BYTES = Signal(name="bucket.bytes", title="in the bucket", unit="B")
OBJECTS = Signal(name="bucket.objects", title="objects in the bucket", unit="count")
MOST = 20_000
"""Objects of one bucket that are counted: twenty requests."""
_HOUR = 3600.0


class UsageProbe(Probe):
    """Counts every bucket. One that cannot be listed, or holds too much, has a reason instead of a
    number: that it answers at all is told by those who ask for less."""

    name = "storage.usage"
    target = "storage"
    signals = (BYTES, OBJECTS)

    def __init__(self, buckets: Sequence[Bucket], section: Storage, clock: Clock) -> None:
        self.interval = max(section.interval, _HOUR)
        self.deadline = max(10.0, section.timeout * 2)
        self._buckets = buckets
        self._clock = clock

    async def read(self) -> Sample:
        each = await asyncio.gather(*map(self._one, self._buckets))
        failures = [one for one in each if isinstance(one, ProbeFailure)]
        if len(failures) == len(each):
            raise failures[0]
        at = self._clock.now()
        return Sample(
            [
                Reading(target=f"storage/{bucket.name}", signal=signal.name, value=value, note=note,
                        source="S3 list of all objects", observed_at=at)
                for bucket, one in zip(self._buckets, each, strict=True)
                for note, *values in [_told(one)]
                for signal, value in zip(self.signals, values, strict=True)
            ]
        )  # fmt: skip

    async def _one(self, bucket: Bucket) -> tuple[list[Stored], bool] | ProbeFailure:
        try:
            return await listed(bucket, MOST)
        except ProbeFailure as failure:
            return failure


def _told(
    found: tuple[list[Stored], bool] | ProbeFailure,
) -> tuple[str | None, float | None, float | None]:
    """Why there is no number; bytes; objects."""
    if isinstance(found, ProbeFailure):
        return f"not counted: {found}", None, None
    listing, more = found
    if more:
        return f"more than {MOST:,} objects: the provider's own page tells how much", None, None
    return None, float(sum(one.size for one in listing)), float(len(listing))
