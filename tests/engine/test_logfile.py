"""Log files read in place: pages, searches and moments without an index, memory for a block."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from ainur_tui.engine.logs.file import LogFile
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogFilter, LogPage, LogQuery
from ainur_tui.model.secret import Redactor
from ainur_tui.rules.logs.needle import needle
from ainur_tui.rules.logs.sieve import sieve
from ainur_tui.systems import bigfile
from ainur_tui.systems.bigfile import BigFile

START = 1_700_000_000.0
COUNT = 2500
LEVELS = ["info"] * 8 + ["warn", "error"]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigfile, "FIRST", 1000)
    monkeypatch.setattr(bigfile, "BLOCK", 5000)
    monkeypatch.setattr("ainur_tui.engine.logs.file.SLACK", 2000)


def record(number: int) -> str:
    fields = {"path": f"/a/{number % 7}", "request": f"r-{number // 3}"}
    said = f'said "{number % 5}"\tok' if number % 11 == 0 else "request served"
    return json.dumps({"level": LEVELS[number % 10], "ts": START + number, "msg": said, **fields})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("logs") / "api.log"
    found.write_text("".join(record(number) + "\n" for number in range(COUNT)))
    return found


def page(path: Path, query: LogQuery) -> LogPage:
    with BigFile(path) as file:
        return LogFile(file, Redactor(), "api").query(query)


def numbers(lines: list[LogLine]) -> list[int]:
    return [round(line.at - START) for line in lines]


def test_pages_go_back_and_on_without_repeats_or_holes(path: Path) -> None:
    seen: list[LogLine] = []
    found = page(path, LogQuery(limit=700))
    while found.lines:
        seen = [*found.lines, *seen]
        found = page(path, LogQuery(limit=700, before=found.lines[0].seq))
    assert numbers(seen) == list(range(COUNT))
    assert len({line.seq for line in seen}) == COUNT
    ahead = page(path, LogQuery(limit=5, after=seen[99].seq, forward=True))
    assert (numbers(ahead.lines), ahead.matched_all) == ([100, 101, 102, 103, 104], False)
    assert page(path, LogQuery(after=seen[-1].seq, forward=True)).lines == []


def test_a_moment_is_found_by_halves(path: Path) -> None:
    about = page(path, LogQuery(around=START + 1234.5, limit=4))
    assert numbers(about.lines) == [1233, 1234, 1235, 1236]
    between = page(path, LogQuery(since=START + 100, until=START + 103))
    assert numbers(between.lines) == [100, 101, 102, 103]
    first = page(path, LogQuery(since=START + 100, forward=True, limit=1))
    assert numbers(first.lines) == [100]
    assert numbers(page(path, LogQuery(since=START + 2498)).lines) == [2498, 2499]
    assert page(path, LogQuery(until=START - 1)).lines == []


QUERIES = [
    LogQuery(pattern="r-77"), LogQuery(pattern='said "3"'),
    LogQuery(pattern='^said "[01]'), LogQuery(pattern="said .4. +ok$"), LogQuery(pattern=r"r-7\d$"),
    LogQuery(pattern="request served|said"), LogQuery(min_level="error"), LogQuery(pattern="4"),
    LogQuery(filters=[LogFilter(kind="field", field="request", value="r-99")]),
    LogQuery(filters=[LogFilter(kind="level", value="warn"), LogFilter(kind="text", value="/a/3")]),
    LogQuery(filters=[LogFilter(kind="text", value="served", out=True)]),
    LogQuery(filters=[LogFilter(kind="field", value="r-5")]),
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_the_search_in_raw_bytes_finds_what_a_look_at_every_line_finds(
    path: Path, query: LogQuery
) -> None:
    query.limit = COUNT
    with BigFile(path) as opened:
        file = LogFile(opened, Redactor(), "api")
        every = list(file.lines(LogQuery(forward=True)))
        wanted = [line.seq for line in sieve(query)(every)]
        assert wanted
        assert [line.seq for line in file.lines(query)] == wanted[::-1]
        query.forward = True
        assert [line.seq for line in file.lines(query)] == wanted


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("[GIN] 2026/11/24 - 10:00:00 | 500 |  1.2ms | 10.0.0.1 | GET      \"/v1/a\"",
         "get /v1/a 500"),
        ('2026-11-24 10:00:00.1 UTC,"u","d",1,"h",x,1,"i",x,0,0,ERROR,42,"say ""hi"" now",,,,,,',
         'say "hi"'),
        ("plain\tline", "plain +line"), ("über alles", "über"),
        ('{"msg":"caf\\u00e9 closed"}', "café closed"), ("<3>Nov 24 10:00:00 h p: x", "^x$"),
    ],
)  # fmt: skip
def test_what_stands_otherwise_in_the_file_is_found(
    tmp_path: Path, text: str, pattern: str
) -> None:
    path = tmp_path / "a.log"
    path.write_text(f"first line\n{text}\nlast line\n")
    assert len(page(path, LogQuery(pattern=pattern)).lines) == 1


def test_levels_and_classes_have_needles_that_their_lines_hold() -> None:
    for query in (
        LogQuery(min_level="warn"), LogQuery(log_class="db-timeout"), LogQuery(pattern="a.b"),
    ):  # fmt: skip
        assert needle(query) is not None
    assert needle(LogQuery(filters=[LogFilter(kind="text", value="abc", out=True)])) is None


FORMS = [
    '{"level":"error","ts":1.7e9,"msg":"a"}', '{"level":"dpanic","msg":"a"}',
    '{"level":50,"msg":"a"}', '{"level": 60, "msg":"a"}', '{"level":40,"msg":"a"}',
    "level=warn msg=a", "level=fatal msg=a", '{"PRIORITY":"3","MESSAGE":"a"}',
    '{"PRIORITY":"1","MESSAGE":"a"}', "<3>Nov 24 10:00:00 h p: x",
    "<34>1 2026-11-24T10:00:00Z h p 1 - - x", "2026-11-24 10:00:00 UTC [7] FATAL:  gone",
    "CRIT: x", '1.2.3.4 - - [24/Nov/2026:02:00:05 +0000] "GET / HTTP/1.1" 502 17',
    "2026-11-24 10:00:00 WARN a",
    '1.2.3.4 - - [24/Nov/2026:02:00:05 +0000] "GET / HTTP/1.1" 404 17', "panic: x", "[emerg] x",
    "2026/11/24 02:00:05 [alert] 3#3: x",
    '[GIN] 2026/11/24 - 10:00:00 | 500 | 1ms | ::1 | GET "/a"', "2026-11-24T10:00:00Z\tERROR\tx",
    "2026-11-24 10:00:00 [ERROR] x", "nothing", "[GIN-debug] x",
    '2026-11-24 10:00:00.1 UTC,"u","d",1,"h",x,1,"i",x,0,0,PANIC,42,"a",,,,,,,',
]  # fmt: skip


@pytest.mark.parametrize("level", ["warn", "error", "fatal"])
def test_every_form_of_a_level_is_found_in_raw_bytes(tmp_path: Path, level: str) -> None:
    path = tmp_path / "forms.log"
    path.write_text("".join(form + "\n" for form in FORMS))
    exact = LogQuery(filters=[LogFilter(kind="level", value=level)])
    for query in (LogQuery(min_level=level), exact):
        with BigFile(path) as opened:
            file = LogFile(opened, Redactor(), "api")
            wanted = [line.seq for line in sieve(query)(file.lines(LogQuery()))]
            assert len(wanted) >= 4
            assert [line.seq for line in file.lines(query)] == wanted


def test_lines_without_a_time_have_that_of_the_line_before_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "trace.log"
    rows = ["2026-11-24T10:00:00Z INFO one", "  at frame", "  at needle", "no end"]
    path.write_text("\n".join(rows))
    for query in (LogQuery(), LogQuery(forward=True)):
        lines = page(path, query).lines
        assert [line.unsure for line in lines] == [False, True, True, True]
        assert len({line.at for line in lines}) == 1
    (hit,) = page(path, LogQuery(pattern="needle")).lines
    assert (hit.at, hit.unsure) == (lines[0].at, True)


def test_hostile_lines_are_one_clean_line_each(tmp_path: Path) -> None:
    draw = random.Random(5)
    parts = [b"\x1b]52;c;aGk=\x07", b"\x1b[2J", b"\xff\xfe\x80", "\u202eevil".encode(), b"\r>>",
             b"[red]x[/]", b"\x9b2J", b"\x00", b'{"msg":"\\u001b[2J","level":"error"}', b"level=x ",
             b"2026-11-24 10:00:00 UTC [1] ERROR: ", b"<3>", b"a" * 300, "\u2028".encode(),
             b"[GIN] 2026/", b"OK recovered ", b'"', b"{" * 50, b"1e999", b"=" * 9]  # fmt: skip
    rows = [b"".join(draw.choices(parts, k=draw.randrange(1, 6))) for _ in range(1500)]
    rows[700] = b"\x1b[31m" * 2_000_000
    path = tmp_path / "bad.log"
    path.write_bytes(b"\n".join(rows) + b"\n")
    with BigFile(path) as opened:
        file = LogFile(opened, Redactor(), "api")
        found = list(file.lines(LogQuery()))
        hits = list(file.lines(LogQuery(pattern="(?i)recovered")))
    assert len(found) == len(rows)
    assert len(hits) == sum(b"OK recovered" in row for row in rows)
    for line in found:
        shown = [line.message, *line.fields, *line.fields.values()]
        assert all(text.isprintable() for text in shown)
        assert sum(map(len, shown)) < 50_000


def test_the_last_page_costs_the_same_whatever_the_size(tmp_path: Path) -> None:
    path = tmp_path / "sparse.log"
    with path.open("wb") as file:
        file.seek(50 << 30)
        file.write(b"\n" + b"".join(record(number).encode() + b"\n" for number in range(300)))
    began = time.process_time()
    lines = page(path, LogQuery(limit=200)).lines
    assert numbers(lines) == list(range(100, 300))
    assert time.process_time() - began < 6.0


def test_a_file_cut_short_while_it_is_read_ends_quietly(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cut.log"
    copy.write_bytes(path.read_bytes())
    with BigFile(copy) as file:
        lines = file.ahead(0, file.size)
        assert next(lines)[0] == 0
        copy.write_bytes(b"")
        assert len(list(lines)) < COUNT
        assert list(file.back(0, file.size)) == []


def test_links_and_folders_are_no_log_files(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    for place in (link, tmp_path, tmp_path / "none"):
        with pytest.raises(ProbeFailure):
            BigFile(place)
