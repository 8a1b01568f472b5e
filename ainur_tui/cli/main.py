"""The door: finds the command, runs it, and turns whatever happens into a sentence and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import Output, columns
from ainur_tui.cli.parser import Parser, global_options

COMMANDS = {
    "console": "the console (what runs without a command)",
    "check": "is everything well? for people, scripts and cron",
    "actions": "what can be done here",
    "run": "do something: plan, confirm, act, verify",
    "abort": "end an action that goes on, at its next safe point",
    "confirm": "give the word that a run asks for in its middle",
    "undo": "take an action back, with the same plan and the same questions",
    "break-glass": "lift policies for 15 minutes; everybody sees it",
    "playbook": "procedures that check themselves: list, show, check, run",
    "backup": "create and list backups of the database",
    "recover": "what to recover the database from, and do it; the way when nothing is left",
    "report": "performance over the last day, as Markdown or JSON; objectives; hand-over",
    "alerts": "what fires and who is on it; acknowledge, silence, examine the rules",
    "incident": "declare an incident, tell what happens, write what others are to read",
    "logs": "lines of every source, filtered",
    "journal": "what was done, by whom, and is the record whole",
    "config": "write, check and show the configuration",
    "doctor": "what is missing or wrong on this machine",
    "engine": "the process behind the console: run, unit, status, stop",
    "demo": "a living miniature of Ainur to break and rehearse on",
}
"""Name → summary; the module of that name (a dash is an underscore there) in ``ainur_tui.cli`` has
``options(parser)`` and ``run(call, args) -> int``. Each is imported only when it is called."""


def run() -> NoReturn:
    """The console script: the arguments of this process, its exit code."""
    code = guarded(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    sys.exit(code)


def guarded(argv: Sequence[str], output: Output | None = None) -> int:
    """Run a command line; every way it can end is an exit code, never a traceback."""
    call = Invocation(output=output)
    try:
        return dispatch(argv, call)
    except errors.Stop as stop:
        call.output.tell(f"ainur-tui: {stop}")
        return stop.code
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except BrokenPipeError:
        _silence()
        return errors.BROKEN_PIPE
    except Exception as error:
        return _explain(call, error)


def dispatch(argv: Sequence[str], call: Invocation) -> int:
    """Find the command and run it."""
    parser = global_options()
    known, rest = parser.parse_known_args(argv)
    call.config, call.env, call.read_only = known.config, known.env, known.read_only
    if rest and rest[0] in {"--version", "-V"}:
        from ainur_tui import __version__

        call.output.line(f"ainur-tui {__version__}")
        return errors.OK
    if rest and rest[0] in {"-h", "--help", "help"}:
        _help(call.output)
        return errors.OK
    name = "console"
    if rest and not rest[0].startswith("-"):
        name, *rest = rest
    if name not in COMMANDS:
        raise errors.unknown("command", name, list(COMMANDS))
    module = import_module(f"ainur_tui.cli.{name.replace('-', '_')}")
    command = Parser(
        prog=f"ainur-tui {name}", parents=[global_options()], description=COMMANDS[name]
    )
    module.options(command)
    try:
        arguments = command.parse_args(rest)
    except SystemExit as end:
        return int(end.code or 0)
    code: int = module.run(call, arguments)
    return code


def _explain(call: Invocation, error: Exception) -> int:
    """Failures of the world that reached us as exceptions: a sentence each, never a traceback."""
    from ainur_tui.config.problem import ConfigError
    from ainur_tui.config.types import SecretMissing
    from ainur_tui.model.failure import ProbeFailure, Refused

    match error:
        case ConfigError():
            for problem in error.problems:
                call.output.tell(f"ainur-tui: {problem}")
            return errors.CONFIGURATION
        case SecretMissing():
            call.output.tell(f"ainur-tui: {error}")
            return errors.CONFIGURATION
        case Refused():
            call.output.tell(f"ainur-tui: {error}")
            return error.code
        case ProbeFailure():
            call.output.tell(f"ainur-tui: {error}")
            return errors.UNAVAILABLE
    from ainur_tui.cli import crash

    call.output.tell(f"ainur-tui: {crash.sentence(call, error)}")
    return errors.INTERNAL


def _help(output: Output) -> None:
    output.line("ainur-tui: the operations console of the Ainur Protocol")
    output.line()
    output.line("usage: ainur-tui [--config FILE] [--env NAME] [--read-only] [COMMAND …]")
    output.line("       ainur-tui --version")
    output.line()
    for line in columns([[f"  {name}", summary] for name, summary in COMMANDS.items()]):
        output.line(line)
    output.line()
    output.line("ainur-tui COMMAND --help tells the words of a command.")
    output.line("A first look without any system of yours: ainur-tui demo")


def _silence() -> None:
    """The reader of our output has gone: write to nothing, so that the exit is quiet too."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
