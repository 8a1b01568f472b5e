"""``ainur-tui confirm RUN WORD``: give the word that a run asks for in its middle."""

from __future__ import annotations

import argparse
import asyncio

from ainur_tui.cli import errors, following
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json
from ainur_tui.model.action import Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import ConfirmCall, RunsQuery


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("run", help="the run's id")
    parser.add_argument("word", nargs="?", help="the word; none: what it asks and tells is printed")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Tell what is asked, or answer it and wait for the end; exit code 0 when it was verified."""
    if args.word is not None and call.access == "read":
        raise Refused("this session is read-only; it confirms nothing", errors.PERMISSION)
    found = asyncio.run(_confirm(call, args.run, args.word))
    if args.json:
        from ainur_tui.cli import shape_action

        call.output.json(shape_action.run(found))
    return errors.OK if args.word is None else following.conclude(call, found)


async def _confirm(call: Invocation, id: str, word: str | None) -> Run:
    from ainur_tui.cli import common

    async with await common.process(call) as engine:
        found: list[Run] = await engine.call("runs", RunsQuery(id=id))
        if not found or found[0].asking is None:
            raise errors.Stop(f"run {id} asks for no word now", errors.UNAVAILABLE)
        for line in found[0].asking.lines:
            call.output.tell(line)
        if word is None:
            call.output.tell(f"it asks for: {found[0].asking.word}")
            return found[0]
        given: Run = await engine.call("confirm", ConfirmCall(id=id, word=word))
        return await following.follow(call, engine, given)
