"""``ainur-tui report performance``: what was kept of a span of time, in figures."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.rules.performance import Report

POINTS = 288
"""Buckets of a report: five minutes each over a day."""
LONGEST = 24 * 31.0


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("what", choices=["performance", "handover"])
    parser.add_argument("--hours", type=float, default=24.0, help="how far back (24)")
    parser.add_argument("--format", choices=["md", "text", "json"], default="md")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Write the report; exit code 0 also where much of it is not known: it says so itself."""
    if args.what == "handover":
        from ainur_tui.cli import report_handover

        return report_handover.run(call, args)
    if not 0.1 <= args.hours <= LONGEST:
        raise errors.usage(f"--hours is between 0.1 and {LONGEST:.0f}")
    found = asyncio.run(_gather(call, args.hours * 3600))
    if args.json or args.format == "json":
        import msgspec

        from ainur_tui.model.units import rfc3339

        body = msgspec.to_builtins(found)
        for part in body["parts"]:
            for figure in part["figures"]:
                figure["worst_at"] = rfc3339(figure["worst_at"])
            if part["listing"] is not None:
                part["listing"]["at"] = rfc3339(part["listing"]["at"])
        body["at"] = rfc3339(found.at)
        call.output.json({"version": 1, "report": "performance"} | body)
    else:
        from ainur_tui.rules.performance_text import markdown

        for line in markdown(found).splitlines():
            call.output.line(line)
    return errors.OK


async def _gather(call: Invocation, seconds: float) -> Report:
    from ainur_tui.cli import common
    from ainur_tui.client.remote import Remote
    from ainur_tui.model.board import BoardView
    from ainur_tui.model.wire import BoardQuery, SeriesQuery
    from ainur_tui.rules.performance import report, wanted

    async with common.link(call) as engine:
        # A running engine has read it all; one of our own has to look once.
        fresh = not isinstance(engine, Remote)
        view: BoardView = await engine.call("board", BoardQuery(fresh=fresh, timeout=10.0))
        query = SeriesQuery(wanted=wanted(view), seconds=seconds, points=POINTS)
        return report(view, await engine.call("history", query), seconds)
