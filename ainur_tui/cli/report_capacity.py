"""``ainur-tui report capacity``: what fills up, and between which dates it is full."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.report import looked
from ainur_tui.config.types import Api
from ainur_tui.model.units import rfc3339
from ainur_tui.rules.capacity import POINTS, SPAN, Capacity, capacity, wanted
from ainur_tui.rules.capacity_text import markdown

__all__ = ["body", "gather", "markdown"]


async def gather(call: Invocation, hours: float | None) -> Capacity:
    """The trends of all days that are kept."""
    del hours
    view, series = await looked(call, wanted, SPAN, POINTS)
    return capacity(view, series, (call.loaded.environment.api or Api(url="")).pool_size)


def body(found: Capacity) -> dict[str, Any]:
    """As JSON, moments as the contract writes them."""
    told: dict[str, Any] = msgspec.to_builtins(found)
    for one in told["resources"]:
        one["since"] = rfc3339(one["since"])
        for line in one["lines"]:
            line["earliest"], line["latest"] = map(rfc3339, (line["earliest"], line["latest"]))
    for chapter in told["chapters"]:
        if chapter["listing"] is not None:
            chapter["listing"]["at"] = rfc3339(chapter["listing"]["at"])
    return told | {"at": rfc3339(found.at)}
