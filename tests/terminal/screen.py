"""A program on a pseudo-terminal, its bytes recorded and drawn by an emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable

import pyte


class Terminal:
    """Start ``argv`` on a pty of the given size; ``raw`` is every byte it ever wrote."""

    def __init__(
        self, argv: list[str], environment: dict[str, str], size: tuple[int, int] = (120, 36)
    ) -> None:
        columns, rows = size
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(slave)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def marked(self, mark: str) -> tuple[int, str] | None:
        """The first row with ``mark`` in its first two columns, and what it says: a measuring loop
        has no time for the whole screen."""
        for row in range(self._screen.lines):
            cells = self._screen.buffer[row]
            if mark in (cells[0].data, cells[1].data):
                return row, "".join(cells[column].data for column in range(self._screen.columns))
        return None

    def press(self, keys: str | bytes) -> None:
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.killpg(self.process.pid, signal.SIGWINCH)

    def pump(self, seconds: float = 0.05) -> bool:
        """Take what the program wrote; False once the terminal is closed."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def until(self, condition: Callable[[str], bool], seconds: float, what: str) -> str:
        """Pump until ``condition`` holds for the screen's text; returns that text."""
        end = time.monotonic() + seconds
        while not condition(self.text):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds:g} s: {what}\n{self.text}")
            if not self.pump():
                code = self.process.wait(5)
                raise AssertionError(f"it ended with {code} before: {what}\n{self.text}")
        return self.text

    def shows(self, words: str, seconds: float = 15) -> str:
        return self.until(lambda text: words in text, seconds, f"{words!r} on the screen")

    def end(self, seconds: float = 10) -> int:
        """Wait for the program's end, taking its last output; returns its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.pump()
        while self.pump(0.02):
            if not select.select([self._master], [], [], 0)[0]:
                break
        return self.process.wait(0.1)

    def close(self) -> None:
        """Take the terminal away (what a dropped SSH session does)."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()
