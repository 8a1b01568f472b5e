"""A storm of alerts: ``python -m tests.bench_alerts [--alerts 500] [--seconds 10]``.

An Alertmanager is told of that many alerts within those seconds; an engine reads them, a console
on a terminal shows them unfolded on its Alerts tab. Printed for each size of the terminal and for
three times (they come; each second some change; nothing happens): milliseconds from a key to the
screen, the processor time of the console and of the engine, and what the engine sends to each
console. Nothing else should run; pytest
never collects this.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from ainur_tui.demo.service import free_port
from tests.benching import Meter, console, cpu, cursor, keys, quantile
from tests.helpers import until
from tests.terminal.screen import Terminal

CONFIG = """version = 1
[environment.bench]
state_dir = "{folder}/state"
runtime_dir = "{folder}/run"
[environment.bench.alertmanager]
url = "URL"
send = false
interval = 1
timeout = 1
"""
SIZES = ((80, 24), (200, 50))
CHANGED = 20
"""Alerts that change at a time, about ten times a second."""
_NAME = re.compile(r"Storm\d+")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_alerts", description=__doc__)
    parser.add_argument("--alerts", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the three times")
    given = parser.parse_args()
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="ainur-alerts-") as name:
            _storm(Path(name), size, given.alerts, given.seconds)


def _storm(folder: Path, size: tuple[int, int], count: int, seconds: float) -> None:
    with (
        _alertmanager(folder) as url,
        console(folder, CONFIG.replace("URL", url), size, "6", "judged") as (_, terminal, engine),
    ):
        meter = Meter(folder / "run/engine.sock")
        storm = Storm(url, count, seconds)
        storm.come(10)
        terminal.shows("+9", 30)
        terminal.press("F")
        terminal.until(lambda text: text.count("Storm") > 5, 10, "the first are unfolded")
        terminal.press("gjjj")
        terminal.until(lambda _: _selected(terminal) is not None, 10, "one is selected")
        for words, beside in (("coming", storm.come), ("changing", storm.change), ("quiet", None)):
            both = [[psutil.Process(terminal.process.pid)], [engine]]
            before, began = [cpu(one) for one in both], time.monotonic()
            told, messages = meter.bytes, meter.messages
            took = keys(terminal, began + seconds, selected=_selected, beside=beside)
            wall = time.monotonic() - began
            used = [100 * (cpu(one) - then) / wall for one, then in zip(both, before, strict=True)]
            print(
                f"{size[0]}x{size[1]} {words:8}  keys p50 {quantile(took, 0.5):5.1f}"
                f" p95 {quantile(took, 0.95):5.1f} worst {max(took):5.1f} ms ({len(took)})"
                f"  cpu console {used[0]:.0f} % engine {used[1]:.0f} %"
                f"  wire {(meter.bytes - told) / wall / 1e3:.1f} kB/s in"
                f" {(meter.messages - messages) / wall:.1f} messages/s", flush=True,
            )  # fmt: skip
        meter.close()
        terminal.press("G")
        terminal.shows(f"Storm{count - 1:04}", 30)


class Storm:
    """Tells an Alertmanager of alerts: one that is the cause, the others of its parts."""

    def __init__(self, url: str, count: int, seconds: float) -> None:
        self._url = url
        self._count = count
        self._rate = count / seconds
        self._told = 0
        self._began: float | None = None
        self._turn = 0

    def come(self, most: int | None = None) -> None:
        """Tell of those whose time has come since the first call; or of the first ``most``."""
        now = time.monotonic()
        if most is None:
            self._began = self._began or now
            most = min(self._count, self._told + 50, int((now - self._began) * self._rate) + 10)
        self._tell(range(self._told, most))
        self._told = max(self._told, most)

    def change(self) -> None:
        """Tell of what is left of them, then of some again, in other words."""
        self.come(self._count)
        self._turn += 1
        first = self._turn * CHANGED % (self._count - CHANGED)
        self._tell(range(first, first + CHANGED))

    def _tell(self, numbers: range) -> None:
        if not numbers:
            return
        body = json.dumps([self._alert(number) for number in numbers]).encode()
        asked = urllib.request.Request(f"{self._url}/api/v2/alerts", body)
        urllib.request.urlopen(asked, timeout=5).close()

    def _alert(self, number: int) -> dict[str, Any]:
        name, target = f"Storm{number:04}", f"api/machine/{number:04}"
        if not number:
            name, target = "Cause", "api"
        words = f"{self._turn % 60} s behind on {target}"
        return {"labels": {"alertname": name, "severity": "warning", "target": target},
                "annotations": {"summary": words}}  # fmt: skip


def _selected(terminal: Terminal) -> str | None:
    """The name in the selected row: no picture changes it, only a key does."""
    row = cursor(terminal)
    name = _NAME.search(row[1]) if row else None
    return name[0] if name else None


@contextmanager
def _alertmanager(folder: Path) -> Iterator[str]:
    port = free_port()
    argv = [sys.executable, "-m", "ainur_tui.demo.alertmanager", "--dir", str(folder)]
    process = subprocess.Popen([*argv, "--port", str(port)])
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
        except OSError:
            return False
        return True

    try:
        until(ready, 30, "the Alertmanager answers")
        yield url
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
