"""Log lines of every program we follow, taken apart: when, how bad, what, and its fields.

Input is text as a source gave it, output is as raw: cleaning is the log hub's. Nothing here raises,
whatever comes in; what is not recognised stays a plain line.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from ainur_tui.model.log import Level
from ainur_tui.rules.logjson import json_line
from ainur_tui.rules.logtime import moment, year_for

LEVEL_WORDS: dict[str, Level] = {
    "trace": "debug", "debug": "debug", "debug1": "debug", "debug2": "debug", "debug3": "debug",
    "debug4": "debug", "debug5": "debug", "info": "info", "log": "info", "notice": "info",
    "information": "info", "warn": "warn", "warning": "warn", "error": "error", "err": "error",
    "dpanic": "error", "crit": "fatal", "critical": "fatal", "alert": "fatal", "emerg": "fatal",
    "fatal": "fatal", "panic": "fatal",
}  # fmt: skip

SYSLOG_LEVELS: tuple[Level, ...] = (
    "fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug",
)  # fmt: skip


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """One line taken apart. ``at`` is epoch seconds: the line's own time where it carries a
    usable one (``dated``), else the time that was given. Texts are raw."""

    at: float
    level: Level | None
    message: str
    fields: dict[str, str] = {}
    dated: bool = False


_ISO = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?:Z|[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?)"
_ZAP = re.compile(rf"({_ISO}{_ZONE}?)\t([A-Za-z]+)\t(?:([\w./-]+:\d+)\t)?(.*)", re.DOTALL)
_POSTGRES = re.compile(
    rf"({_ISO}) ({_ZONE}) \[(\d{{1,10}})\] (?:([^@:]{{0,64}})@(\S{{0,64}}) )?"
    r"(?:app=\S* )?([A-Z]+\d?): +(.*)",
    re.DOTALL,
)
_POSTGRES_CSV = re.compile(rf"{_ISO} {_ZONE},")
_STAMPED = re.compile(rf"({_ISO}) ?({_ZONE})?\s+(?:\[([^\]\s]{{1,32}})\]\s+)?(?=\S)(.*)", re.DOTALL)
_RUST = re.compile(r"(TRACE|DEBUG|INFO|WARN|ERROR) +(?:(\S+) +)?([\w:.-]+): (.*)", re.DOTALL)
_CHAIN = re.compile(r"#\d|\(\d+ peers\)|\(0x[0-9a-f]")
_GO = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) (.*)", re.DOTALL)
_GIN = re.compile(
    r"\[GIN\] (\d{4}/\d\d/\d\d) - (\d\d:\d\d:\d\d) \| *(\d{3}) *\| *([^|]*?) *\| *([^|]*?) *\|"
    r" *(\S+) +(\"[^\"]*\"|\S+)(.*)",
    re.DOTALL,
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SYSLOG = re.compile(
    r"(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s:\[]+)(?:\[(\d+)\])?: ?(.*)",
    re.DOTALL,
)
_SYSLOG_5424 = re.compile(
    r"<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|(?:\[[^\]]*\])+) ?(.*)", re.DOTALL
)
_SYSLOG_ISO = re.compile(r"([\w.-]+) ([\w./-]+)\[(\d+)\]: (.*)", re.DOTALL)
_PAIRS = re.compile(r'([\w.@/-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_WORD = re.compile(r"[\[(<]?([A-Za-z]{3,11}\d?)(?:[\])>]?:|[\])>]|(?=[ \t]))[ \t]*")


def word_level(word: str | None) -> Level | None:
    """The level a word names (``LOG`` and ``NOTICE`` of PostgreSQL are info)."""
    return LEVEL_WORDS.get(word.lower()) if word else None


def parse(text: str, at: float) -> Parsed:
    """Take one line apart; ``at`` (epoch seconds) is its time when it carries none.

    Knows zap (JSON and tabs), slog, PostgreSQL (stderr, CSV, JSON), gin, Substrate, syslog, logfmt
    and stamped lines. Times without a zone are taken as UTC, Substrate's as this machine's, on
    which its journal is read. Never raises.
    """
    reader = _READERS.get(text[:1])
    if reader is not None:
        found = reader(text, at)
        if found is not None:
            return found
    if "=" in text and (found := _logfmt(text, at)) is not None:
        return found
    return _plain(text, at)


def _plain(text: str, at: float) -> Parsed:
    word = _WORD.match(text)
    return Parsed(at, LEVEL_WORDS.get(word[1].lower()) if word and _loud(word) else None, text)


def _loud(word: re.Match[str]) -> bool:
    """Whether a leading word is meant as a level: shouted, in brackets, or before a colon."""
    return word[1].isupper() or word[0].rstrip()[-1] in ":])>"


def _json(text: str, at: float) -> Parsed | None:
    found = json_line(text)
    if found is None:
        return None
    when, level, message, fields = found
    known = SYSLOG_LEVELS[0] if level is None and "panic" in fields else word_level(level)
    return Parsed(at if when is None else when, known, message, fields, when is not None)


def _stamped(text: str, at: float) -> Parsed | None:
    if "\t" in text and (zap := _ZAP.match(text)):
        return _zap(zap, at)
    if found := _POSTGRES.match(text):
        return _postgres(found, at)
    if _POSTGRES_CSV.match(text) and (line := _postgres_csv(text, at)):
        return line
    if found := _STAMPED.match(text):
        return _dated(found, at)
    return _go(text, at)


def _zap(found: re.Match[str], at: float) -> Parsed:
    stamp, word, caller, rest = found.groups()
    when = moment(stamp)
    fields: dict[str, str] = {"caller": caller} if caller else {}
    message, tab, tail = rest.rpartition("\t")
    if tab and tail.startswith("{") and (extra := json_line(tail)) is not None:
        fields.update(extra[3])
        if extra[2] and extra[2] != tail:
            fields["msg"] = extra[2]
    else:
        message = rest
    return Parsed(at if when is None else when, word_level(word), message, fields, when is not None)


def _postgres(found: re.Match[str], at: float) -> Parsed:
    stamp, zone, pid, user, database, word, message = found.groups()
    when = moment(stamp, zone)
    fields = {"pid": pid}
    if user:
        fields["user"] = user
    if database:
        fields["db"] = database
    level = word_level(word)
    if level is None:
        fields["part"] = word.lower()
    return Parsed(at if when is None else when, level, message, fields, when is not None)


_CSV = {
    1: "user", 2: "db", 3: "pid", 4: "client", 12: "state_code", 14: "detail", 15: "hint",
    18: "context", 19: "query", 22: "app",
}  # fmt: skip


def _postgres_csv(text: str, at: float) -> Parsed | None:
    import csv

    try:
        row = next(csv.reader([text]), [])
    except csv.Error:
        return None
    if len(row) < 14 or (level := word_level(row[11])) is None:
        return None
    stamp, _, zone = row[0].rpartition(" ")
    when = moment(stamp, zone)
    fields = {name: row[i] for i, name in _CSV.items() if i < len(row) and row[i]}
    return Parsed(at if when is None else when, level, row[13], fields, when is not None)


def _dated(found: re.Match[str], at: float) -> Parsed:
    stamp, zone, bracket, rest = found.groups()
    if zone in LEVEL_CAPITALS:
        rest, zone = f"{zone} {rest}", None
    if bracket is not None and word_level(bracket) is None:
        rest = f"[{bracket}] {rest}"
    local = zone is None
    fields: dict[str, str] = {}
    level = word_level(bracket)
    if level is None and (rust := _RUST.match(rest)):
        level = word_level(rust[1])
        fields = {"thread": rust[2], "target": rust[3]} if rust[2] else {"target": rust[3]}
        rest = rust[4]
    elif level is None and (unit := _SYSLOG_ISO.match(rest)):
        fields = {"host": unit[1], "program": unit[2], "pid": unit[3]}
        rest, local = unit[4], False
        level = _plain(rest, at).level
    elif level is None:
        if not rest[0].isascii() or _CHAIN.search(rest):
            level = "info"
        else:
            local = False
            if (word := _WORD.match(rest)) and _loud(word) and word[1].lower() in LEVEL_WORDS:
                level, rest = LEVEL_WORDS[word[1].lower()], rest[word.end() :]
    else:
        local = False
    when = moment(stamp, zone, local=local)
    return Parsed(at if when is None else when, level, rest, fields, when is not None)


LEVEL_CAPITALS = frozenset({"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "PANIC", "LOG"})


def _go(text: str, at: float) -> Parsed | None:
    if not (found := _GO.match(text)):
        return None
    when = moment(found[1].replace("/", "-"))
    inner = _plain(found[2], at)
    return Parsed(at if when is None else when, inner.level, found[2], {}, when is not None)


def _gin(text: str, at: float) -> Parsed | None:
    if not text.startswith("[GIN"):
        return None
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if found := _GIN.match(text):
        day, hour, status, took, client, method, path, rest = found.groups()
        when = moment(f"{day.replace('/', '-')} {hour}")
        path = path.strip('"')
        level: Level = "error" if status >= "500" else "warn" if status >= "400" else "info"
        fields = {"status": status, "latency": took, "client": client, "method": method}
        fields["path"] = path
        if rest.strip():
            fields["error"] = rest.strip()
        message = f"{method} {path} {status} {took}"
        return Parsed(at if when is None else when, level, message, fields, when is not None)
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
        priority, stamp, host, program, pid, _, message = found.groups()
        when = moment(stamp)
        fields = {"host": host, "program": program}
    else:
        return None
    if pid and pid != "-":
        fields["pid"] = pid
    level = SYSLOG_LEVELS[int(priority) % 8] if priority else _plain(message, at).level
    return Parsed(at if when is None else when, level, message, fields, when is not None)


def _logfmt(text: str, at: float) -> Parsed | None:
    if not ("level=" in text or "msg=" in text or "lvl=" in text):
        return None
    head = _PAIRS.match(text)
    if head is None:
        return None
    fields = {
        key: value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value[:1] == '"' else value
        for key, value in _PAIRS.findall(text)
    }
    message = fields.pop("msg", None) or fields.pop("message", None) or text
    word = fields.pop("level", None) or fields.pop("lvl", None) or ""
    when = None
    for key in ("time", "ts", "t"):
        if key in fields and (when := moment(fields[key])) is not None:
            del fields[key]
            break
    level = word_level(re.split(r"[+-]", word)[0])
    return Parsed(at if when is None else when, level, message, fields, when is not None)


_Reader = Callable[[str, float], Parsed | None]
_READERS: dict[str, _Reader] = {
    "{": _json,
    "[": _gin,
    "<": _syslog,
    **dict.fromkeys("0123456789", _stamped),
    **dict.fromkeys("JFMASOND", _syslog),
}
