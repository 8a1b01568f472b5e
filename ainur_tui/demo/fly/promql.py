"""The few queries the platform's Prometheus answers, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ainur_tui.demo.fly.http import duration

APP = re.compile(r'app="([^"]+)"')
MEMORY = re.compile(r"^(fly_instance_memory_mem_(total|available))\{[^}]*\}$")
WINDOW = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True)
class Query:
    """What is asked of which app: bytes, or the share of the processors at work over ``window``
    seconds. ``name`` is the metric's, where the query leaves it."""

    kind: Literal["total", "available", "busy"]
    app: str
    name: str | None = None
    window: float = 60.0


def parse(text: str) -> Query | None:
    """One of: the two of memory, and ``1 - idle / all`` of ``fly_instance_cpu`` by instance;
    ``None`` for any other."""
    asked = text.strip()
    app, memory = APP.search(asked), MEMORY.match(asked)
    if app and memory:
        return Query("total" if memory[2] == "total" else "available", app[1], memory[1])
    if app and asked.startswith("1 - ") and "fly_instance_cpu" in asked:
        window = WINDOW.search(asked)
        return Query("busy", app[1], window=duration(window[1] if window else None, 60.0))
    return None
