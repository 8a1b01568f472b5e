"""Which columns of a line differ from what is on the screen: only they go to the terminal."""

from __future__ import annotations

from rich.cells import cell_len

from ainur_tui.console.draw.spans import Line

JOIN = 10
"""Equal columns between two differences that are cheaper to send than to skip."""


def changed(before: Line, after: Line) -> list[tuple[int, int]]:
    """Ranges ``(start, end)`` of columns that differ, left to right."""
    old, new = _cells(before), _cells(after)
    longest = max(len(old), len(new))
    old += [_BLANK] * (longest - len(old))
    new += [_BLANK] * (longest - len(new))
    ranges: list[tuple[int, int]] = []
    for column in range(longest):
        if old[column] == new[column]:
            continue
        if ranges and column - ranges[-1][1] < JOIN:
            ranges[-1] = (ranges[-1][0], column + 1)
        else:
            ranges.append((column, column + 1))
    return ranges


_BLANK = (" ", "text")


def _cells(line: Line) -> list[tuple[str, str]]:
    """One entry a column. A wide character takes two, so that it is never cut in the middle."""
    cells: list[tuple[str, str]] = []
    for text, tone in line:
        if text.isascii():
            cells.extend((character, tone) for character in text)
            continue
        for character in text:
            size = cell_len(character)
            if size:
                cells.extend([(character, tone)] * size)
            elif cells:
                cells[-1] = (cells[-1][0] + character, tone)
    return cells
