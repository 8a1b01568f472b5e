"""Tables of a report as Markdown that is aligned as plain text too. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ainur_tui.model.units import clock, show
from ainur_tui.rules.performance import Listing

_WIDEST = 90
"""Characters of a text in a table."""


def rows(listing: Listing) -> Iterator[str]:
    """A table as it was read, and what of it is left out."""
    shown = [
        [_cut(show(cell, unit)) for cell, unit in zip(row, listing.units, strict=False)]
        for row in listing.rows
    ]
    yield from table(listing.columns, shown)
    left = f"{len(listing.rows)} of {listing.of}; " if listing.of > len(listing.rows) else ""
    note = f"; {listing.note}" if listing.note else ""
    yield ""
    yield f"{left}read {clock(listing.at)} UTC from {listing.source}{note}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def table(head: list[str], body: list[list[str]]) -> Iterator[str]:
    """Rows under their titles, in columns of one width."""
    if not body:
        yield "Nothing to list."
        return
    safe = [[cell.replace("|", "\\|") for cell in row] for row in body]
    widths = [max(len(row[i]) for row in [head, *safe]) for i in range(len(head))]
    yield _row(head, widths)
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    for row in safe:
        yield _row(row, widths)


def _row(cells: list[str], widths: list[int]) -> str:
    return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"
