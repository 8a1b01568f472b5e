"""What is kept of the configuration beside the backups: the newest document that can be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock, Context
from ainur_tui.systems.postgres.backup import catalogue
from ainur_tui.systems.postgres.backup.places import Place, places_of


async def kept(places: Sequence[Place], clock: Clock) -> dict[str, Any]:
    """The newest configuration beside a backup, empty where there is none to be read."""
    listing = await catalogue.read(places, clock)
    name = next((row["config"] for row in listing.rows if row["config"]), None)
    for place in places if name else ():
        try:
            found = json.loads(await place.read(str(name)))
        except (ProbeFailure, OSError, ValueError):
            continue
        if isinstance(found, dict):
            return found
    return {}


def names_in(document: dict[str, Any]) -> list[str]:
    """The names of the app's secrets in such a document, clean."""
    rows = document.get("secrets")
    rows = rows if isinstance(rows, list) else []
    return [clean(one["name"], 80) for one in rows if isinstance(one, dict) and "name" in one]


async def kept_names(environment: Environment, context: Context) -> list[str]:
    """The names that are kept. Raises SecretMissing where a place cannot be opened."""
    return names_in(await kept(places_of(environment, context), context.clock))
