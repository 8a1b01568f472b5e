"""Log files as real programs wrote them: opened, put in order, told apart; from either end the
same records, and by a search what reading all would find."""

from __future__ import annotations

import struct
from itertools import islice
from pathlib import Path

import pytest

from ainur_tui.engine.logs.file import LogFile
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogFilter, LogQuery
from ainur_tui.model.secret import Redactor
from ainur_tui.rules.logs.fold import BREAK
from ainur_tui.rules.logs.sieve import sieve
from ainur_tui.systems import bigfile, foldedfile, journalexport
from ainur_tui.systems.bigfile import BigFile
from ainur_tui.systems.filekinds import in_place

DATA = Path(__file__).parent.parent / "data" / "logs"
FILES = sorted(path.name for path in DATA.iterdir())


def lines(path: Path, query: LogQuery | None = None) -> list[LogLine]:
    """All that pass, oldest first."""
    with BigFile(path) as file:
        return (
            LogFile(in_place(file), Redactor(), path.name)
            .query(query or LogQuery(limit=5000))
            .lines
        )


def sample(name: str) -> list[LogLine]:
    return lines(DATA / name)


@pytest.mark.parametrize(
    ("name", "count", "bad", "classes"),
    [
        ("go.log", 9, 4, ["db-timeout", "storage-failure", "auth-failure", "wasm-timeout"]),
        ("journal.export", 5, 2, ["db-timeout"]),
        ("journal.json", 5, 2, ["db-timeout"]),
        ("nginx-access.log", 2, 1, []),
        ("nginx-error.log", 4, 2, []),
        ("node.log", 7, 1, []),
        ("postgres.csv", 7, 3, ["auth-failure", "db-timeout"]),
        ("postgres.json", 4, 3, ["auth-failure", "db-timeout"]),
        ("postgres.log", 14, 3, ["auth-failure", "db-timeout"]),
        ("syslog.log", 6, 2, ["auth-failure", "storage-failure"]),
        ("trace.log", 4, 2, []),
    ],
)
def test_it_opens_sorts_and_classifies(name: str, count: int, bad: int, classes: list[str]) -> None:
    found = sample(name)
    dated = [line.at for line in found if not line.unsure]
    assert len(found) == count
    assert dated == sorted(dated)
    assert len(dated) >= count // 2
    assert sum(line.level in {"error", "fatal"} for line in found) == bad
    assert [line.log_class for line in found if line.log_class] == classes


def test_many_lines_are_one_record() -> None:
    stack = sample("go.log")[7]
    assert stack.message.startswith(f"goroutine 34 [running]:{BREAK}net/http.(*conn).serve")
    assert stack.message.endswith("server.go:3285 +0x4b4")
    error = sample("trace.log")[2]
    assert (error.level, error.message[:27]) == ("error", f"ValueError: no such agent {BREAK[1]}")
    rows = sample("postgres.csv")
    (missing,) = (row for row in rows if "agents_missing" in row.message)
    assert missing.fields["query"] == f"select pg_sleep(1){BREAK}from agents_missing"
    assert sample("syslog.log")[3].fields["eventSource"] == "App\\]x"


def test_a_journal_says_who_wrote_it_and_how_bad_it_is() -> None:
    for name in ("journal.export", "journal.json"):
        started, imported, panic, bytes_, timeout = sample(name)
        assert started.fields["unit"] == "ainur-node.service"
        assert (imported.message, imported.fields["program"]) == (
            "✨ Imported #1234 (0xabcd…ef01)", "ainur-node",
        )  # fmt: skip
        assert (panic.level, bytes_.level, timeout.level) == ("fatal", "warn", "error")
        assert "goroutine 1 [running]" in panic.message
        assert (timeout.fields["request_id"], timeout.fields["host"]) == ("01JD", "web1")


@pytest.fixture(params=[64, 300, 5000])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small blocks, so that records lie across their ends."""
    for module in (bigfile, journalexport):
        monkeypatch.setattr(module, "FIRST", request.param)
        monkeypatch.setattr(module, "BLOCK", request.param * 4)
    return int(request.param)


QUERIES = [
    LogQuery(min_level="error"), LogQuery(log_class="db-timeout"), LogQuery(pattern="select"),
    LogQuery(pattern="server.go"), LogQuery(pattern="no such agent"),
    LogQuery(filters=[LogFilter(kind="field", field="program", value="ainur-api")]),
]  # fmt: skip


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("name", FILES)
def test_from_either_end_and_by_a_search_it_is_the_same(name: str) -> None:
    path = DATA / name
    with BigFile(path) as file:
        log = LogFile(in_place(file), Redactor(), name)
        ahead = list(log.lines(LogQuery(forward=True)))
        assert list(log.lines(LogQuery()))[::-1] == ahead
        onward, last = [], None
        while page := log.query(LogQuery(after=last, forward=True, limit=2)).lines:
            onward += page
            last = page[-1].seq
        assert [(one.seq, one.message) for one in onward] == [(a.seq, a.message) for a in ahead]
        for query in QUERIES:
            wanted = [one.seq for one in sieve(query)(ahead)]
            assert [one.seq for one in log.query(query).lines] == wanted
            query.forward = True
            assert [one.seq for one in islice(log.lines(query), 100)] == wanted
            query.forward = False


def entry(number: int, message: bytes) -> bytes:
    head = f"__CURSOR=s=1;i={number}\n__REALTIME_TIMESTAMP={1795514400000000 + number}\n"
    size = struct.pack("<Q", len(message))
    return head.encode() + b"PRIORITY=6\nMESSAGE\n" + size + message + b"\n\n"


@pytest.mark.usefixtures("blocks")
def test_a_message_that_looks_like_an_entry_is_a_message(tmp_path: Path) -> None:
    forged = b"a\n\n" + entry(99, b"all is well") + b"b"
    path = tmp_path / "journal"
    path.write_bytes(entry(1, b"one") + entry(2, forged) + entry(3, b"\n\n\n") + entry(4, b"four"))
    with BigFile(path) as file:
        log = LogFile(in_place(file), Redactor(), "journal")
        found = list(log.lines(LogQuery(forward=True)))
    assert [line.message[:5] for line in found] == ["one", "a␤␤__", "␤␤␤", "four"]


def test_a_journal_cut_off_or_damaged_raises_nothing(tmp_path: Path) -> None:
    whole = (DATA / "journal.export").read_bytes()
    path = tmp_path / "journal"
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end] + b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffx")
        assert lines(path)[-1].message is not None


def test_a_record_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foldedfile, "MOST", 20)
    path = tmp_path / "api.log"
    path.write_text("before\npanic: x\n" + "\tframe\n" * 500 + "after\n")
    found = lines(path)
    assert (found[0].message, found[1].message[:8], found[-1].message) == (
        "before",
        "panic: x",
        "after",
    )
