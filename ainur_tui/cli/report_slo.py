"""``ainur-tui report slo``: what is left of what was promised, and what took the rest."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.cli import common
from ainur_tui.cli.invocation import Invocation
from ainur_tui.model import slowords
from ainur_tui.model.slo import Slo
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration


async def gather(call: Invocation, hours: float | None) -> list[Slo]:
    """The objectives as they stand now."""
    del hours
    found: list[Slo] = await common.ask(call, "slo")
    return found


def body(found: list[Slo]) -> dict[str, Any]:
    """As JSON: seconds, ratios 0 to 1."""
    rows = [
        msgspec.to_builtins(one) | {
            "budget": one.budget, "left": one.left,
            "burns": [msgspec.to_builtins(b) | {"pages": b.pages} for b in one.burns],
        } for one in found
    ]  # fmt: skip
    return {"objectives": rows}


def markdown(found: list[Slo]) -> str:
    """For people."""
    return "\n".join(line for one in found for line in _lines(one))


def _lines(one: Slo) -> list[str]:
    """One objective as Markdown."""
    days = one.window / 86400
    told = [
        f"## {one.name.capitalize()}: {slowords.percent(one.objective)} over {days:.0f} days"
        f" ({one.statistic}; from the {one.origin if one.origin == 'guide' else 'console'})",
        f"- Budget: {slowords.budget(one)}",
        f"- Measured: {duration(one.known)} of {days:.0f} days"
        f" ({one.known / one.window:.1%}); what was not measured counts nowhere",
        f"- Excluded: {duration(one.excluded)} of planned maintenance",
        *(f"- {'PAGES: ' if burn.pages else ''}{slowords.burn(burn).capitalize()}"
          for burn in one.burns),
    ]  # fmt: skip
    if one.exhausted_in is not None:
        told.append(f"- At the rate of the last hour it is gone in {duration(one.exhausted_in)}")
    told += [f"- Taken: {slowords.minutes(part.seconds)} by {clean(part.what, 160)}"
             for part in one.taken[:10]]  # fmt: skip
    return [*told, ""]
