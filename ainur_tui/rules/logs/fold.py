"""Records that come in many lines, as one each: panics of Go, tracebacks of Python, PostgreSQL's
messages with the lines after the first moved in by a tab, and rows of its csvlog with line ends in
them."""

from __future__ import annotations

import re

BREAK = " ␤ "
"""What stands between the lines of a folded record."""
MOST = 400
"""Lines of one record; what comes then begins another."""
STARTS = ("panic: ", "fatal error: ", "Traceback (most recent call last)", "goroutine ")
"""How a panic or a traceback may begin."""
_GOROUTINE = re.compile(r"goroutine \d+ \[")
_GO = re.compile(
    r"\s|goroutine \d+ \[|created by |\[signal |\[recovered\]|panic: |panic\(|exit status \d"
    r"|(?:main|[\w.-]+(?:/[\w.@-]+)*)\.[\w.()*\[\]$-]+\(.*\)$|\.\.\.additional frames"
)
_ROW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (?:[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?),")
_POSTGRES = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})? (?:[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?) \[\d{1,10}\]"
)


def begins(text: str) -> bool:
    """Whether a line may begin a record of many."""
    if text.startswith(STARTS):
        return not text.startswith("goroutine ") or _GOROUTINE.match(text) is not None
    if text[:1] != "2":
        return False
    return is_message(text) or (text.count('"') % 2 == 1 and is_row(text))


def is_message(text: str) -> bool:
    """Whether a line begins a message of PostgreSQL's plain log: one goes on while lines begin with
    a tab, and no other record has such a line in it."""
    return _POSTGRES.match(text) is not None


def is_row(text: str) -> bool:
    """Whether a line begins a row of a csvlog."""
    return _ROW.match(text) is not None


def joins(text: str) -> bool:
    """Whether a line may stand inside a panic or a traceback, or begin one."""
    return not text or _GO.match(text) is not None or text.startswith(STARTS)


class Fold:
    """One stream's lines. ``open`` while a record has begun and its end has not been seen."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def open(self) -> bool:
        """Whether lines are held."""
        return bool(self._lines)

    def feed(self, text: str) -> list[str] | None:
        """The records that this line ends, itself among them when it belongs to none; ``None``
        when it is held."""
        if not self._lines:
            if not begins(text):
                return [text]
            self._lines.append(text)
            return None
        match self._lines[0][0]:
            case "T":
                goes_on, last = text[:1] in {" ", "\t", ""}, True
            case "2" if is_message(self._lines[0]):
                goes_on, last = text.startswith("\t"), False
            case "2":
                goes_on = not is_row(text) and text.count('"') % 2 == 0
                last = not is_row(text)
            case _:
                goes_on, last = not text or _GO.match(text) is not None, False
        if goes_on and len(self._lines) < MOST:
            self._lines.append(text)
            return None
        if last and not goes_on:
            self._lines.append(text)
            return self.end()
        return [*self.end(), *(self.feed(text) or ())]

    def end(self) -> list[str]:
        """What was held, as one record (or none): of a traceback the error first."""
        lines, self._lines = [line.strip() for line in self._lines if line.strip()], []
        if len(lines) > 1 and lines[0].startswith("T"):
            lines.insert(0, lines.pop())
        return [BREAK.join(lines)] if lines else []


def severity(record: str) -> str | None:
    """How bad a folded record is; ``None`` for what is none, or tells its level itself."""
    if BREAK not in record:
        return None
    if record.startswith(("panic: ", "fatal error: ")):
        return "fatal"
    return "error" if "Traceback (most recent call last)" in record else None
