"""Bytes from outside cut into text lines of bounded length."""

from __future__ import annotations

KEPT = 64 * 1024
"""Bytes kept of one line; the rest is counted and told at its end (F-56)."""


class LineCutter:
    """Feed it chunks, get whole lines; memory stays below ``keep`` bytes and one chunk."""

    def __init__(self, keep: int = KEPT) -> None:
        self._keep = keep
        self._rest = b""
        self._over = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` ends, without their line ends; invalid UTF-8 is replaced."""
        end = data.rfind(b"\n")
        if end < 0:
            self._hold(data)
            return []
        whole = data[:end]
        over, self._over = self._over, 0
        held, self._rest = self._rest, b""
        lines = (held + whole).decode("utf-8", "replace").split("\n")
        if over:
            first = whole.find(b"\n")
            over += first if first >= 0 else len(whole)
            lines[0] = held.decode("utf-8", "replace") + f" … +{over} bytes"
        if "\r" in lines[0] or b"\r" in whole:
            lines = [line.rstrip("\r") for line in lines]
        keep = self._keep
        if len(held) + len(whole) > keep:
            slack = keep + 32
            lines = [
                line if len(line) <= slack else f"{line[:keep]} … +{len(line) - keep} bytes"
                for line in lines
            ]
        self._hold(data[end + 1 :])
        return lines

    def flush(self) -> list[str]:
        """What has begun as a last line: nothing more will come of it."""
        return self.feed(b"\n") if self._rest else []

    def _hold(self, data: bytes) -> None:
        room = self._keep - len(self._rest)
        self._rest += data[:room]
        self._over += max(0, len(data) - room)
