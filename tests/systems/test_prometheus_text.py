"""The exposition format, and what is computed from counters and histograms."""

from __future__ import annotations

import contextlib
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems import prometheus_text
from ainur_tui.systems.prometheus_text import buckets, increase, increases, parse, quantile

TEXT = rb"""# HELP api_requests_total Requests
# TYPE api_requests_total counter
api_requests_total{endpoint="/a\"b\\c\nd",method="GET",status="200"} 17
api_requests_total{ status = "500" , } 3 1732412345123
plain 1.5e3
  spaced	2
go_gc{quantile="0.5"} NaN
up +Inf
down -Inf
empty{} 1
brace{a="}"} 4
broken{a="x 1
broken{a=x} 1
1digit 2
novalue
under 1_000
"""


def test_samples_labels_and_escapes() -> None:
    found = parse(TEXT)
    requests = found.samples["api_requests_total"]
    assert requests[(("endpoint", '/a"b\\c\nd'), ("method", "GET"), ("status", "200"))] == 17
    assert requests[(("status", "500"),)] == 3
    assert found.total("api_requests_total") == 20
    assert found.samples["plain"] == {(): 1500.0}
    assert found.samples["spaced"] == {(): 2.0}
    assert found.samples["empty"] == {(): 1.0}
    assert found.samples["brace"] == {(("a", "}"),): 4.0}
    assert found.total("nothing") is None
    assert found.first_of(("nothing", "plain")) == "plain"


def test_what_is_not_finite_or_malformed_is_rejected_alone() -> None:
    found = parse(TEXT)
    assert found.rejected == 8
    assert not {"up", "down", "go_gc", "broken", "novalue", "under"} & found.samples.keys()


def test_only_what_is_wanted_is_kept() -> None:
    assert parse(TEXT, {"plain"}).samples.keys() == {"plain"}


@pytest.mark.parametrize("body", [b"", b"# only a comment\n", b"<html>\n<p>hi</p></html>", b"\xff"])
def test_what_holds_no_sample_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(ProbeFailure) as caught:
        parse(body)
    assert caught.value.kind == "bad answer"


def test_the_number_of_samples_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus_text, "MOST_SAMPLES", 10)
    with pytest.raises(ProbeFailure, match="more than 10"):
        parse(b"".join(b'a{i="%d"} 1\n' % i for i in range(11)))


@given(st.binary(max_size=400))
def test_whatever_comes_is_samples_or_a_bad_answer(body: bytes) -> None:
    with contextlib.suppress(ProbeFailure):
        found = parse(body)
        values = [v for samples in found.samples.values() for v in samples.values()]
        assert values
        assert all(map(math.isfinite, values))


def test_a_hostile_line_costs_no_time() -> None:
    began = time.process_time()
    parse(
        b"ok 1\n" + b'a{b="' + b"\\" * 50_000 + b"\n" + b"a" * 50_000 + b"\na{" + b'x="y",' * 9000
    )
    assert time.process_time() - began < 5


def test_ten_thousand_samples_are_quick() -> None:
    body = b"".join(b'x_bucket{endpoint="/e%d",le="0.5"} %d\n' % (i, i) for i in range(10_000))
    began = time.process_time()
    assert len(parse(body).samples["x_bucket"]) == 10_000
    assert time.process_time() - began < 5


@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_growth_is_never_negative(before: float, after: float) -> None:
    assert increase(before, after) >= 0


def test_a_reset_counts_from_zero() -> None:
    assert increase(1000, 7) == 7
    one, two = (("s", "200"),), (("s", "500"),)
    assert increases({one: 10}, {one: 14, two: 3}) == {one: 4, two: 3}


def test_buckets_are_summed_over_the_other_labels() -> None:
    found = buckets(
        {
            (("endpoint", "a"), ("le", "0.1")): 3, (("endpoint", "b"), ("le", "0.1")): 4,
            (("endpoint", "a"), ("le", "+Inf")): 9, (("le", "x"),): 5, (): 7,
        }
    )  # fmt: skip
    assert found == {0.1: 7, math.inf: 9}


INF = math.inf


@pytest.mark.parametrize(
    ("cumulative", "expected"),
    [
        ({0.1: 100, INF: 100}, 0.095),
        ({0.1: 50, 0.2: 100, INF: 100}, 0.19),
        ({0.1: 90, 0.5: 90, 1.0: 100, INF: 100}, 0.75),
        ({0.1: 10, INF: 100}, 0.1),
        ({0.1: 0, INF: 0}, None),
        ({}, None),
        ({0.1: 5}, None),
        ({0.1: 10, 0.2: 8, INF: 10}, 0.095),
    ],
)
def test_the_quantile_is_prometheus_own(
    cumulative: dict[float, float], expected: float | None
) -> None:
    found = quantile(0.95, cumulative)
    assert found == pytest.approx(expected) if expected is not None else found is None


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3), st.floats(0.01, 0.99))
def test_a_quantile_lies_within_the_finite_bounds(counts: list[int], q: float) -> None:
    a, b, c = counts
    found = quantile(q, {0.1: a, 1.0: a + b, INF: a + b + c})
    assert found is None if a + b + c == 0 else found is not None and 0 <= found <= 1.0
