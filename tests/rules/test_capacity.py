"""The capacity report dates what fills up, and guesses nothing."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ainur_tui.model.board import BoardView
from ainur_tui.model.series import Series
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.rules.capacity import Capacity, Resource, capacity, wanted
from ainur_tui.rules.capacity_text import markdown
from ainur_tui.rules.trend import DAY
from tests.rules.test_performance import AT, VIEW, signal, target

GIB = float(1 << 30)
TODAY = AT // DAY * DAY
HOURS = 24


def limited(name: str, value: float, unit: str, limit: float | None) -> Any:
    return replace(signal(name, value, unit), limit=limit)


def view(*tables: Table, connections: float = 100.0, api: float = 3.0) -> BoardView:
    return replace(VIEW, tables=list(tables), targets=[
        target("api", signal("api.machines.healthy", api, "count")),
        target("db", limited("db.size", 32 * GIB, "B", 40 * GIB),
               limited("db.connections.used", 60, "count", connections)),
        replace(target("storage/ainur", signal("bucket.bytes", 5 * GIB, "B")),
                kind="storage/bucket"),
    ])  # fmt: skip


def series(of: str, name: str, by_day: list[float | None], hours: int = HOURS) -> Series:
    """The days up to yesterday, each known for so many of its hours."""
    values = [v if hour < hours else None for v in by_day for hour in range(HOURS)]
    return Series(target=of, signal=name, start=TODAY - len(by_day) * DAY, step=3600.0,
                  values=values)  # fmt: skip


def of(report: Capacity, name: str) -> Resource:
    return next(one for one in report.resources if one.signal == name)


def test_what_is_there_is_asked_for() -> None:
    assert wanted(view()) == [
        ("db", "db.size"), ("db", "db.connections.used"), ("storage/ainur", "bucket.bytes"),
    ]  # fmt: skip


def test_lines_are_dated_passed_or_far() -> None:
    grows = series("db", "db.size", [(21 + day) * GIB for day in range(10)])
    calm = series("db", "db.connections.used", [50.0] * 10)
    found = capacity(view(), [grows, calm], 25)
    size, used = of(found, "db.size"), of(found, "db.connections.used")
    assert size.per_day == GIB
    assert [line.state for line in size.lines] == ["expected", "expected"]
    assert size.lines[0].earliest == size.lines[0].latest == TODAY + DAY, "32 of 40, yesterday 30"
    assert [line.state for line in used.lines] == ["not within a year"] * 2
    full = capacity(view(connections=62.0), [calm], 25)
    assert of(full, "db.connections.used").lines[0].state == "passed"
    text = markdown(found)
    assert "2027-01-16" in text
    assert "+1.0 GiB (+1.0 GiB to +1.0 GiB)" in text


def test_too_few_days_are_no_trend() -> None:
    few = [series("db", "db.size", [20 * GIB] * 4)]
    assert of(capacity(view(), few, 25), "db.size").missing == "not enough data (4 of 7 days)"
    cleared = [series("db", "db.size", [20 * GIB] * 6 + [5 * GIB] * 5)]
    one = of(capacity(view(), cleared, 25), "db.size")
    assert one.missing == "not enough data since it fell on 2027-01-10 (5 of 7 days)"
    assert (one.per_day, one.lines) == (None, [])
    assert "not enough data" in markdown(capacity(view(), [], 25))


def test_days_that_were_hardly_watched_do_not_count_for_what_comes_and_goes() -> None:
    kept = [series(*one, [50.0] * 10, hours=3)
            for one in (("db", "db.size"), ("db", "db.connections.used"))]  # fmt: skip
    found = capacity(view(), kept, 25)
    assert of(found, "db.size").days == 10
    assert of(found, "db.connections.used").missing == "not enough data (0 of 7 days)"


def test_without_a_limit_there_is_a_slope_and_no_date() -> None:
    kept = [series("storage/ainur", "bucket.bytes", [day * GIB for day in range(1, 9)])]
    one = of(capacity(view(), kept, 25), "bucket.bytes")
    assert (one.per_day, one.lines, one.no_dates) == (GIB, [], "its limit is not known")


def test_machines_stay_between_the_floor_and_what_the_connections_allow() -> None:
    ample, tight = capacity(view(connections=400.0), [], 25), capacity(view(), [], 25)
    assert (ample.machines.floor, ample.machines.ceiling, ample.machines.allowed) == (2, 6, 12)
    assert tight.machines.ceiling == 3
    assert "3 run; scale between 2 and 3." in markdown(tight)
    small = markdown(capacity(view(connections=40.0), [], 25))
    assert "the connections allow 1, below the floor of 2" in small


def test_backups_tell_their_own_growth() -> None:
    columns = [Column(name=name, title=name) for name in ("id", "created", "bytes", "state")]
    rows = [
        Row(key=str(day), cells=[str(day), AT - day * DAY, 1000 - day * 10, state])
        for day in range(8)
        for state in ("complete", "failed")
    ]
    table = Table(name="backups", target="db", title="B", observed_at=AT, source="here",
                  columns=columns, rows=rows)  # fmt: skip
    one = of(capacity(view(table), [], 25), "backups.bytes")
    assert (one.now, one.days, one.per_day) == (1000, 8, 10)
