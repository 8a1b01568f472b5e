"""What is known of the app's secrets: digests, times, and what our marks say of them. Pure but
for the one reading; values cannot be read back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ainur_tui.model.text import clean
from ainur_tui.systems.answers import text
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.machines import Machine, parse_time, version_time

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
SET_BY = "ainur_settings"
"""Metadata key of the run that last gave a machine its settings."""


@dataclass(frozen=True)
class Known:
    """A secret as the platform tells it; ``changed`` in epoch seconds."""

    name: str
    digest: str
    changed: float | None


async def known(client: FlyClient) -> dict[str, Known]:
    """The app's secrets by name; raises ProbeFailure."""
    found = {}
    for row in await client.secrets():
        name = text(row, "name", 130)
        if name:
            changed = parse_time(row.get("updated_at")) or parse_time(row.get("created_at"))
            found[name] = Known(name, text(row, "digest", 80) or "?", changed)
    return found


def flag_key(name: str) -> str:
    """The metadata key under which a machine keeps who set it."""
    return f"ainur_set_{name.lower()}"


def last_set(machines: Iterable[Machine], row: Known) -> tuple[str, str]:
    """Our run that set it and the value kept of it, where it has not been changed since."""
    for machine in machines:
        told = str((machine.config.get("metadata") or {}).get(flag_key(row.name), "")).split(" ")
        if told[0] == row.digest and len(told) > 1:
            return clean(told[1], 40), clean(told[2], 40) if len(told) > 2 else ""
    return "", ""


def without(machines: Iterable[Machine], row: Known) -> list[Machine]:
    """The machines that have not been updated since the secret changed: they lack its value."""
    if row.changed is None:
        return []
    since = int(row.changed)
    return [m for m in machines if (version_time(m.instance) or m.updated_at) < since]
