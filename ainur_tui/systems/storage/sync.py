"""The action ``sync``: a bucket's objects into its copy; nothing is deleted unless asked for."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import size
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Clock
from ainur_tui.systems.storage.client import Bucket, Stored
from ainur_tui.systems.storage.drift import Difference, difference, marker

SMALL = 8 << 20
"""Bytes up to which an object is held in memory; a larger one is streamed in parts of as many."""
AT_ONCE = 4
LONGEST = 6 * 3600.0
_SHOWN = 20
Work = Callable[[StepContext], Awaitable[str]]


class Sync(Action):
    """Copies what is new or changed, reads back what the far end has, and says what is left."""

    verify_within = 30.0

    def __init__(self, pairs: Mapping[str, str], buckets: Mapping[str, Bucket], clock: Clock):
        self._pairs = dict(pairs)
        self._buckets = dict(buckets)
        self._clock = clock
        names = sorted(self._buckets)
        self.spec = ActionSpec(
            name="sync",
            targets=["storage"],
            risk="R2",
            summary="Copy what is new or changed in a bucket to its copy; deletes only if asked",
            params=[
                Param(name="source", type="str", help="the bucket", choices=names,
                      default=next(iter(self._pairs), None)),
                Param(name="into", type="str", help="its copy; none: as configured", choices=names),
                Param(name="delete", type="bool", default="false", choices=["true", "false"],
                      help="also delete what is only in the copy"),
            ],
        )  # fmt: skip

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        source, into, delete = self._given(params)
        found = await difference(self._buckets[source], self._buckets[into])
        blocked, warnings = None, []
        if delete and found.cut:
            blocked = "there are more objects than are compared: nothing is deleted then"
        if self._pairs.get(source) != into:
            warnings.append(f"{into} is not configured as the copy of {source}")
        if found.changed:
            warnings.append(f"{len(found.changed):,} objects of {into} are overwritten")
        if found.gone and not delete:
            warnings.append(f"{len(found.gone):,} objects are only in {into}: they stay")
        if delete:
            warnings.append(f"{len(found.gone):,} objects of {into} are deleted for good")
        independence = "both buckets are of one account: what loses the account loses both"
        gone = [one.key for one in found.gone]
        steps = [f"copy {len(found.new) + len(found.changed):,} objects, {size(found.octets)}"]
        steps += [f"delete {len(gone):,} objects that are only in {into}"] * delete
        return Plan(
            action="sync",
            target=target,
            risk="R2" if delete or self._pairs.get(source) != into else "R1",
            params={"source": source, "into": into, "delete": str(delete).lower()},
            steps=[*steps, f"write down in {into} that it was synced"],
            affects=[],
            before={"delete": _digest(gone)} if delete else {},
            goal={"source": source, "into": into, "delete": _digest(gone) if delete else None,
                  "at": self._clock.now()},
            expected_seconds=world.usual_seconds,
            title=f"Sync {source} into {into}",
            warnings=warnings,
            facts=[found.told, *_lines(found, delete=delete), independence],
            blocked=blocked,
        )  # fmt: skip

    def _given(self, params: dict[str, str]) -> tuple[str, str, bool]:
        given = {name: value for name, value in params.items() if value}
        source = given.get("source") or next(iter(self._pairs), "")
        into = given.get("into") or self._pairs.get(source, "")
        for name in (source, into):
            if name not in self._buckets:
                known = ", ".join(sorted(self._buckets))
                raise Refused(f"{clean(name or '(none)', 70)} is no bucket here: {known}", USAGE)
        if source == into:
            raise Refused("a bucket is not its own copy", USAGE)
        if given.get("delete", "false") not in {"true", "false"}:
            raise Refused("delete is true or false", USAGE)
        return source, into, given.get("delete") == "true"

    def steps(self, plan: Plan) -> list[Step]:
        name, goal = str(plan.goal["source"]), plan.goal
        source, copy = self._buckets[name], self._buckets[str(goal["into"])]
        copied = [0, 0]

        async def transfer(context: StepContext) -> str:
            found = await difference(source, copy)
            wanted = [*found.new, *found.changed]
            turn, missed = asyncio.Semaphore(AT_ONCE), []

            async def one(each: Stored) -> None:
                async with turn:
                    if await _copied(source, copy, each):
                        copied[0] += 1
                        copied[1] += each.size
                        context.progress(f"{copied[0]:,} of {len(wanted):,}, {size(copied[1])}")
                    else:
                        missed.append(each.key)

            async with asyncio.TaskGroup() as group:
                for each in wanted:
                    group.create_task(one(each))
            context.keep(copied=copied[0], bytes=copied[1])
            gone = f", {len(missed)} were gone by then" if missed else ""
            return f"{copied[0]:,} objects, {size(copied[1])}{gone}"

        async def remove(context: StepContext) -> str:
            gone = [one.key for one in (await difference(source, copy)).gone]
            if _digest(gone) != goal["delete"]:
                raise ActionFailure("what is only in the copy changed since the plan was made")
            for number, key in enumerate(gone, 1):
                context.progress(f"{number:,} of {len(gone):,}")
                await copy.delete(key)
            context.keep(deleted=len(gone))
            return f"{len(gone):,} objects deleted"

        async def write(context: StepContext) -> str:
            told = {"at": self._clock.now(), "copied": copied[0], "run": context.run_id}
            await copy.put(marker(name), json.dumps(told).encode())
            return "done"

        works = [transfer, *([remove] if goal["delete"] is not None else []), write]
        return [
            Step(step, _plainly(work), "abort" if work is transfer else "finish", limit=LONGEST)
            for step, work in zip(plan.steps, works, strict=True)
        ]

    async def observe(self, plan: Plan) -> Observation:
        source, into = str(plan.goal["source"]), str(plan.goal["into"])
        found = await difference(self._buckets[source], self._buckets[into])
        # What came after the plan was made is the next sync's.
        left = [one for one in (*found.new, *found.changed) if one.modified < plan.goal["at"]]
        if left:
            names = ", ".join(clean(one.key, 60) for one in left[:3])
            return Observation("failed", f"{len(left):,} objects are not in the copy: {names}")
        if plan.goal["delete"] is not None and found.gone:
            return Observation("failed", f"{len(found.gone):,} objects are only in the copy")
        return Observation("verified", f"both listed again: {found.told}")


async def _copied(source: Bucket, copy: Bucket, one: Stored) -> bool:
    """Copy one object; False when it is not there any more. Raises ``ActionFailure`` when the far
    end has something else afterwards."""
    digest = None
    try:
        if one.size <= SMALL:
            data = await source.get(one.key, SMALL)
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            await copy.put(one.key, data)
        else:
            await copy.upload(one.key, source.chunks(one.key), SMALL)
    except ProbeFailure as failure:
        if failure.kind in {"missing", "too large"}:
            return False  # gone, or another object by now: the next sync has it
        raise
    there = await copy.head(one.key)
    tag = there.tag.strip('"') if there else ""
    # A plain tag is the MD5 of what the far end holds.
    differs = digest is not None and len(tag) == len(digest) and tag != digest
    if there is None or differs or (digest is None and there.size != one.size):
        raise ActionFailure(f"{clean(one.key, 100)}: the copy is not what was written")
    return True


def _plainly(work: Work) -> Work:
    """The same work; what one of several transfers says becomes the step's failure."""

    async def telling(context: StepContext) -> str:
        try:
            return await work(context)
        except* (ProbeFailure, ActionFailure) as group:
            first = group.exceptions[0]
            raise ActionFailure(str(first)) from None

    return telling


def _lines(found: Difference, *, delete: bool) -> list[str]:
    """The first objects by name, what would be deleted first."""
    rows = [("deleted", one) for one in found.gone] if delete else []
    rows += [("new", one) for one in found.new] + [("changed", one) for one in found.changed]
    said = [f"{what}: {clean(one.key, 100)}, {size(one.size)}" for what, one in rows[:_SHOWN]]
    return said + [f"and {len(rows) - _SHOWN:,} more"] * (len(rows) > _SHOWN)


def _digest(keys: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
