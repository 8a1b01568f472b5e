"""Marks of blocks: a block that is left out has no line that would pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.log import LEVELS, LogLine
from ainur_tui.model.logquery import LogFilter, LogQuery
from ainur_tui.rules.logs.classes import CLASSES, classify
from ainur_tui.rules.logs.lines import parse
from ainur_tui.rules.logs.marks import machine_mark, marks_in, marks_of, wanted
from ainur_tui.rules.logs.sieve import sieve

LINES = st.builds(
    LogLine,
    seq=st.just(1),
    at=st.floats(0, 100),
    source=st.just("api"),
    message=st.just("x"),
    level=st.sampled_from([*LEVELS, None]),
    log_class=st.sampled_from([*CLASSES, None]),
    machine=st.sampled_from([None, "m1", "m2", "3"]),
)
FILTERS = st.one_of(
    st.builds(LogFilter, kind=st.sampled_from(["level", "min-level"]),
              value=st.sampled_from(LEVELS), out=st.booleans()),
    st.builds(LogFilter, kind=st.just("class"), value=st.sampled_from(CLASSES), out=st.booleans()),
    st.builds(LogFilter, kind=st.just("machine"), value=st.sampled_from(["m1", "m2"]),
              out=st.booleans()),
)  # fmt: skip


@given(
    st.lists(LINES, min_size=1, max_size=4),
    st.lists(FILTERS, max_size=3),
    st.sampled_from([*LEVELS, None]),
    st.none() | st.floats(0, 100),
    st.none() | st.floats(0, 100),
)
def test_no_block_is_left_out_that_has_a_line_wanted(
    lines: list[LogLine], filters: list[LogFilter], level: str | None, since: float | None,
    until: float | None,
) -> None:  # fmt: skip
    query = LogQuery(filters=filters, min_level=level, since=since, until=until)
    marks = 0
    for line in lines:
        marks |= marks_of(line)
    times = [line.at for line in lines]
    may = wanted(query).may(marks, min(times), max(times))
    assert may or not list(sieve(query)(lines))


def test_a_block_without_what_is_wanted_is_left_out() -> None:
    calm = marks_of(LogLine(seq=1, at=5.0, source="api", message="x"))
    assert not wanted(LogQuery(min_level="warn")).may(calm, 5, 5)
    assert not wanted(LogQuery(log_class="db-timeout")).may(calm, 5, 5)
    assert not wanted(LogQuery(since=6.0)).may(calm, 5, 5)
    assert not wanted(LogQuery(machine="m1")).may(calm | machine_mark("m2"), 5, 5)
    out = LogQuery(filters=[LogFilter(kind="level", value="info", out=True)])
    assert not wanted(out).may(calm, 5, 5)
    assert not wanted(LogQuery(min_level="error")).may(marks_in(b"request served 12:40:50"), 5, 5)


@pytest.mark.parametrize(
    "text",
    [
        *(line
          for path in sorted((Path(__file__).parent.parent / "data" / "logs").iterdir())
          for line in path.read_text(errors="replace").splitlines()),
        '{"status":401,"level":"warn","msg":"x"}', "level=warn msg=x status=\x1b[31m401\x1b[0m",
        '{"level":50,"msg":"x"}', '{"msg":"x","severity" : 60}', "<11>Nov 24 02:00:07 a b: x",
        '{"lvl":"CRIT","msg":"x"}', "[GIN] 2026/11/24 - 02:00:05 | 502 | 1ms | ::1 | GET /x",
    ],
)  # fmt: skip
def test_marks_of_raw_lines_are_never_too_few(text: str) -> None:
    parsed = parse(text, 0.0)
    line = LogLine(
        seq=1, at=0.0, source="a", message=parsed.message, level=parsed.level,
        log_class=classify(parsed.message, parsed.fields, parsed.level),
    )  # fmt: skip
    assert marks_of(line) & ~marks_in(text.encode()) == 0
