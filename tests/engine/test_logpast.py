"""What files held before they were followed: pages go on into them, every line once, in order."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.logs import pages as logpages
from ainur_tui.engine.logs import past as logpast
from ainur_tui.engine.logs import pastfile as logpastfile
from ainur_tui.engine.logs.file import LogFile
from ainur_tui.engine.logs.hub import LogHub
from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.logquery import LogFilter, LogPage, LogQuery, rows
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.logs.files import FileSource
from ainur_tui.systems.logsource import RawBatch
from tests.engine.logsources import FakeSource

START = 1_795_514_400.0
HELD = 200
"""Lines a file gives when it is first followed."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logpastfile, "PART", 5000)
    monkeypatch.setattr(logpastfile, "SEARCHED", 20_000)


def text(name: str, number: int, at: float) -> str:
    level = "error" if number % 50 == 7 else "info"
    return f'{{"level":"{level}","ts":{at},"msg":"{name} {number}","n":"{number % 10}"}}\n'


def write(path: Path, count: int, *, every: float = 1.0, shift: float = 0.0) -> None:
    name = path.stem
    path.write_text("".join(text(name, n, START + shift + n * every) for n in range(count)))


class House:
    """A hub over files, which has read what it reads at the start."""

    def __init__(self, *paths: Path, others: tuple[FakeSource, ...] = ()) -> None:
        clock = SystemClock()
        files = [FileSource(path.stem, "host", path, clock) for path in paths]
        self.hub = LogHub([*files, *others], clock, Redactor())

    async def __aenter__(self) -> LogHub:
        await self.hub.start()
        async with asyncio.timeout(10):
            await asyncio.gather(*(intake.shown.wait() for intake in self.hub._intakes))
        return self.hub

    async def __aexit__(self, *_: object) -> None:
        await self.hub.stop()


async def back(hub: LogHub, **query: Any) -> list[LogLine]:
    """All lines, by pages from the end."""
    found: list[LogLine] = []
    before: int | None = None
    while True:
        page = await hub.page(LogQuery(before=before, **query))
        found = [*page.lines, *found]
        if page.matched_all:
            return found
        before = page.ended or page.lines[0].seq


def told(lines: list[LogLine]) -> list[str]:
    return [line.message for line in lines]


async def test_pages_go_on_into_the_file_without_repeats_or_holes(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    write(path, 1000)
    async with House(path) as hub:
        assert len(hub.query(LogQuery(limit=5000)).lines) == HELD
        with path.open("a") as file:
            file.write(text("api", 1000, START + 1000))
        lines = await back(hub, limit=130)
        assert told(lines) == [f"api {n}" for n in range(1000 + (len(lines) > 1000))]
        assert len({line.seq for line in lines}) == len(lines)
        seqs = [line.seq for line in lines]
        assert seqs == sorted(seqs)
        assert hub.views()[0].reaches_back_to == START
        errors = await back(hub, limit=3, min_level="error")
        assert told(errors) == [f"api {n}" for n in range(7, 1000, 50)]
        assert [line.seq for line in errors] == [one.seq for one in lines if one.level == "error"]


async def test_files_stand_in_one_order_by_time_whatever_is_filtered(tmp_path: Path) -> None:
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    write(paths[0], 900)
    write(paths[1], 600, every=1.5, shift=0.25)
    async with House(*paths) as hub:
        lines = [line for line in await back(hub, limit=170) if line.seq < 0]
        assert len(lines) == 1500 - 2 * HELD
        assert [line.at for line in lines] == sorted(line.at for line in lines)
        middle = lines[len(lines) // 2]
        for query in ({}, {"filters": [LogFilter(kind="field", field="n", value="3")]}):
            wanted = [one for one in lines if not query or one.fields["n"] == "3"]
            older = await hub.page(LogQuery(before=middle.seq, limit=5000, **query))
            newer = await hub.page(LogQuery(after=middle.seq, forward=True, limit=5000, **query))
            past = [line for line in newer.lines if line.seq < 0]
            there = [line for line in wanted if line.seq == middle.seq]
            assert [*older.lines, *there, *past] == wanted
        one = await back(hub, limit=300, sources=["b"])
        assert told(one) == [f"b {n}" for n in range(600)]


async def test_going_on_leads_from_the_file_to_what_the_engine_has(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    write(path, 700)
    async with House(path) as hub:
        seen: list[str] = []
        page = await hub.page(LogQuery(around=START + 300, limit=10))
        assert told(page.lines) == [f"api {n}" for n in range(296, 306)]
        after = page.lines[-1].seq
        while (page := await hub.page(LogQuery(after=after, forward=True, limit=90))).lines:
            seen += told(page.lines)
            after = page.lines[-1].seq
        assert seen == [f"api {n}" for n in range(306, 700)]
        since = await hub.page(LogQuery(since=START + 100, until=START + 102))
        assert told(since.lines) == ["api 100", "api 101", "api 102"]


async def test_a_search_that_takes_long_ends_for_now_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "api.log"
    write(path, 3000)
    monkeypatch.setattr(logpages, "PATIENCE", 0.0)
    async with House(path) as hub:
        page = await hub.page(LogQuery(pattern="api 12$"))
        assert (page.lines, page.matched_all) == ([], False)
        assert page.ended == logpast.SEAM
        again = await hub.page(LogQuery(pattern="api 12$", before=page.ended))
        assert again.ended is not None
        assert told(await back(hub, pattern="api 12$")) == ["api 12"]


async def test_what_was_searched_in_vain_is_not_searched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "api.log"
    write(path, 3000)
    looked: list[int] = []
    between = LogFile.between

    def told(self: LogFile, query: LogQuery, low: int, high: int) -> Any:
        looked.append(high - low)
        return between(self, query, low, high)

    monkeypatch.setattr(LogFile, "between", told)
    async with House(path) as hub:
        rare = LogQuery(pattern="api 12$", limit=2)
        assert len((await hub.page(rare)).lines) == 1
        first, looked[:] = sum(looked), []
        assert len((await hub.page(rare)).lines) == 1
        assert first > path.stat().st_size * 0.8
        assert sum(looked) < first / 4
        other = LogQuery(pattern="api 2500$", limit=2)
        assert len((await hub.page(other)).lines) == 1


async def test_a_rotated_file_is_found_and_one_that_is_gone_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    write(path, 400)
    async with House(path) as hub:
        path.rename(tmp_path / "api.log.1")
        write(path, 10, shift=5000)
        assert told(await back(hub, limit=500, until=START + 399)) == [
            f"api {n}" for n in range(400)
        ]
        (tmp_path / "api.log.1").unlink()
        assert len(await back(hub, limit=500, until=START + 399)) == HELD
    fresh = tmp_path / "other.log"
    write(fresh, 400)
    async with House(fresh) as hub:
        os.truncate(fresh, 0)
        assert len((await hub.page(LogQuery(limit=500))).lines) == HELD


async def test_what_the_engine_forgot_is_a_gap_between_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "api.log"
    write(path, 300)
    async with House(path) as hub:
        store = hub._store
        monkeypatch.setattr(store, "_most_lines", 50)
        for number in range(100):
            store.add(
                LogLine(seq=store.next_seq(), at=START + 400, source="api", message=f"x {number}")
            )
        page = await hub.page(LogQuery(limit=5000))
        order = rows(page)
        (gap,) = page.gaps
        assert gap.dropped is not None
        assert gap.dropped + len(page.lines) == 400
        place = order.index(gap)
        assert order[place - 1].seq < 0 < order[place + 1].seq


def test_rows_keep_the_order_of_lines_and_put_gaps_between() -> None:
    page = LogPage(
        lines=[LogLine(seq=seq, at=0.0, source="a", message="x") for seq in (-70, -640, 3, 9)]
    )
    page.gaps = [LogGap(seq=seq, source="a", since=0.0, until=0.0) for seq in (5, 0, 12)]
    assert [row.seq for row in rows(page)] == [-70, -640, 0, 3, 5, 9, 12]


async def test_sources_without_a_file_have_no_past(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    write(path, 50)
    async with House(path, others=(FakeSource(RawBatch(), name="fly"),)) as hub:
        await asyncio.sleep(0)
        page = await hub.page(LogQuery(limit=500))
        assert (len(page.lines), page.matched_all) == (50, True)
        assert (await hub.page(LogQuery(limit=500, sources=["fly"]))).lines == []
