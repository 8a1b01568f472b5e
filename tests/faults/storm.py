"""An alert storm at the console: ``python -m tests.faults.storm [--size 80x24] [--unfolded]``.

A real engine judges 500 machines in 20 pools that turn hot within ten seconds, a console shows them
on its Alerts tab, folded or each on a line, and the selection is moved up and down. Measured is the
time from a key to the moved selection on the screen, beside it that of the least Textual app there
is; counted are the transitions that reached the history.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ainur_tui.config.load import load
from ainur_tui.config.paths import paths_for
from ainur_tui.config.types import Environment
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.main import serve
from ainur_tui.model.secret import Secret
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.system import System
from tests.helpers import PROGRAM, until
from tests.terminal.screen import Terminal

PARTS, POOLS, SECONDS = 500, 20, 10.0
GAP = (0.06, 0.16)
"""Seconds between two keys, at random."""
CONFIG = """
[environment.storm]
state_dir = "{folder}/state"
runtime_dir = "{folder}/run"

[environment.storm.alerts]
rules = ["{folder}/rules.toml"]
"""
RULE = """
[[rule]]
name = "Hot{pool}"
signal = "machine.heat{pool}"
threshold = 0.5
severity = "P3"
summary = "{{target}} is hot"
"""
HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    at = 0
    def compose(self):
        yield Static("row 0 of hello", id="it")
    def on_key(self, event):
        self.at = 1 if event.key == "j" else 0
        self.query_one("#it").update(f"row {self.at} of hello")
Hello().run()
"""


class Heat(Probe):
    """Machines that turn hot one after the other once the storm has begun."""

    name, target, interval, deadline = "machines", "api", 0.5, 2.0
    signals = (
        Signal(name="api.up", title="serves", unit="bool", worse="below", fail=1.0, vital=True),
        *(Signal(name=f"machine.heat{n}", title="heat", unit="ratio") for n in range(POOLS)),
    )

    def __init__(self, began: Path) -> None:
        self._began = began
        self._parts = [Target(name=f"api/machine/m{n:03}", kind="api/machine", title="m",
                              parent="api") for n in range(PARTS)]  # fmt: skip

    async def read(self) -> Sample:
        now = SystemClock().now()
        since = now - self._began.stat().st_mtime if self._began.exists() else 0.0
        hot = PARTS * min(1.0, since / SECONDS)
        found = [("api", "api.up", 1.0)]
        found += [(part.name, f"machine.heat{n % POOLS}", float(n < hot))
                  for n, part in enumerate(self._parts)]  # fmt: skip
        return Sample(
            [Reading(target=target, signal=signal, value=value, source="world", observed_at=now)
             for target, signal, value in found],
            targets=self._parts,
        )  # fmt: skip


def engine(folder: Path) -> int:
    """The shipped engine over these machines."""

    def connect(name: str, environment: Environment, context: Context) -> System | None:
        if name != "api":
            return None
        api = Target(name="api", kind="api", title="API service")
        return System("api", (api,), (Heat(folder / "began"),), (), ())

    environment = load(folder / "config.toml").environment
    return serve(
        environment, paths_for(environment), version="1", resolve_secret=lambda _: Secret(""),
        connect=connect, idle=30.0,
    )  # fmt: skip


def _at(terminal: Terminal) -> int:
    """The line of the screen that the selection is on; -1 without one."""
    return next((n for n, line in enumerate(terminal.lines) if line.startswith(" ▸")), -1)


def _hello_at(terminal: Terminal) -> int:
    return next((int(line[4]) for line in terminal.lines if line.startswith("row ")), -1)


def keys(terminal: Terminal, seconds: float, at: Callable[[Terminal], int]) -> list[float]:
    """Move the selection down and up for so long; milliseconds from each key to the screen."""
    rng, took = random.Random(1), []
    end, down = time.monotonic() + seconds, True
    while time.monotonic() < end:
        rest = time.monotonic() + rng.uniform(*GAP)
        while time.monotonic() < rest:
            terminal.pump(0.005)
        before, pressed = at(terminal), time.monotonic()
        terminal.press("j" if down else "k")
        while at(terminal) == before and time.monotonic() < pressed + 5:
            terminal.pump(0.005)
        took.append((time.monotonic() - pressed) * 1000)
        down = not down
    return took


def percentile(took: list[float], share: float) -> float:
    return round(sorted(took)[min(len(took) - 1, int(len(took) * share))], 1)


def transitions(folder: Path) -> int:
    """How many begins of alerts the history holds."""
    with sqlite3.connect(f"file:{folder}/state/history.sqlite?mode=ro", uri=True) as db:
        found = db.execute("SELECT count(*) FROM event WHERE key LIKE 'alert:Hot%:firing:%'")
        return int(found.fetchone()[0])


def storm(folder: Path, size: tuple[int, int], *, unfolded: bool) -> dict[str, float]:
    """One storm at a console of this size."""
    (folder / "config.toml").write_text(CONFIG.format(folder=folder))
    (folder / "rules.toml").write_text("".join(RULE.format(pool=n) for n in range(POOLS)))
    words = [sys.executable, "-m", "tests.faults.storm", "--engine", str(folder)]
    process = subprocess.Popen(words)
    environment = dict(os.environ) | {"HOME": str(folder), "TERM": "xterm-256color"}
    argv = [*PROGRAM, "--config", str(folder / "config.toml")]
    hello = Terminal([sys.executable, "-c", HELLO], environment, size)
    try:
        until((folder / "run/engine.sock").exists, 30, "the engine listens")
        terminal = Terminal(argv, environment, size)
        try:
            terminal.shows("501", 30)
            terminal.press("6")
            (folder / "began").touch()
            terminal.shows("m003", 30)
            if unfolded:
                terminal.press("F")
            took = keys(terminal, SECONDS, _at)
            until(lambda: transitions(folder) >= PARTS, 20, "every transition is kept")
        finally:
            terminal.kill()
        hello.shows("row 0", 30)
        least = keys(hello, SECONDS / 2, _hello_at)
    finally:
        hello.kill()
        process.terminate()
        process.wait(20)
    return {
        "keys": len(took), "p50": percentile(took, 0.5), "p95": percentile(took, 0.95),
        "max": round(max(took), 1), "hello p50": percentile(least, 0.5),
        "hello p95": percentile(least, 0.95), "transitions": transitions(folder),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="How a console answers in an alert storm.")
    parser.add_argument("--size", action="append", help="columns x rows, like 80x24")
    parser.add_argument("--unfolded", action="store_true", help="each alert on its own line")
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.engine is not None:
        return engine(args.engine)
    lost = 0
    for size in args.size or ["80x24", "200x50"]:
        columns, rows = map(int, size.split("x"))
        with tempfile.TemporaryDirectory(prefix="ainur-storm-") as folder:
            found = storm(Path(folder), (columns, rows), unfolded=args.unfolded)
        print(json.dumps({"size": size} | found), flush=True)
        lost += found["transitions"] != PARTS
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
