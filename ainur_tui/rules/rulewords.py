"""A rule as a sentence that a person checks it by."""

from __future__ import annotations

from ainur_tui.model import units
from ainur_tui.model.alert import Rule
from ainur_tui.model.signal import Signal


def words(rule: Rule, signal: Signal | None) -> str:
    """``P3 when p95 latency (p95) is above 100 ms for 5m 00s; over when it is at most 90 ms…``."""
    unit = "ratio" if rule.share else signal.unit if signal else ""
    name = signal.title if signal else rule.signal
    if signal is not None and signal.statistic != "last":
        name += f" ({signal.statistic})"
    if rule.share:
        name += " as a share of its ceiling"
    said = [f"{rule.severity} when {name} is {_side(rule, unit)}{_samples(rule)}{_hold(rule)}"]
    if rule.sample:
        said.append(f"judged from {units.number(rule.min_sample)} of {rule.sample} on")
    if rule.clear is not None:
        side = "at most" if rule.op == "above" else "at least"
        said.append(f"over when it is {side} {units.show(rule.clear, unit)}")
    if rule.keep_firing:
        said.append(f"and has been well for {units.duration(rule.keep_firing)}")
    said.append(f"no data after {units.duration(rule.no_data_after)} of silence")
    return "; ".join(said)


def _side(rule: Rule, unit: str) -> str:
    if unit == "bool":
        return "no" if rule.op == "below" else "yes"
    return f"{rule.op} {units.show(rule.threshold, unit)}"


def _samples(rule: Rule) -> str:
    return f" in {rule.at_least} of {rule.of} looks" if rule.of > 1 else ""


def _hold(rule: Rule) -> str:
    return f" for {units.duration(rule.hold)}" if rule.hold else ""
