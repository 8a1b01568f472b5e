"""``ainur-tui report slo``: what is left of what was promised, and what took the rest."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    from ainur_tui.model.slo import Slo


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Write it; exit code 0 also where nothing is known: it says so."""
    from ainur_tui.cli import common

    found: list[Slo] = asyncio.run(common.ask(call, "slo"))
    if args.json or args.format == "json":
        import msgspec

        rows = [
            msgspec.to_builtins(one) | {
                "budget": one.budget, "left": one.left,
                "burns": [msgspec.to_builtins(b) | {"pages": b.pages} for b in one.burns],
            } for one in found
        ]  # fmt: skip
        call.output.json({"version": 1, "report": "slo", "objectives": rows})
        return errors.OK
    for one in found:
        for line in lines(one):
            call.output.line(line)
    return errors.OK


def lines(one: Slo) -> list[str]:
    """One objective as Markdown."""
    from ainur_tui.model import slowords
    from ainur_tui.model.text import clean
    from ainur_tui.model.units import duration

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
