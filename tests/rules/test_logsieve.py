"""The conditions of a log query, and the templates of messages."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.failure import Refused
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import FilterKind, LogFilter, LogQuery
from ainur_tui.rules.logs.sieve import sieve
from ainur_tui.rules.logs.template import template

LINES = [
    LogLine(seq=1, at=10.0, source="api", message="GET /a", fields={"request": "r-7", "ms": "3"}),
    LogLine(seq=2, at=11.0, source="api", message="pool exhausted", level="error", machine="m1",
            log_class="db-timeout", fields={"request": "r-8"}),
    LogLine(seq=3, at=12.0, source="db", message="slow query of r-7", level="warn"),
    LogLine(seq=4, at=13.0, source="node", message="Imported #12", level="info"),
    LogLine(seq=5, at=14.0, source="db", message="shutting down", level="fatal"),
]  # fmt: skip


def passed(*filters: LogFilter, **more: object) -> list[int]:
    query = LogQuery(filters=list(filters), **more)  # type: ignore[arg-type]
    return [line.seq for line in sieve(query)(iter(LINES))]


@pytest.mark.parametrize(
    ("kind", "value", "field", "wanted"),
    [
        ("text", "POOL", "", []), ("text", "Pool", "", []), ("text", "pool|imported", "", [2, 4]),
        ("text", "^r-8$", "", [2]), ("text", r"\Aslow", "", [3]), ("level", "info", "", [1, 4]),
        ("level", "error", "", [2]), ("min-level", "warn", "", [2, 3, 5]),
        ("source", "db", "", [3, 5]), ("machine", "m1", "", [2]), ("class", "db-timeout", "", [2]),
        ("field", "r-7", "request", [1]), ("field", "r-7", "", [1, 3]), ("field", "x", "ms", []),
    ],
)  # fmt: skip
def test_each_kind_lets_through_and_leaves_out(
    kind: FilterKind, value: str, field: str, wanted: list[int]
) -> None:
    assert passed(LogFilter(kind=kind, value=value, field=field)) == wanted
    others = [line.seq for line in LINES if line.seq not in wanted]
    assert passed(LogFilter(kind=kind, value=value, field=field, out=True)) == others


def test_all_conditions_hold_together_and_with_the_querys_own() -> None:
    worse = LogFilter(kind="min-level", value="warn")
    assert passed(worse, LogFilter(kind="source", value="db")) == [3, 5]
    assert passed(worse, LogFilter(kind="text", value="slow"), pattern="query") == [3]
    assert passed(worse, LogFilter(kind="text", value="slow", out=True), sources=["db"]) == [5]
    assert passed(worse, since=11.5, until=13.0) == [3]
    assert passed(worse, min_level="error", machine="m1", log_class="db-timeout") == [2]


@given(
    st.lists(st.text("aé \n401b", max_size=6), min_size=1, max_size=8),
    st.sampled_from(
        ["a", "é", "a.b", "^a", "b$", r"a\s*b", "(?-m:^a)", r"\Aa", "401|é", r"\b4", "x*", ""]
    ),
)
def test_lines_searched_together_pass_as_each_alone(texts: list[str], pattern: str) -> None:
    lines = [
        LogLine(
            seq=seq, at=0.0, source="api", message=text, fields={"k": text[::-1]} if text else {}
        )
        for seq, text in enumerate(texts)
    ]
    query = LogQuery(filters=[LogFilter(kind="text", value=pattern)])
    alone = [line for line in lines for _ in sieve(query)([line])]
    one = re2.compile(pattern)
    assert alone == [n for n in lines if any(map(one.search, (n.message, *n.fields.values())))]
    assert list(sieve(query)(lines)) == alone


@pytest.mark.parametrize(
    ("kind", "value"), [("text", "a("), ("level", "loud"), ("min-level", ""), ("text", r"(a)\1")]
)
def test_a_condition_that_makes_no_sense_is_refused(kind: FilterKind, value: str) -> None:
    with pytest.raises(Refused) as refused:
        passed(LogFilter(kind=kind, value=value))
    assert refused.value.code == 64


def test_a_nasty_pattern_takes_no_time() -> None:
    nasty = LogLine(seq=1, at=0.0, source="api", message="a" * 4000)
    query = LogQuery(filters=[LogFilter(kind="text", value="(a+)+$|(a|aa)+b")])
    assert [line.seq for line in sieve(query)([nasty] * 20)] == [1] * 20


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /v1/agents/17 200 in 12ms", "GET /v1/tasks/9/x 200 in 7.5ms"),
        ('user "ann" has no token', 'user "b c" has no token'),
        ("Imported #12 (0xab12…cd34)", "Imported #13 (0xffff…0000)"),
        ("dial 10.0.0.1:5432: refused", "dial 10.1.2.3:6432: refused"),
        ("job 6f1ed002-ab11-4c00-9f00-000000000001 done", "job 17 done"),
        ("took 3 ms, 4 ms", "took 5 ms, 6 ms"),
    ],
)
def test_messages_that_differ_in_values_have_one_template(one: str, other: str) -> None:
    assert template(one) == template(other)
    assert template(one) != template("another thing altogether")


def test_words_stay_in_a_template() -> None:
    assert template("connection to 'db' lost after 3 tries") == "connection to * lost after * tries"
    assert template("pool exhausted") == "pool exhausted"
