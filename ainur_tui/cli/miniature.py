"""The miniature as a child process: its first line, its end, and the end of its engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import Output
from ainur_tui.demo import disk
from ainur_tui.model.text import clean

GRACE = 20.0
"""Seconds the miniature may take to end by itself."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """A signal asks us to end."""


@contextlib.contextmanager
def signals_raise() -> Iterator[None]:
    """Within: the first of the signals that ask for an end raises :class:`Ended`, once."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise Ended

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Miniature:
    """The supervisor's process. It ends itself when we are gone, however we went."""

    def __init__(self, argv: list[str], folder: Path, output: Output, *, quiet: bool) -> None:
        self.config = folder / "config.toml"
        self._output = output
        self._quiet = quiet
        self._folder = folder
        if not quiet:
            self._say(f"starting a miniature of Ainur in {folder}")
        self._child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if quiet else subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._shown = True
        self._reader = None if quiet else threading.Thread(target=self._forward, daemon=True)
        if self._reader is not None:
            self._reader.start()

    def ready(self) -> str:
        """The first line, once the miniature is well. Raises ``Stop`` when it ends before."""
        if self._child.stdout is None:
            raise AssertionError("stdout is a pipe")
        first = self._child.stdout.readline().strip()
        try:
            self.config = Path(json.loads(first)["config"])
        except (ValueError, KeyError, TypeError):
            code = self._child.poll()
            raise errors.Stop(
                "the miniature did not become well"
                f"{'' if code is None else f' (it ended with code {code})'}; its words are above",
                errors.UNAVAILABLE,
            ) from None
        self._shown = False
        return first

    def wait(self) -> int:
        """Wait until it ends by itself, which nobody asked for."""
        code = self._child.wait()
        raise errors.Stop(
            f"the miniature ended by itself with code {code}; its words are above",
            errors.UNAVAILABLE,
        )

    def end(self) -> None:
        """End the engine on its configuration, then the miniature: nothing is left running."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if not self._quiet:
            self._say("stopping the miniature")
        with contextlib.suppress(Exception):
            end_engine(self.config)
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(GRACE)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)
                self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()
        with contextlib.suppress(OSError):  # one that was killed left its disk mounted
            disk.release(self._folder)
        if self._reader is not None:
            self._reader.join(1.0)

    def _forward(self) -> None:
        """What it says goes to the terminal while it starts, afterwards to a file beside it."""
        if self._child.stderr is None:
            return
        for line in self._child.stderr:
            if self._shown:
                self._say(f"  {clean(line.rstrip())}")
            else:
                with (
                    contextlib.suppress(OSError),
                    (self._folder / "supervisor.log").open("a") as log,
                ):
                    log.write(line)

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may have gone away
            self._output.tell(text)


def end_engine(config: Path) -> None:
    """End the engine that runs on a configuration: by its socket, else by its process id."""
    from ainur_tui.cli import engine

    call = Invocation(config)
    pid = engine_pid(call.paths.pid, config)
    with contextlib.suppress(errors.Stop, OSError):
        asyncio.run(engine.stop(call, force=True))
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 2.0)):
        if pid is None or engine_pid(call.paths.pid, config, pid) is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + patience
        while time.monotonic() < end and engine_pid(call.paths.pid, config, pid) is not None:
            time.sleep(0.05)


def engine_pid(file: Path, config: Path, known: int | None = None) -> int | None:
    """The live process that ``file`` (or ``known``) names, if it is an engine on ``config``."""
    try:
        pid = known or int(file.read_text().split()[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, ValueError, IndexError):
        return None
    return pid if "engine" in words and str(config) in words else None
