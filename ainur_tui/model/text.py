"""The one boundary through which text from outside becomes text we show (S-01 to S-03).

Terminals obey in-band commands, so log lines, HTTP bodies, SQL and RPC answers are hostile until
they went through :func:`clean`. Everything downstream may rely on a cleaned string being one line
that a terminal prints as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TAB_WIDTH = 4
MAX_LINE = 4096
"""Characters kept of one line; the rest is counted, not kept (F-56)."""

_NAMED = {0x0A: "␤", 0x0D: "␍", 0x1B: "␛", 0x07: "␇", 0x00: "␀", 0x7F: "␡", 0x85: "␤"}
_LINE_SEPARATORS = {0x2028: "␤", 0x2029: "␤"}


def _visible(code: int) -> str:
    if code in _NAMED:
        return _NAMED[code]
    if code in _LINE_SEPARATORS:
        return _LINE_SEPARATORS[code]
    if code < 0x20:
        return chr(0x2400 + code)
    return f"<{code:02X}>" if code < 0x100 else f"<U+{code:04X}>"


# Controls, format characters (bidi, zero width, tags), surrogates, private use and line separators
# (Unicode categories Cc but tab, Cf, Cs, Co, Zl, Zp) as ranges: one class for the regex engine, so
# that clean text, which is nearly all of it, costs one scan in C.
_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\uf8ff\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f\U000f0000-\U0010ffff]"
)


def clean(text: object, limit: int = MAX_LINE) -> str:
    """Make one safe line of anything: controls visible, tabs spaces, length bounded.

    ``limit`` is in characters; what is cut off is told at the end as ``… +N``.
    """
    line = text if isinstance(text, str) else str(text)
    cut = len(line) - limit
    if cut > 0:
        line = line[:limit]
    if not line.isascii() or not line.isprintable():
        line = line.replace("\t", " " * TAB_WIDTH)
        line = _UNSAFE.sub(lambda match: _visible(ord(match[0])), line)
    return f"{line} … +{cut}" if cut > 0 else line


def decode(data: bytes, limit: int = MAX_LINE) -> str:
    """Bytes from outside as one safe line; invalid UTF-8 becomes U+FFFD (F-55)."""
    return clean(data.decode("utf-8", "replace"), limit)


def is_hostile(text: str) -> bool:
    """Whether a raw line carries characters that would steer a terminal (tabs do not count)."""
    return not text.isprintable() and _UNSAFE.search(text.rstrip("\r\n")) is not None


def near(word: str, names: list[str], most: int = 3) -> list[str]:
    """The names a person may have meant, nearest first."""
    import difflib

    by_prefix = [name for name in names if name.startswith(word) and word]
    close = difflib.get_close_matches(word, names, n=most, cutoff=0.5)
    return list(dict.fromkeys(by_prefix + close))[:most]


def meant(word: str, names: Iterable[str], few: int = 0) -> str:
    """``; did you mean this or that?``, where a name is near; else the first ``few`` of them."""
    known = list(names)
    close = near(word, known) or known[:few]
    return f"; did you mean {' or '.join(close)}?" if close else ""
