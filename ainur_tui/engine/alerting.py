"""Alerts of this environment: the rules, stepped on the board's picture, kept over restarts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ainur_tui.engine.board import Board
from ainur_tui.model import units
from ainur_tui.model.alert import Alert, AlertState, Rule
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.rules import alerts
from ainur_tui.rules.alerts import Memory
from ainur_tui.rules.graph import Graph
from ainur_tui.systems.base import Clock

ORDER: tuple[AlertState, ...] = (
    "firing", "recovering", "pending", "no data", "blind", "resolved", "inactive",
)  # fmt: skip
"""What a person looks at first."""


class _Kept(msgspec.Struct, frozen=True):
    """What is stored: each rule on each target, as it stood."""

    memories: list[tuple[str, str, Memory]]


class _Seen(NamedTuple):
    """A rule's signal on one target, as shown."""

    target: TargetView
    view: SignalView


class Alerting:
    """Steps every rule once per :meth:`evaluate`; call it about once a second.

    Evaluation goes on whatever explains an alert: ``caused_by`` folds it, nothing silences it.
    """

    def __init__(self, rules: Sequence[Rule], clock: Clock, board: Board, graph: Graph) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._clock = clock
        self._board = board
        self._graph = graph
        self._memories: dict[tuple[str, str], Memory] = {}
        self._last: float | None = None
        self._began = clock.monotonic()
        self._matched: set[str] = set()

    def evaluate(self, view: BoardView) -> list[Alert]:
        """Step all rules; returns what is not inactive, worst first."""
        mono = self._clock.monotonic()
        passed = 0.0 if self._last is None else mono - self._last
        self._last = mono
        found: list[Alert] = []
        seen: dict[str, list[_Seen]] = {}
        for target in view.targets:
            for signal in target.signals:
                seen.setdefault(signal.name, []).append(_Seen(target, signal))
        for rule in self._rules.values():
            matches = seen.get(rule.signal, [])
            if any(one.view.observed_at is not None for one in matches):
                self._matched.add(rule.name)
            present = {one.target.name for one in matches}
            for one in matches:
                found += self._step(rule, one, passed, view)
            for name, absent in list(self._memories):
                if name == rule.name and absent not in present:
                    found += self._leave(rule, absent, view, others=bool(matches))
            found += self._blind(rule, matches, view)
        worst = {alert: (ORDER.index(alert.state), alert.severity) for alert in found}
        return sorted(found, key=lambda alert: (*worst[alert], alert.target, alert.name))

    def dump(self) -> bytes:
        """The state of all alerts, for :meth:`restore` in a later engine."""
        kept = [
            (rule, target, memory)
            for (rule, target), memory in self._memories.items()
            if memory.state != "inactive"
        ]
        return msgspec.json.encode(_Kept(kept))

    def restore(self, stored: bytes) -> None:
        """Go on from a dump: firing stays firing, hold times go on where they were. What cannot
        be read, and rules that are no more, are left out."""
        try:
            kept = msgspec.json.decode(stored, type=_Kept)
        except msgspec.DecodeError:
            return
        for rule, target, memory in kept.memories:
            if rule in self._rules:
                self._memories[rule, target] = memory

    def _step(self, rule: Rule, seen: _Seen, passed: float, view: BoardView) -> list[Alert]:
        key = (rule.name, seen.target.name)
        before = self._memories.get(key, Memory(since=view.at))
        usable = seen.view.quality in {"fresh", "late"} and seen.target.state != "paused"
        value = seen.view.value if usable else None
        if seen.view.absent and before.state == "inactive":
            return self._keep(rule, key, before, view)  # its source answers: nothing is missing
        after = (
            alerts.planned(before, passed=passed, now=view.at)
            if seen.view.planned
            else alerts.step(rule, before, value, passed=passed, now=view.at)
        )
        return self._keep(rule, key, after, view)

    def _leave(self, rule: Rule, target: str, view: BoardView, *, others: bool) -> list[Alert]:
        """The target, or its signal, is not on the board. A part that is gone takes its alerts
        with it; a whole system that is not read yet keeps them as they were."""
        key = (rule.name, target)
        before = self._memories[key]
        gone = (
            view.target(target) is None
            and "/" in target
            and (others or view.target(target.partition("/")[0]) is not None)
        )
        after = alerts.gone(before, now=view.at) if gone else before
        if gone and after.state == "inactive":
            del self._memories[key]
            return []
        if after.state == "resolved" and view.at - after.since > alerts.SHOWN_RESOLVED:
            del self._memories[key]
            return []
        return self._keep(rule, key, after, view)

    def _keep(
        self,
        rule: Rule,
        key: tuple[str, str],
        after: Memory,
        view: BoardView,
    ) -> list[Alert]:
        self._memories[key] = after
        if after.state == "inactive":
            return []
        return [self._alert(rule, key[1], after, view)]

    def _cause(self, target: str, view: BoardView) -> str | None:
        """What explains an alert. A rule may be stricter than the thresholds of the state, so its
        target counts as in trouble here even where its state is well."""
        shown = view.target(target)
        if shown is None or shown.cause is not None:
            return shown.cause if shown else None
        states = {one.name: one.state for one in view.targets}
        if states[target] == "up":
            states[target] = "degraded"
        return self._graph.cause(target, states)

    def _blind(self, rule: Rule, matches: Sequence[_Seen], view: BoardView) -> list[Alert]:
        """A rule whose signal never came, though all that could bring it was read, never fires."""
        head = rule.signal.partition(".")[0]
        whole = next((t for t in view.targets if t.kind == head), None)
        if rule.name in self._matched or matches or whole is None:
            return []
        read = any(signal.observed_at is not None for signal in whole.signals)
        waiting = any(p.target == whole.name and p.last_at is None for p in view.probes)
        if not read or waiting or self._clock.monotonic() - self._began < rule.no_data_after:
            return []
        return [
            Alert(
                name=rule.name,
                target=whole.name,
                state="blind",
                severity=rule.severity,
                since=view.at - (self._clock.monotonic() - self._began),
                summary=f"can never fire here: {rule.signal} is not delivered",
                origin=rule.origin,
                threshold=rule.threshold,
            )
        ]

    def _alert(self, rule: Rule, target: str, memory: Memory, view: BoardView) -> Alert:
        value, unit = memory.value, self._board.unit(rule.signal)
        summary = rule.summary.format(
            target=target,
            value=units.show(value, unit),
            threshold=units.show(rule.threshold, unit),
        )
        if memory.silent > 5 and memory.state in {"firing", "recovering"}:
            summary += f" (nothing heard for {units.age(memory.silent)}; the last value stands)"
        if memory.state == "no data":
            summary = f"nothing heard of {rule.signal} for {units.age(memory.silent)}"
        pending = memory.state == "pending"
        fires_at = view.at + alerts.remaining(rule, memory) if pending else None
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
            caused_by=self._cause(target, view),
            origin=rule.origin,
        )
