"""``ainur-tui break-glass REASON``: lift policies for a while, on the record and seen by all."""

from __future__ import annotations

import argparse
import asyncio

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.model.failure import Refused
from ainur_tui.model.wire import BreakGlassCall


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("reason", nargs="?", default="", help="why; stands in the journal")
    parser.add_argument("--end", action="store_true", help="put the glass back before its time")


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Break the glass of the environment's engine, or put it back."""
    if args.end == bool(args.reason.strip()):
        raise errors.usage("break-glass wants a reason, or --end to put the glass back")
    if call.access == "read":
        raise Refused("this session is read-only; no policy can be lifted in it", errors.PERMISSION)
    asyncio.run(_ask(call, args.reason.strip()))
    call.output.line(
        f"policies are lifted for 15 minutes: {args.reason.strip()}" if args.reason.strip()
        else "the glass is whole again; policies hold"
    )  # fmt: skip
    return errors.OK


async def _ask(call: Invocation, reason: str) -> None:
    from ainur_tui.cli import common

    async with await common.process(call) as engine:
        await engine.call("break-glass", BreakGlassCall(reason=reason))
