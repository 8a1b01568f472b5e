"""Log lines of every program we follow, taken apart: when, how bad, what, and its fields.

Input is text as a source gave it, output is as raw: cleaning is the log hub's. Nothing here raises,
whatever comes in; what is not recognised stays a plain line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ainur_tui.model.log import Level
from ainur_tui.rules.logs.journal import fields_of, is_journal, level_of, message_of, moment_of
from ainur_tui.rules.logs.json import json_line, json_record
from ainur_tui.rules.logs.parsed import SYSLOG_LEVELS, Parsed, plain, timed, word_level
from ainur_tui.rules.logs.stamped import stamped
from ainur_tui.rules.logs.time import moment, year_for
from ainur_tui.rules.logs.web import access

__all__ = ["Parsed", "parse"]

_GIN = re.compile(
    r"\[GIN\] (\d{4}/\d\d/\d\d) - (\d\d:\d\d:\d\d) \| *(\d{3}) *\|([^|]*)\|([^|]*)\|"
    r" *(\S+) +(\"[^\"]*\"|\S+)(.*)",
    re.DOTALL,
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SYSLOG = re.compile(
    r"(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s:\[]+)"
    r"(?:\[(\d+)\])?: ?(.*)",
    re.DOTALL,
)
_SYSLOG_5424 = re.compile(
    r"<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) \S+ (-|(?:\[(?:[^\]\\]|\\.)*\])+) ?\ufeff?(.*)",
    re.DOTALL,
)
_PAIRS = re.compile(r'([\w.@/-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')


def parse(text: str, at: float) -> Parsed:
    """Take one line apart; ``at`` (epoch seconds) is its time when it carries none.

    Knows zap (JSON and tabs), slog, zerolog, PostgreSQL (stderr, CSV, JSON), gin, nginx, Substrate,
    syslog, the journal's JSON, logfmt and stamped lines. Times without a zone are taken as UTC,
    Substrate's as this machine's, on which its journal is read. Never raises.
    """
    reader = _READERS.get(text[:1])
    if reader is not None:
        found = reader(text, at)
        if found is not None:
            return found
    if '] "' in text and (found := access(text, at)) is not None:
        return found
    if "=" in text and (found := _logfmt(text, at)) is not None:
        return found
    return plain(text, at)


def _json(text: str, at: float) -> Parsed | None:
    record = json_record(text)
    if record is None:
        return None
    if is_journal(record):
        return _journal(record, at)
    when, level, message, fields = json_line(record, text)
    return timed(when, at, word_level(level), message, fields)


def _journal(record: dict[str, Any], at: float) -> Parsed:
    """A record of the journal; its message is a line of the program that wrote it."""
    when = moment_of(record)
    said = parse(message_of(record["MESSAGE"]), at if when is None else when)
    level = level_of(record) or said.level or "info"
    return timed(when, said.at, level, said.message, fields_of(record) | said.fields)


def _gin(text: str, at: float) -> Parsed | None:
    if not text.startswith("[GIN"):
        return None
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if found := _GIN.match(text):
        day, hour, status, took, client, method, path, rest = found.groups()
        when = moment(f"{day.replace('/', '-')} {hour}")
        took, path = took.strip(), path.strip('"')
        level: Level = "error" if status >= "500" else "warn" if status >= "400" else "info"
        fields = {"status": status, "latency": took, "client": client.strip(), "method": method}
        fields["path"] = path
        if rest.strip():
            fields["error"] = rest.strip()
        message = f"{method} {path} {status} {took}"
        return timed(when, at, level, message, fields)
    if text.startswith("[GIN-debug] "):
        rest = text[12:]
        level = "error" if "[ERROR]" in rest else "warn" if "[WARNING]" in rest else "debug"
        return Parsed(at, level, rest)
    return None


def _syslog(text: str, at: float) -> Parsed | None:
    if found := _SYSLOG.match(text):
        priority, stamp, host, program, pid, message = found.groups()
        when = year_for(stamp, at)
        fields = {"host": host, "program": program}
    elif found := _SYSLOG_5424.match(text):
        priority, stamp, host, program, pid, data, message = found.groups()
        when = moment(stamp)
        fields = {"host": host, "program": program} | _pairs(data)
    else:
        return None
    if pid and pid != "-":
        fields["pid"] = pid
    level = SYSLOG_LEVELS[int(priority) % 8] if priority else plain(message, at).level
    return timed(when, at, level, message, fields)


def _logfmt(text: str, at: float) -> Parsed | None:
    if not ("level=" in text or "msg=" in text or "lvl=" in text):
        return None
    head = _PAIRS.match(text)
    if head is None:
        return None
    fields = _pairs(text)
    message = fields.pop("msg", None) or fields.pop("message", None) or text
    word = fields.pop("level", None) or fields.pop("lvl", None) or ""
    when = None
    for key in ("time", "ts", "t"):
        if key in fields and (when := moment(fields[key])) is not None:
            del fields[key]
            break
    level = word_level(re.split(r"[+-]", word)[0])
    return timed(when, at, level, message, fields)


def _pairs(text: str) -> dict[str, str]:
    """``key=value`` and ``key="a value"``, escapes undone."""
    return {
        key: value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value[:1] == '"' else value
        for key, value in _PAIRS.findall(text)
    }


_Reader = Callable[[str, float], Parsed | None]
_READERS: dict[str, _Reader] = {
    "{": _json,
    "[": _gin,
    "<": _syslog,
    **dict.fromkeys("0123456789", stamped),
    **dict.fromkeys("JFMASOND", _syslog),
}
