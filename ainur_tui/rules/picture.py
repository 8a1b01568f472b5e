"""The picture: what is known of every target, judged. Pure; time comes in as ages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ainur_tui.model.board import SignalView
from ainur_tui.model.failure import FailureKind
from ainur_tui.model.signal import Verdict
from ainur_tui.model.target import WORST_FIRST, State, Target
from ainur_tui.model.text import clean
from ainur_tui.rules import judge, words
from ainur_tui.rules.evidence import DOWN, ODD, Evidence, Fault, lost_network, tells_down
from ainur_tui.rules.planned import planned

JUDGES = frozenset({"alertmanager", "prometheus"})
"""Kinds that judge what others serve: without them nobody who is served lacks anything."""
LONGEST = 160
"""Characters of one trouble in a summary; a finding has it whole."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. ``key`` tells it from the others of its target."""

    key: str
    text: str
    verdict: Verdict
    vital: bool = False
    signal: str | None = None
    failure: FailureKind | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A target with its state, troubles (worst first) and signals; no cause, no past yet."""

    target: Target
    state: State
    summary: str
    troubles: Sequence[Trouble]
    signals: Sequence[SignalView]


@dataclass
class _Vitals:
    """What the vital signals of one target say together."""

    up: bool = False
    down: bool = False
    unknown: bool = False
    odd: bool = False
    reason: str | None = None


def judge_all(evidence: Evidence) -> list[Judged]:
    """Judge every target on its own; parts that are down then degrade the whole they belong to."""
    lost = lost_network(evidence)
    by_target: dict[str, list[SignalView]] = {target.name: [] for target in evidence.targets}
    for (owner, name), held in evidence.held.items():
        if owner in by_target and name in evidence.signals:
            by_target[owner].append(judge.view(evidence.signals[name], held))
    for owner, names in evidence.expected.items():
        by_target[owner].extend(judge.view(evidence.signals[name], None) for name in names)
    order = {name: index for index, name in enumerate(evidence.signals)}
    faults = {name: fault for fault in evidence.faults for name in fault.signals}
    found = []
    for target in evidence.targets:
        views = sorted(by_target[target.name], key=lambda view: order[view.name])
        if not lost:
            views = [_seen_down(view, target, faults.get(view.name)) for view in views]
        views = [planned(view, evidence) for view in views]
        found.append(_judge(target, views, evidence, faults, lost=lost))
    return [_with_parts(judged, found) for judged in found]


def overall(judged: Sequence[Judged]) -> State:
    """The worst state of any whole target; parts count through their wholes, and a judge of others
    that is down leaves us degraded."""
    states: set[State] = {
        "degraded" if one.state == "down" and one.target.kind in JUDGES else one.state
        for one in judged if one.target.parent is None
    }  # fmt: skip
    return next((state for state in WORST_FIRST if state in states), "unknown")


def _seen_down(view: SignalView, target: Target, fault: Fault | None) -> SignalView:
    """That nothing answers is an observation like any other: ``up`` is 0, as of now."""
    if fault is None or fault.target != target.name or not tells_down(fault, view):
        return view
    return msgspec.structs.replace(
        view,
        value=0.0,
        source=view.source or fault.probe,
        observed_at=fault.at,
        age=fault.age,
        quality="fresh",
        verdict="fail",
        note=fault.text,
    )


def _judge(
    target: Target,
    views: list[SignalView],
    evidence: Evidence,
    faults: Mapping[str, Fault],
    *,
    lost: bool,
) -> Judged:
    vitals, troubles = _Vitals(), []
    for view in views:
        fault = faults.get(view.name)
        if view.vital:
            troubles += _vital(target, view, fault, evidence, vitals, lost=lost)
        elif view.verdict in {"warn", "fail"}:
            text = words.trouble(evidence.signals[view.name], view)
            troubles.append(Trouble(view.name, text, view.verdict, signal=view.name))
    vital_names = {view.name for view in views if view.vital}
    told = {trouble.failure for trouble in troubles}
    for fault in evidence.faults:
        beside = fault.target == target.name and not fault.signals & vital_names
        if beside and fault.kind not in told:
            troubles.append(_side(fault))
    if target.name in evidence.paused:
        return Judged(target, "paused", "stopped by the platform until it is needed", (), views)
    if vital_names:
        state: State = (
            "down" if vitals.down
            else "unknown" if vitals.unknown or not vitals.up
            else "degraded" if vitals.odd
            else "up"
        )  # fmt: skip
    else:
        state = "up" if any(view.quality in {"fresh", "late"} for view in views) else "unknown"
    if state == "up" and any(trouble.verdict in {"warn", "fail"} for trouble in troubles):
        state = "degraded"
    troubles = _worst_first(troubles)
    return Judged(target, state, _summary(target, state, troubles, views, vitals), troubles, views)


def _vital(
    target: Target,
    view: SignalView,
    fault: Fault | None,
    evidence: Evidence,
    vitals: _Vitals,
    *,
    lost: bool,
) -> list[Trouble]:
    """Add what one vital signal says to ``vitals``; the troubles it makes.

    ``<target>.up`` is what users see. Other vital signals are read through a third party (the
    platform's interface): that one not answering says nothing of the target (F-20).
    """
    users_view = view.name.endswith(".up")
    if fault is not None:
        text = fault.text
        if target.name != fault.target:
            vitals.unknown = True
            vitals.reason = f"not known: {text}"
            return []
        if fault.kind in DOWN and users_view and not lost:
            vitals.down = True
            return [Trouble(view.name, text, "fail", True, view.name, fault.kind)]
        if fault.kind in ODD and users_view:
            vitals.odd = True
            return [Trouble(view.name, text, "fail", True, view.name, fault.kind)]
        vitals.unknown |= users_view
        text = text if users_view else f"{view.title} not readable: {text}"
        return [Trouble(view.name, text, "none", users_view, view.name, fault.kind)]
    if view.value is None or view.quality == "stale":
        vitals.unknown |= users_view
        if view.quality == "stale" and view.age is not None:
            vitals.reason = f"{view.title}: nothing heard for {view.age:.0f} s"
        elif view.note:
            vitals.reason = f"{view.title}: {view.note}"
        return []
    if view.verdict in {"warn", "fail"}:
        vitals.down |= view.verdict == "fail"
        vitals.up |= view.verdict == "warn"
        text = words.trouble(evidence.signals[view.name], view)
        return [Trouble(view.name, text, view.verdict, True, view.name)]
    vitals.up = True
    return []


def _side(fault: Fault) -> Trouble:
    """A probe beside the vital ones fails: a trouble when it is the target's own fault."""
    found: Verdict = "none" if fault.blames_us else "warn"
    what = fault.probe.rpartition(".")[2]
    return Trouble(f"probe:{fault.probe}", f"{what}: {fault.text}", found, failure=fault.kind)


def _worst_first(troubles: list[Trouble]) -> list[Trouble]:
    """Worst first; what says the same words is said once."""
    once: dict[str, Trouble] = {}
    for trouble in sorted(troubles, key=lambda t: (-judge.RANK[t.verdict], not t.vital)):
        once.setdefault(trouble.text, trouble)
    return list(once.values())


def _summary(
    target: Target,
    state: State,
    troubles: Sequence[Trouble],
    views: Sequence[SignalView],
    vitals: _Vitals,
) -> str:
    bad = [clean(t.text, LONGEST) for t in troubles if t.verdict in {"warn", "fail"}]
    told = bad or [clean(t.text, LONGEST) for t in troubles]
    if state == "unknown":
        told = [clean(t.text, LONGEST) for t in troubles if t.vital] or (
            [vitals.reason] if vitals.reason else told
        )
        return "; ".join(told[:2]) or "not read yet"
    if bad:
        return "; ".join(bad[:2])
    return " · ".join([words.calm(target.kind, views), *told[:1]])


def _with_parts(judged: Judged, found: Sequence[Judged]) -> Judged:
    """A part that is down degrades its whole, unless the whole tells of trouble itself."""
    if judged.state != "up":
        return judged
    down = [one for one in found if one.target.parent == judged.target.name and one.state == "down"]
    if not down:
        return judged
    text = f"{down[0].target.title}: {down[0].summary}"
    if len(down) > 1:
        text = f"{len(down)} of its parts are down; {text}"
    trouble = Trouble(f"part:{down[0].target.name}", text, "warn")
    return Judged(judged.target, "degraded", text, [trouble, *judged.troubles], judged.signals)
