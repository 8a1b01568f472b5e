"""What a log line is once taken apart, and the words for how bad it is."""

from __future__ import annotations

import re

import msgspec

from ainur_tui.model.log import Level

LEVEL_WORDS: dict[str, Level] = {
    "trace": "debug", "debug": "debug", "debug1": "debug", "debug2": "debug", "debug3": "debug",
    "debug4": "debug", "debug5": "debug", "info": "info", "log": "info", "notice": "info",
    "information": "info", "warn": "warn", "warning": "warn", "error": "error", "err": "error",
    "eror": "error", "dpanic": "error", "crit": "fatal", "critical": "fatal", "alert": "fatal",
    "emerg": "fatal", "fatal": "fatal", "panic": "fatal",
}  # fmt: skip

SYSLOG_LEVELS: tuple[Level, ...] = (
    "fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug",
)  # fmt: skip


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """One line taken apart. ``at`` is epoch seconds: the line's own time where it carries a
    usable one (``dated``), else the time that was given. Texts are raw."""

    at: float
    level: Level | None
    message: str
    fields: dict[str, str] = {}
    dated: bool = False


LEADING_WORD = re.compile(r"[\[(<]?([A-Za-z]{3,11}\d?)(?:[\])>]?:|[\])>]|(?=[ \t]))[ \t]*")


def word_level(word: str | None) -> Level | None:
    """The level a word names (``LOG`` and ``NOTICE`` of PostgreSQL are info)."""
    return LEVEL_WORDS.get(word.lower()) if word else None


def plain(text: str, at: float) -> Parsed:
    """A line of no known form: its level is guessed from a leading word only."""
    word = LEADING_WORD.match(text)
    return Parsed(at, LEVEL_WORDS.get(word[1].lower()) if word and loud(word) else None, text)


def loud(word: re.Match[str]) -> bool:
    """Whether a leading word is meant as a level: shouted, in brackets, or before a colon."""
    return word[1].isupper() or word[0].rstrip()[-1] in ":])>"


def timed(
    when: float | None, at: float, level: Level | None, message: str, fields: dict[str, str]
) -> Parsed:
    """A line with the time it carries, or ``at`` when that was not usable."""
    if when is None:
        return Parsed(at, level, message, fields)
    return Parsed(when, level, message, fields, True)
