"""The states an alert goes through: a pure step from one moment to the next.

inactive → pending → firing → recovering → resolved; beside them *no data*. Time comes in as seconds
passed since the last step, so neither a jump of the wall clock nor a restart moves a hold time.
What is not known resolves nothing and holds nothing up for ever (S-33): a firing alert stays
firing, a pending one stops counting, a quiet one becomes *no data*.
"""

from __future__ import annotations

import math

import msgspec

from ainur_tui.model.alert import AlertState, Rule

LONGEST_STEP = 30.0
"""Seconds one step counts at most: what lay between two looks was not observed (F-43)."""
SHOWN_RESOLVED = 300.0
"""Seconds a resolved alert is still shown."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one target. ``since`` is when the state began (epoch seconds), ``held`` the
    seconds its hold time has run, ``silent`` the seconds without a usable value."""

    state: AlertState = "inactive"
    since: float = 0.0
    held: float = 0.0
    silent: float = 0.0
    value: float | None = None


def triggered(rule: Rule, value: float) -> bool:
    """Whether the value lies beyond the rule's threshold."""
    return value > rule.threshold if rule.op == "above" else value < rule.threshold


def cleared(rule: Rule, value: float) -> bool:
    """Whether the value is back on the good side of the threshold for leaving."""
    limit = rule.threshold if rule.clear is None else rule.clear
    return value <= limit if rule.op == "above" else value >= limit


def remaining(rule: Rule, memory: Memory) -> float:
    """Seconds until a pending alert fires if nothing changes."""
    return max(0.0, rule.hold - memory.held)


def step(rule: Rule, memory: Memory, value: float | None, *, passed: float, now: float) -> Memory:
    """The next state after ``passed`` seconds. ``value`` is ``None`` where nothing usable is
    known; ``now`` (epoch seconds) only stamps the moment a state begins."""
    passed = min(max(passed, 0.0), LONGEST_STEP)
    if value is None or not math.isfinite(value):
        return _silence(rule, memory, passed, now)
    memory = msgspec.structs.replace(memory, silent=0.0, value=value)
    match memory.state:
        case "pending":
            if not triggered(rule, value):
                return _enter(memory, "inactive", now)
            held = memory.held + passed
            if held >= rule.hold:
                return _enter(memory, "firing", now)
            return msgspec.structs.replace(memory, held=held)
        case "firing":
            if not cleared(rule, value):
                return memory
            return _enter(memory, "recovering" if rule.keep_firing > 0 else "resolved", now)
        case "recovering":
            if triggered(rule, value) or not cleared(rule, value):
                return _enter(memory, "firing", now)
            held = memory.held + passed
            if held >= rule.keep_firing:
                return _enter(memory, "resolved", now)
            return msgspec.structs.replace(memory, held=held)
        case _:
            if triggered(rule, value):
                return _enter(memory, "pending" if rule.hold > 0 else "firing", now)
            held = memory.held + passed
            if memory.state == "no data" or (memory.state == "resolved" and held > SHOWN_RESOLVED):
                return _enter(memory, "inactive", now)
            return msgspec.structs.replace(memory, held=held)


def gone(memory: Memory, *, now: float) -> Memory:
    """The target is known to be no more: nothing is left to be wrong with it."""
    if memory.state in {"firing", "recovering"}:
        return _enter(memory, "resolved", now)
    return Memory(since=now) if memory.state != "resolved" else memory


def planned(memory: Memory, *, passed: float, now: float) -> Memory:
    """What the rule looks at is beyond its threshold as planned: nothing counts, and what fired
    has ended."""
    if memory.state in {"firing", "recovering"}:
        return _enter(memory, "resolved", now)
    held = memory.held + min(max(passed, 0.0), LONGEST_STEP)
    if memory.state != "resolved" or held > SHOWN_RESOLVED:
        return Memory(since=now)
    return msgspec.structs.replace(memory, held=held)


def _silence(rule: Rule, memory: Memory, passed: float, now: float) -> Memory:
    silent = memory.silent + passed
    memory = msgspec.structs.replace(memory, silent=silent)
    quiet = memory.state in {"inactive", "pending", "resolved"}
    if quiet and silent >= rule.no_data_after:
        return _enter(memory, "no data", now)
    return memory


def _enter(memory: Memory, state: AlertState, now: float) -> Memory:
    return msgspec.structs.replace(memory, state=state, since=now, held=0.0)
