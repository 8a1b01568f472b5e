"""What was read is kept, found again, and survives a damaged file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ainur_tui.engine.history.buckets import Frame, buckets
from ainur_tui.engine.history.history import History
from ainur_tui.engine.history.prune import MINUTES_KEPT, RAW_KEPT
from ainur_tui.engine.history.store import Store
from ainur_tui.model.alert import Evidence
from ainur_tui.model.event import Event
from ainur_tui.model.series import SeriesQuery
from ainur_tui.model.slo import Beyond, Minutes
from tests.engine.probing import reading
from tests.engine.warp import EPOCH, HandClock

HOUR = SeriesQuery(wanted=[("api", "x")], seconds=3600, points=60)


def many(clock: HandClock, seconds: float, every: float = 5.0) -> list[float]:
    return [clock.now() - seconds + every * n for n in range(int(seconds / every))]


def test_buckets_are_means_and_gaps_are_none() -> None:
    rows = [(0.0, 1.0), (5.0, 3.0), (10.0, 5.0), (40.0, 7.0), (45.0, 7.0), (50.0, 9.0)]
    found = buckets(rows, Frame(0.0, 10.0, 6, 52.0))
    assert found == [2.0, 5.0, None, None, 7.0, 9.0]


def test_a_slow_signal_is_a_line_and_a_missed_reading_a_gap() -> None:
    rows = [(0.0, 1.0), (20.0, 2.0), (60.0, 3.0)]
    found = buckets(rows, Frame(0.0, 5.0, 14, 66.0))
    assert found == [1, 1, 1, 1, 2, None, None, None, None, None, None, None, 3, 3]


def test_nothing_is_all_gaps() -> None:
    assert buckets([], Frame(0.0, 1.0, 3, 3.0)) == [None, None, None]


async def test_series_of_readings(tmp_path: Path) -> None:
    clock = HandClock(EPOCH)
    history = History(tmp_path / "state" / "history.sqlite", clock)
    assert await history.open() is None
    history.add(reading("api", "x", float(n % 12), at) for n, at in enumerate(many(clock, 1800)))
    history.add([reading("api", "x", None, clock.now()), reading("api", "x", float("nan"), 1.0)])
    (series,) = await history.series(HOUR)
    assert len(series.values) == 60
    assert series.step == 60.0
    assert series.values[:28] == [None] * 28
    assert series.values[40] == pytest.approx(5.5)
    (unknown,) = await history.series(SeriesQuery(wanted=[("db", "y")]))
    assert unknown.values == [None] * 120
    await history.close()
    assert stat.S_IMODE((tmp_path / "state" / "history.sqlite").stat().st_mode) == 0o600


async def test_buckets_stay_where_they_are_while_time_goes_on() -> None:
    clock = HandClock(EPOCH + 7)
    history = History(None, clock)
    await history.open()
    history.add(reading("api", "x", float(n), at) for n, at in enumerate(many(clock, 1800)))
    (one,) = await history.series(HOUR)
    clock.go(3)
    (other,) = await history.series(HOUR)
    assert (one.start, one.values[:59]) == (other.start, other.values[:59])
    await history.close()


async def test_long_charts_come_from_minutes_and_old_readings_go(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    clock = HandClock(EPOCH)
    history = History(path, clock)
    await history.open()
    history.add(reading("api", "x", 4.0, at) for at in many(clock, 7200, 10.0))
    await history.flush()
    clock.go(RAW_KEPT)
    history.add([reading("api", "x", 8.0, clock.now())])
    await history.flush()
    (week,) = await history.series(SeriesQuery(wanted=[("api", "x")], seconds=7 * 86400, points=84))
    assert {value for value in week.values if value is not None} == {4.0, 8.0}
    await history.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*), max(count) FROM minute").fetchone() == (121, 6)
        assert db.execute("SELECT count(*) FROM raw").fetchone() == (1,)


def test_a_series_of_which_nothing_is_left_is_gone_itself(tmp_path: Path) -> None:
    store = Store(sqlite3.connect(tmp_path / "history.sqlite"))
    for number in range(30):
        store.write([reading(f"api/machine/{number}", "x", 1.0, EPOCH)], [], {})
    store.write([reading("api", "x", 1.0, EPOCH + MINUTES_KEPT)], [], {})
    store.prune(EPOCH + MINUTES_KEPT + 60)
    with sqlite3.connect(tmp_path / "history.sqlite") as db:
        assert db.execute("SELECT text FROM word ORDER BY text").fetchall() == [("api",), ("x",)]
        assert db.execute("SELECT count(*) FROM series").fetchone() == (1,)
    assert (
        store.series(SeriesQuery(wanted=[("api/machine/7", "x")]), EPOCH)[0].values == [None] * 120
    )
    # A number may be given anew: what is written now belongs to who it is written for.
    store.write([reading("api/machine/new", "x", 7.0, EPOCH + MINUTES_KEPT)], [], {})
    assert list(store.past("x", EPOCH)) == ["api", "api/machine/new"]
    store.close()


def test_the_states_kept_are_those_of_now(tmp_path: Path) -> None:
    store = Store(sqlite3.connect(tmp_path / "history.sqlite"))
    store.write([], [], {"api": ("up", 1.0), "api/machine/old": ("down", 2.0)})
    store.write([], [], {})
    assert store.states().keys() == {"api", "api/machine/old"}
    store.write([], [], {"api": ("down", 3.0)})
    assert store.states() == {"api": ("down", 3.0)}
    store.close()


async def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    clock = HandClock(EPOCH)
    first = History(path, clock)
    await first.open()
    event = Event(key="deploy:1", at=EPOCH - 5, kind="deploy", target="api", text="v142")
    first.add_event(event)
    first.add_event(event)
    first.set_states({"api": ("degraded", EPOCH - 60)})
    await first.save("alerts", b"\x00state")
    first.add([reading("api", "x", 1.0, EPOCH)])
    await first.close()
    second = History(path, clock)
    assert await second.open() is None
    assert await second.events(EPOCH - 10) == [event]
    assert await second.events(EPOCH) == []
    assert await second.states() == {"api": ("degraded", EPOCH - 60)}
    assert await second.load("alerts") == b"\x00state"
    assert await second.load("nothing") is None
    assert (await second.series(HOUR))[0].values[-1] == 1.0
    await second.close()


@pytest.mark.parametrize("kind", ["garbage", "newer", "torn"])
async def test_a_file_that_cannot_be_used_is_set_aside(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "history.sqlite"
    if kind == "garbage":
        path.write_bytes(b"this is no database" * 500)
    else:
        before = History(path, HandClock())
        await before.open()
        before.add(reading("api", "x", 1.0, EPOCH + n) for n in range(5000))
        await before.close()
        if kind == "newer":
            with sqlite3.connect(path) as db:
                db.execute("PRAGMA user_version = 99")
        else:
            data = bytearray(path.read_bytes())
            data[8192 : len(data) // 2] = b"\xff" * (len(data) // 2 - 8192)
            path.write_bytes(data)
    history = History(path, HandClock())
    notice = await history.open()
    assert notice is not None
    assert ("newer version" if kind == "newer" else "damaged") in notice
    assert any(".bad-" in name for name in os.listdir(tmp_path))
    history.add([reading("api", "x", 1.0, EPOCH)])
    assert (await history.series(HOUR))[0].values[-1] == 1.0
    await history.close()


async def test_a_file_damaged_while_it_is_used_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    history = History(path, HandClock())
    await history.open()
    await history.save("key", b"value" * 20_000)
    await history.close()
    history = History(path, HandClock())
    await history.open()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(sqlite3.DatabaseError):
        await history.load("key")
    await history.flush()
    assert "kept as" in history.notices[0]
    await history.save("key", b"new")
    assert await history.load("key") == b"new"
    await history.close()


async def test_where_no_file_can_be_had_history_lives_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    target = tmp_path / "elsewhere"
    target.write_text("precious")
    (tmp_path / "link").symlink_to(target)
    for path in (tmp_path / "file" / "history.sqlite", tmp_path / "link"):
        history = History(path, HandClock())
        assert "memory only" in (await history.open() or "")
        history.add([reading("api", "x", 1.0, EPOCH)])
        assert (await history.series(HOUR))[0].values[-1] == 1.0
        await history.close()
    assert target.read_text() == "precious"


async def test_read_only_changes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    nothing = History(path, HandClock())
    assert await nothing.open(writable=False) is None
    assert await nothing.load("key") is None
    await nothing.close()
    assert not path.exists()
    writer = History(path, HandClock())
    await writer.open()
    await writer.save("key", b"value")
    reader = History(path, HandClock())
    await reader.open(writable=False)
    assert await reader.load("key") == b"value"
    reader.add([reading("api", "x", 1.0, EPOCH)])
    await reader.flush()
    await reader.save("key", b"other")
    await reader.close()
    assert await writer.load("key") == b"value"
    assert (await writer.series(HOUR))[0].values == [None] * 60
    await writer.close()


async def test_minutes_beyond_a_limit_are_told_with_how_many_are_known(tmp_path: Path) -> None:
    history = History(tmp_path / "h", HandClock())
    await history.open()
    history.add(
        reading("api", "api.up", value, 60_000.0 + at)
        for at, value in ((0, 1.0), (60, 0.0), (70, 1.0), (120, 1.0), (180, 0.0))
    )
    found = await history.beyond(Beyond("api", "api.up", 1.0, above=False), 60_000.0)
    assert found == Minutes(4, [(60_060.0, 0.5), (60_180.0, 0.0)])
    later = await history.beyond(Beyond("api", "api.up", 1.0, above=False), 60_120.0)
    assert later == Minutes(2, [(60_180.0, 0.0)])
    assert await history.beyond(Beyond("db", "db.up", 1.0, above=False), 0.0) == Minutes(0, [])
    await history.close()


async def test_a_rule_is_tried_on_readings_and_before_them_on_the_extreme_of_minutes(
    tmp_path: Path,
) -> None:
    clock = HandClock(EPOCH)
    store = Store(sqlite3.connect(tmp_path / "h.sqlite"))
    old = EPOCH - RAW_KEPT - 600
    for at, value in ((old, 1.0), (old + 2, 9.0), (old + 4, 0.0), (EPOCH - 6, 3.0), (EPOCH, 4.0)):
        store.write([reading("api", "x", value, at)], [], {})
    store.prune(clock.now())
    minute = float(int(old // 60) * 60)
    above = store.evidence("x", "above", old)["api"]
    assert above == Evidence([(minute, 9.0)], [(EPOCH - 6, 3.0), (EPOCH, 4.0)])
    assert store.evidence("x", "below", old)["api"].minutes == [(minute, 0.0)]
    assert store.evidence("x", "above", EPOCH - 1)["api"] == Evidence([], [(EPOCH, 4.0)])
    assert store.evidence("unheard of", "above", old) == {}
    store.close()


async def test_a_disk_that_takes_nothing_more_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    history = History(tmp_path / "history.sqlite", HandClock())
    await history.open()
    history.add([reading("api", "x", 1.0, EPOCH)])
    await history.flush()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", full)
        history.add([reading("api", "x", 3.0, EPOCH + 1)])
        async with asyncio.timeout(10):
            await history.save("key", b"value")
            assert (await history.past("x", 0))["api"] == [(EPOCH // 60 * 60, 1.0)]
        assert history.problem == "history is not written: database or disk is full"
    assert await history.load("key") == b"value", "once it takes some again, it has it all"
    assert (await history.past("x", 0))["api"] == [(EPOCH // 60 * 60, 2.0)]
    assert history.problem is None
    await history.close()
