"""``ainur-tui report performance``: latency, errors, connections, statements, node, machines."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.report import looked
from ainur_tui.model.units import rfc3339
from ainur_tui.rules.performance import Report, report, wanted
from ainur_tui.rules.performance_text import markdown

__all__ = ["body", "gather", "markdown"]
POINTS = 288
"""Buckets of a report: five minutes each over a day."""


async def gather(call: Invocation, hours: float | None) -> Report:
    """The figures of the last ``hours`` (a day)."""
    seconds = (hours or 24.0) * 3600
    return report(*await looked(call, wanted, seconds, POINTS), seconds)


def body(found: Report) -> dict[str, Any]:
    """As JSON, moments as the contract writes them."""
    told: dict[str, Any] = msgspec.to_builtins(found)
    for part in told["parts"]:
        for figure in part["figures"]:
            figure["worst_at"] = rfc3339(figure["worst_at"])
        if part["listing"] is not None:
            part["listing"]["at"] = rfc3339(part["listing"]["at"])
    return told | {"at": rfc3339(found.at)}
