"""The doctor of our own rules, rules of a configuration, and rules over the past."""

from __future__ import annotations

from typing import Any

import pytest

from ainur_tui.model.alert import Evidence, Rule, RuleChange
from ainur_tui.model.signal import Signal
from ainur_tui.rules import backtest, defaults, ruledoctor
from ainur_tui.rules.rulewords import words

SIGNALS = {
    one.name: one
    for one in (
        Signal(name="api.latency.p95", title="p95 latency", unit="s", statistic="p95", warn=0.1),
        Signal(name="api.errors.ratio", title="Error ratio", unit="ratio", warn=0.01),
        Signal(name="host.cpu", title="CPU", unit="ratio", scale=1.0, warn=0.8),
        Signal(name="api.up", title="API", unit="bool"),
    )
}


def rule(name: str = "X", signal: str = "api.latency.p95", **more: Any) -> Rule:
    fields: dict[str, Any] = {"threshold": 0.1, "severity": "P3", "summary": "", "origin": "user"}
    return Rule(name=name, signal=signal, **(fields | more))


def found(*rules: Rule, delivered: bool = True) -> list[tuple[str, str, str]]:
    told = ruledoctor.examine(rules, SIGNALS, lambda _: delivered)
    return [(one.rule, one.trouble, f"{one.text}; {one.hint}") for one in told]


def test_a_signal_nobody_delivers_can_never_fire() -> None:
    ((_, trouble, text),) = found(rule(signal="api.latency.p59"))
    assert trouble == "never"
    assert "did you mean api.latency.p95" in text
    ((_, trouble, text),) = found(rule(signal="node.lag"))
    assert (trouble, "no node is watched" in text) == ("note", True)
    ((_, trouble, text),) = found(rule(), delivered=False)
    assert (trouble, "no value" in text) == ("never", True)


@pytest.mark.parametrize(
    ("made", "trouble", "text"),
    [
        (rule(signal="host.cpu", threshold=80), "unit", "write 0.8"),
        (rule(signal="host.cpu", threshold=1), "never", "at most 100 %"),
        (rule(threshold=100), "unit", "write 0.1"),
        (rule(signal="api.up", op="below", threshold=0), "never", "0 or 1"),
        (rule(sample="api.requests"), "note", "not read here"),
    ],
)
def test_unlike_units(made: Rule, trouble: str, text: str) -> None:
    ((_, what, said),) = found(made)
    assert (what, text in said) == (trouble, True)


def test_what_lies_further_must_not_count_for_less() -> None:
    mild = rule("Mild", "api.errors.ratio", threshold=0.01, severity="P2")
    hard = rule("Hard", "api.errors.ratio", threshold=0.05, severity="P3", hold=60)
    assert found(mild, hard)[0][:2] == ("Hard", "severity")
    twin = rule("Twin", "api.errors.ratio", threshold=0.01, severity="P2")
    assert found(mild, twin)[0][1:] == ("note", "Twin says the same; ")
    assert found(rule("A", threshold=0.1), rule("B", threshold=0.5, severity="P2")) == []


def test_the_rules_that_come_with_the_program_contradict_nothing() -> None:
    told = ruledoctor.examine(defaults.rules(), {}, lambda _: True)
    assert [one for one in told if one.trouble == "severity"] == []


def test_every_rule_is_a_sentence() -> None:
    said = words(
        rule(hold=300, clear=0.09, of=3, at_least=2, sample="api.requests.rate", min_sample=0.2,
             keep_firing=60),
        SIGNALS["api.latency.p95"],
    )  # fmt: skip
    for part in ("p95 latency (p95) is above 100 ms in 2 of 3 looks for 5m 00s",
                 "at most 90 ms for 1m 00s", "from 0.20 of api.requests.rate on"):  # fmt: skip
        assert part in said
    share = words(rule(signal="x", share=True, threshold=0.8), None)
    assert "as a share of its ceiling is above 80.0 %" in share


def test_a_configuration_changes_and_disables_rules() -> None:
    ours = [rule("A", clear=0.09), rule("B"), rule("C")]
    changes = {"A": RuleChange(threshold=0.3), "B": RuleChange(clear=5), "Z": RuleChange(hold=1)}
    made, told = defaults.changed(ours, changes, ["C"])
    assert [one.name for one in made] == ["A", "B"]
    assert (made[0].threshold, made[0].clear, made[0].origin) == (0.3, None, "user")
    assert made[1].clear is None
    assert "no alert rule 'Z'" in told[0]
    assert "the change of the alert rule B is left out" in told[1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"of": 3, "at_least": 4}, "at_least"),
        ({"min_sample": 3.0}, "sample"),
        ({"name": "a\nb"}, "one line"),
        ({"summary": "{value.x}"}, "unknown"),
    ],
)
def test_a_rule_that_cannot_hold_says_why(change: dict[str, Any], why: str) -> None:
    assert why in str(defaults.fault(rule(**change)))


def points(*runs: tuple[int, float], start: float = 0.0) -> list[tuple[float, float]]:
    values = [value for count, value in runs for _ in range(count)]
    return [(start + 60.0 * place, value) for place, value in enumerate(values)]


def minutes(*runs: tuple[int, float]) -> Evidence:
    return Evidence(points(*runs), [])


def test_the_past_is_judged_by_the_same_steps() -> None:
    made = rule(hold=300, keep_firing=60)
    past = minutes((10, 0.05), (4, 0.5), (10, 0.05), (20, 0.5), (10, 0.05), (8, 0.3))
    one, other = backtest.replay(made, past, "api")
    assert (one.start, one.end) == (24 * 60 + 300, 44 * 60 + 60)
    assert (one.worst, one.target) == (0.5, "api")
    assert (other.end, other.worst) == (None, 0.3)


def test_nothing_is_known_of_a_gap() -> None:
    made = rule(hold=600)
    past = points((6, 0.5)) + points((6, 0.5), start=86_400.0)
    (one,) = backtest.replay(made, Evidence(past, []))
    held_before = 360
    assert one.start == 86_400.0 + made.hold - held_before
    assert backtest.covered(Evidence(past, []), 0, 86_400.0 + 360) == pytest.approx(
        0.0083, abs=1e-4
    )


def test_a_spike_shorter_than_a_minute_and_single_looks_are_seen_in_readings() -> None:
    readings = [(2.0 * n, 0.5 if n == 100 or 200 <= n < 203 else 0.05) for n in range(600)]
    (spike, three) = backtest.replay(rule(hold=0), Evidence([], readings))
    assert (spike.start, spike.end, three.start, three.end) == (200.0, 202.0, 400.0, 406.0)
    (only,) = backtest.replay(rule(hold=0, of=3, at_least=3), Evidence([], readings))
    assert only.start == 404.0, "one look of three is none"


def test_a_slow_signal_holds_between_two_readings() -> None:
    hourly = [(3600.0 * n, 0.5 if n in {3, 4} else 0.05) for n in range(8)]
    (one,) = backtest.replay(rule(hold=4000), Evidence([], hourly))
    assert (one.start, one.end) == (3 * 3600.0 + 4020, 5 * 3600.0)


def test_the_answer_says_what_it_was_judged_by() -> None:
    below = rule(op="below", of=3, at_least=2, threshold=1.0)
    past = Evidence([(0.0, 1.0)], [(86_400.0, 1.0)])
    assert backtest.basis(below, [past]) == (
        "Judged by every reading since 1970-01-02 00:00 UTC, before that by the lowest value of "
        "each minute, 3 minutes for 3 looks, so perhaps too often."
    )
    assert backtest.basis(rule(), [minutes((1, 0.1))]).startswith("Judged by the highest value")
    assert backtest.basis(rule(), []) == ""


def test_the_verdict_is_a_sentence() -> None:
    made = rule(hold=0)
    past = minutes((60, 0.05), (2, 0.5), (60, 0.05), (1, 0.5), (1317, 0.05))
    firings = backtest.replay(made, past)
    said = backtest.words(firings, backtest.covered(past, 0, 86_400), 1, 1, 86_400)
    assert said.startswith("would have fired 2 times in the last 1 day (longest 2m 00s, last")
    assert said.endswith("it really fired once")
    assert "nothing to test on" in backtest.words([], 0.0, 0, 7, 0)
