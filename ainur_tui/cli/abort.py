"""``ainur-tui abort [RUN]``: end an action that goes on, at its next safe point."""

from __future__ import annotations

import argparse
import asyncio

from ainur_tui.cli import errors, following
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json
from ainur_tui.model.action import FINAL, Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import AbortCall, RunsQuery


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("run", nargs="?", help="a run's id; default: the only one that goes on")
    parser.add_argument("--reason", default="", help="why; needed for the run of somebody else")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Ask for the end and wait for it; exit code 0 when the run ended and its verdict is known."""
    if call.access == "read":
        raise Refused("this session is read-only; it stops nothing", errors.PERMISSION)
    ended = asyncio.run(_abort(call, args.run, args.reason))
    if args.json:
        from ainur_tui.cli import shape_action

        call.output.json(shape_action.run(ended))
    following.conclude(call, ended)
    return errors.NOT_VERIFIED if ended.state == "unknown" else errors.OK


async def _abort(call: Invocation, wanted: str | None, reason: str) -> Run:
    from ainur_tui.cli import common

    async with await common.process(call) as engine:
        id = wanted or _only(await engine.call("runs", RunsQuery()))
        stopping: Run = await engine.call("abort", AbortCall(id=id, reason=reason))
        return await following.follow(call, engine, stopping)


def _only(runs: list[Run]) -> str:
    going = [one for one in runs if one.state not in FINAL]
    if len(going) == 1:
        return going[0].id
    names = "; ".join(f"{one.id} ({one.plan.title}, {one.operator})" for one in going)
    if going:
        raise errors.usage(f"several go on, which one? {names}")
    raise errors.Stop("nothing to stop: no action is running here", errors.UNAVAILABLE)
