"""The performance report as Markdown, which reads as plain text too. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ainur_tui.model.units import clock, duration, show
from ainur_tui.rules.markdown import rows, table
from ainur_tui.rules.performance import Figure, Report

_HEAD = ("What", "Of", "Mean", "Peak", "At (UTC)", "Now", "Limit", "Known")


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
            yield from table(list(_HEAD), [_cells(one) for one in part.figures])
        if part.listing is not None:
            yield from [""] * bool(part.figures)
            yield from rows(part.listing)
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
