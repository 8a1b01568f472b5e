"""Whether the buckets answer, and whether the store takes what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Storage
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.storage.client import Bucket

UP = Signal(
    name="storage.up", title="storage answers", unit="bool", worse="below", fail=1, vital=True
)
LATENCY = Signal(name="storage.latency", title="storage latency", unit="s")
WRITE = Signal(
    name="storage.write", title="takes writes", unit="bool", worse="below", fail=1,
    trouble="refuses writes",
)  # fmt: skip
BUCKET_UP = Signal(
    name="bucket.up", title="bucket answers", unit="bool", worse="below", fail=1, vital=True
)

_COLUMNS = [
    Column(name="bucket", title="Bucket"),
    Column(name="state", title="State", rank=1),
    Column(name="latency", title="Latency", unit="s", rank=2),
    Column(name="note", title="Note", rank=3, limit=120),
]
_WRITE_AT_MOST_EVERY = 10.0
_OUR_FOLDER = ".ainur-tui/"
_CONNECTIVITY = {"refused", "unreachable", "dns", "tls"}


def bucket_target(name: str) -> Target:
    """The target of one bucket."""
    return Target(
        name=f"storage/{name}", kind="storage/bucket", title=f"bucket {name}", parent="storage"
    )


class BucketsProbe(Probe):
    """Lists one object of every bucket at once; the first bucket that answers tells the latency.

    A bucket that is not there is that bucket's trouble: the store itself has answered.
    """

    name = "storage.buckets"
    target = "storage"
    signals = (UP, LATENCY, BUCKET_UP)

    def __init__(self, buckets: Sequence[Bucket], section: Storage, clock: Clock) -> None:
        self.interval = section.interval
        self.deadline = section.timeout + 0.5
        self._buckets = buckets
        self._source = f"S3 list at {section.endpoint.partition('://')[2].rpartition('@')[2]}"
        self._clock = clock

    async def read(self) -> Sample:
        answers = await asyncio.gather(*(self._ask(bucket) for bucket in self._buckets))
        failures = [answer for answer in answers if isinstance(answer, ProbeFailure)]
        speaking = [failure for failure in failures if failure.kind == "missing"]
        times = [answer for answer in answers if isinstance(answer, float)]
        if not times and not speaking:
            raise failures[0]
        at = self._clock.now()
        readings = [
            Reading(target="storage", signal=UP.name, value=1, source=self._source, observed_at=at),
            Reading(
                target="storage", signal=LATENCY.name, value=min(times, default=None),
                source=self._source, observed_at=at,
                note=None if times else "no bucket of ours is there",
            ),
        ]  # fmt: skip
        rows = []
        for bucket, answer in zip(self._buckets, answers, strict=True):
            ok = isinstance(answer, float)
            unsure = isinstance(answer, ProbeFailure) and answer.blames_us
            said = None if ok else str(answer)
            gone = isinstance(answer, ProbeFailure) and answer.kind == "missing"
            readings.append(
                Reading(
                    target=f"storage/{bucket.name}", signal=BUCKET_UP.name,
                    value=1.0 if ok else None if unsure and not gone else 0.0,
                    source=self._source, observed_at=at, note=said,
                )
            )  # fmt: skip
            state = "answers" if ok else "is not there" if gone else "does not answer"
            rows.append(
                Row(
                    key=bucket.name,
                    cells=[bucket.name, state, answer if isinstance(answer, float) else None, said],
                    tone="none" if ok else "fail",
                    target=f"storage/{bucket.name}",
                )
            )
        table = Table(
            name="storage.buckets", target="storage", title="Buckets", columns=_COLUMNS, rows=rows,
            observed_at=at, source=self._source, interval=self.interval,
        )  # fmt: skip
        targets = [bucket_target(bucket.name) for bucket in self._buckets]
        return Sample(readings, [table], targets=targets)

    async def _ask(self, bucket: Bucket) -> float | ProbeFailure:
        began = self._clock.monotonic()
        try:
            await bucket.first()
        except ProbeFailure as failure:
            return failure
        return self._clock.monotonic() - began


class WriteProbe(Probe):
    """Writes, measures and removes a tiny object of our own.

    Refusals are the finding; only a store that cannot be reached at all makes the probe fail.
    """

    name = "storage.write"
    target = "storage"
    signals = (WRITE,)

    def __init__(self, bucket: Bucket, section: Storage, clock: Clock, unique: str) -> None:
        shorter = section.interval < 5
        self.interval = section.interval if shorter else max(section.interval, _WRITE_AT_MOST_EVERY)
        self.deadline = section.timeout * 2
        self._bucket = bucket
        self._key = f"{_OUR_FOLDER}write-probe-{unique}"
        self._clock = clock

    async def read(self) -> Sample:
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self.deadline * 0.9):
                note = await self._write()
        except TimeoutError:
            note = "the write is not answered in time"
        except ProbeFailure as failure:
            if failure.kind in _CONNECTIVITY:
                raise
            note = str(failure)
        seconds = self._clock.monotonic() - began
        return Sample(
            [
                Reading(
                    target="storage", signal=WRITE.name, value=0.0 if note else 1.0,
                    source=f"S3 put, head, delete in {self._bucket.name}",
                    observed_at=self._clock.now(), note=note or f"in {seconds * 1000:.0f} ms",
                )
            ]
        )  # fmt: skip

    async def _write(self) -> str | None:
        data = f"{self._clock.now():.3f}".encode()
        await self._bucket.put(self._key, data)
        found = await self._bucket.head(self._key)
        await self._bucket.delete(self._key)
        if found is None:
            return "what was written is not there afterwards"
        if found.size != len(data):
            return f"{len(data)} bytes were written, {found.size} are there"
        return None
