"""Panics and tracebacks as one record, and the forms of files not written here."""

from __future__ import annotations

import pytest

from ainur_tui.rules.logs.fold import BREAK, Fold, severity
from ainur_tui.rules.logs.lines import parse

PANIC = [
    "panic: runtime error: index out of range [5] with length 3",
    "",
    "goroutine 1 [running]:",
    "main.(*Server).serve(0xc0000b2000, {0x7f, 0x3})",
    "\t/srv/api/server.go:42 +0x1d",
    "created by main.main in goroutine 1",
    "\t/srv/api/main.go:9 +0x1a",
    "exit status 2",
]
TRACE = [
    "Traceback (most recent call last):",
    '  File "/srv/a.py", line 3, in <module>',
    "    run()",
    '  File "/srv/a.py", line 2, in run',
    '    raise ValueError("no such agent")',
    "ValueError: no such agent",
]


def folded(lines: list[str]) -> list[str]:
    fold = Fold()
    found = [record for line in lines for record in fold.feed(line) or ()]
    return [*found, *fold.end()]


def test_a_panic_is_one_record_among_others() -> None:
    found = folded(["before", *PANIC, '{"level":"info","msg":"after"}', "x"])
    assert found[0] == "before"
    assert found[2:] == ['{"level":"info","msg":"after"}', "x"]
    assert found[1].startswith("panic: runtime error: index out of range")
    assert found[1].endswith("exit status 2")
    assert found[1].count(BREAK) == len(PANIC) - 2
    assert severity(found[1]) == "fatal"
    assert parse(found[1], 0.0).level == "fatal"


def test_a_traceback_is_one_record_with_the_error_first() -> None:
    found = folded(["a", *TRACE, "b", *TRACE])
    assert [found[0], found[2]] == ["a", "b"]
    assert found[1] == found[3]
    assert found[1].startswith("ValueError: no such agent ␤ Traceback")
    assert severity(found[1]) == "error"


def test_two_panics_in_a_row_and_one_that_never_ends() -> None:
    assert len(folded([*PANIC, "between", *PANIC])) == 3
    endless = folded(["panic: x", *["\tframe"] * 2000])
    assert len(endless) > 100
    assert max(map(len, endless)) < 400 * 20


POSTGRES = [
    "2026-11-30 02:02:26.234 UTC [10442] STATEMENT:  select pg_sleep(1)",
    "\t",
    "\t  from agents_missing",
]


def test_a_message_of_postgres_goes_on_while_lines_are_moved_in() -> None:
    before = "2026-11-30 02:02:26.234 UTC [10442] LOG:  received request"
    plain = "\tmoved in, of no message"
    assert folded([plain, before, *POSTGRES, before, "other", plain]) == [
        plain, before, BREAK.join([POSTGRES[0], POSTGRES[2].strip()]), before, "other", plain,
    ]  # fmt: skip
    found = parse(folded(POSTGRES)[0], 0.0)
    assert found.message == "select pg_sleep(1) ␤ from agents_missing"
    assert found.fields["part"] == "statement"
    with_zone = "2026-11-30 02:02:26 +05:30 [1] app@shop ERROR:  x"
    assert folded([with_zone, "\ty", *PANIC])[:1] == [f"{with_zone}{BREAK}y"]
    endless = folded([before, *["\tmore"] * 1000])
    assert sum(text.count("more") for text in endless) == 1000


@pytest.mark.parametrize("line", ["goroutine pool is full", "panicked", "Traceback", "  indented"])
def test_what_only_looks_like_one_stays(line: str) -> None:
    assert folded([line, "next"]) == [line, "next"]
    assert severity(line) is None


@pytest.mark.parametrize(
    ("text", "level", "message", "at", "field"),
    [
        ('10.0.0.9 - ann [24/Nov/2026:02:00:05 +0000] "GET /a?b=1 HTTP/1.1" 502 17 "-" "curl/8"',
         "error", "GET /a?b=1 HTTP/1.1 502", 1795485605.0, ("path", "/a?b=1")),
        ('::1 - - [24/Nov/2026:03:00:05 +0100] "POST /x HTTP/2.0" 204 -',
         "info", "POST /x HTTP/2.0 204", 1795485605.0, ("client", "::1")),
        ("2026/11/24 02:00:05 [error] 31#31: *7 connect() failed (111: refused), client: 10.0.0.9",
         "error", None, 1795485605.0, None),
        ('{"__REALTIME_TIMESTAMP":"1795485605000000","PRIORITY":"3","MESSAGE":"died","_PID":"7"}',
         "error", "died", 1795485605.0, ("pid", "7")),
        ('{"level":"warn","time":"2026-11-24T02:00:05Z","message":"slow","ms":900}',
         "warn", "slow", 1795485605.0, ("ms", "900")),
    ],
)  # fmt: skip
def test_forms_of_other_programs(
    text: str, level: str, message: str | None, at: float, field: tuple[str, str] | None
) -> None:
    found = parse(text, 0.0)
    assert (found.level, found.at, found.dated) == (level, at, True)
    if message is not None:
        assert found.message == message
    if field is not None:
        assert found.fields[field[0]] == field[1]
