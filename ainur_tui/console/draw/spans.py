"""Lines made of spans: text with a tone, never markup (S-04).

A *tone* names a style of ``styles/ainur.tcss``; how it looks is decided there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rich.cells import cell_len, set_cell_size

Tone = Literal[
    "text", "quiet", "title", "accent", "strong", "ok", "warn", "fail", "unknown", "key", "cursor",
    "alarm",
]  # fmt: skip
Span = tuple[str, Tone]
Line = tuple[Span, ...]

EMPTY: Line = ()


def line(*parts: Span | str) -> Line:
    """A line from spans; a bare string is plain text."""
    return tuple((part, "text") if isinstance(part, str) else part for part in parts)


def width(spans: Iterable[Span]) -> int:
    """Columns the spans take on a terminal."""
    return sum(cell_len(text) for text, _ in spans)


def cut(text: str, columns: int) -> str:
    """The text in at most ``columns``, an ellipsis telling that something is missing."""
    if columns <= 0:
        return ""
    if cell_len(text) <= columns:
        return text
    return set_cell_size(text, columns - 1).rstrip() + "…" if columns > 1 else "…"


def left(text: str, columns: int) -> str:
    """The text at the left of exactly ``columns``."""
    return set_cell_size(cut(text, columns), columns)


def right(text: str, columns: int) -> str:
    """The text at the right of exactly ``columns``."""
    short = cut(text, columns)
    return " " * (columns - cell_len(short)) + short


def fit(spans: Line, columns: int) -> Line:
    """The line in at most ``columns``; what does not fit ends in an ellipsis."""
    if width(spans) <= columns:
        return spans
    kept: list[Span] = []
    room = columns
    for text, tone in spans:
        size = cell_len(text)
        if size < room:
            kept.append((text, tone))
            room -= size
            continue
        kept.append((cut(text, room) if size > room else cut(text + " ", room), tone))
        break
    return tuple(kept)


def ends(start: Line, end: Line, columns: int) -> Line:
    """``start`` at the left, ``end`` at the right; the start gives way where both do not fit."""
    room = columns - width(end)
    if room <= 0:
        return fit(end, columns)
    start = fit(start, room - 1)
    return (*start, (" " * (room - width(start)), "text"), *end)


def title(text: str, columns: int, note: str = "") -> Line:
    """The heading of a section, with a quiet note at its right end."""
    return ends(line((text.upper(), "title")), line((note, "quiet")) if note else EMPTY, columns)


def _broken(word: str, columns: int) -> Iterable[str]:
    while columns > 1 and cell_len(word) > columns:
        # A wide character on the edge would leave a blank in its place.
        head = set_cell_size(word, columns).rstrip() or word[:1]
        yield head
        word = word[len(head) :]
    yield word


def wrap(text: str, columns: int, most: int = 4) -> list[str]:
    """The text over several lines at word ends, the last one cut when there is more. A word longer
    than a line goes on in the next: half an image's name names none."""
    lines: list[str] = []
    current = ""
    for word in (part for whole in text.split() for part in _broken(whole, columns)):
        longer = f"{current} {word}" if current else word
        if cell_len(longer) <= columns or not current:
            current = longer
            continue
        lines.append(cut(current, columns))
        current = word
    lines.append(cut(current, columns))
    if len(lines) > most:
        lines = [*lines[: most - 1], cut(" ".join(lines[most - 1 :]), columns)]
    return lines
