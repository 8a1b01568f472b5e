"""Counts over a day, and what is new since the last good hour."""

from __future__ import annotations

import time

import pytest

from ainur_tui.engine.logs import tally as logtally
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.engine.logs.tally import LogTally
from ainur_tui.model.failure import Refused
from ainur_tui.model.log import Level, LogLine
from ainur_tui.model.logquery import LogCountsQuery, LogNewQuery, LogQuery
from tests.engine.logpages import page_of

NOW = 1_800_000_000.0


def line(
    at: float,
    message: str = "request 1",
    level: Level | None = "info",
    log_class: str | None = None,
    source: str = "api",
) -> LogLine:
    return LogLine(
        seq=int(at) % 100_000, at=NOW + at, source=source, message=message, level=level,
        log_class=log_class,
    )  # fmt: skip


def test_counts_come_by_class_level_and_source_in_equal_buckets() -> None:
    tally = LogTally()
    for second in range(-3600, 0, 15):
        tally.add(line(second + 7, level=None))
    tally.add(line(-600, "pool", "error", "db-timeout", "db"))
    tally.count("api", NOW - 600, 100)
    found = tally.counts(LogCountsQuery(seconds=3600, buckets=60), NOW)
    assert (found.start, found.step) == (NOW - 3600, 60.0)
    assert found.levels["info"] == [4] * 60
    assert found.classes["db-timeout"][50] == 1
    assert sum(found.classes["auth-failure"]) == 0
    assert found.sources["api"][50] == 104
    assert found.sources["db"][50] == found.levels["error"][50] == 1
    assert found.reaches_back_to == pytest.approx(NOW - 3600, abs=15)
    only = tally.counts(LogCountsQuery(seconds=3600, buckets=6, sources=["db"]), NOW)
    assert (set(only.sources), sum(only.levels["error"])) == ({"db"}, 1)


@pytest.mark.parametrize("query", [LogCountsQuery(buckets=0), LogCountsQuery(seconds=1e9)])
def test_counts_that_make_no_sense_are_refused(query: LogCountsQuery) -> None:
    with pytest.raises(Refused):
        LogTally().counts(query, NOW)


def test_the_past_is_forgotten_in_order_and_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logtally, "SLOTS", 10)
    monkeypatch.setattr(logtally, "KINDS", 3)
    monkeypatch.setattr(logtally, "TEMPLATES", 5)
    tally = LogTally()
    for second in range(-900, 0, 15):
        tally.add(line(second, f"word{'x' * (second % 7)} y", source=f"s{second % 8}"))
    tally.add(line(-100_000))
    found = tally.counts(LogCountsQuery(seconds=900, buckets=60), NOW)
    assert sum(map(sum, found.levels.values())) == 10
    assert found.reaches_back_to == pytest.approx(NOW - 150, abs=15)
    many = LogTally()
    for number in range(20):
        many.add(line(-1, source=f"s{number}"))
    assert len(many.counts(LogCountsQuery(), NOW).sources) == 3
    assert len(tally.news(LogNewQuery(), NOW).templates) <= 5


def test_what_is_new_was_not_said_in_the_good_hour_before() -> None:
    tally = LogTally()
    for minute in range(-180, 0, 5):
        tally.add(line(minute * 60, f"request {minute}"))
    tally.add(line(-6000, "reload done", "warn"))
    tally.add(line(-1000, "reload done", "warn"))
    for number in range(5):
        tally.add(line(-500 + number, f"pool of {number} exhausted", "error", "db-timeout"))
    tally.add(line(-300, "cache cold"))
    tally.add(line(-9000, "long ago"))
    found = tally.news(LogNewQuery(seconds=3600), NOW)
    assert [one.template for one in found.templates] == ["pool of * exhausted", "cache cold"]
    first = found.templates[0]
    assert (first.count, first.level, first.log_class) == (5, "error", "db-timeout")
    assert first.example == "pool of 4 exhausted"
    assert (first.first_at, first.last_at) == (NOW - 500, NOW - 496)
    assert first.seq == -496 % 100_000
    shifted = tally.news(LogNewQuery(since=NOW - 1800, seconds=1800), NOW)
    assert "reload done" in [one.template for one in shifted.templates]
    with pytest.raises(Refused):
        tally.news(LogNewQuery(seconds=1), NOW)


def test_a_template_seen_again_after_days_counts_from_then() -> None:
    tally = LogTally()
    tally.add(line(-5 * 86400, "boom 1"))
    tally.add(line(-60, "boom 2"))
    (found,) = tally.news(LogNewQuery(), NOW).templates
    assert found.count == 1


def test_counting_costs_little() -> None:
    tally = LogTally()
    lines = [line(-n / 100, f"GET /v1/agents/{n} 200 in {n}ms from 10.0.0.{n % 250}")
             for n in range(20_000)]  # fmt: skip
    began = time.process_time()
    for one in lines:
        tally.add(one)
    assert time.process_time() - began < 6.0


def stored() -> LogStore:
    store = LogStore()
    for number in range(1, 101):
        source = "api" if number % 2 else "db"
        store.add(
            LogLine(seq=store.next_seq(), at=float(number), source=source, message=f"line {number}")
        )
    return store


def test_a_page_forward_is_the_oldest_that_match() -> None:
    store = stored()
    page = store.query(LogQuery(after=10, forward=True, limit=5))
    assert [one.seq for one in page.lines] == [11, 12, 13, 14, 15]
    assert (page.skipped, page.matched_all) == (0, False)
    page = store.query(LogQuery(since=50.0, forward=True, limit=3, sources=["db"]))
    assert [one.seq for one in page.lines] == [50, 52, 54]
    page = store.query(LogQuery(after=98, forward=True))
    assert ([one.seq for one in page.lines], page.matched_all) == ([99, 100], True)


async def test_a_page_about_a_moment_has_lines_of_both_sides() -> None:
    store = stored()
    store.add_gap("api", 40.0, 41.0, 3)
    page = await page_of(store, LogQuery(around=50.0, limit=6))
    assert [one.seq for one in page.lines] == [48, 49, 50, 51, 52, 53]
    assert not page.matched_all
    first = await page_of(store, LogQuery(around=0.0, limit=6))
    assert [one.seq for one in first.lines] == [1, 2, 3]
    last = await page_of(store, LogQuery(around=1e9, limit=6, until=99.0))
    assert [one.seq for one in last.lines] == [97, 98, 99]
