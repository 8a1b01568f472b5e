"""The connection budget (G-288)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.board import SignalView
from ainur_tui.model.signal import Quality, Verdict
from ainur_tui.rules.budget import Budget, bottleneck


@pytest.mark.parametrize(
    ("most", "pool", "reserved", "share", "machines"),
    [
        (200, 25, 0, 0.8, 6),  # the guide's own line
        (200, 25, 3, 0.8, 6),
        (200, 25, 0, 1.0, 8),
        (200, 100, 3, 0.8, 1),  # the production profile's pool
        (100, 25, 3, 0.8, 3),
        (20, 25, 3, 0.8, 0),
        (103, 10, 3, 1.0, 10),
    ],
)
def test_the_formula(most: int, pool: int, reserved: int, share: float, machines: int) -> None:
    budget = Budget(max_connections=most, pool=pool, reserved=reserved, share=share)
    assert budget.machines == machines
    assert budget.allows(machines)
    assert not budget.allows(machines + 1)


@given(st.integers(1, 10_000), st.integers(1, 500))
def test_what_is_allowed_stays_under_the_line(most: int, pool: int) -> None:
    budget = Budget(max_connections=most, pool=pool)
    assert budget.machines >= 0
    assert budget.machines * pool <= max(0.8 * most - 3, 0) + 1e-6


def test_the_arithmetic_is_told() -> None:
    said = Budget(max_connections=200, pool=25).arithmetic
    assert said == "(80% of 200 connections − 3 reserved) ÷ 25 a machine = 6 machines"


def test_a_database_that_holds_the_api_up_is_told() -> None:
    def seen(name: str, verdict: Verdict, quality: Quality = "fresh") -> SignalView:
        return SignalView(
            name=name, title="waiting sessions", value=6, unit="count", statistic="value",
            source="s", observed_at=1, age=1, quality=quality, threshold=3, verdict=verdict,
            note="6 sessions wait",
        )  # fmt: skip

    assert bottleneck([seen("db.locks.waiting", "ok"), seen("db.size", "fail")]) is None
    assert bottleneck([seen("db.locks.waiting", "fail", "stale")]) is None
    assert "6 sessions wait" in (bottleneck([seen("db.locks.waiting", "warn")]) or "")
