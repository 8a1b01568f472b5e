"""``ainur-tui report handover``: what the next shift has to know."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    from ainur_tui.model.board import BoardView
    from ainur_tui.model.incident import Incident


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Write the sheet; exit code 0, whatever it tells."""
    from ainur_tui.rules.handover import builtins, handover, markdown
    from ainur_tui.rules.oncall import on_call

    view, incidents = asyncio.run(_gather(call))
    roster = call.loaded.environment.oncall
    turn = on_call(roster.people, roster.start, roster.days, view.at) if roster else None
    parts = handover(view, incidents, turn)
    if args.json or args.format == "json":
        call.output.json(builtins(parts, view.environment, view.at))
        return errors.OK
    for line in markdown(parts, view.environment, view.at).splitlines():
        call.output.line(line)
    return errors.OK


async def _gather(call: Invocation) -> tuple[BoardView, list[Incident]]:
    from ainur_tui.cli import common
    from ainur_tui.client.remote import Remote
    from ainur_tui.model.incident import IncidentsQuery
    from ainur_tui.model.wire import BoardQuery

    async with common.link(call) as engine:
        fresh = not isinstance(engine, Remote)  # one of our own has to look once
        view: BoardView = await engine.call("board", BoardQuery(fresh=fresh, timeout=10.0))
        return view, await engine.call("incidents", IncidentsQuery(limit=50))
