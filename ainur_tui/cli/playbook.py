"""``ainur-tui playbook``: list, show, check and work through playbooks, with or without a person.

The engine process works through them; this command asks, shows and waits, so that nothing is lost
when it is killed.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json
from ainur_tui.cli.shape import VERSION
from ainur_tui.model.units import many

if TYPE_CHECKING:
    from ainur_tui.config.problem import Problem
    from ainur_tui.model.playbook import Playbook

PROBES = 5.0
"""Seconds the probes may take before what fits is told."""


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    from ainur_tui.cli.run import add_decision

    parser.add_argument(
        "what", choices=["list", "show", "check", "run", "skip", "retry", "abort", "schema"]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a playbook; for check: files")
    add_decision(parser)
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Do it; for ``run`` exit code 0 when the trouble is verified to be over."""
    from ainur_tui.cli import playbookrun

    match args.what:
        case "list":
            return _list(call, as_json=args.json)
        case "check":
            return _check(call, args.names, as_json=args.json)
        case "schema":
            from ainur_tui.rules.playbooks.file import schema

            call.output.json(schema())
            return errors.OK
    if len(args.names) != 1:
        raise errors.usage(f"playbook {args.what} needs the name of one: ainur-tui playbook list")
    if args.what == "show":
        return _show(call, args.names[0], as_json=args.json)
    if args.what == "run":
        return playbookrun.work(call, args, args.names[0])
    return playbookrun.decide(call, args, args.names[0])


def _list(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.cli import common
    from ainur_tui.model.wire import BoardQuery

    books: list[Playbook] = asyncio.run(common.ask(call, "playbooks"))
    board = asyncio.run(common.ask(call, "board", BoardQuery(fresh=True, timeout=PROBES)))
    proposed = {one.playbook: one for one in board.proposals}
    going = {one.book.name: one for one in board.playbooks if one.state == "running"}
    if as_json:
        call.output.json({"version": VERSION, "playbooks": [
            {"name": b.name, "title": b.title, "target": b.target, "summary": b.summary,
             "origin": b.origin, "steps": len(b.step),
             "proposed": proposed[b.name].why if b.name in proposed else None,
             "running": going[b.name].id if b.name in going else None}
            for b in books
        ]})  # fmt: skip
        return errors.OK
    rows = []
    for book in books:
        said = book.summary
        if book.name in going:
            one = going[book.name]
            said = f"goes on: {one.step.title} ({one.now.state}), by {one.operator}"
        elif book.name in proposed:
            said = f"PROPOSED: {proposed[book.name].why}"
        rows.append([book.name, book.target, book.title, said])
    for line in columns(rows):
        call.output.line(line)
    return errors.OK


def _show(call: Invocation, name: str, *, as_json: bool) -> int:
    import msgspec

    from ainur_tui.cli import common

    books: list[Playbook] = asyncio.run(common.ask(call, "playbooks"))
    book = next((one for one in books if one.name == name), None)
    if book is None:
        raise errors.unknown("playbook", name, [one.name for one in books])
    if as_json:
        call.output.json({"version": VERSION, "playbook": msgspec.to_builtins(book)})
        return errors.OK
    call.output.line(f"{book.title}: {book.summary}  ({book.origin or 'ours'})")
    for number, step in enumerate(book.step, 1):
        does = "looks"
        if step.run is not None:
            does = f"runs {step.run.action} {step.run.target}".replace("{target}", book.target)
        elif step.ask is not None:
            does = "asks a person"
        origin = f"  ({step.origin})" if step.origin else ""
        call.output.line(f"{number:3}. {step.title}: {does}{origin}")
        if step.why:
            call.output.line(f"     {step.why}")
    return errors.OK


def _check(call: Invocation, files: list[str], *, as_json: bool) -> int:
    """What is wrong with the files (with none: with those that come with the program)."""
    from ainur_tui.config import playbookcheck
    from ainur_tui.rules.playbooks.file import shipped_files

    texts = [_read(Path(name)) for name in files] if files else shipped_files()
    problems: list[Problem] = []
    for name, text in texts:
        problems += playbookcheck.problems(name, text) or _meaning(name, text)
    if as_json:
        call.output.json({"version": VERSION, "ok": not problems, "problems": [
            {"file": p.file, "line": p.line or None, "key": p.key or None, "message": p.message,
             "near": list(p.near)}
            for p in problems
        ]})  # fmt: skip
    else:
        for problem in problems:
            call.output.tell(str(problem))
        if not problems:
            call.output.line(f"{many(len(texts), 'playbook')}: well")
    return errors.BAD_DATA if problems else errors.OK


def _read(path: Path) -> tuple[str, str]:
    try:
        return str(path), path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise errors.Stop(f"{path} cannot be read: {said}", errors.UNAVAILABLE) from None


def _meaning(name: str, text: str) -> list[Problem]:
    """What the types cannot see, with the line it stands on."""
    import tomllib

    import msgspec

    from ainur_tui.config.locate import Lines
    from ainur_tui.config.problem import Problem
    from ainur_tui.model.playbook import Playbook
    from ainur_tui.rules.playbooks.file import wrong

    book = msgspec.convert(tomllib.loads(text), Playbook)
    lines = Lines(text)
    return [
        Problem(name, lines.of(at), ".".join(at), message, tuple(close))
        for at, message, close in wrong(book)
    ]
