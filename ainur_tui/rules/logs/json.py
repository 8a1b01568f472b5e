"""Log lines that are JSON objects: zap, slog, PostgreSQL's jsonlog and their kin."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.rules.logs.time import moment, number_moment

_MESSAGES = ("msg", "message", "log", "event", "error")
_LEVELS = ("level", "severity", "error_severity", "lvl")
_TIMES = ("ts", "time", "timestamp", "@timestamp")
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_PINO = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}

Found = tuple[float | None, str | None, str, dict[str, str]]


def json_record(text: str) -> dict[str, Any] | None:
    """The JSON object that a line is, or ``None``."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return None


def json_line(record: dict[str, Any], text: str) -> Found:
    """Time (epoch seconds), level's word, message and the other fields as text; the message is
    ``text`` where the record has none. Values that are not text are written as JSON."""
    when = _time(record)
    level = _level(record)
    message = text
    for name in _MESSAGES:
        if isinstance(found := record.get(name), str):
            message = found
            del record[name]
            break
    try:
        fields = {k: v if isinstance(v, str) else _text(v) for k, v in record.items()}
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        fields = {k: v for k, v in record.items() if isinstance(v, str)}
    return when, level, message, fields


def _text(value: Any) -> str:
    return _encode(value).decode("utf-8", "replace")


def _time(record: dict[str, Any]) -> float | None:
    for name in _TIMES:
        value = record.get(name)
        if value is None or isinstance(value, bool):
            continue
        when = None
        if isinstance(value, float | int):
            when = number_moment(value)
        elif isinstance(value, str):
            stamp, space, zone = value.rpartition(" ")
            apart = bool(space) and not zone[:1].isdigit()
            when = moment(stamp, zone) if apart else moment(value)
        if when is not None:
            del record[name]
            return when
    return None


def _level(record: dict[str, Any]) -> str | None:
    for name in _LEVELS:
        value = record.get(name)
        if isinstance(value, str) and value:
            del record[name]
            return value.split("+")[0].split("-")[0]
        if isinstance(value, int) and value in _PINO:
            del record[name]
            return _PINO[value]
    return None
