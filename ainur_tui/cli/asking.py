"""Asking the person at the terminal. Keys typed before the question do not answer it."""

from __future__ import annotations

import argparse
import sys
import termios

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.model.action import Plan, Question


def add_second(parser: argparse.ArgumentParser) -> None:
    """The word of a run's middle, given ahead."""
    parser.add_argument(
        "--confirm-cut-over", metavar="NAME",
        help="the new database's name: users are led there without being asked in the middle",
    )  # fmt: skip


def possible() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def yes(call: Invocation) -> None:
    """Go on only after ``y``; the default is No."""
    if _answer(call, "Do this? [y/N] ").lower() not in {"y", "yes"}:
        raise errors.Stop("not confirmed; nothing was changed", errors.NOT_VERIFIED)


def name(call: Invocation, plan: Plan) -> str:
    """Go on only after the target's name was typed."""
    typed = _answer(call, f"This means downtime. Type {plan.target} to do it: ")
    if typed != plan.target:
        raise errors.Stop("the name was not typed; nothing was changed", errors.NOT_VERIFIED)
    return typed


def ahead(args: argparse.Namespace, plan: Plan) -> str | None:
    """The word of the plan's middle where it was given with the command; raises a usage error
    where it is another, and where nobody could be asked for it then."""
    given: str | None = getattr(args, "confirm_cut_over", None)
    if given is not None and plan.asks not in {None, given}:
        raise errors.usage(f"--confirm-cut-over says {given!r}, the plan asks for {plan.asks}")
    if plan.asks and given is None and not args.detach and not possible():
        raise errors.usage(
            f"{plan.action} asks for the name {plan.asks} before users are moved, and nobody can be"
            f" asked here: add --confirm-cut-over {plan.asks}, or --detach and later"
            " `ainur-tui confirm`"
        )
    return given


def word(call: Invocation, question: Question) -> str:
    """What was typed after reading what a run tells in its middle."""
    for line in question.lines:
        call.output.tell(f"  {line}")
    return _answer(call, f"Type {question.word} to go on; anything else stops here: ")


def unseen(call: Invocation, question: str) -> str:
    """A value that is typed without being shown; nothing typed stops."""
    import getpass

    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    value = getpass.getpass(question, call.output.err)
    if not value:
        raise errors.Stop("nothing was typed; nothing was changed", errors.NOT_VERIFIED)
    return value


def _answer(call: Invocation, question: str) -> str:
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    call.output.err.write(question)
    call.output.err.flush()
    return sys.stdin.readline().strip()
