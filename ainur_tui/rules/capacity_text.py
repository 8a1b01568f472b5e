"""The capacity report as Markdown, which reads as plain text too. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ainur_tui.model.units import clock, show
from ainur_tui.rules.capacity import LEAST_DAYS, Capacity, Line, Machines, Resource
from ainur_tui.rules.markdown import rows, table
from ainur_tui.rules.trend import DAY

_HEAD = ("What", "Of", "Now", "Limit", "A day", "80 % of it", "100 % of it", "Days")


def markdown(report: Capacity) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Capacity) -> Iterator[str]:
    yield f"# Capacity of {report.environment}"
    yield ""
    yield (
        f"{clock(report.at, date=True)} UTC, from the daily maxima of the last"
        f" {report.seconds / DAY:.0f} days at most; {LEAST_DAYS} days at least,"
        " counted anew from where what only grows fell. A day: the median slope. Dates: the range"
        " that the days allow (9 in 10), none beyond a year."
    )
    yield ""
    yield "## What fills up"
    yield ""
    yield from table(list(_HEAD), [_cells(one) for one in report.resources])
    yield ""
    yield "## API machines"
    yield ""
    yield _machines(report.machines)
    for chapter in report.chapters:
        yield ""
        yield f"## {chapter.title}"
        yield ""
        if chapter.listing is not None:
            yield from rows(chapter.listing)
        else:
            yield f"Not there: {chapter.missing}"


def _cells(one: Resource) -> list[str]:
    head = [one.title, one.target, show(one.now, one.unit), show(one.limit, one.unit)]
    if one.per_day is None or one.least is None or one.most is None:
        return [*head, one.missing or "—", "—", "—", str(one.days)]
    slope, least, most = (_signed(v, one.unit) for v in (one.per_day, one.least, one.most))
    dates = [_date(line) for line in one.lines] or [one.no_dates or "—", "—"]
    return [*head, f"{slope} ({least} to {most})", *dates, str(one.days)]


def _signed(value: float, unit: str) -> str:
    shown = show(value, unit)
    return f"+{shown}" if value > 0 else shown


def _date(line: Line) -> str:
    if line.earliest is None:
        return line.state
    earliest = clock(line.earliest, date=True)[:10]
    if line.latest is None:
        return f"{earliest} or later"
    latest = clock(line.latest, date=True)[:10]
    return earliest if latest == earliest else f"{earliest} to {latest}"


def _machines(found: Machines) -> str:
    now = "not known how many run" if found.now is None else f"{found.now:.0f} run"
    if found.ceiling is None:
        return f"{now}; between {found.floor} and how many is not known: {found.arithmetic}."
    ends = f"scale between {found.floor} and {found.ceiling}"
    if found.ceiling < found.floor:
        ends = f"the connections allow {found.allowed}, below the floor of {found.floor}"
    return f"{now}; {ends}. {found.arithmetic}."
