"""What the bench programs share: a console, keys on it, the processor's time, bytes on the wire."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from ainur_tui.model.wire import PROTOCOL
from tests.helpers import Program
from tests.terminal.screen import Terminal

SHOWS = "▸"
LONGEST = 5.0
"""Seconds a key is waited for."""


@contextmanager
def console(
    folder: Path, config: str, size: tuple[int, int], tab: str, *shows: str
) -> Iterator[tuple[Program, Terminal, psutil.Process]]:
    """A console on a terminal of ``size``, on the tab with the key ``tab`` once that ``shows`` all
    this, and the engine behind it. ``config`` may name the ``{folder}``."""
    file = folder / "config.toml"
    file.write_text(config.format(folder=folder))
    file.chmod(0o600)
    program = Program(file, folder)
    terminal = Terminal(program.argv(), program.environment, size)
    try:
        terminal.shows("Overview", 60)
        terminal.press(tab)
        for words in shows:
            terminal.shows(words, 60)
        yield program, terminal, psutil.Process(program.json("engine", "status")["pid"])
    finally:
        terminal.kill()
        program.run("engine", "stop")


class Meter:
    """One more client of the engine at ``path``, which only counts what it is told: ``bytes``, and
    the ``messages``."""

    def __init__(self, path: Path) -> None:
        self.bytes = self.messages = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        hello = {"protocol": PROTOCOL, "version": "", "access": "read", "operator": "meter"}
        for number, (method, params) in enumerate({"hello": hello, "subscribe": {}}.items()):
            call = {"jsonrpc": "2.0", "id": number + 1, "method": method, "params": params}
            self._socket.sendall(json.dumps(call).encode() + b"\n")
        threading.Thread(target=self._count, daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)

    def _count(self) -> None:
        while data := self._socket.recv(1 << 20):
            self.bytes += len(data)
            self.messages += data.count(b"\n")


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
