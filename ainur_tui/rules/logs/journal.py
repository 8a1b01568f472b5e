"""Records of systemd's journal, as ``journalctl -o json`` writes them.

The fields: https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ainur_tui.model.log import Level
from ainur_tui.rules.logs.parsed import SYSLOG_LEVELS

_NAMES = {
    "SYSLOG_IDENTIFIER": "program", "_COMM": "program", "_PID": "pid", "_HOSTNAME": "host",
    "_SYSTEMD_UNIT": "unit", "UNIT": "unit",
}  # fmt: skip
"""Fields that everybody reads, and what they are called in other forms of log."""


def is_journal(record: dict[str, Any]) -> bool:
    """Whether a JSON object is one of the journal's."""
    return "MESSAGE" in record and "__REALTIME_TIMESTAMP" in record


def moment_of(record: dict[str, Any]) -> float | None:
    """When it was taken in (epoch seconds)."""
    value = record.get("__REALTIME_TIMESTAMP")
    return int(value) / 1e6 if isinstance(value, str) and value[:20].isdecimal() else None


def message_of(message: object) -> str:
    """A message as text: bytes that are no UTF-8 come as a list of numbers."""
    if isinstance(message, str):
        return message
    if isinstance(message, list):
        if message and isinstance(message[0], list | str):  # the field was given more than once
            return " ".join(message_of(part) for part in message)
        with suppress(ValueError, TypeError):
            return bytes(message).decode("utf-8", "replace")
    return "(a message larger than journalctl shows)"


def level_of(record: dict[str, Any]) -> Level | None:
    """The level of a priority that says something: 5 and 6 are what any output gets."""
    priority = record.get("PRIORITY")
    told = isinstance(priority, str) and priority in {"0", "1", "2", "3", "4", "7"}
    return SYSLOG_LEVELS[int(str(priority))] if told else None


def fields_of(record: dict[str, Any]) -> dict[str, str]:
    """Who wrote it, under the names other forms of log use, and what it says beside the message;
    not how the journal keeps it, nor what systemd knows of the process."""
    found: dict[str, str] = {}
    for name, short in _NAMES.items():
        if isinstance(value := record.get(name), str):
            found.setdefault(short, value)
    for name, value in record.items():
        own = name[:1] != "_" and name not in _NAMES and name not in {"MESSAGE", "PRIORITY"}
        if own and not name.startswith("SYSLOG_") and isinstance(value, str):
            found[name.lower()] = value
    return found
