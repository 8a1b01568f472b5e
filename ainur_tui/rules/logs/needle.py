"""What raw bytes must hold so that a line of them can pass a query: the search before parsing.

A needle may stop at lines that do not pass in the end; it never runs past one that does.
"""

from __future__ import annotations

import re
from typing import Any

from ainur_tui.model.logquery import LogFilter, LogQuery
from ainur_tui.rules.logs.classes import WORDS
from ainur_tui.rules.logs.sieve import expression

_PLAIN = re.compile(r"[\w/:@#=,-]{2,}", re.ASCII)
"""Text that a form of log line neither escapes nor puts together from parts."""
_UNLIKE_RAW = re.compile(r'[\^$"]|\\[^dswb.\[\](){}?*+/|-]|[^\x00-\x7f]')
"""What means another thing in the whole raw line than in the message taken out of it."""
_WARY = rb"|[\\\t]|^\[GIN|\x1b"
"""Marks of lines whose message is not in them as it stands: escapes, colours, gin's columns."""
_TOLD = r'|<[0-9]|priority|traceback|(?:level|severity|lvl)"\s*:\s*[4-6]0\b'
"""Levels told by number, or by what a line is."""
LEVEL_WORDS = {
    "fatal": "fatal|panic|crit|alert|emerg" + _TOLD,
    "error": r'err|eror|fatal|panic|crit|alert|emerg|gin|" 5\d\d ' + _TOLD,
    "warn": r'warn|err|eror|fatal|panic|crit|alert|emerg|gin|" [45]\d\d ' + _TOLD,
}
CLASS_WORDS = rf"{WORDS}|(?:\b|[a-z_])401(?:\b|[a-z_])"
"""What stands, in letters of any size, in every line of such a level, or of any class."""


def word(query: LogQuery) -> Any | None:
    """An expression over the bytes of what lines say (:func:`~ainur_tui.rules.logs.sieve.text_of`)
    that none can pass without, or ``None``. Raises as :func:`needle`."""
    inside = [one for one in query.filters if one.kind == "text" and not one.out]
    return needle(LogQuery(pattern=query.pattern, filters=inside), wary=False)


def needle(query: LogQuery, *, wary: bool = True) -> Any | None:
    """An expression over bytes, or ``None`` when every line must be looked at. Without ``wary`` for
    lines that were taken apart already: their words stand as they are shown.

    Raises :class:`~ainur_tui.model.failure.Refused` (64) for a pattern that makes no sense.
    """
    own = [LogFilter(kind="text", value=query.pattern)] if query.pattern else []
    inside = [one for one in (*own, *query.filters) if not one.out and one.value]
    for one in inside:
        expression(one.value) if one.kind == "text" else None
    texts = [one.value for one in inside if one.kind == "text"]
    plain = [text for text in texts if _PLAIN.fullmatch(text)]
    if plain:
        return expression(max(plain, key=len), octets=True)
    values = [one.value for one in inside if one.kind == "field" and _PLAIN.fullmatch(one.value)]
    if values:
        return expression(re.escape(max(values, key=len)), like="A", octets=True)
    for text in texts:
        if not _UNLIKE_RAW.search(text):
            flag = "i" if text == text.lower() else ""
            marks = _WARY.decode() if wary else ""
            return expression(f"(?m:(?{flag}:{text}){marks})", like="A", octets=True)
    levels = [one.value for one in inside if one.kind in {"level", "min-level"}]
    for level in (*levels, *([query.min_level] if query.min_level else [])):
        if level in LEVEL_WORDS:
            return expression(f"(?i:{LEVEL_WORDS[level]})", like="A", octets=True)
    if query.log_class or any(one.kind == "class" for one in inside):
        return expression(f"(?i:{CLASS_WORDS})", like="A", octets=True)
    return None
