"""The log hub: every line counted, most kept, none trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ainur_tui.engine.logs import intake as logintake
from ainur_tui.engine.logs import store as logstore
from ainur_tui.engine.logs.hub import LogHub
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogQuery
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.logsource import RawBatch, RawLine
from tests.engine.logsources import SECRET, FakeSource, line, many, played, texts
from tests.engine.warp import EPOCH, WarpClock, warped

ESC = "\x1b"


def test_lines_are_taken_apart_and_in_order() -> None:
    page = played(FakeSource(RawBatch([line(0, "one", user="u1"), line(0.1, "two", "error")])))
    assert texts(page.lines) == ["one", "two"]
    first, second = page.lines
    assert (first.seq, first.source, first.level) == (1, "api", "info")
    assert (first.fields["user"], first.machine, second.level) == ("u1", "17811111111111", "error")
    assert page.matched_all


@pytest.mark.parametrize(
    "payload",
    [
        f"{ESC}]52;c;aGk=\x07", f"{ESC}[2J", "\x9b2J", "\u202eevil", "a\nOK recovered", "\r>",
        "\x00nul", "\u2028line",
    ],
)  # fmt: skip
def test_no_line_steers_a_terminal_and_each_is_counted(payload: str) -> None:
    def seen(hub: LogHub) -> Any:
        return hub.query(LogQuery()).lines, hub.views()[0].hostile

    lines, hostile = played(FakeSource(RawBatch([RawLine(EPOCH, f"x {payload} y")])), then=seen)
    (found,) = lines
    assert found.message.isprintable()
    assert hostile == 1


def test_a_payload_that_comes_escaped_in_json_is_found_too() -> None:
    raw = line(0, f"x {ESC}[2J", path=f"/{ESC}]0;t\x07")
    assert raw.text.isprintable()
    lines, hostile = played(
        FakeSource(RawBatch([raw])), then=lambda hub: (hub.query(LogQuery()).lines, hub.views()[0])
    )
    assert hostile.hostile == 1
    assert lines[0].message.isprintable()
    assert all(value.isprintable() for value in lines[0].fields.values())


def test_secrets_are_masked_in_messages_fields_and_plain_lines() -> None:
    raws = [
        line(0, f"dsn postgresql://u:{SECRET}@h/db", password="hunter22", note=f"is {SECRET}"),
        RawLine(EPOCH, "token=abcdefgh1234 done"),
    ]
    page = played(FakeSource(RawBatch(raws)))
    shown = repr(page)
    assert SECRET not in shown
    assert "hunter22" not in shown
    assert "abcdefgh1234" not in shown
    assert len(page.lines) == 2


def test_a_line_of_ten_megabytes_is_cut_and_counted() -> None:
    (found,) = played(FakeSource(RawBatch([RawLine(EPOCH, "x" * 10_000_000)]))).lines
    assert len(found.message) < 5000
    assert found.message.endswith(f"… +{10_000_000 - 4096}")


def test_hostile_text_costs_no_more_than_its_length() -> None:
    nasty = ["a" * 16_000 + "://", "://" * 5000, "a://b:" * 2700, "{" * 16_000, "password " * 1800]
    page = played(FakeSource(RawBatch([RawLine(EPOCH, text) for text in nasty])))
    assert len(page.lines) == 5


def test_a_time_from_the_future_is_the_time_of_arrival() -> None:
    (found,) = played(FakeSource(RawBatch([line(86400 * 365)]))).lines
    assert found.at <= EPOCH + 1


def test_a_broken_source_is_opened_again_from_where_it_was() -> None:
    source = FakeSource(
        RawBatch([line(-1, "before")]), ProbeFailure("refused", "no port"), RawBatch([line(0)])
    )
    broken, later, resumed = played(
        source,
        seconds=0.1,
        then=lambda hub: _later(hub, lambda: hub.views()[0], 5.0, source),
    )
    assert (broken.connected, broken.problem) == (False, "nothing listens there: no port")
    assert (later.connected, later.problem, later.total) == (True, None, 2)
    assert resumed == [None, EPOCH - 1]


async def _later(hub: LogHub, look: Callable[[], Any], seconds: float, source: FakeSource) -> Any:
    first = look()
    await asyncio.sleep(seconds)
    return first, look(), source.resumed


def test_a_source_that_raises_nonsense_tells_the_class_only() -> None:
    view = played(
        FakeSource(ValueError(f"token {SECRET}")), seconds=0.1, then=lambda hub: hub.views()[0]
    )
    assert view.problem == "our own probe failed: ValueError"


def test_one_dead_source_leaves_the_others_alone() -> None:
    dead = FakeSource(*[ProbeFailure("timeout") for _ in range(50)], name="db")
    page = played(dead, FakeSource(2.0, RawBatch([line(2, "alive")])), seconds=3)
    assert texts(page.lines) == ["alive"]


def test_what_the_source_lost_is_a_gap_row() -> None:
    batches = [RawBatch([line(0, "a")]), RawBatch([line(9, "b")], dropped=7, gap_since=EPOCH)]
    batches.append(RawBatch([], dropped=None, gap_since=EPOCH + 9))

    def look(hub: LogHub) -> Any:
        return hub.query(LogQuery()), hub.views()[0]

    page, view = played(FakeSource(*batches), then=look)
    known, unknown = page.gaps
    assert (known.since, known.until, known.dropped) == (EPOCH, EPOCH + 9, 7)
    assert unknown.dropped is None
    assert page.lines[0].seq < known.seq < page.lines[1].seq < unknown.seq
    assert (view.total, view.dropped) == (9, 7)


def test_a_flood_is_counted_exactly_sampled_evenly_and_keeps_every_error() -> None:
    lines = many(-1, 1.0, 15_000)
    for index in range(0, 15_000, 100):
        lines[index] = line(-1 + index / 15_000, f"boom {index}", "error")

    def look(hub: LogHub) -> Any:
        return (
            hub.query(LogQuery(limit=5000)),
            hub.views()[0],
            hub.query(LogQuery(limit=5000, min_level="error")),
        )

    page, view, errors = played(FakeSource(RawBatch(lines)), then=look)
    assert view.total == 15_000
    assert view.dropped + len(page.lines) == 15_000
    assert sum(gap.dropped for gap in page.gaps) == view.dropped
    assert len(errors.lines) == 150
    assert len(page.lines) <= logintake.BUDGET + 150
    assert view.rate == pytest.approx(15_000, rel=0.05)


def test_the_rate_of_a_long_flood_counts_what_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logintake, "BUDGET", 300.0)
    steps: list[RawBatch | float] = []
    for tick in range(100):
        steps += [RawBatch(many(tick * 0.2, 0.2, 500)), 0.2]
    view = played(FakeSource(*steps), seconds=19.9, then=lambda hub: hub.views()[0])
    assert view.rate == pytest.approx(500, rel=0.1)
    assert 3000 < view.dropped < 5000


def test_old_lines_at_the_start_are_no_flood() -> None:
    view = played(
        FakeSource(RawBatch(many(-300, 299, 1))), seconds=0.5, then=lambda hub: hub.views()[0]
    )
    assert view.rate == pytest.approx(1.0, abs=0.3)
    assert view.total == 299


def test_when_it_falls_silent_the_rate_goes_to_nothing() -> None:
    view = played(
        FakeSource(RawBatch(many(-1, 1, 1000))), seconds=30, then=lambda hub: hub.views()[0]
    )
    assert (view.rate, view.connected) == (0.0, True)


def test_filters_are_anded() -> None:
    raws = [
        line(0, "pool exhausted", "error", request="r1"),
        line(1, "pool fine", "info", request="r2"),
        line(2, "pool slow", "warn"),
        RawLine(EPOCH + 3, "pool plain", machine="other"),
    ]

    def look(hub: LogHub) -> list[list[str]]:
        queries = [
            LogQuery(min_level="warn"),
            LogQuery(min_level="info", pattern="pool", machine="other"),
            LogQuery(pattern="^pool (slow|fine)$"),
            LogQuery(pattern="POOL"),
            LogQuery(pattern="r1"),
            LogQuery(since=EPOCH + 2),
            LogQuery(sources=["db"]),
            LogQuery(log_class="db-timeout"),
        ]
        return [texts(hub.query(query).lines) for query in queries]

    assert played(FakeSource(RawBatch(raws)), seconds=5, then=look) == [
        ["pool exhausted", "pool slow"],
        ["pool plain"],
        ["pool fine", "pool slow"],
        [],
        ["pool exhausted"],
        ["pool slow", "pool plain"],
        [],
        ["pool exhausted"],
    ]


@pytest.mark.parametrize("query", [LogQuery(pattern="a("), LogQuery(min_level="loud")])
def test_a_query_that_makes_no_sense_is_a_usage_error(query: LogQuery) -> None:
    with pytest.raises(Refused) as refused:
        played(FakeSource(RawBatch([line(0)])), then=lambda hub: hub.query(query))
    assert refused.value.code == 64
    assert len(str(refused.value)) > 20


def store(count: int, **more: Any) -> LogStore:
    found = LogStore(**more)
    for number in range(count):
        name = "api" if number % 2 else "db"
        found.add(
            LogLine(seq=found.next_seq(), at=float(number), source=name, message=f"line {number}")
        )
    return found


def test_pages_go_back_and_on_without_repeats_or_holes() -> None:
    found = store(1000)
    newest = found.query(LogQuery(limit=100))
    assert [one.seq for one in newest.lines] == list(range(901, 1001))
    assert not newest.matched_all
    seqs: list[int] = []
    page = newest
    while page.lines:
        seqs = [one.seq for one in page.lines] + seqs
        page = found.query(LogQuery(limit=100, before=page.lines[0].seq))
    assert seqs == list(range(1, 1001))
    after = found.query(LogQuery(limit=100, after=990))
    assert ([one.seq for one in after.lines], after.skipped) == (list(range(991, 1001)), 0)
    slow = found.query(LogQuery(limit=100, after=500))
    assert (slow.lines[0].seq, slow.skipped) == (901, 400)


def test_a_rare_word_is_found_among_many() -> None:
    found = store(5000)
    assert texts(found.query(LogQuery(pattern="line 17$")).lines) == ["line 17"]
    assert found.query(LogQuery(pattern=r"\Aline 17\z")).lines[0].seq == 18
    assert len(found.query(LogQuery(pattern="line", limit=5000)).lines) == 5000


def test_memory_is_bounded_by_lines_and_by_bytes() -> None:
    few = store(1000, lines=100)
    assert 170 <= len(few.query(LogQuery(limit=5000)).lines) <= 200
    small = store(1000, octets=50_000)
    assert small.octets <= 50_000
    lines = small.query(LogQuery(limit=5000)).lines
    assert 100 < len(lines) < 250
    assert lines[-1].seq == 1000
    assert small.octets == sum(map(logstore.weight, lines))


def test_listeners_are_told_once_for_many_batches() -> None:
    calls: list[int] = []

    async def main() -> None:
        source = FakeSource(
            0.05, *(RawBatch([line(n)]) for n in range(50)), 1.0, RawBatch([line(1)])
        )
        hub = LogHub([source], WarpClock(), Redactor())
        hub.listeners.add(lambda: calls.append(1))
        await hub.start()
        await asyncio.sleep(3)
        await hub.stop()

    warped(main())
    assert len(calls) == 2


def readings(hub: LogHub, target: str = "api") -> Any:
    async def read() -> dict[str, tuple[float | None, str | None]]:
        (probe,) = (probe for probe in hub.probes() if probe.target == target)
        sample = await asyncio.wait_for(probe.read(), probe.deadline)
        return {reading.signal: (reading.value, reading.note) for reading in sample.readings}

    return read()


def test_the_probe_gives_rate_hostile_and_errors() -> None:
    lines = [*many(-1, 0.5, 100), line(0, "boom", "error"), RawLine(EPOCH, f"{ESC}[2J")]
    found = played(FakeSource(RawBatch(lines)), seconds=1.0, then=readings)
    assert set(found) == {
        f"api.logs.{name}" for name in ("rate", "hostile", "errors", "storage", "auth")
    }
    assert found["api.logs.hostile"] == (1.0, None)
    assert found["api.logs.errors"] == (1.0, None)
    assert 20 < found["api.logs.rate"][0] < 110


def test_hostile_lines_are_forgotten_after_a_quarter_of_a_minute() -> None:
    source = FakeSource(RawBatch([RawLine(EPOCH, f"{ESC}[2J")]))
    assert played(source, seconds=20, then=readings)["api.logs.hostile"] == (0.0, None)


def test_a_source_that_is_not_there_is_not_known_and_no_zero() -> None:
    source = FakeSource(*[ProbeFailure("missing", "no journalctl") for _ in range(9)])
    found = played(source, seconds=0.1, then=readings)
    assert {value for value, _ in found.values()} == {None}
    assert "no journalctl" in found["api.logs.rate"][1]


def test_one_look_sees_a_flood_from_the_times_of_the_first_page() -> None:
    async def main() -> Any:
        source = FakeSource(RawBatch(many(-0.02, 0.0125, 8_000)))
        clock = WarpClock()
        hub = LogHub([source], clock, Redactor())
        await hub.settle(1.2)
        found = await readings(hub)
        await hub.stop()
        return found["api.logs.rate"][0], clock.monotonic()

    rate, took = warped(main())
    assert rate > 5_000
    assert took <= 1.2


def test_the_sources_time_of_a_line_counts_not_what_the_line_says() -> None:
    text = line(-60, "made long ago").text
    old = [RawLine(EPOCH - 0.25 + n // 400 / 20, text, machine="1781") for n in range(2000)]
    view = played(FakeSource(RawBatch(old)), seconds=0.2, then=lambda hub: hub.views()[0])
    assert view.rate == pytest.approx(10_000, rel=0.05)


def test_a_file_that_tells_no_times_lets_the_lines_tell_theirs() -> None:
    lines = [RawLine(EPOCH, raw.text) for raw in many(-600, 590, 1, level="error")]
    found = played(FakeSource(RawBatch(lines)), seconds=0.2, then=readings)
    assert found["api.logs.errors"][0] == pytest.approx(50, abs=2)
    assert found["api.logs.rate"][0] < 2


def test_settling_ends_when_nothing_comes_and_the_probe_waits_no_longer() -> None:
    async def main() -> float:
        clock = WarpClock()
        hub = LogHub([FakeSource()], clock, Redactor())
        await hub.settle(1.2)
        found = await readings(hub)
        assert found["api.logs.rate"][0] is None
        await hub.stop()
        return clock.monotonic()

    assert warped(main()) == pytest.approx(1.2)


def test_a_panic_is_one_record_though_it_comes_in_pieces() -> None:
    piece = ["panic: boom", "", "goroutine 1 [running]:"]
    more = ["main.main()", "\t/srv/main.go:3 +0x1d"]
    batches = [
        RawBatch([line(0, "before"), *(RawLine(EPOCH, text) for text in piece)]),
        RawBatch([RawLine(EPOCH + 0.1, text) for text in more]),
        RawBatch(),
        RawBatch([line(0.2, "after")]),
    ]
    lines = played(FakeSource(*batches)).lines
    assert [one.message.split(" ␤ ")[0] for one in lines] == ["before", "panic: boom", "after"]
    assert (lines[1].level, lines[1].at) == ("fatal", EPOCH)
    assert lines[1].message.endswith("/srv/main.go:3 +0x1d")


def test_a_panic_ends_when_another_machine_speaks() -> None:
    raws = [
        RawLine(EPOCH, "panic: boom", machine="m1"), RawLine(EPOCH, "\tframe", machine="m1"),
        RawLine(EPOCH, "\tof another", machine="m2"), RawLine(EPOCH, "panic: again", machine="m2"),
        RawLine(EPOCH, "done", machine="m2"),
    ]  # fmt: skip
    lines = played(FakeSource(RawBatch(raws))).lines
    assert [(one.machine, one.message.strip()) for one in lines] == [
        ("m1", "panic: boom ␤ frame"), ("m2", "of another"), ("m2", "panic: again"), ("m2", "done"),
    ]  # fmt: skip


def test_a_line_that_comes_late_says_so() -> None:
    page = played(FakeSource(RawBatch([line(0, "now"), line(-1, "just"), line(-60, "late")])))
    assert [one.unsure for one in page.lines] == [False, False, True]


def test_what_sources_have_at_the_start_is_put_in_one_order_by_time() -> None:
    api = FakeSource(RawBatch([line(-n, f"api {n}") for n in (30, 20, 10)]))
    late = FakeSource(
        0.3, RawBatch([line(-n, f"db {n}") for n in (25, 15, 5)], None, EPOCH - 60), name="db"
    )
    dead = FakeSource(*[ProbeFailure("timeout") for _ in range(9)], name="node")
    page = played(api, late, dead, then=lambda hub: hub.query(LogQuery()))
    assert texts(page.lines) == ["api 30", "db 25", "api 20", "db 15", "api 10", "db 5"]
    assert not any(one.unsure for one in page.lines)
    assert [gap.seq < page.lines[0].seq for gap in page.gaps] == [True]


def test_a_source_that_is_slow_to_show_itself_is_not_waited_for() -> None:
    slow = FakeSource(
        0.8, RawBatch([line(-60, "slow")]), 0.05, RawBatch([line(0, "on")]), name="db"
    )
    page = played(FakeSource(RawBatch([line(-1, "quick")])), FakeSource(name="node"), slow)
    assert texts(page.lines) == ["quick", "slow", "on"]
    assert [one.unsure for one in page.lines] == [False, True, False]
