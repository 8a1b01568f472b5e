"""What the whole-program tests share: waiting on conditions, the program, the miniature."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from ainur_tui.demo.service import die_with_parent

T = TypeVar("T")
PROGRAM = [sys.executable, "-m", "ainur_tui"]


def until(condition: Callable[[], T | None], seconds: float, what: str) -> T:
    """Poll ``condition`` until it returns something true; fail with ``what`` at the deadline."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        pause.wait(0.05)


@dataclass
class Program:
    """The command line, pointed at one configuration, in a home of its own."""

    config: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ
        }
        return kept | {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    def argv(self, *words: str) -> list[str]:
        return [*PROGRAM, "--config", str(self.config), *words]

    def run(
        self, *words: str, timeout: float = 90, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            input=stdin,
            check=False,
        )

    def json(self, *words: str, codes: tuple[int, ...] = (0,), timeout: float = 90) -> Any:
        """Run with ``--json``; the exit code must be one of ``codes``."""
        done = self.run(*words, "--json", timeout=timeout)
        assert done.returncode in codes, (words, done.returncode, done.stdout[-800:], done.stderr)
        return json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            start_new_session=True,
        )


@dataclass
class Miniature:
    """A running miniature and the program pointed at it."""

    directory: Path
    ready: dict[str, Any]
    program: Program
    process: subprocess.Popen[str]

    @property
    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ready["endpoints"]
        return found

    def fault(self, name: str, *, clear: bool = False) -> None:
        done = self.program.run("demo", "fault", name, *(["--clear"] if clear else []))
        assert done.returncode == 0, done.stderr

    @contextmanager
    def broken(self, name: str) -> Iterator[None]:
        self.fault(name)
        try:
            yield
        finally:
            self.fault(name, clear=True)

    def check(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = self.program.json("check", *words, codes=(0, 1, 2, 3))
        return found

    def state(self, target: str, *words: str) -> str:
        return str(next(t["state"] for t in self.check(*words)["targets"] if t["target"] == target))

    def becomes(self, target: str, state: str) -> None:
        """Wait until it is read as such: on a busy machine one look may come too early."""
        until(lambda: self.state(target, "--fresh") == state, 60, f"{target} is {state}")

    def machines(self) -> dict[str, str]:
        """The API's machines and their states, once the platform tells of any."""

        def told() -> dict[str, str]:
            found = self.check("--fresh")["targets"]
            return {t["target"]: t["state"] for t in found if t["kind"] == "api/machine"}

        return until(told, 60, "the platform tells of machines")


def processes_of(directory: Path) -> list[psutil.Process]:
    """Every process that has the directory in its command line (this one excepted)."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(directory) in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@contextmanager
def miniature(directory: Path, seed: int = 1) -> Iterator[Miniature]:
    """Start the miniature in ``directory``; afterwards no process of it may be left."""
    home = directory / "home"
    home.mkdir(parents=True)
    place = directory / "demo"
    starter = Program(place / "config.toml", home)
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--no-console", "--dir", str(place), "--seed", str(seed)],
        stdout=subprocess.PIPE,
        stderr=(directory / "demo.err").open("w"),
        text=True,
        env=starter.environment,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - also when the tests are killed
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert first, (directory / "demo.err").read_text()
        ready = json.loads(first)
        yield Miniature(place, ready, Program(Path(ready["config"]), home), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()
    assert process.returncode == 0
    until(lambda: not processes_of(place), 10, "every process of the miniature has ended")
