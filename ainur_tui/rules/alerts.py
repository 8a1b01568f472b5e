"""The states an alert goes through: a pure step from one moment to the next.

inactive → pending → firing → recovering → resolved; beside them *no data*. Time comes in as seconds
passed since the last step, so neither a jump of the wall clock nor a restart moves a hold time.
What is not known resolves nothing and holds nothing up for ever (S-33): a firing alert stays
firing, a pending one stops counting, a quiet one becomes *no data*.
"""

from __future__ import annotations

import math

import msgspec
from msgspec.structs import replace

from ainur_tui.model.alert import AlertState, Rule

LONGEST_STEP = 30.0
"""Seconds one step counts at most: what lay between two looks was not observed (F-43)."""
SHOWN_RESOLVED = 300.0
"""Seconds a resolved alert is still shown."""
FLAPS_WITHIN = 3600.0
"""Seconds in which the times an alert fired are counted."""
MOST_FLAPS = 20


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one target. ``since`` is when the state began (epoch seconds), ``held`` the
    seconds its hold time has run, ``silent`` the seconds without a usable value. ``recent`` tells
    of the last samples whether each lay beyond the threshold, ``observed`` is the newest one's
    moment; ``fired`` are the moments it began to fire within the last hour."""

    state: AlertState = "inactive"
    since: float = 0.0
    held: float = 0.0
    silent: float = 0.0
    value: float | None = None
    recent: tuple[bool, ...] = ()
    observed: float | None = None
    fired: tuple[float, ...] = ()


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


def missing(rule: Rule, memory: Memory) -> int:
    """How many more bad samples a pending alert needs before its hold time runs (m of n)."""
    return max(0, rule.at_least - sum(memory.recent)) if rule.of > 1 else 0


def step(
    rule: Rule,
    memory: Memory,
    value: float | None,
    *,
    passed: float,
    now: float,
    observed: float | None = None,
    enough: bool = True,
) -> Memory:
    """The next state after ``passed`` seconds. ``value`` is ``None`` where nothing usable is
    known; ``now`` (epoch seconds) only stamps the moment a state begins. ``observed`` is the
    sample's own moment: one that was looked at before counts once (m of n). ``enough``: there are
    samples enough to judge by; too few begin nothing and end nothing."""
    passed = min(max(passed, 0.0), LONGEST_STEP)
    if value is None or not math.isfinite(value):
        return _silence(rule, memory, passed, now)
    bad = triggered(rule, value)
    if not bad and memory.state == "inactive" and not memory.silent and not memory.recent:
        return memory  # at rest, as nearly all are at nearly every step
    if not enough:
        memory = replace(memory, silent=0.0, value=value)
        return _enter(memory, "inactive", now) if memory.state == "pending" else memory
    memory = _looked(rule, memory, value, observed, bad=bad)
    met = bad if rule.of == 1 else sum(memory.recent) >= rule.at_least
    near = bad and not met
    match memory.state:
        case "pending":
            if near:
                return replace(memory, held=0.0)
            if not met:
                return _enter(memory, "inactive", now)
            held = memory.held + passed
            return _fire(memory, now) if held >= rule.hold else replace(memory, held=held)
        case "firing":
            if met or not cleared(rule, value):
                return memory
            return _enter(memory, "recovering" if rule.keep_firing > 0 else "resolved", now)
        case "recovering":
            if met or not cleared(rule, value):
                return _enter(memory, "firing", now)
            held = memory.held + passed
            if held >= rule.keep_firing:
                return _enter(memory, "resolved", now)
            return replace(memory, held=held)
        case _:
            if met and rule.hold <= 0:
                return _fire(memory, now)
            if met or near:
                return _enter(memory, "pending", now)
            held = memory.held + passed
            if memory.state == "no data" or (memory.state == "resolved" and held > SHOWN_RESOLVED):
                return _enter(memory, "inactive", now)
            return replace(memory, held=held)


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
    return replace(memory, held=held)


def _looked(
    rule: Rule, memory: Memory, value: float, observed: float | None, *, bad: bool
) -> Memory:
    """The memory with one more sample in it, where this one is new."""
    new = rule.of > 1 and (observed is None or observed != memory.observed)
    recent = (*memory.recent, bad)[-rule.of :] if new else memory.recent
    if not any(recent):
        recent = ()  # what was well is not worth remembering
    return replace(memory, silent=0.0, value=value, recent=recent, observed=observed)


def _silence(rule: Rule, memory: Memory, passed: float, now: float) -> Memory:
    silent = memory.silent + passed
    memory = replace(memory, silent=silent)
    quiet = memory.state in {"inactive", "pending", "resolved"}
    if quiet and silent >= rule.no_data_after:
        return _enter(memory, "no data", now)
    return memory


def _fire(memory: Memory, now: float) -> Memory:
    fired = (*(at for at in memory.fired if at > now - FLAPS_WITHIN), now)[-MOST_FLAPS:]
    return _enter(replace(memory, fired=fired), "firing", now)


def _enter(memory: Memory, state: AlertState, now: float) -> Memory:
    return replace(memory, state=state, since=now, held=0.0)
