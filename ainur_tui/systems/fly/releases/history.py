"""Which images the machines ran: from the machines themselves, where no release is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Cell, Row
from ainur_tui.systems.answers import pick
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.machines import Machine, version_time


async def former_images(
    client: FlyClient, machines: Sequence[Machine], app: str | None = None
) -> list[tuple[str, float | None]]:
    """The images of earlier versions that no machine runs now, the latest first, and when each
    was put there last (epoch seconds). Raises ProbeFailure when no machine tells its versions."""
    told = await asyncio.gather(
        *(client.versions(machine.id, app) for machine in machines), return_exceptions=True
    )
    answers = [one for one in told if not isinstance(one, BaseException)]
    for one in told:
        if isinstance(one, BaseException) and (not isinstance(one, ProbeFailure) or not answers):
            raise one
    now = {machine.config.get("image") for machine in machines}
    found: dict[str, tuple[float, int]] = {}
    for rows in answers:
        for place, row in enumerate(rows):
            image = _image(row)
            if image and image not in now:
                at = version_time(str(row.get("version"))) or 0.0
                # Versions without a time stand in the order in which they came: newest first.
                found[image] = max(found.get(image, (at, -place)), (at, -place))
    order = sorted(found, key=lambda image: found[image], reverse=True)
    return [(image, found[image][0] or None) for image in order]


def _image(row: Mapping[str, Any]) -> str | None:
    image = pick(row, "user_config.image") or pick(row, "config.image")
    return image if isinstance(image, str) else None


def running(machines: Sequence[Machine]) -> list[Row]:
    """What runs now in the form of releases: one row an image, the latest updated first."""
    by_image: dict[tuple[str, str], list[Machine]] = {}
    for machine in sorted(machines, key=lambda one: -one.updated_at):
        by_image.setdefault((machine.image, machine.digest), []).append(machine)
    rows = []
    for (image, digest), those in by_image.items():
        release = pick(those[0].config, "metadata.fly_release_version")
        version = f"v{release}"[:10] if isinstance(release, str) and release.isdecimal() else "?"
        cells: list[Cell] = [
            version, those[0].updated_at or None, "running", "",
            image if digest.startswith(image) or not digest else f"{image} {digest[:19]}",
            f"on {len(those)} of {len(machines)}",
        ]  # fmt: skip
        detail = {"digest": digest, "machines": ", ".join(one.id for one in those)}
        rows.append(Row(key=f"{image} {digest}", cells=cells, detail=detail))
    return rows
