"""How far a bucket's copy is behind it: what is new, what has changed, what is only in the copy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ainur_tui.config.types import Storage
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.units import size
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.storage.client import Bucket, Stored

OURS = ".ainur-tui/"
"""Objects below it are this program's own, and in no comparison."""
PAGE = 1000
MOST = 100_000
"""Objects of one bucket that are compared."""
_PROBED = 20_000
_DAY = 86400.0

DRIFT = Signal(name="storage.sync.drift", title="objects not in the copy", unit="count")
EXPOSED = Signal(
    name="storage.sync.exposed", title="oldest object that is not in the copy", unit="s",
    statistic="max", warn=1.1 * _DAY, fail=8 * _DAY, trouble="objects are in no copy since",
)  # fmt: skip
AGE = Signal(name="storage.sync.age", title="last sync", unit="s")


class Difference(NamedTuple):
    """What a sync would do. ``cut``: there are more objects than are compared."""

    new: list[Stored]
    changed: list[Stored]
    gone: list[Stored]
    """Only in the copy."""
    same: int
    cut: bool

    @property
    def octets(self) -> int:
        """Bytes to copy."""
        return sum(one.size for one in (*self.new, *self.changed))

    @property
    def told(self) -> str:
        """In words."""
        words = (
            f"{len(self.new):,} new, {len(self.changed):,} changed ({size(self.octets)} to copy),"
            f" {len(self.gone):,} only in the copy, {self.same:,} the same"
        )
        return words + "; there are more, which are not compared" * self.cut


def marker(source: str) -> str:
    """The object in the copy that tells of the last sync."""
    return f"{OURS}sync-{source}.json"


async def listed(bucket: Bucket, most: int = MOST) -> tuple[list[Stored], bool]:
    """The objects in the order of keys, page by page, and whether there are more. Raises
    ``ProbeFailure``."""
    found: list[Stored] = []
    after: str | None = None
    while len(found) < most:
        page = await bucket.page(after, PAGE)
        if not page:
            return found, False
        after = page[-1].key
        found += [one for one in page if not one.key.startswith(OURS)]
    return found[:most], True


async def difference(source: Bucket, copy: Bucket, most: int = MOST) -> Difference:
    """Compare two buckets. Raises ``ProbeFailure``."""
    (here, more), (there, also) = await asyncio.gather(listed(source, most), listed(copy, most))
    return compare(here, there, cut=more or also)


def compare(here: Sequence[Stored], there: Sequence[Stored], *, cut: bool = False) -> Difference:
    """Compare two listings. Where one was ``cut``, keys beyond the shorter one are left out: an
    object that was not listed is not missing."""
    if cut:
        ends = [found[-1].key for found in (here, there) if found]
        last = min(ends, default="")
        here = [one for one in here if one.key <= last]
        there = [one for one in there if one.key <= last]
    copies = {one.key: one for one in there}
    new = [one for one in here if one.key not in copies]
    changed = [one for one in here if one.key in copies and _differs(one, copies[one.key])]
    keys = {one.key for one in here}
    gone = [one for one in there if one.key not in keys]
    return Difference(new, changed, gone, len(here) - len(new) - len(changed), cut)


def _differs(one: Stored, copy: Stored) -> bool:
    """Size, else content by its tag; a tag of parts tells nothing of the content, the time does."""
    if one.size != copy.size:
        return True
    tags = [tag.strip('"') for tag in (one.tag, copy.tag)]
    if tags[0] == tags[1]:
        return False
    if all(tags) and not any("-" in tag for tag in tags):
        return True
    return one.modified > copy.modified


class DriftProbe(Probe):
    """Compares each bucket with its copy, seldom."""

    name = "storage.sync"
    target = "storage"
    signals = (DRIFT, EXPOSED, AGE)

    def __init__(
        self, pairs: Mapping[Bucket, Bucket], section: Storage, clock: Clock, interval: float = 300
    ) -> None:
        self.interval = max(section.interval, interval)
        self.deadline = max(10.0, section.timeout * 2)
        self._pairs = pairs
        self._clock = clock

    async def read(self) -> Sample:
        found = [(s, await difference(s, c, _PROBED)) for s, c in self._pairs.items()]
        now = self._clock.now()
        behind = [one for _, each in found for one in (*each.new, *each.changed)]
        oldest = max((now - one.modified for one in behind), default=0.0)
        words = "; ".join(f"{bucket.name}: {each.told}" for bucket, each in found)
        at = [await last(copy, source.name) for source, copy in self._pairs.items()]
        known = [one for one in at if one is not None]
        values: list[tuple[Signal, float | None, str | None]] = [
            (DRIFT, float(len(behind)), words),
            (EXPOSED, max(0.0, oldest), words),
            (AGE, max(0.0, now - min(known)) if len(known) == len(at) else None,
             None if len(known) == len(at) else "no sync of this program is told of in the copy"),
        ]  # fmt: skip
        return Sample(
            [
                Reading(target=self.target, signal=signal.name, value=value, note=note,
                        source="S3 list of both buckets", observed_at=now)
                for signal, value, note in values
            ]
        )  # fmt: skip


async def last(copy: Bucket, source: str) -> float | None:
    """When it was synced last (epoch seconds), as the copy tells; ``None``: not known."""
    try:
        told = json.loads(await copy.get(marker(source), 1 << 16))
        return float(told["at"])
    except ProbeFailure as failure:
        if failure.kind == "missing":
            return None
        raise
    except (ValueError, KeyError, TypeError):
        return None
