"""Quality, verdict and the honest view of one reading."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.config.types import Threshold
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.rules import judge
from ainur_tui.rules.judge import Held

LATENCY = Signal(name="api.latency.p95", title="p95 latency", unit="s", warn=0.1, fail=0.5)
UP = Signal(name="api.up", title="health", unit="bool", worse="below", fail=1, vital=True)


def held(value: float | None, age: float = 1.0, **more: object) -> Held:
    reading = Reading(
        target="api", signal="api.latency.p95", value=value, source="t", observed_at=0.0
    )
    return Held(reading, age, 5.0, 2.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("age", "failing", "expected"),
    [
        (0, False, "fresh"),
        (9.5, False, "fresh"),
        (9.6, False, "late"),
        (14.5, False, "late"),
        (14.6, False, "stale"),
        (0, True, "late"),
        (20, True, "stale"),
    ],
)
def test_quality_by_age(age: float, failing: bool, expected: str) -> None:
    assert judge.quality(age, 5.0, 2.0, failing=failing) == expected


@given(
    st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.2, 3600), st.floats(0.2, 3600), st.booleans()
)
def test_older_is_never_fresher(
    one: float, other: float, interval: float, deadline: float, failing: bool
) -> None:
    order = ["fresh", "late", "stale"]
    young, old = sorted((one, other))
    assert order.index(judge.quality(young, interval, deadline, failing=failing)) <= order.index(
        judge.quality(old, interval, deadline, failing=failing)
    )


@given(st.floats(), st.floats(allow_nan=False), st.sampled_from(["above", "below"]))
def test_verdict_is_fail_only_beyond_the_threshold(value: float, limit: float, worse: str) -> None:
    signal = Signal(name="x.y", title="y", fail=limit, worse=worse)  # type: ignore[arg-type]
    found = judge.verdict(signal, value)
    if not math.isfinite(value):
        assert found == "none"
    else:
        bad = value > limit if worse == "above" else value < limit
        assert found == ("fail" if bad else "ok")


def test_exactly_on_the_threshold_is_well() -> None:
    assert judge.verdict(LATENCY, 0.1) == "ok"
    assert judge.verdict(LATENCY, 0.11) == "warn"
    assert judge.verdict(UP, 1.0) == "ok"
    assert judge.verdict(UP, 0.0) == "fail"
    assert judge.verdict(LATENCY, None) == "none"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_rejected_and_not_judged(value: float) -> None:
    view = judge.view(LATENCY, held(value))
    assert (view.quality, view.value, view.verdict) == ("rejected", None, "none")
    assert view.note == "not a finite number"


def test_nothing_read_is_unknown_and_no_zero() -> None:
    view = judge.view(LATENCY, None)
    assert (view.quality, view.value, view.age, view.verdict) == ("unknown", None, None, "none")
    assert judge.view(LATENCY, held(None)).quality == "unknown"


def test_a_stale_ok_is_no_verdict_and_a_stale_trouble_stays_while_its_source_fails() -> None:
    assert judge.view(LATENCY, held(0.01, 60, failing=True)).verdict == "none"
    assert judge.view(LATENCY, held(0.3, 60, failing=True)).verdict == "warn"
    assert judge.view(LATENCY, held(0.3, 60)).verdict == "none"


def test_the_threshold_shown_is_the_one_passed() -> None:
    assert judge.view(LATENCY, held(0.3)).threshold == 0.1
    assert judge.view(LATENCY, held(0.6)).threshold == 0.5
    assert judge.view(LATENCY, held(0.01)).threshold == 0.1


def test_a_persons_own_threshold_replaces_ours_and_says_so() -> None:
    found = judge.declared([LATENCY, UP], {"api.latency.p95": Threshold(warn=0.25)})
    assert found["api.latency.p95"].warn == 0.25
    assert found["api.latency.p95"].fail == 0.5
    assert found["api.latency.p95"].origin == "user"
    assert found["api.up"] == UP
