"""A rule as a sentence that a person checks it by."""

from __future__ import annotations

from ainur_tui.model import units
from ainur_tui.model.alert import Rule
from ainur_tui.model.signal import Signal


def words(rule: Rule, signal: Signal | None) -> str:
    """``P3 when p95 latency (p95) is above 100 ms for 5m 00s; over once it is at most 90 ms…``."""
    unit = "ratio" if rule.share else signal.unit if signal else ""
    name = signal.title if signal else rule.signal
    if signal is not None and signal.statistic != "last":
        name += f" ({signal.statistic})"
    if rule.share:
        name += " as a share of its ceiling"
    said = [f"{rule.severity} when {name} is {_side(rule, unit)}{_samples(rule)}{_hold(rule)}"]
    if rule.sample:
        said.append(f"judged from {units.number(rule.min_sample)} of {rule.sample} on")
    if over := _over(rule, unit):
        said.append(f"over once {over}")
    said.append(f"no data after {units.duration(rule.no_data_after)} of silence")
    return "; ".join(said)


def _over(rule: Rule, unit: str) -> str:
    """What ends it, where that is more than the condition's end."""
    lasting = f" for {units.duration(rule.keep_firing)}" if rule.keep_firing else ""
    if rule.clear is None:
        return f"it has been well{lasting}" if lasting else ""
    side = "at most" if rule.op == "above" else "at least"
    return f"it {'has been' if lasting else 'is'} {side} {units.show(rule.clear, unit)}{lasting}"


def _side(rule: Rule, unit: str) -> str:
    if unit == "bool":
        return "no" if rule.op == "below" else "yes"
    return f"{rule.op} {units.show(rule.threshold, unit)}"


def _samples(rule: Rule) -> str:
    return f" in {rule.at_least} of {rule.of} looks" if rule.of > 1 else ""


def _hold(rule: Rule) -> str:
    return f" for {units.duration(rule.hold)}" if rule.hold else ""
