"""Asking the person at the terminal. Keys typed before the question do not answer it."""

from __future__ import annotations

import sys
import termios

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.model.action import Plan


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
