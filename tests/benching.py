"""What the bench programs share: keys on a terminal and the processor's time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import psutil

from tests.terminal.screen import Terminal

SHOWS = "▸"
LONGEST = 5.0
"""Seconds a key is waited for."""


def keys(
    terminal: Terminal,
    end: float,
    *,
    selected: Callable[[Terminal], object] | None = None,
    beside: Callable[[], None] | None = None,
) -> list[float]:
    """Milliseconds from a key to the row that it selects, over and over: up, and down again, until
    ``end`` (of the monotonic clock). ``beside`` is done between two keys."""
    look = selected or cursor
    took: list[float] = []
    step = "k"
    while time.monotonic() < end or len(took) % 2:
        before = look(terminal)
        began = time.perf_counter()
        terminal.press(step)
        while look(terminal) == before and time.perf_counter() < began + LONGEST:
            terminal.pump()
        took.append((time.perf_counter() - began) * 1e3)
        step = "j" if step == "k" else "k"
        pause = time.monotonic() + 0.1
        if beside is not None:
            beside()
        while time.monotonic() < pause:
            terminal.pump(0.02)
    return took


def cursor(terminal: Terminal) -> tuple[int, str] | None:
    """The row that is selected, and what it says."""
    return terminal.marked(SHOWS)


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of the processor they have used so far."""
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


def quantile(values: list[float], part: float) -> float:
    """The value under which that part of them lies."""
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(part * 100) - 1]
