"""Following files through everything that happens to log files."""
# ruff: noqa: ASYNC240 - small files in a temporary folder

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems import tail
from ainur_tui.systems.lines import LineCutter
from ainur_tui.systems.logsource import RawBatch
from ainur_tui.systems.tail import follow
from tests.systems.web import RealClock


class Reader:
    """What a follower gave so far."""

    def __init__(self, batches: AsyncIterator[RawBatch]) -> None:
        self._batches = batches
        self.lines: list[str] = []
        self.gaps: list[RawBatch] = []
        self.empty = 0

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                batch = await anext(self._batches)
                self.lines += [line.text for line in batch.lines]
                self.empty += not batch.lines
                if batch.gap_since is not None:
                    self.gaps.append(batch)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "POLL", 0.01)
    monkeypatch.setattr(tail, "GRACE", 0.1)
    monkeypatch.setattr(tail, "BEAT", 0.02)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "postgresql.log"
    path.write_text("".join(f"line {number}\n" for number in range(1000)))
    return path


@pytest.fixture
async def reader(log: Path) -> AsyncIterator[Reader]:
    async with aclosing(follow(log, RealClock())) as batches:  # type: ignore[type-var]
        found = Reader(batches)
        await found.until(lambda: len(found.lines) == 200)
        assert found.lines[0] == "line 800"
        found.lines.clear()
        yield found


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


async def test_last_lines_then_new_ones(log: Path, reader: Reader) -> None:
    append(log, "a\nb")
    await reader.until(lambda: reader.lines == ["a"])
    append(log, "c\r\n")
    await reader.until(lambda: reader.lines == ["a", "bc"])
    assert reader.gaps == []


async def test_silence_beats(reader: Reader) -> None:
    await reader.until(lambda: reader.empty >= 3)
    assert reader.lines == []


async def test_rotation_by_renaming_loses_nothing(log: Path, reader: Reader) -> None:
    append(log, "before\n")
    old = log.rename(log.with_suffix(".1"))
    log.write_text("new 1\n")
    await reader.until(lambda: "new 1" in reader.lines)
    append(old, "late\n")
    append(log, "new 2\n")
    await reader.until(lambda: {"late", "new 2"} <= set(reader.lines))
    assert sorted(reader.lines) == ["before", "late", "new 1", "new 2"]
    assert reader.gaps == []


async def test_copy_and_truncate_tells_a_gap(log: Path, reader: Reader) -> None:
    with log.open("r+b") as file:
        file.truncate(0)
    append(log, "after\n")
    await reader.until(lambda: "after" in reader.lines)
    assert reader.lines == ["after"]
    assert [gap.dropped for gap in reader.gaps] == [None]


async def test_rewritten_with_the_same_size(log: Path, reader: Reader) -> None:
    size = log.stat().st_size
    new = ("other\n" * size)[: size - 1] + "\n"
    log.write_text(new)
    await reader.until(lambda: len(reader.lines) >= new.count("\n"))
    assert set(reader.lines[:-1]) == {"other"}
    assert len(reader.gaps) == 1


async def test_rewritten_and_longer_with_the_same_beginning(log: Path, reader: Reader) -> None:
    head = log.read_text()[:5000]
    log.write_text(head + "changed\n" * 2000)
    await reader.until(lambda: reader.lines.count("changed") >= 1999)
    assert len(reader.gaps) == 1


async def test_deleted_and_made_again(log: Path, reader: Reader) -> None:
    log.unlink()
    log.write_text("again\n")
    await reader.until(lambda: reader.lines == ["again"])
    assert reader.gaps == []


async def test_gone_for_good_is_a_failure(log: Path, reader: Reader) -> None:
    log.unlink()
    with pytest.raises(ProbeFailure) as failure:
        await reader.until(lambda: False)
    assert failure.value.kind == "missing"


async def test_ten_megabytes_in_one_line(log: Path, reader: Reader) -> None:
    append(log, b"x" * 10_000_000)
    append(log, "\nshort\n")
    await reader.until(lambda: "short" in reader.lines)
    long = reader.lines[0]
    assert len(long) < 70_000
    assert long.endswith(f" … +{10_000_000 - 65536} bytes")


async def test_bytes_that_are_no_text(log: Path, reader: Reader) -> None:
    append(log, b"\xff\xfe\x00caf\xc3\xa9\n")
    await reader.until(lambda: len(reader.lines) == 1)
    assert reader.lines == ["\ufffd\ufffd\0café"]


async def test_a_backlog_is_counted(
    log: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "BACKLOG", 100_000)
    monkeypatch.setattr(tail, "LOOK_BACK", 10_000)
    append(log, "flood\n" * 50_000 + "end\n")
    await reader.until(lambda: "end" in reader.lines)
    assert len(reader.gaps) == 1
    assert 49_990 <= len(reader.lines) + (reader.gaps[0].dropped or 0) <= 50_002
    assert len(reader.lines) < 50_000


async def test_resume_gives_only_newer_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"2026-11-24 02:00:{s:02d}.000 UTC [1] LOG:  {s}\n" for s in range(60)))
    first = "2026-11-24 02:00:55.000 UTC [1] LOG:  55"
    async with aclosing(follow(path, RealClock(), resume=1795485654.0)) as batches:  # type: ignore[type-var]
        reader = Reader(batches)
        await reader.until(lambda: len(reader.lines) >= 5)
    assert reader.lines[0] == first
    assert len(reader.lines) == 5
    assert reader.gaps == []


async def test_resume_before_the_oldest_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("2026-11-24 02:00:05.000 UTC [1] LOG:  x\n")
    async with aclosing(follow(path, RealClock(), resume=1.0)) as batches:  # type: ignore[type-var]
        reader = Reader(batches)
        await reader.until(lambda: len(reader.lines) == 1)
    assert [gap.gap_since for gap in reader.gaps] == [1.0]


async def test_past_lines_keep_their_time(tmp_path: Path) -> None:
    path = tmp_path / "log"
    stamp = "2026-11-24 02:00:05.000 UTC [1] "
    path.write_text(f"of old\n{stamp}ERROR:  x\n\tcontinued\n{stamp}LOG:  y\n")
    os.utime(path, (5.0, 5.0))
    async with aclosing(follow(path, RealClock())) as batches:  # type: ignore[type-var]
        first = await anext(batches)
    at = 1795485605.0
    assert [line.at for line in first.lines] == [5.0, at, at, at]


def _link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_link, _fifo, Path.mkdir])
async def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "log"
    make(path)
    with pytest.raises(ProbeFailure) as failure:
        await anext(follow(path, RealClock()))
    assert failure.value.kind == "bad answer"


@pytest.mark.parametrize(("path", "kind"), [("/dev/null", "bad answer"), ("/no/log", "missing")])
async def test_devices_and_absence(path: str, kind: str) -> None:
    with pytest.raises(ProbeFailure) as failure:
        await anext(follow(Path(path), RealClock()))
    assert failure.value.kind == kind


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_do_not_depend_on_the_chunks(size: int) -> None:
    data = "é\r\n\nlonger line\nlast".encode()
    cutter = LineCutter()
    lines = [line for i in range(0, len(data), size) for line in cutter.feed(data[i : i + size])]
    assert lines + cutter.flush() == ["é", "", "longer line", "last"]
    assert cutter.flush() == []
