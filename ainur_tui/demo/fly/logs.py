"""The newest log lines of an app: bounded in number and bytes, read in pages by time."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

LINES = 50_000
BYTES = 64 * 1024 * 1024
PAGE = 5000
FIRST_PAGE = 100
PAGE_BYTES = 1024 * 1024

_LEVEL = re.compile(rb'"level"\s*:\s*"([a-zA-Z]{1,12})"')


def level_of(line: bytes) -> str:
    """The level a line names when it is a JSON object, else ``info``."""
    if line.startswith(b"{"):
        found = _LEVEL.search(line)
        if found:
            return found[1].decode().lower()
    return "info"


def stamp(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


class LogRing:
    """Lines of all machines of an app; each has a nanosecond time that is never given twice."""

    def __init__(
        self,
        region: str,
        *,
        lines: int = LINES,
        size: int = BYTES,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._region = region
        self._lines = lines
        self._room = size
        self._clock = clock_ns
        self._size = 0
        self._times: list[int] = []
        self._entries: list[tuple[str, bytes]] = []

    def __len__(self) -> int:
        return len(self._times)

    def add(self, instance: str, lines: list[bytes]) -> None:
        """Append the lines of one machine; the oldest make room."""
        now = self._clock()
        if self._times and now <= self._times[-1]:
            now = self._times[-1] + 1
        self._times.extend(range(now, now + len(lines)))
        self._entries.extend([(instance, line) for line in lines])
        self._size += sum(map(len, lines))
        # A quarter over the limit before anything is moved: trimming costs the whole list.
        if len(self._times) > self._lines * 5 // 4 or self._size > self._room:
            self._trim()

    def _trim(self) -> None:
        keep = max(0, len(self._times) - self._lines)
        size = sum(len(line) for _, line in self._entries[keep:])
        while size > self._room * 3 // 4 and keep < len(self._entries):
            size -= len(self._entries[keep][1])
            keep += 1
        del self._times[:keep]
        del self._entries[:keep]
        self._size = size

    def page(self, token: str | None, instance: str | None, region: str | None) -> dict[str, Any]:
        """A JSON:API page: after ``token`` (unix ns), or the newest hundred without one.

        Raises ``ValueError`` for a token that is no number.
        """
        limit, since = PAGE, int(token) if token else 0
        begin = bisect_right(self._times, since)
        if region not in {None, "", self._region}:
            begin = len(self._times)
        wanted = range(begin, len(self._times))
        if not token:
            limit, wanted = FIRST_PAGE, wanted[::-1]
        found, size, full = [], 0, False
        for index in wanted:
            if not instance or self._entries[index][0] == instance:
                found.append(index)
                size += len(self._entries[index][1])
                full = len(found) == limit or size > PAGE_BYTES
                if full:
                    break
        if not token:
            found.reverse()
        # A page that is not full has seen all there is, also what its filter left out.
        last = found[-1] if full and found else len(self._times) - 1
        newest = self._times[last] if self._times else self._clock()
        return {
            "data": [self._entry(index) for index in found],
            "meta": {"next_token": str(max(newest, since))},
        }

    def _entry(self, index: int) -> dict[str, Any]:
        instance, line = self._entries[index]
        when = self._times[index]
        return {
            "id": f"{when}-{instance}",
            "type": "log",
            "attributes": {
                "timestamp": stamp(when),
                "message": line.decode("utf-8", "replace"),
                "level": level_of(line),
                "instance": instance,
                "region": self._region,
                "meta": {
                    "instance": instance,
                    "region": self._region,
                    "event": {"provider": "app"},
                },
            },
        }
