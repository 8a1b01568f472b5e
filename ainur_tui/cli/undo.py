"""``ainur-tui undo [RUN]``: the way back of an action, as an action of its own."""

from __future__ import annotations

import argparse
import asyncio

from ainur_tui.cli import errors
from ainur_tui.cli import run as running
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json
from ainur_tui.model.action import Undo
from ainur_tui.model.runcalls import RunsQuery


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("run", nargs="?", help="a run's id; default: the newest with a way back")
    running.add_decision(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Plan the inverse, ask, do it; exit code 0 when it is done and verified."""
    way = asyncio.run(_way_back(call, args.run))
    args.action, args.target = way.action, way.target
    outcome, code = running.perform(call, args, dict(way.params))
    if args.json:
        call.output.json(running.shape_of(outcome))
    return code


async def _way_back(call: Invocation, wanted: str | None) -> Undo:
    from ainur_tui.cli import common

    async with await common.process(call) as engine:
        runs = await engine.call("runs", RunsQuery(id=wanted))
    if wanted is not None and not runs:
        raise errors.usage(f"there is no run {wanted!r}; `ainur-tui journal` lists them")
    for one in runs:
        # One that was named is taken back however it ended; the plan reads the facts anew.
        fit = one.finished_at is not None if wanted else one.state == "verified"
        if fit and one.plan.undo is not None:
            call.output.tell(f"undoes run {one.id}: {one.plan.title} ({one.state})")
            found: Undo = one.plan.undo
            return found
    if wanted is not None:
        going = runs[0].finished_at is None
        why = "it has not ended: ainur-tui abort stops it" if going else "it has no way back"
        raise errors.Stop(f"run {wanted} is not taken back: {why}", errors.UNAVAILABLE)
    raise errors.Stop(
        "nothing to undo: no verified run here has a way back that the console knows",
        errors.UNAVAILABLE,
    )
