"""Rules as sentences a person checks them by."""

from __future__ import annotations

from typing import Any

import pytest

from ainur_tui.model.alert import Rule
from ainur_tui.model.signal import Signal
from ainur_tui.rules.rulewords import words

UP = Signal(name="api.up", title="API", unit="bool", worse="below", fail=1)
P95 = Signal(name="api.p95", title="latency", unit="s", statistic="p95")
BASE: dict[str, Any] = {"name": "R", "severity": "P3", "summary": "s"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "P3 when latency (p95) is above 100 ms; no data after 5m 00s of silence"),
        ({"keep_firing": 60}, "; over once it has been well for 1m 00s;"),
        ({"clear": 0.09}, "; over once it is at most 90 ms;"),
        ({"clear": 0.09, "keep_firing": 60}, "; over once it has been at most 90 ms for 1m 00s;"),
    ],
)
def test_the_end_of_an_alert_is_told_as_such(more: dict[str, Any], said: str) -> None:
    assert said in words(Rule(signal=P95.name, threshold=0.1, **BASE, **more), P95)


def test_what_is_no_is_over_when_it_has_been_well() -> None:
    rule = Rule(signal=UP.name, threshold=1, op="below", of=3, at_least=2, keep_firing=15, **BASE)
    assert words(rule, UP) == (
        "P3 when API is no in 2 of 3 looks; over once it has been well for 15 s; "
        "no data after 5m 00s of silence"
    )
