"""The performance report as Markdown, which reads as plain text too. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ainur_tui.model.units import clock, duration, show
from ainur_tui.rules.performance import Figure, Listing, Report

_HEAD = ("What", "Of", "Mean", "Peak", "At (UTC)", "Now", "Limit", "Known")
_WIDEST = 90
"""Characters of a text in a table."""


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    period, bucket = duration(report.seconds), duration(report.bucket)
    yield f"# Performance of {report.environment}"
    yield ""
    yield f"{clock(report.at, date=True)} UTC, over the last {period}."
    yield (
        f"Mean: of the means of {bucket}; peak: the worst of those means, which is the lowest where"
        " less is worse, at its beginning."
        " Known: the share of the period for which a value was kept; the rest is a gap, not zero."
    )
    if report.known < 0.95:
        yield ""
        yield (
            f"**At most {report.known * 100:.0f} % of the period is known**: the engine did not"
            " watch all the time."
        )
    for part in report.parts:
        yield ""
        yield f"## {part.title}"
        yield ""
        if part.figures:
            yield from _table(list(_HEAD), [_cells(one) for one in part.figures])
        if part.listing is not None:
            yield from [""] * bool(part.figures)
            yield from _rows(part.listing)
        elif part.missing is not None:
            yield f"Not there: {part.missing}"


def _cells(one: Figure) -> list[str]:
    if one.missing is not None and one.now is None:
        return [_name(one), one.target, "—", "—", "—", "—", "—", one.missing]
    at = "—" if one.worst_at is None else clock(one.worst_at, date=True)[5:16]
    return [
        _name(one), one.target, show(one.mean, one.unit), show(one.worst, one.unit), at,
        show(one.now, one.unit), show(one.threshold, one.unit),
        one.missing or f"{one.known * 100:.0f} %",
    ]  # fmt: skip


def _name(one: Figure) -> str:
    plain = one.statistic in {"", "last"} or one.statistic in one.title.lower()
    return one.title if plain else f"{one.title} ({one.statistic})"


def _rows(listing: Listing) -> Iterator[str]:
    rows = [
        [_cut(show(cell, unit)) for cell, unit in zip(row, listing.units, strict=False)]
        for row in listing.rows
    ]
    yield from _table(listing.columns, rows)
    left = f"{len(listing.rows)} of {listing.of}; " if listing.of > len(listing.rows) else ""
    note = f"; {listing.note}" if listing.note else ""
    yield ""
    yield f"{left}read {clock(listing.at)} UTC from {listing.source}{note}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        yield "Nothing to list."
        return
    safe = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *safe]) for i in range(len(head))]
    yield _row(head, widths)
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    for row in safe:
        yield _row(row, widths)


def _row(cells: list[str], widths: list[int]) -> str:
    return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"
