"""An alert as it is told: what a rule's memory means at this moment, in words."""

from __future__ import annotations

from ainur_tui.model import units
from ainur_tui.model.alert import Alert, Rule
from ainur_tui.model.board import BoardView, SignalView
from ainur_tui.model.target import State
from ainur_tui.rules import alerts
from ainur_tui.rules.alerts import Memory
from ainur_tui.rules.graph import Graph

SILENT = 5.0
"""Seconds of silence from which on an alert that goes on says so."""


class World:
    """The picture of one evaluation; each cause is looked for once."""

    def __init__(self, view: BoardView, graph: Graph) -> None:
        self.view = view
        self.targets = {target.name: target for target in view.targets}
        self._graph = graph
        self._causes: dict[str, str | None] = {}
        self._states: dict[str, State] = {target.name: target.state for target in view.targets}

    def cause(self, target: str) -> str | None:
        """What explains an alert. A rule may be stricter than the thresholds of the state, so its
        target counts as in trouble here even where its state is well."""
        if target not in self._causes:
            self._causes[target] = self._find(target)
        return self._causes[target]

    def _find(self, target: str) -> str | None:
        shown = self.targets.get(target)
        if shown is None or shown.cause is not None:
            return shown.cause if shown else None
        states = self._states
        if states[target] == "up":
            states = {**states, target: "degraded"}
        return self._graph.cause(target, states)


def rule_alert(
    rule: Rule, target: str, memory: Memory, world: World, seen: tuple[SignalView | None, str]
) -> Alert:
    """The alert of a rule on a target; ``seen`` is the signal as shown there, and its unit."""
    value = memory.value
    signal, unit = seen
    unit = "ratio" if rule.share else unit
    summary = rule.summary.format(
        target=target,
        value=units.show(value, unit),
        threshold=units.show(rule.threshold, unit),
        note=(signal.note if signal else None) or rule.name,
    )
    if memory.silent > SILENT and memory.state in {"firing", "recovering"}:
        summary += f" (nothing heard for {units.age(memory.silent)}; the last value stands)"
    if memory.state == "no data":
        summary = f"nothing heard of {rule.signal} for {units.age(memory.silent)}"
    fires_at = None
    if memory.state == "pending":
        if more := alerts.missing(rule, memory):
            summary += f" ({units.many(more, 'more such look')} of {rule.of} and it fires)"
        else:
            fires_at = world.view.at + alerts.remaining(rule, memory)
    return Alert(
        name=rule.name,
        target=target,
        state=memory.state,
        severity=rule.severity,
        since=memory.since,
        summary=summary,
        value=value,
        threshold=rule.threshold,
        unit=unit,
        fires_at=fires_at,
        caused_by=world.cause(target),
        origin=rule.origin,
        signal=rule.signal,
        statistic=signal.statistic if signal else "",
        op=rule.op,
        flaps=sum(at > world.view.at - alerts.FLAPS_WITHIN for at in memory.fired),
    )


def blind_alert(rule: Rule, target: str, since: float) -> Alert:
    """A rule that can never fire here, as an alert of its own kind."""
    return Alert(
        name=rule.name,
        target=target,
        state="blind",
        severity=rule.severity,
        since=since,
        summary=f"can never fire here: {rule.signal} is not delivered",
        origin=rule.origin,
        threshold=rule.threshold,
        signal=rule.signal,
        op=rule.op,
    )
