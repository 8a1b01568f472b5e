"""Unfinished uploads that nobody finishes any more: no listing shows them, and they are paid for.
They are named, and aborted by an action that lists each first (S-41)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Environment
from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, some
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.base import Clock, Context, Probe, Sample
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.storage.client import Bucket, open_bucket
from ainur_tui.systems.storage.multipart import Upload

OLD = 24 * 3600.0
"""Seconds after which an upload is nobody's any more: no backup takes as long."""
LEFT = Signal(name="storage.uploads.left", title="unfinished uploads older than a day",
              unit="count")  # fmt: skip
_NAMED = 3
Left = tuple[Bucket, Upload]


async def left_over(buckets: Sequence[Bucket], now: float) -> list[Left]:
    """The old ones of every bucket, oldest first. Raises ``ProbeFailure``."""
    found = await asyncio.gather(*(bucket.multipart.list("") for bucket in buckets))
    old = [
        (bucket, upload)
        for bucket, uploads in zip(buckets, found, strict=True)
        for upload in uploads
        if now - upload.at > OLD
    ]
    return sorted(old, key=lambda one: one[1].at)


def words(one: Left, now: float) -> str:
    """Which, where, how old."""
    bucket, upload = one
    return f"{bucket.name}/{clean(upload.key, 120)}, begun {duration(now - upload.at)} ago"


class UploadsProbe(Probe):
    """Looks at the start, and seldom after; that it cannot look is no trouble of the store's."""

    name = "storage.uploads"
    target = "storage"
    signals = (LEFT,)

    def __init__(self, buckets: Sequence[Bucket], interval: float, clock: Clock) -> None:
        self.interval = max(600.0, interval)
        self.deadline = 20.0
        self._buckets = buckets
        self._clock = clock

    async def read(self) -> Sample:
        now, note = self._clock.now(), None
        try:
            found = await left_over(self._buckets, now)
        except ProbeFailure as failure:
            return self._sample(None, f"they are not listed: {failure}")
        if found:
            named = some([words(one, now) for one in found], _NAMED, "; ")
            note = f"{named}: uploads-abort removes them"
        return self._sample(float(len(found)), note)

    def _sample(self, value: float | None, note: str | None) -> Sample:
        at = self._clock.now()
        return Sample(
            [Reading(target=self.target, signal=LEFT.name, value=value, note=note,
                     source="S3 list of unfinished uploads", observed_at=at)]
        )  # fmt: skip


class AbortUploads(Action):
    """Aborts the uploads its plan names, if they are there still."""

    spec = ActionSpec(
        name="uploads-abort",
        targets=["storage"],
        risk="R2",
        summary="Throw away unfinished uploads that are older than a day; each is named first",
    )

    def __init__(self, buckets: Sequence[Bucket], clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        now = self._clock.now()
        found = await left_over(self._buckets, now)
        if not found:
            raise AlreadySo("no unfinished upload is older than a day")
        ids = [f"{bucket.name} {upload.id}" for bucket, upload in found]
        return Plan(
            action="uploads-abort", target=target, risk="R2",
            steps=[f"abort {len(found)} uploads, their parts with them"], affects=[],
            before={"uploads": ids}, goal={"uploads": ids},
            expected_seconds=world.usual_seconds, title=f"Abort {len(found)} unfinished uploads",
            facts=[words(one, now) for one in found],
            warnings=["what was uploaded of them is gone for good"],
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        async def abort(step: StepContext) -> str:
            left = await self._of(plan)
            for number, (bucket, upload) in enumerate(left, 1):
                await bucket.multipart.abort(upload)
                step.progress(f"{number} of {len(left)}")
            step.keep(aborted=len(left))
            return f"{len(left)} aborted"

        return [Step(plan.steps[0], abort, "abort")]

    async def observe(self, plan: Plan) -> Observation:
        left = await self._of(plan)
        if left:
            return Observation("failed", f"{len(left)} are there still")
        return Observation("verified", "none of them is listed any more")

    async def _of(self, plan: Plan) -> list[Left]:
        found = await left_over(self._buckets, self._clock.now())
        return [one for one in found if f"{one[0].name} {one[1].id}" in plan.goal["uploads"]]


async def examine(environment: Environment, context: Context) -> list[Examined]:
    """What ``doctor`` says of them; nothing without a store."""
    section = environment.storage
    names = [*section.buckets, section.probe_bucket] if section else []
    if section is None or not any(names):
        return []
    buckets = [open_bucket(section, name, context) for name in dict.fromkeys(filter(None, names))]
    now = context.clock.now()
    try:
        found = await left_over(buckets, now)
    except ProbeFailure as failure:
        return [Examined("uploads", "note", f"unfinished uploads are not listed: {failure}")]
    if not found:
        return [Examined("uploads", "ok", "no unfinished upload is older than a day")]
    said = [f"{words(one, now)}: ainur-tui run uploads-abort storage" for one in found[:10]]
    return [Examined("uploads", "warn", one) for one in said]
