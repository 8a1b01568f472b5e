"""``ainur-tui logs``: lines of every source, filtered; a stream with ``--json``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.cli.common import Link
    from ainur_tui.model.log import LogGap, LogLine
    from ainur_tui.model.logquery import LogPage, LogQuery

EVERY = 0.25
"""Seconds between two looks for new lines (at most ten a second would be allowed)."""
SETTLE = 1.2
"""Seconds the sources have to give what they have, where no engine reads them already."""
PAGE = 5000
LATEST = 200
"""Lines shown when nothing says since when."""
_COLORS = {"fatal": "red", "error": "red", "warn": "yellow", "debug": "dim"}


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="repeatable")
    parser.add_argument("--since", metavar="WHEN", help="30m, 2h, 1d, or 2026-11-24T10:00:00Z")
    parser.add_argument("--until", metavar="WHEN", help="as --since; that moment included")
    parser.add_argument("--level", metavar="LEVEL", help="this level and worse")
    parser.add_argument("--exact-level", metavar="LEVEL", help="this level only")
    parser.add_argument("--class", dest="log_class", metavar="CLASS", help="one class of errors")
    parser.add_argument("--grep", metavar="REGEX", help="lines that match (linear-time syntax)")
    parser.add_argument(
        "--not", dest="without", action="append", default=[], metavar="REGEX",
        help="leave out lines that match; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--field", action="append", default=[], metavar="KEY=VALUE",
        help="that value in that field; repeatable (without a key: wherever it stands)",
    )  # fmt: skip
    parser.add_argument("--machine", metavar="ID", help="lines of one machine")
    parser.add_argument(
        "--file", type=Path, metavar="PATH", help="any log file, read in place; no configuration"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most the newest N lines")
    parser.add_argument("--follow", "-f", action="store_true", help="go on with new lines")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Print the lines; with ``--follow`` until interrupted."""
    query = wanted(args, datetime.now(UTC).timestamp())
    if args.file is not None:
        if args.follow or args.source:
            raise errors.usage("--file reads one file as it is now: no --follow, no --source")
        return _file(call, query, args)
    asyncio.run(_print(call, query, args))
    return errors.OK


def wanted(args: argparse.Namespace, now: float) -> LogQuery:
    """The query these words make; raises a usage error."""
    from ainur_tui.model.log import LEVELS
    from ainur_tui.model.logquery import LogFilter, LogQuery

    for level in (args.level, args.exact_level):
        if level is not None and level not in LEVELS:
            raise errors.unknown("level", level, list(LEVELS))
    if args.limit is not None and args.limit < 1:
        raise errors.usage("--limit is a number of lines, at least 1")
    filters = [LogFilter(kind="text", value=text, out=True) for text in args.without]
    for pair in args.field:
        key, equals, value = pair.partition("=")
        if not equals or not value:
            raise errors.usage(f"--field wants KEY=VALUE, not {pair!r}")
        filters.append(LogFilter(kind="field", field=key, value=value))
    if args.exact_level:
        filters.append(LogFilter(kind="level", value=args.exact_level))
    if args.log_class:
        filters.append(LogFilter(kind="class", value=args.log_class))
    return LogQuery(
        sources=args.source,
        machine=args.machine,
        min_level=args.level,
        pattern=args.grep,
        filters=filters,
        since=since(args.since, now) if args.since else None,
        until=since(args.until, now, word="--until") if args.until else None,
        limit=args.limit or (PAGE if args.since else LATEST),
    )


def _file(call: Invocation, query: LogQuery, args: argparse.Namespace) -> int:
    """Lines of a file: the newest that match, or with ``--since`` all from then on."""
    from ainur_tui.engine.logs.file import LogFile
    from ainur_tui.model.logquery import LogPage
    from ainur_tui.model.secret import Redactor
    from ainur_tui.systems.bigfile import BigFile
    from ainur_tui.systems.filekinds import in_place

    path = args.file.expanduser()
    with BigFile(path) as opened:
        file = LogFile(in_place(opened), Redactor(), path.name)
        if args.since and not args.limit:
            query.forward = True
            for line in file.lines(query):
                _show(call, LogPage(lines=[line]), as_json=args.json)
        else:
            _show(call, file.query(query), as_json=args.json)
    return errors.OK


def since(text: str, now: float, *, word: str = "--since") -> float:
    """A moment in epoch seconds from ``30m``, ``2h``, or RFC 3339; raises a usage error."""
    from ainur_tui.model.units import seconds

    if found := re.fullmatch(r"(\d{1,9})\s*([smhdw])", text):
        return now - seconds(found[1] + found[2])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise errors.usage(
            f"{word} wants 30m, 2h, 1d or a time like 2026-11-24T10:00:00Z, not {text!r}"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


async def _print(call: Invocation, query: LogQuery, args: argparse.Namespace) -> None:
    from ainur_tui.cli import common

    async with _engine(call, follow=args.follow) as engine:
        board = await engine.call("board")
        names = [view.name for view in board.logs]
        for name in query.sources:
            if names and name not in names:
                raise errors.unknown("log source", name, names)
        pages = await _back(engine, query, everything=bool(args.since) and not args.limit)
        for page in pages:
            _show(call, page, as_json=args.json)
        for view in board.logs:
            if view.problem and (not query.sources or view.name in query.sources):
                call.output.tell(f"{view.name}: {view.problem}")
        newest = max((line.seq for page in pages for line in page.lines), default=0)
        while args.follow:
            await asyncio.sleep(EVERY)
            try:
                page = await _after(engine, query, newest)
            except common.LOST:
                call.output.tell("the engine has gone; call again to go on")
                return
            _show(call, page, as_json=args.json)
            rows = [*(line.seq for line in page.lines), *(gap.seq for gap in page.gaps)]
            newest = max(rows, default=newest)


@contextlib.asynccontextmanager
async def _engine(call: Invocation, *, follow: bool) -> AsyncIterator[Link]:
    """To follow takes an engine that lives on; one look takes any, if need be one of our own that
    reads each source for a moment."""
    from ainur_tui.cli import common

    remote = await (common.process(call) if follow else common.running(call))
    if remote is not None:
        async with remote:
            yield remote
        return
    from ainur_tui.client.local import Local

    async with common.engine(call) as made:
        await made.logs.start()
        await made.logs.settle(SETTLE)
        try:
            async with Local(made.call, call.hello()) as local:
                yield local
        finally:
            await made.logs.stop()


async def _back(engine: Link, query: LogQuery, *, everything: bool) -> list[LogPage]:
    """The pages of what is there already, oldest first."""
    import msgspec

    pages: list[LogPage] = [await engine.call("logs", query)]
    while everything and not pages[0].matched_all and (pages[0].lines or pages[0].ended):
        oldest = pages[0].ended or pages[0].lines[0].seq
        before = msgspec.structs.replace(query, before=oldest)
        pages.insert(0, await engine.call("logs", before))
    return pages


async def _after(engine: Link, query: LogQuery, newest: int) -> LogPage:
    """What came after the number ``newest``."""
    import msgspec

    wanted = msgspec.structs.replace(query, after=newest, since=None, limit=PAGE)
    page: LogPage = await engine.call("logs", wanted)
    return page


def _show(call: Invocation, page: LogPage, *, as_json: bool) -> None:
    from ainur_tui.cli import shape
    from ainur_tui.model.log import LogGap
    from ainur_tui.model.logquery import rows

    for row in rows(page):
        if isinstance(row, LogGap):
            if as_json:
                call.output.json(shape.log_gap(row))
            else:
                call.output.line(gap_text(row))
        elif as_json:
            call.output.json(shape.log_line(row))
        else:
            text = line_text(row)
            color = _COLORS.get(row.level or "")
            call.output.line(call.output.paint(text, color) if color else text)
    if page.skipped:
        call.output.tell(f"{page.skipped} lines were skipped: they came faster than this")


def line_text(line: LogLine) -> str:
    """A record as one line for people."""
    from ainur_tui.model.units import clock

    machine = f" {line.machine}" if line.machine else ""
    known = f" [{line.log_class}]" if line.log_class else ""
    fields = "".join(f" {key}={value}" for key, value in line.fields.items())
    level = (line.level or "-").upper()
    head = f"{clock(line.at, date=True)} {line.source}{machine} {level:<5}"
    return f"{head} {line.message}{known}{fields}"


def gap_text(gap: LogGap) -> str:
    """Missing lines as one line for people."""
    from ainur_tui.model.units import clock

    many = "an unknown number of" if gap.dropped is None else str(gap.dropped)
    return (
        f"-- {gap.source}: {many} lines are missing from {clock(gap.since)} to {clock(gap.until)}"
    )
