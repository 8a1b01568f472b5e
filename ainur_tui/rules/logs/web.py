"""Access logs of web servers: nginx and Apache, common and combined."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from ainur_tui.model.log import Level
from ainur_tui.rules.logs.parsed import Parsed, timed

_ACCESS = re.compile(
    r'(\S{1,100}) \S{1,100} (\S{1,100}) \[([^\]]{20,32})\] "([^"]*)" (\d{3}) (\d+|-)'
    r'(?: "([^"]*)" "([^"]*)")?(.*)',
    re.DOTALL,
)


def access(text: str, at: float) -> Parsed | None:
    """A request served, or ``None`` when the line is none. 5xx are errors, 4xx warnings."""
    found = _ACCESS.match(text)
    if found is None:
        return None
    client, user, stamp, request, status, size, referer, agent, rest = found.groups()
    level: Level = "error" if status >= "500" else "warn" if status >= "400" else "info"
    method, _, path = request.partition(" ")
    fields = {
        "client": client, "user": user, "method": method, "path": path.rpartition(" ")[0] or path,
        "status": status, "bytes": size, "referer": referer or "-", "agent": agent or "-",
        "more": rest.strip() or "-",
    }  # fmt: skip
    known = {name: value for name, value in fields.items() if value != "-"}
    return timed(_moment(stamp), at, level, f"{request} {status}", known)


@lru_cache(maxsize=256)
def _moment(stamp: str) -> float | None:
    try:
        return datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S %z").timestamp()
    except (ValueError, OverflowError):
        return None
