"""``ainur-tui check``: is everything well? Exit code 0 well, 1 degraded, 2 down, 3 unknown."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json
from ainur_tui.model.target import whole_of

if TYPE_CHECKING:
    from ainur_tui.model.board import BoardView

CODES = {"up": 0, "paused": 0, "degraded": 1, "down": 2, "unknown": 3}
CONFIGURED_BY = {
    "api": ("api", "fly"), "db": ("postgres",), "node": ("node",), "storage": ("storage",),
    "frontend": ("frontend",), "host": ("host",), "prometheus": ("prometheus",),
    "alertmanager": ("alertmanager",),
}  # fmt: skip
GRACE = 0.5
"""Seconds a probe may be late before its reading no longer counts as of this interval."""


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument(
        "--target", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    parser.add_argument("--fresh", action="store_true", help="probe now, whatever is known already")
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="answer within so many seconds, known or not"
    )
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Print the picture; the exit code is its state."""
    if args.timeout is not None and not 0 < args.timeout <= 3600:
        raise errors.usage("--timeout is in seconds, above 0 and at most 3600")
    return report(call, only=args.target, fresh=args.fresh, timeout=args.timeout, as_json=args.json)


def report(
    call: Invocation,
    *,
    only: list[str],
    fresh: bool = False,
    timeout: float | None = None,
    as_json: bool = False,
) -> int:
    """One picture of the environment, as JSON or for people."""
    from ainur_tui.cli import picture, shape

    for name in only:
        _must_be_possible(call, name)
    board = asyncio.run(look(call, only, fresh, timeout))
    names = [view.name for view in board.targets]
    for name in only:
        if name not in names:
            raise errors.unknown("target", name, names)
    seen = shape.limited(board, only)
    if as_json:
        call.output.json(shape.check(seen))
    else:
        for line in picture.lines(seen, call.output):
            call.output.line(line)
    return CODES[seen.state]


def _must_be_possible(call: Invocation, name: str) -> None:
    """Refuse a slip of the finger before anything is probed for it."""
    head, slash, _ = name.partition("/")
    if head not in CONFIGURED_BY or (slash and head not in {"api", "storage"}):
        raise errors.unknown("target", name, list(CONFIGURED_BY))
    environment = call.loaded.environment
    sections = CONFIGURED_BY[head]
    if all(getattr(environment, section) is None for section in sections):
        raise errors.usage(
            f"{head} is not watched in {environment.name};"
            f" add [environment.{environment.name}.{sections[0]}] to {call.loaded.path}"
        )


async def look(call: Invocation, only: list[str], fresh: bool, timeout: float | None) -> BoardView:
    """The running engine's picture where it is current, else one made now."""
    from ainur_tui.cli import common
    from ainur_tui.model.failure import Refused
    from ainur_tui.model.wire import BoardQuery

    wanted = {name for target in only for name in (target, whole_of(target))}
    engine = await common.running(call)
    if engine is not None:
        # One that goes away under us, or does not want us, is no excuse: then look ourselves.
        with contextlib.suppress(*common.LOST, Refused):
            async with engine:
                if common.is_of_this_file(call, engine):
                    found: BoardView = await engine.call("board")
                    if fresh or not is_current(found):
                        query = BoardQuery(fresh=True, targets=sorted(wanted), timeout=timeout)
                        found = await engine.call("board", query)
                    return found
    async with common.engine(call) as local:
        return without_since(await local.check(wanted or None, timeout))


def without_since(board: BoardView) -> BoardView:
    """One look cannot tell since when: the moment it was made is not the answer."""
    from msgspec.structs import replace

    targets = [replace(view, since=None) for view in board.targets]
    return replace(board, since=None, targets=targets)


def is_current(board: BoardView) -> bool:
    """Whether no probe's last reading is older than its interval."""
    return bool(board.probes) and all(
        probe.last_at is not None
        and board.at - probe.last_at <= probe.interval + (probe.seconds or 0.0) + GRACE
        for probe in board.probes
    )
