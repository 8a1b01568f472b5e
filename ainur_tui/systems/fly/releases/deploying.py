"""Deploy an image, and roll back to the last release that was healthy."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock
from ainur_tui.systems.acting import Step, World
from ainur_tui.systems.fly.appclient import Rows, release_words
from ainur_tui.systems.fly.fleet import EachMachine, alone, judged, well, which
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.releases.choosing import (
    IMAGE,
    chosen,
    present,
    skipped,
    told,
    version_of,
)
from ainur_tui.systems.fly.releases.history import former_images
from ainur_tui.systems.fly.releases.replacing import Config, Replacing

RELEASES = 50
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class _Image(EachMachine):
    """Each machine gets the plan's image; each must serve before the next is touched."""

    verb = "replace"

    async def draft_image(
        self, target: str, params: dict[str, str], image: str, world: World, *, title: str,
        facts: list[str], releases: Rows | None,
    ) -> Plan:  # fmt: skip
        """The plan to have ``image`` on every machine."""
        all = await judged(self.hands)
        chosen = [m for m, _ in all if m.config.get("image") != image]
        if not chosen:
            raise Refused(f"every machine runs {image} already", UNAVAILABLE)
        former = {str(m.config.get("image")) for m in chosen}
        healthy = well(all)
        warnings = alone(healthy, "it is replaced")
        if len(former) > 1:
            warnings.append("The machines run different images now; there is no single way back")
        if releases and not any(row.get("image_ref") == image for row in releases):
            warnings.append(
                f"No release of the last {len(releases)} had this image: nobody knows here whether"
                " it is there, or was ever healthy"
            )
        warnings.append("The database's schema is not changed with the image")
        policy = "A deploy is going on" if releases and releases[0].get("in_progress") else None
        undo = Undo(action="deploy", target=target, params={"image": former.pop()})
        return self.draft(
            target, params, all, chosen, world,
            title=title,
            affects=True,
            undo=undo if len(former) == 0 else None,
            policy=policy,
            warnings=warnings,
            facts=[*_changes(chosen, image), *facts],
            goal={"image": image},
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        found = []
        for one in plan.goal["machines"]:
            step = Replacing(self.hands, one["id"], partial(_with_image, plan.goal["image"]))
            name = self.step_name(one["id"], one["region"])
            found.append(Step(name, step.work, undo=step.undo))
        return found

    async def proof(self, machine: Machine, plan: Plan, lacks: list[str]) -> str | None:
        if machine.config.get("image") != plan.goal["image"]:
            lacks.append(f"{machine.id} runs {_tag(machine)}")
            return None
        found = await self.stands(machine, plan, lacks)
        return None if found is None else f"{found}, image {_tag(machine)}"


class Deploy(_Image):
    """An image on all machines, rolling."""

    spec = ActionSpec(
        name="deploy",
        targets=["api"],
        risk="R2",
        summary="Put an image on all machines, one after another; all go back when one fails",
        params=[
            Param(name="image", type="str", help="image reference, or a tag", required=True),
        ],
        inverse="deploy the image before",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = params.get("image", "").strip()
        if not (IMAGE.fullmatch(given) or _TAG.fullmatch(given)):
            raise Refused("deploy needs image=REFERENCE, or image=TAG of the present image", USAGE)
        all = await judged(self.hands)
        image = _reference(given, str(all[-1][0].config.get("image", "")))
        releases, facts = None, []
        try:
            releases = await self.hands.client.releases(RELEASES)
        except ProbeFailure as failure:
            facts.append(f"releases cannot be read, so a deploy may be going on: {failure}")
        return await self.draft_image(
            target, {"image": image}, image, world,
            title=f"Deploy {image.rpartition('/')[2]}", facts=facts, releases=releases,
        )  # fmt: skip


class Rollback(_Image):
    """The newest release before the present one that was healthy, or a given version."""

    spec = ActionSpec(
        name="rollback",
        targets=["api"],
        risk="R2",
        summary="Deploy the image of the newest earlier release that was healthy",
        params=[Param(name="version", type="int", help="a release's number instead: 141")],
        inverse="deploy the image before",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        version = params.get("version", "").removeprefix("v")
        if version and not re.fullmatch(r"[0-9]{1,9}", version):
            raise Refused("rollback takes version=N at most", USAGE)
        releases: Rows = []
        failure = "there is none"
        try:
            releases = await self.hands.client.releases(RELEASES)
        except ProbeFailure as problem:
            failure = str(problem)
        if not releases and version:
            raise Refused(f"the releases cannot be read: {failure}", UNAVAILABLE)
        if not releases:
            return await self._by_versions(target, world, failure)
        releases = sorted(releases, key=lambda row: -version_of(row))
        all = await judged(self.hands)
        now = present(releases, {str(m.config.get("image")) for m, _ in all})
        row = chosen(releases, now, int(version) if version else None)
        image = str(row["image_ref"])
        facts = [f"from {told(now)} to {told(row)}"] if now else [f"to {told(row)}"]
        if not version:
            facts.append("the newest earlier release that was healthy, with another image")
        facts += [f"left out: {told(one)}" for one in skipped(releases, now, row)]
        return await self.draft_image(
            target, {"version": str(version_of(row))}, image, world,
            title=f"Roll back to {release_words(row).partition(' ')[0]}", facts=facts,
            releases=releases,
        )  # fmt: skip

    async def _by_versions(self, target: str, world: World, failure: str) -> Plan:
        """Back to the image the machines ran before, as their own versions tell."""
        mine = [m for m, _ in await judged(self.hands)]
        try:
            found = await former_images(self.hands.client, mine, self.hands.app)
        except ProbeFailure as other:
            raise Refused(
                f"neither releases ({failure}) nor versions: {other}", UNAVAILABLE
            ) from None
        usable = [(image, at) for image, at in found if IMAGE.fullmatch(image)]
        if not usable:
            raise Refused(
                f"no releases ({failure}), and the machines ran no other image", UNAVAILABLE
            )
        image, at = usable[0]
        when = f", put there {clock(at, date=True)}" if at else ""
        plan = await self.draft_image(
            target, {}, image, world,
            title=f"Roll back to {image.rpartition('/')[2]}",
            facts=[f"releases are not told ({failure})", f"the machines' versions: {image}{when}"],
            releases=None,
        )  # fmt: skip
        doubt = "Whether that image was healthy is not known: the platform tells no releases"
        return replace(plan, warnings=[doubt, *plan.warnings])


def _reference(given: str, present: str) -> str:
    """A full reference; a bare tag is one of the present image's repository."""
    if "/" in given or ":" in given or not present:
        return given
    return f"{present.partition('@')[0].rpartition(':')[0] or present}:{given}"


def _tag(machine: Machine) -> str:
    return clean(str(machine.config.get("image", "")).rpartition(":")[2], 80)


def _changes(chosen: list[Machine], image: str) -> list[str]:
    """From which image to which, the machines of one kind of change together."""
    by_tag: dict[str, list[Machine]] = {}
    for machine in chosen:
        by_tag.setdefault(_tag(machine), []).append(machine)
    to = image.rpartition(":")[2]
    return [f"{which(some)}: {tag} → {to}" for tag, some in by_tag.items()]


def _with_image(image: str, config: Config) -> dict[str, Any]:
    return {**config, "image": image}
