"""Help and footer, from the one place where keys are declared: the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import ActiveBinding

from ainur_tui.console.draw.plot import NAMES, RIBBON
from ainur_tui.console.draw.spans import EMPTY, Line, Span, fit, left, line, width, wrap

KEYS = {
    "question_mark": "?", "slash": "/", "colon": ":", "escape": "Esc", "enter": "Enter",
    "left_square_bracket": "[", "right_square_bracket": "]", "space": "Space", "pagedown": "PgDn",
    "pageup": "PgUp", "home": "Home", "end": "End", "up": "Up", "down": "Down", "left": "Left",
    "right": "Right", "tab": "Tab", "plus": "+", "minus": "-", "equals_sign": "=",
    "apostrophe": "'",
}  # fmt: skip

KEYS_WIDE = 17
"""Columns of the keys in the help; the eight tabs are the widest."""


def key_name(key: str) -> str:
    """A key as it is printed on a keyboard."""
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+')}"
    if key.startswith("shift+"):
        return f"Shift-{key_name(key.removeprefix('shift+'))}"
    return KEYS.get(key, key)


def footer(bindings: Iterable[ActiveBinding], columns: int) -> Line:
    """The keys that work here and now, as many as fit; ``?`` always fits."""
    help_span: Line = line(("?", "key"), (" help ", "quiet"))
    spans: list[Span] = [(" ", "text")]
    seen: set[str] = set()
    for active in bindings:
        binding = active.binding
        if not binding.show or binding.action in seen or binding.key == "question_mark":
            continue
        seen.add(binding.action)
        part: list[Span] = [
            (key_name(binding.key), "key" if active.enabled else "quiet"),
            (f" {binding.description.lower()}  ", "quiet"),
        ]
        if width(spans) + width(part) + width(help_span) > columns:
            break
        spans += part
    gap = columns - width(spans) - width(help_span)
    return (*spans, (" " * max(0, gap), "text"), *help_span)


def keys_line(keys: Iterable[tuple[str, str]], columns: int) -> Line:
    """The keys of a dialog, each with its word, closer together where the room is scarce."""
    told = list(keys)
    for gap in (3, 2, 1):
        drawn = tuple(span for key, word in told
                      for span in line((key, "key"), (f" {word}{' ' * gap}", "quiet")))  # fmt: skip
        if width(drawn) - gap <= columns:
            break
    return fit(drawn, columns + gap)


def help_lines(
    bindings: Sequence[ActiveBinding], symbols: Sequence[tuple[str, str]], columns: int
) -> list[Line]:
    """All keys of this screen with what they do, and what the symbols mean. The tabs are one line,
    and keys that only move come last."""
    grouped: dict[str, tuple[list[str], str]] = {}
    moving: dict[str, tuple[list[str], str]] = {}
    for active in bindings:
        binding = active.binding
        if not binding.id or not binding.description:
            continue
        told = binding.tooltip or binding.description
        group = grouped if binding.tooltip else moving
        if binding.action.startswith("tab("):
            keys, _ = grouped.setdefault("tabs", ([], "the tabs, as they stand above"))
        else:
            keys, _ = group.setdefault(binding.action, ([], told))
        name = key_name(binding.key)
        if name not in keys:
            keys.append(name)
    lines: list[Line] = [line(("KEYS", "title"))]
    for keys, what in [*grouped.values(), *moving.values()]:
        lines += [
            line((left("" if index else " ".join(keys), KEYS_WIDE), "key"), (text, "text"))
            for index, text in enumerate(wrap(what, max(20, columns - KEYS_WIDE)))
        ]
    lines += [EMPTY, line(("SYMBOLS", "title"))]
    lines += [
        line((left(symbol, 22), "strong"), ("  ", "text"), (what, "text"))
        for symbol, what in symbols
    ]
    lines += [EMPTY, line(("LETTERS UNDER CHARTS", "title"))]
    letters = [left(f"{letter} {NAMES.get(kind, kind)}", 22) for kind, letter in RIBBON.items()]
    lines += [line(("".join(letters[i : i + 3]), "text")) for i in range(0, len(letters), 3)]
    return lines
