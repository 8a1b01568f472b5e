"""Which release to go back to, and how releases are told. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ainur_tui.model.failure import UNAVAILABLE, USAGE, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock
from ainur_tui.systems.fly.appclient import Rows, release_words
from ainur_tui.systems.fly.machines import parse_time

HEALTHY = frozenset({"complete", "completed", "succeeded", "success"})
IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]{0,254}")


def present(releases: Rows, images: set[str]) -> Mapping[str, Any] | None:
    """The release the machines run: the newest with an image of theirs, else the newest."""
    mine = [row for row in releases if row.get("image_ref") in images]
    return next(iter(mine or releases), None)


def chosen(releases: Rows, now: Mapping[str, Any] | None, version: int | None) -> Mapping[str, Any]:
    """The release to go back to; raises Refused where there is none that will do."""
    if version is not None:
        found = next((row for row in releases if version_of(row) == version), None)
        if found is None or not _usable(found):
            raise Refused(f"there is no release v{version} with an image", USAGE)
        return found
    for row in _earlier(releases, now):
        if _usable(row) and healthy(row) and row["image_ref"] != (now or {}).get("image_ref"):
            return row
    raise Refused("no earlier release was healthy; give version=N", UNAVAILABLE)


def skipped(releases: Rows, now: Mapping[str, Any] | None, row: Mapping[str, Any]) -> Rows:
    """The releases between the two that will not do, newest first."""
    return [one for one in _earlier(releases, now) if version_of(one) > version_of(row)][:3]


def healthy(row: Mapping[str, Any]) -> bool:
    """Whether a release came to its end well, as the platform tells."""
    done = str(row.get("status", "")).lower() in HEALTHY
    return done and row.get("stable") is not False and not row.get("in_progress")


def _earlier(releases: Rows, now: Mapping[str, Any] | None) -> Rows:
    return [row for row in releases if now is None or version_of(row) < version_of(now)]


def _usable(row: Mapping[str, Any]) -> bool:
    image = row.get("image_ref")
    return isinstance(image, str) and IMAGE.fullmatch(image) is not None


def version_of(row: Mapping[str, Any]) -> int:
    """Its number; -1 where it has none."""
    value = row.get("version")
    return value if isinstance(value, int) else -1


def told(row: Mapping[str, Any]) -> str:
    """Version, who, when, and a status that is not well."""
    at = parse_time(row.get("created_at"))
    status = "" if healthy(row) else f" ({clean(row.get('status') or 'no status', 40)})"
    when = f" of {clock(at, date=True)}" if at else ""
    return f"{release_words(row)}{when}{status}"
