"""What ``systemctl`` and ``journalctl`` answer: the stand-ins only carry words there and back."""

from __future__ import annotations

import argparse
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

from ainur_tui.demo.units.journal import Entry, Journal, moment
from ainur_tui.demo.units.unit import Unit

VERSION = "systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT +SELINUX default-hierarchy=unified\n"
STREAM_AT_ONCE = 500

Write = Callable[[str, str], Awaitable[None]]
"""Sends text to the caller's ``"out"`` or ``"err"``."""


class UsageError(Exception):
    """Words that mean nothing; the text is what the real tool would say."""


class Words(argparse.ArgumentParser):
    """A parser that never ends the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}")


def _parser(tool: str) -> Words:
    parser = Words(prog=tool, add_help=False, allow_abbrev=False)
    for flag in ("--version", "--no-pager", "-q", "--user", "--system", "--no-ask-password"):
        parser.add_argument(flag, action="store_true")
    return parser


def _full(unit: str) -> str:
    return unit if "." in unit else f"{unit}.service"


class Systemctl:
    """``systemctl show | is-active | status | start | stop | restart UNIT``."""

    def __init__(self, units: Mapping[str, Unit]) -> None:
        self._units = units
        self._parser = _parser("systemctl")
        self._parser.add_argument("-p", "--property", action="append", default=[])
        self._parser.add_argument("--value", action="store_true")
        self._parser.add_argument("-l", "--full", action="store_true")
        self._parser.add_argument("verb", nargs="?")
        self._parser.add_argument("units", nargs="*")

    async def run(self, argv: list[str], write: Write) -> int:
        """Do what the words say; the exit code."""
        given = self._parser.parse_args(argv)
        if given.version:
            await write("out", VERSION)
            return 0
        verbs: dict[str | None, Callable[[Any, str, Write], Awaitable[int]]] = {
            "show": self._show, "is-active": self._is_active, "status": self._status,
            "start": self._change, "stop": self._change, "restart": self._change,
        }  # fmt: skip
        if given.verb not in verbs:
            raise UsageError(f"Unknown command verb {given.verb}.")
        if not given.units:
            raise UsageError("Too few arguments.")
        codes = [await verbs[given.verb](given, _full(unit), write) for unit in given.units]
        return max(codes)

    async def _show(self, given: argparse.Namespace, name: str, write: Write) -> int:
        unit = self._units.get(name)
        known = unit.properties() if unit else {
            "Id": name, "Names": name, "Description": name, "LoadState": "not-found",
            "ActiveState": "inactive", "SubState": "dead", "MainPID": "0", "NRestarts": "0",
            "Result": "success", "UnitFileState": "", "ActiveEnterTimestamp": "",
            "MemoryCurrent": "[not set]",
        }  # fmt: skip
        wanted = {word for words in given.property for word in words.split(",")}
        for key, value in known.items():
            if not wanted or key in wanted:
                await write("out", f"{value}\n" if given.value else f"{key}={value}\n")
        return 0

    async def _is_active(self, given: argparse.Namespace, name: str, write: Write) -> int:
        unit = self._units.get(name)
        active = unit.active if unit else "inactive"
        if not given.q:
            await write("out", f"{active}\n")
        return 0 if active == "active" else 3

    async def _status(self, _: argparse.Namespace, name: str, write: Write) -> int:
        unit = self._units.get(name)
        if unit is None:
            await write("err", f"Unit {name} could not be found.\n")
            return 4
        shown = unit.properties()
        dot = "●" if unit.active == "active" else "○"
        since = shown["StateChangeTimestamp"]
        lines = [
            f"{dot} {name} - {unit.description}",
            f"     Loaded: loaded ({shown['FragmentPath']}; enabled; preset: enabled)",
            f"     Active: {unit.active} ({unit.sub}) since {since}",
            f"   Main PID: {unit.pid}" if unit.pid else "",
        ]
        await write("out", "\n".join(line for line in lines if line) + "\n")
        return 0 if unit.active == "active" else 3

    async def _change(self, given: argparse.Namespace, name: str, write: Write) -> int:
        unit = self._units.get(name)
        if unit is None:
            await write("err", f"Failed to {given.verb} {name}: Unit {name} not found.\n")
            return 5
        if given.verb == "stop":
            await unit.stop()
            return 0
        if await (unit.start() if given.verb == "start" else unit.restart()):
            return 0
        await write("err", f"Job for {name} failed.\n")
        return 1


class Journalctl:
    """``journalctl -u UNIT [-o json|short|cat] [-f] [-n N] [--since T] [--after-cursor C]``."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._clock = clock
        self._parser = _parser("journalctl")
        self._parser.add_argument("-u", "--unit", action="append", default=[])
        self._parser.add_argument("-o", "--output", default="short")
        self._parser.add_argument("-f", "--follow", action="store_true")
        self._parser.add_argument("-n", "--lines", nargs="?", const="10")
        self._parser.add_argument("-S", "--since")
        self._parser.add_argument("--after-cursor")
        for flag in ("-a", "--all", "--utc", "-e", "--no-tail"):
            self._parser.add_argument(flag, action="store_true")

    async def run(self, argv: list[str], write: Write) -> int:
        """Write records, and with ``-f`` go on until the caller leaves; the exit code."""
        given = self._parser.parse_args(_joined(argv))
        if given.version:
            await write("out", VERSION)
            return 0
        if given.output not in {"json", "short", "cat"}:
            raise UsageError(f"Unknown output '{given.output}'.")
        units, since, number = {_full(unit) for unit in given.unit}, 0, 0
        try:
            if given.since:
                since = moment(given.since, self._clock())
            if given.after_cursor:
                number = self._journal.number_at(given.after_cursor)
        except ValueError:
            raise UsageError("Failed to parse timestamp or cursor.") from None
        entries = list(self._journal.after(number, units, since))
        entries = entries[len(entries) - _lines(given, len(entries)) :]
        await self._send(entries, given, write)
        if not entries and not given.follow:
            await write("out" if given.output != "json" else "err", "-- No entries --\n")
        while given.follow:
            if entries:
                number = entries[-1].number
            grown = self._journal.grown
            entries = list(self._journal.after(number, units, since))
            await self._send(entries, given, write)
            if not entries:
                await grown.wait()
        return 0

    async def _send(self, entries: list[Entry], given: argparse.Namespace, write: Write) -> None:
        whole, bare = given.a or given.all, given.output == "cat"
        for begin in range(0, len(entries), STREAM_AT_ONCE):
            part = entries[begin : begin + STREAM_AT_ONCE]
            if given.output == "json":
                lines = [self._journal.json(entry, whole=whole) for entry in part]
            else:
                lines = [self._journal.short(entry, bare=bare) for entry in part]
            await write("out", "".join(f"{line}\n" for line in lines))


def _joined(argv: list[str]) -> list[str]:
    """``--since -1h`` as one word: the parser would take ``-1h`` for an option."""
    found: list[str] = []
    for word in argv:
        if found and found[-1] in {"--since", "-S"}:
            found[-1] = f"--since={word}"
        else:
            found.append(word)
    return found


def _lines(given: argparse.Namespace, there: int) -> int:
    """How many of the newest records are wanted; following shows ten unless told otherwise."""
    asked = given.lines
    if asked is None:
        limited = given.follow and not (given.no_tail or given.since or given.after_cursor)
        return min(there, 10) if limited else there
    if asked == "all":
        return there
    if not asked.isdigit():
        raise UsageError(f"Failed to parse lines '{asked}'")
    return min(there, int(asked))
