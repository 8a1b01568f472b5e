"""The journal of the units: records with the fields journald gives them, in memory, by order."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

KEPT = 50_000
LARGEST_FIELD = 4096
"""Bytes from which journalctl leaves a field out of its JSON, unless ``--all`` is given."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60,
          "h": 3600, "hr": 3600, "hour": 3600, "d": 86400, "day": 86400, "w": 604800,
          "week": 604800}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One record; ``realtime`` in microseconds, ``manager`` when systemd itself wrote it."""

    number: int
    realtime: int
    unit: str
    pid: int
    command: str
    message: bytes
    priority: int = 6
    manager: bool = False


class Journal:
    """The newest records of all units; ``grown`` is set whenever there are more."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0
        self._newest = 0
        self._sequence, self._boot = secrets.token_hex(16), secrets.token_hex(16)
        self._began = time.monotonic()
        self._host = socket.gethostname()
        self.grown = asyncio.Event()

    def write(
        self, unit: str, pid: int, command: str, lines: list[bytes], *, manager: bool = False
    ) -> None:
        """Append lines of a unit's process, or systemd's own about it."""
        for line in lines:
            self._number += 1
            self._newest = max(self._newest + 1, int(self._clock() * 1e6))
            self._entries.append(
                Entry(self._number, self._newest, unit, pid, command, line, manager=manager)
            )
        self.grown.set()
        self.grown = asyncio.Event()

    def cursor(self, entry: Entry) -> str:
        """The record's cursor, in journald's form."""
        return (
            f"s={self._sequence};i={entry.number:x};b={self._boot};"
            f"m={entry.number:x};t={entry.realtime:x};x={entry.number:x}"
        )

    def number_at(self, cursor: str) -> int:
        """The number of the record with that cursor; ``ValueError`` for another form.

        The cursor of another journal gives the last record before its time.
        """
        parts = dict(part.partition("=")[::2] for part in cursor.split(";"))
        if "i" not in parts or "t" not in parts:
            raise ValueError(cursor)
        if parts.get("s") == self._sequence:
            return int(parts["i"], 16)
        at = int(parts["t"], 16)
        return next((e.number for e in reversed(self._entries) if e.realtime <= at), 0)

    def after(self, number: int, units: set[str], since: int = 0) -> Iterator[Entry]:
        """Records of the units (all, if none is named) after a number and from a time on."""
        fresh: list[Entry] = []
        # From the newest back, so that following does not walk the whole journal.
        for entry in reversed(self._entries):
            if entry.number <= number or entry.realtime < since:
                break
            if not units or entry.unit in units:
                fresh.append(entry)
        return reversed(fresh)

    def json(self, entry: Entry, *, whole: bool = False) -> str:
        """The record as ``journalctl -o json`` writes it."""
        text: str | list[int] | None
        try:
            text = entry.message.decode()
            if _UNPRINTABLE.search(text):
                text = list(entry.message)
        except UnicodeDecodeError:
            text = list(entry.message)
        if len(entry.message) >= LARGEST_FIELD and not whole:
            text = None
        origin = (
            {"_SYSTEMD_UNIT": "init.scope", "UNIT": entry.unit, "_TRANSPORT": "journal"}
            if entry.manager
            else {"_SYSTEMD_UNIT": entry.unit, "_TRANSPORT": "stdout"}
        )
        return json.dumps(
            {
                "__CURSOR": self.cursor(entry),
                "__REALTIME_TIMESTAMP": str(entry.realtime),
                "__MONOTONIC_TIMESTAMP": str(entry.realtime - int(self._began)),
                "_BOOT_ID": self._boot,
                "_HOSTNAME": self._host,
                "_PID": str(entry.pid),
                "_COMM": entry.command,
                "SYSLOG_IDENTIFIER": entry.command,
                "PRIORITY": str(entry.priority),
                **origin,
                "MESSAGE": text,
            }
        )

    def short(self, entry: Entry, *, bare: bool = False) -> str:
        """The record as ``-o short`` (or ``-o cat``) writes it."""
        text = entry.message.decode("utf-8", "replace")
        if bare:
            return text
        at = datetime.fromtimestamp(entry.realtime / 1e6, UTC)
        return f"{at:%b %d %H:%M:%S} {self._host} {entry.command}[{entry.pid}]: {text}"


def moment(text: str, now: float) -> int:
    """A ``--since`` in microseconds; ``ValueError`` for what is no time.

    Understood: ``@epoch``, ``YYYY-MM-DD[ HH:MM[:SS[.ffffff]]]`` (UTC), ``now``, ``today``,
    ``yesterday``, ``-1h``, ``5 min ago``.
    """
    words = text.strip()
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"now": now, "today": today.timestamp(),
             "yesterday": (today - timedelta(days=1)).timestamp()}  # fmt: skip
    if words in named:
        return int(named[words] * 1e6)
    if words.startswith("@"):
        return int(float(words[1:]) * 1e6)
    relative = re.fullmatch(r"-(.+)|(.+) ago", words)
    if relative:
        spans = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", relative[1] or relative[2])
        lengths = {unit: _UNITS.get(unit) or _UNITS.get(unit.rstrip("s")) for _, unit in spans}
        if not spans or None in lengths.values():
            raise ValueError(text)
        return int((now - sum(float(n) * (lengths[unit] or 0) for n, unit in spans)) * 1e6)
    return int(
        datetime.fromisoformat(words.removesuffix(" UTC")).replace(tzinfo=UTC).timestamp() * 1e6
    )
