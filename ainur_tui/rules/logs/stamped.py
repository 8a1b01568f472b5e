"""Log lines that begin with a time: zap's tabs, PostgreSQL, Substrate, Go and their kin."""

from __future__ import annotations

import csv
import re

from ainur_tui.rules.logs.json import json_line, json_record
from ainur_tui.rules.logs.parsed import (
    LEADING_WORD,
    LEVEL_WORDS,
    Parsed,
    loud,
    plain,
    timed,
    word_level,
)
from ainur_tui.rules.logs.time import moment

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
_SYSLOG_ISO = re.compile(r"([\w.-]+) ([\w./-]+)\[(\d+)\]: (.*)", re.DOTALL)


def stamped(text: str, at: float) -> Parsed | None:
    """A line whose first character is a digit, or ``None`` when that is no time."""
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
    if tab and tail.startswith("{") and (record := json_record(tail)) is not None:
        extra = json_line(record, tail)
        fields.update(extra[3])
        if extra[2] and extra[2] != tail:
            fields["msg"] = extra[2]
    else:
        message = rest
    return timed(when, at, word_level(word), message, fields)


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
    return timed(when, at, level, message.strip(), fields)


_CSV = {
    1: "user", 2: "db", 3: "pid", 4: "client", 12: "state_code", 14: "detail", 15: "hint",
    18: "context", 19: "query", 22: "app",
}  # fmt: skip


def _postgres_csv(text: str, at: float) -> Parsed | None:
    try:
        row = next(csv.reader([text]), [])
    except csv.Error:
        return None
    if len(row) < 14 or (level := word_level(row[11])) is None:
        return None
    stamp, _, zone = row[0].rpartition(" ")
    when = moment(stamp, zone)
    fields = {name: row[i] for i, name in _CSV.items() if i < len(row) and row[i]}
    return timed(when, at, level, row[13], fields)


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
        level = plain(rest, at).level
    elif level is None:
        if not rest[0].isascii() or _CHAIN.search(rest):
            level = "info"
        else:
            local = False
            if (word := LEADING_WORD.match(rest)) and loud(word) and word[1].lower() in LEVEL_WORDS:
                level, rest = LEVEL_WORDS[word[1].lower()], rest[word.end() :]
    else:
        local = False
    when = moment(stamp, zone, local=local)
    return timed(when, at, level, rest, fields)


LEVEL_CAPITALS = frozenset({"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "PANIC", "LOG"})


def _go(text: str, at: float) -> Parsed | None:
    if not (found := _GO.match(text)):
        return None
    when = moment(found[1].replace("/", "-"))
    level = "error" if ": panic serving " in text else plain(found[2], at).level
    return timed(when, at, level, found[2], {})
