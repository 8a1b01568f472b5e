"""Panics of Go and tracebacks of Python, which come in many lines, as one record each."""

from __future__ import annotations

import re

BREAK = " ␤ "
"""What stands between the lines of a folded record."""
MOST = 400
"""Lines of one record; what comes then begins another."""
STARTS = ("panic: ", "fatal error: ", "Traceback (most recent call last)", "goroutine ")
"""How such a record may begin."""
_GOROUTINE = re.compile(r"goroutine \d+ \[")
_GO = re.compile(
    r"\s|goroutine \d+ \[|created by |\[signal |\[recovered\]|panic: |exit status \d"
    r"|(?:main|[\w.-]+(?:/[\w.@-]+)*)\.[\w.()*\[\]$-]+\(.*\)$|\.\.\.additional frames"
)


class Fold:
    """One stream's lines. ``open`` while a record has begun and its end has not been seen."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._python = False

    @property
    def open(self) -> bool:
        """Whether lines are held."""
        return bool(self._lines)

    def feed(self, text: str) -> list[str] | None:
        """The records that this line ends, itself among them when it belongs to none; ``None``
        when it is held."""
        if not self._lines:
            if not self._begins(text):
                return [text]
            self._lines.append(text)
            return None
        goes_on = text[:1] in {" ", "\t", ""} if self._python else _GO.match(text) or not text
        if goes_on and len(self._lines) < MOST:
            self._lines.append(text)
            return None
        if self._python and not goes_on:
            self._lines.append(text)
            return self.end()
        return [*self.end(), *(self.feed(text) or ())]

    def end(self) -> list[str]:
        """What was held, as one record (or none): of a traceback the error first."""
        lines, self._lines = [line.strip() for line in self._lines if line.strip()], []
        if self._python and len(lines) > 1:
            lines.insert(0, lines.pop())
        return [BREAK.join(lines)] if lines else []

    def _begins(self, text: str) -> bool:
        if not text.startswith(STARTS) or (
            text.startswith("goroutine ") and _GOROUTINE.match(text) is None
        ):
            return False
        self._python = text.startswith("T")
        return True


def severity(record: str) -> str | None:
    """How bad a folded record is; ``None`` for what is none."""
    if BREAK not in record:
        return None
    if record.startswith(("panic: ", "fatal error: ")):
        return "fatal"
    return "error" if "Traceback (most recent call last)" in record else None
