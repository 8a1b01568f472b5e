"""``ainur-tui journal``: what was done and by whom; ``journal verify``: is the record whole."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.model.journal import JournalEntry


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("what", nargs="?", choices=["verify"], help="check the chain of hashes")
    parser.add_argument(
        "--limit", type=int, default=0, metavar="N", help="only the newest N entries"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FILE",
        help="write all entries to a new file, one JSON object a line, each with its hash",
    )  # fmt: skip
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Print the record or its verdict; exit code 1 when it is not whole."""
    from ainur_tui.cli import common, shape
    from ainur_tui.model.text import clean

    if args.what == "verify":
        found = asyncio.run(common.ask(call, "journal.verify"))
        if args.json:
            call.output.json(shape.verdict(found))
        elif found.ok:
            call.output.line(f"the journal is whole: {found.entries} entries, each hash fits")
        else:
            reason = found.reason or "the chain of hashes is broken"
            place = f" at entry {found.first_bad}" if found.first_bad is not None else ""
            call.output.line(f"the journal is NOT whole{place}: {reason}")
        return errors.OK if found.ok else errors.NOT_VERIFIED
    entries = asyncio.run(_entries(call, args.limit))
    if args.export is not None:
        written = _export(args.export, entries)
        if args.json:
            call.output.json({"version": 1, "file": str(args.export), "entries": written})
        else:
            call.output.line(f"{args.export}: {written} entries; only you can read it")
        return errors.OK
    if args.json:
        call.output.json(shape.journal(entries))
        return errors.OK
    rows = [
        [str(e.seq), clean(e.at[:19].replace("T", " ")), e.kind, clean(e.operator, 40),
         clean(e.action, 40), clean(e.target, 80), clean(e.state, 40), clean(e.id, 20),
         clean(_words(e.detail), 100)]
        for e in entries
    ]  # fmt: skip
    for line in columns(rows):
        call.output.line(line)
    if not rows:
        call.output.tell("the journal is empty: nothing was done here yet")
    return errors.OK


def _words(detail: Mapping[str, Any]) -> object:
    """What an entry says of itself; a file can be edited by anyone, so it is cleaned after this."""
    plan = detail.get("plan")
    found = next((detail[name] for name in ("message", "refused", "reason", "name", "found")
                  if detail.get(name)), "")  # fmt: skip
    return found or (plan.get("title", "") if isinstance(plan, dict) else "")


def _export(path: Path, entries: Sequence[JournalEntry]) -> int:
    import msgspec

    write_new(path, b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
    return len(entries)


def write_new(path: Path, data: bytes) -> None:
    """Write a new file for its owner alone; raises ``Stop`` when it is there or cannot be made."""
    from ainur_tui.config import safefile

    try:
        safefile.create(path, data)
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise errors.Stop(f"{path} was not written: {why}", errors.CANNOT_CREATE) from None


async def _entries(call: Invocation, limit: int) -> list[JournalEntry]:
    """All entries, page by page (a page holds the newest after a number), or the newest few."""
    from ainur_tui.cli import common
    from ainur_tui.model.wire import JournalQuery

    async with common.link(call) as engine:
        page: list[JournalEntry] = await engine.call(
            "journal", JournalQuery(limit=limit if limit > 0 else 1 << 31)
        )
    return page
