"""What a command writes: results to stdout, words for people to stderr, in any locale."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

_PLAIN = str.maketrans(
    {"—": "-", "–": "-", "…": "...", "·": "|", "→": "->", "±": "+/-", "•": "*", "●": "+",
     "▲": "!", "✖": "X", "‖": "=", "└": "`", "␛": "^[", "␤": "\\n", "␍": "\\r"}
)  # fmt: skip
_COLORS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "dim": 2}


class Output:
    """Two streams. Where they cannot write a character, the ASCII set is used instead."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    def json(self, value: Any) -> None:
        """One document on one line, as UTF-8 in any locale; NaN and infinity become null."""
        import msgspec

        self.out.flush()
        self.out.buffer.write(msgspec.json.encode(value) + b"\n")
        self.out.flush()

    def line(self, text: str = "") -> None:
        """A line of the result."""
        _write(self.out, text)

    def tell(self, text: str) -> None:
        """A line for the person at the terminal, beside the result."""
        _write(self.err, text)

    @property
    def is_terminal(self) -> bool:
        """Whether a full screen can be drawn (F-53)."""
        return (
            sys.stdin is not None
            and sys.stdin.isatty()
            and self.out.isatty()
            and os.environ.get("TERM", "") not in {"", "dumb", "unknown"}
        )

    def paint(self, text: str, color: str) -> str:
        """``text`` in a colour where the result goes to a terminal that may have colours."""
        if not self.out.isatty() or os.environ.get("NO_COLOR") or not self.is_terminal:
            return text
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m"


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "ascii"
    if encoding.lower().replace("-", "") != "utf8":
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    stream.write(f"{text}\n")
    stream.flush()


def columns(rows: list[list[str]], gap: str = "  ") -> list[str]:
    """Rows as aligned lines; the last column is not padded."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [
        gap.join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        .rstrip()
        for row in rows
    ]  # fmt: skip
