"""From a raw line to one that may be shown: taken apart, redacted, cleaned, classed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice

from ainur_tui.engine.logs.raw import joined
from ainur_tui.model.log import Level, LogLine
from ainur_tui.model.secret import MASK
from ainur_tui.model.text import MAX_LINE, clean, is_hostile
from ainur_tui.rules.logs.classes import classify
from ainur_tui.rules.logs.lines import parse
from ainur_tui.rules.logs.marks import NAME
from ainur_tui.rules.logs.parsed import word_level
from ainur_tui.rules.logs.sieve import expression, hits
from ainur_tui.systems.logsource import RawLine

LONGEST = 16 * 1024
"""Characters of a raw line that are looked at; of the rest only the number is kept (F-56)."""
FIELDS = 32
FIELD = 1024
_AHEAD = 300.0
"""Seconds a line's own time may lie ahead of us; beyond it the time of arrival counts (F-60)."""
_NEWLINES = re.compile(r"[\r\n]+")
_SECRET_KEY = re.compile(
    r"(?:pass(?:word|wd)|secret|token|authorization|api[_-]?key|access[_-]?key|cookie)$",
    re.IGNORECASE,
)
_HINT = expression("(?i:error|fatal|panic|critical)", like="A", octets=True)
_ERROR = re.compile(
    r"\b(?:ERROR|FATAL|PANIC|CRITICAL)\b|level=(?:error|fatal|panic)\b"
    r"|(?:level|severity)\":\s*\"(?:error|fatal|panic|dpanic|critical)\"",
)
BAD: frozenset[Level | None] = frozenset({"error", "fatal"})


def may_be_errors(lines: Sequence[RawLine]) -> set[int]:
    """Which lines are worth taking apart though there are too many: a cheap first look at all."""
    found = {
        place
        for place in hits(*joined(lines), _HINT)
        if _ERROR.search(lines[place].text, 0, LONGEST) is not None
    }
    found.update(
        place for place, raw in enumerate(lines) if raw.level and word_level(raw.level) in BAD
    )
    return found


def refine(
    raw: RawLine, seq: int, source: str, redact: Callable[[str], str], *, now: float
) -> tuple[LogLine, bool]:
    """The line as it is kept and shown, and whether it would have steered a terminal, as it came
    or in a message that came escaped. Nothing raises, no secret is in it. ``now`` is the time of
    arrival (epoch seconds)."""
    text = raw.text
    rest = len(text) - LONGEST
    if rest > 0:
        text = text[:LONGEST]
    found = parse(text, raw.at)
    level = found.level or word_level(raw.level)
    fields = {
        clean(key, 64): MASK if value and _SECRET_KEY.search(key) else clean(redact(value), FIELD)
        for key, value in islice((raw.fields | found.fields).items(), FIELDS)
    }
    message = redact(found.message)
    if rest > 0:
        message = f"{clean(message[:MAX_LINE])} … +{max(0, len(message) - MAX_LINE) + rest}"
    else:
        message = clean(message)
    steers = is_hostile(raw.text) or is_hostile(_NEWLINES.sub(" ", found.message))
    line = LogLine(
        seq=seq,
        at=found.at if found.at <= now + _AHEAD else now,
        source=source,
        message=message,
        level=level,
        machine=clean(raw.machine, NAME) if raw.machine else None,
        log_class=classify(message, fields, level),
        fields=fields,
    )
    return line, steers
