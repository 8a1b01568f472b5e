"""``ainur-tui report performance|capacity|slo|handover``: what was kept, in figures and sentences.

A report is a module with ``gather`` (what it says), ``body`` (that for machines) and ``markdown``.
"""

from __future__ import annotations

import argparse
import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ainur_tui.model.board import BoardView
    from ainur_tui.model.series import Series
    from ainur_tui.rules.performance import Pair

REPORTS = {
    name: f"ainur_tui.cli.report_{name}" for name in ("performance", "capacity", "slo", "handover")
}
TIMED = {"performance"}
"""Those that tell of a span that is asked for."""
LONGEST = 24 * 31.0


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("what", choices=list(REPORTS))
    parser.add_argument("--hours", type=float, help="how far back (24; performance only)")
    parser.add_argument("--format", choices=["md", "text", "json"], default="md")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Write the report; exit code 0 also where much of it is not known: it says so itself."""
    if args.hours is not None and not 0.1 <= args.hours <= LONGEST:
        raise errors.usage(f"--hours is between 0.1 and {LONGEST:.0f}")
    if args.hours is not None and args.what not in TIMED:
        raise errors.usage(f"report {args.what} rests on all that is kept: leave --hours out")
    report = import_module(REPORTS[args.what])
    found = asyncio.run(report.gather(call, args.hours))
    if args.json or args.format == "json":
        call.output.json({"version": 1, "report": args.what} | report.body(found))
    else:
        for line in report.markdown(found).splitlines():
            call.output.line(line)
    return errors.OK


async def looked(
    call: Invocation, wanted: Callable[[BoardView], list[Pair]], seconds: float, points: int
) -> tuple[BoardView, Sequence[Series]]:
    """The board, and the history of what is wanted of it."""
    from ainur_tui.cli import common
    from ainur_tui.client.remote import Remote
    from ainur_tui.model.series import SeriesQuery
    from ainur_tui.model.wire import BoardQuery

    async with common.link(call) as engine:
        # A running engine has read it all; one of our own has to look once.
        fresh = not isinstance(engine, Remote)
        view: BoardView = await engine.call("board", BoardQuery(fresh=fresh, timeout=10.0))
        query = SeriesQuery(wanted=wanted(view), seconds=seconds, points=points)
        return view, await engine.call("history", query)
