"""What memory does not hold is on disk: no line lost, none doubled, all in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ainur_tui.engine.logs import spool as logspool
from ainur_tui.engine.logs import store as logstore
from ainur_tui.engine.logs.hub import LogHub
from ainur_tui.engine.logs.look import Look
from ainur_tui.engine.logs.spool import LogSpool
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogFilter, LogPage, LogQuery
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.rules.logs.marks import Wanted
from ainur_tui.rules.logs.sieve import sieve
from ainur_tui.systems.logsource import RawBatch, RawLine
from tests.engine.logpages import page_of
from tests.engine.logsources import FakeSource, line
from tests.engine.warp import EPOCH, WarpClock, warped

SECRET = "correct-horse-battery"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LogStore]:
    found = LogStore(
        lines=100, spool=lambda lost: LogSpool(tmp_path, Redactor([Secret(SECRET)]), lost, 1 << 20)
    )
    yield found
    assert found.spool is not None
    found.spool.close()


def fill(store: LogStore, count: int) -> None:
    """Two sources in turn; of every ten lines of one, three are put aside as they came."""
    for _ in range(count // 20):
        for name in ("api", "db"):
            first = store.take_seqs(10)
            rows = []
            for seq in range(first, first + 10):
                text = f'{{"level":"warn","ts":{EPOCH + seq},"msg":"line {seq} of {name}"}}'
                if name == "api" and seq % 3 == 1:
                    rows.append((seq, RawLine(EPOCH + seq, text, None, "m1")))
                else:
                    store.add(
                        LogLine(
                            seq=seq, at=EPOCH + seq, source=name, message=f"line {seq} of {name}"
                        )
                    )
            if rows:
                assert store.add_raw(name, rows)


def back(store: LogStore, query: LogQuery) -> list[LogLine]:
    lines: list[LogLine] = []
    page = store.query(query)
    while page.lines or page.ended:
        lines = [*page.lines, *lines]
        query.before = page.ended or page.lines[0].seq
        page = store.query(query)
    return lines


async def test_pages_go_back_over_memory_and_disk_without_repeats_or_holes(store: LogStore) -> None:
    fill(store, 4000)
    lines = back(store, LogQuery(limit=333))
    assert [one.seq for one in lines] == list(range(1, 4001))
    assert {one.level for one in lines if one.machine} == {"warn"}
    ahead = store.query(LogQuery(after=995, forward=True, limit=10))
    assert [one.seq for one in ahead.lines] == list(range(996, 1006))
    around = await page_of(store, LogQuery(around=EPOCH + 500, limit=4))
    assert [one.seq for one in around.lines] == [499, 500, 501, 502]
    assert store.reaches_back_to("api") == EPOCH + 1


def test_a_rare_word_is_found_on_disk(store: LogStore) -> None:
    fill(store, 4000)
    assert [one.seq for one in back(store, LogQuery(pattern="line 44 "))] == [44]
    only = LogQuery(sources=["db"], filters=[LogFilter(kind="text", value="line 4 ", out=True)])
    assert len(back(store, only)) == 2000
    assert back(store, LogQuery(pattern="no such")) == []


def test_a_machines_lines_are_found_on_disk_and_no_others(store: LogStore) -> None:
    fill(store, 4000)
    every = back(store, LogQuery())
    for name, many in (("m1", True), ("m2", False), ("m", False)):
        found = back(store, LogQuery(machine=name))
        assert found == [one for one in every if one.machine == name]
        assert bool(found) is many


def test_words_that_stand_escaped_in_a_raw_line_are_found_first_in_its_block(
    store: LogStore,
) -> None:
    texts = [
        "[GIN] 2026/11/24 - 02:00:05 | 502 | 1ms | ::1 | GET /x",
        "plain",
        r'{"msg":"say \u0068ello"}',
    ]
    for text in texts:
        assert store.add_raw("api", [(store.next_seq(), RawLine(EPOCH, text))])
    fill(store, 400)
    assert [one.seq for one in back(store, LogQuery(pattern="GET /x 502|no such"))] == [1]
    assert [one.seq for one in back(store, LogQuery(pattern="say hello"))] == [3]


def test_a_long_search_ends_for_now_and_goes_on(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logstore, "WORK", 50)
    fill(store, 4000)
    page = store.query(LogQuery(pattern="^line 1 of"))
    assert (page.lines, page.matched_all) == ([], False)
    assert page.ended is not None
    assert [one.seq for one in back(store, LogQuery(pattern="^line 1 of"))] == [1]
    assert [one.seq for one in back(store, LogQuery(limit=1000))] == list(range(1, 4001))
    onward: list[int] = []
    query = LogQuery(after=0, forward=True, limit=1000)
    while (page := store.query(query)).lines or page.ended:
        onward += [one.seq for one in page.lines]
        query.after = page.ended or page.lines[-1].seq
    assert onward == list(range(1, 4001))


def look(spool: LogSpool, most: int, *, forward: bool = False) -> Look:
    query = LogQuery(forward=forward)
    return spool.look(0, most, query, sieve(query), Wanted(), work=most)


def test_the_ring_on_disk_is_bounded_and_tells_what_it_overwrote(tmp_path: Path) -> None:
    lost: list[logspool.Lost] = []
    spool = LogSpool(tmp_path, Redactor(), lost.append, 160_000)
    for first in range(1, 4001, 100):
        rows = [(seq, RawLine(EPOCH + seq, "x" * 90)) for seq in range(first, first + 100)]
        assert spool.keep_raw("api", rows)
    kept = list(look(spool, 10_000, forward=True))
    assert kept[-1].seq == 4000
    assert [one.seq for one in kept] == list(range(kept[0].seq, 4001))
    assert sum(one.count for one in lost) + len(kept) == 4000
    assert len(kept) * 90 <= 160_000
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_without_room_on_disk_it_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spool = LogSpool(tmp_path / "file", Redactor(), lambda _: None)
    assert not spool.keep_raw("api", [(1, RawLine(EPOCH, "x"))])
    assert spool.off
    assert list(look(spool, 9)) == []


def flood(tmp_path: Path | None, count: int) -> tuple[list[LogLine], LogPage, object]:
    async def main() -> tuple[list[LogLine], LogPage, object]:
        lines = [line(-1 + n / count, f"request {n} token={SECRET}") for n in range(count)]
        source = FakeSource(RawBatch(lines[: count // 2]), RawBatch(lines[count // 2 :]))
        hub = LogHub([source], WarpClock(), Redactor([Secret(SECRET)]), tmp_path)
        await hub.start()
        await asyncio.sleep(1)
        live = hub.query(LogQuery(after=0, limit=500))
        found: list[LogLine] = []
        query = LogQuery(limit=5000)
        while (page := await hub.page(query)).lines or page.ended:
            found = [*page.lines, *found]
            query.before = page.ended or page.lines[0].seq
        view = hub.views()[0]
        await hub.stop()
        hub.close()
        return found, live, view

    return warped(main())


def test_a_flood_loses_and_doubles_no_line_and_shows_no_secret(tmp_path: Path) -> None:
    found, live, view = flood(tmp_path, 20_000)
    assert [one.message.split()[1] for one in found] == [str(n) for n in range(20_000)]
    assert SECRET not in repr(found[::50])
    assert view.dropped == 0  # type: ignore[attr-defined]
    assert view.total == 20_000  # type: ignore[attr-defined]
    assert len(live.lines) == 500
    assert live.lines[-1].seq == 20_000
    assert live.skipped > 15_000
    assert live.gaps == []


def test_putting_aside_costs_little(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path, Redactor(), lambda _: None)
    rows = [(n, RawLine(EPOCH, "x" * 130)) for n in range(400)]
    began = time.process_time()
    for _ in range(125):
        spool.keep_raw("api", rows)
    assert time.process_time() - began < 3.0
    spool.close()
