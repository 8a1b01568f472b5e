"""Judged targets put in order: causes first, their symptoms folded under them, hints, trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ainur_tui.model.board import Finding, TargetView, Trust
from ainur_tui.model.target import State
from ainur_tui.rules import advice, judge
from ainur_tui.rules.graph import WEIGHT, Graph
from ainur_tui.rules.picture import JUDGES, Judged, Trouble

SERVES_USERS = frozenset({"api", "db", "frontend"})
"""The guide's P1: the service unavailable, the database unavailable."""


def trust(judged: Sequence[Judged]) -> Trust:
    """How many of all signals that have a value are fresh."""
    views = [view for one in judged for view in one.signals if not view.absent]
    return Trust(fresh=sum(view.quality == "fresh" for view in views), all=len(views))


def causes(
    judged: Sequence[Judged],
    graph: Graph,
    since: Mapping[str, float | None],
    troubled: Mapping[str, float],
) -> dict[str, str]:
    """For every target whose trouble another's explains: that other one. A certificate that is
    refused is explained by nobody else.

    A part of which nothing is known because its whole is not reachable is explained by the
    whole; parts explain nothing themselves. A whole counts as bad as its worst part here: a
    database that is merely slow does not explain a machine that died.
    """
    states: dict[str, State] = {one.target.name: one.state for one in judged}
    for one in judged:
        whole = one.target.parent or ""
        if whole in states and WEIGHT[one.state] > WEIGHT[states[whole]] > 0:
            states[whole] = one.state
    found: dict[str, str] = {}
    for one in judged:
        if any(trouble.failure == "tls" for trouble in one.troubles):
            continue
        name, parent = one.target.name, one.target.parent
        cause = graph.cause(name, states, since, troubled)
        if cause is None and parent and one.state == "unknown":
            worst = states.get(parent, "up")
            cause = parent if WEIGHT[worst] > WEIGHT["unknown"] else None
        if cause is not None and cause != name:
            found[name] = cause
    return found


def target_views(
    judged: Sequence[Judged],
    graph: Graph,
    caused: Mapping[str, str],
    since: Mapping[str, float | None],
) -> list[TargetView]:
    """The targets as they are shown."""
    return [
        TargetView(
            name=one.target.name,
            kind=one.target.kind,
            title=one.target.title,
            state=one.state,
            since=since.get(one.target.name),
            cause=caused.get(one.target.name),
            summary=one.summary,
            parent=one.target.parent,
            needs=graph.needs(one.target.name) if one.target.parent is None else [],
            signals=list(one.signals),
        )
        for one in judged
    ]


def findings(
    judged: Sequence[Judged],
    caused: Mapping[str, str],
    began: Mapping[tuple[str, str], float | None],
) -> list[Finding]:
    """All troubles, worst first; what is caused by another target, or is a part's, comes right
    after the findings of the target that explains it. ``began`` maps (target, trouble's key)."""
    by_name = {one.target.name: one for one in judged}
    under: dict[str, list[Judged]] = {}
    roots: list[Judged] = []
    for one in judged:
        above = caused.get(one.target.name) or _whole_in_trouble(one, by_name)
        if above is not None and above in by_name and by_name[above].troubles:
            under.setdefault(above, []).append(one)
        elif one.troubles:
            roots.append(one)
    told: list[Finding] = []
    seen: set[str] = set()

    def tell(one: Judged, above: str | None) -> None:
        if one.target.name in seen:
            return
        seen.add(one.target.name)
        told.extend(_finding(one, trouble, above, judged, began) for trouble in one.troubles)
        for symptom in sorted(under.get(one.target.name, ()), key=_weight):
            tell(symptom, one.target.name)

    for root in [*sorted(roots, key=_weight), *sorted(judged, key=_weight)]:
        tell(root, caused.get(root.target.name))
    return told


def _whole_in_trouble(one: Judged, by_name: Mapping[str, Judged]) -> str | None:
    whole = by_name.get(one.target.parent or "")
    return whole.target.name if whole and whole.troubles else None


def _weight(one: Judged) -> tuple[int, int]:
    worst = max((judge.RANK[trouble.verdict] for trouble in one.troubles), default=0)
    return -WEIGHT[one.state], -worst


def _finding(
    one: Judged,
    trouble: Trouble,
    above: str | None,
    judged: Sequence[Judged],
    began: Mapping[tuple[str, str], float | None],
) -> Finding:
    name = one.target.name
    part = next(
        (p.target.name for p in judged if p.target.parent == name and p.state == "down"), None
    )
    return Finding(
        target=name,
        text=trouble.text,
        verdict=trouble.verdict,
        since=began.get((name, trouble.key)),
        severity=severity(one, trouble),
        caused_by=above,
        signal=trouble.signal,
        hint=None
        if above is not None
        else advice.hint(name, signal=trouble.signal, failure=trouble.failure, part=part),
    )


def severity(one: Judged, trouble: Trouble) -> str:
    """The guide's classes: not serving users is P1, a failed threshold P2, a warning P3. What only
    judges others is no more than a warning."""
    if trouble.verdict == "fail" and one.target.kind not in JUDGES:
        return "P1" if one.state == "down" and one.target.kind in SERVES_USERS else "P2"
    return "P3" if trouble.verdict in {"warn", "fail"} else "P4"
