"""What is read of a Prometheus: its own rules and alerts, and the rule files we judge by it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.config.types import Prometheus
from ainur_tui.model.alert import Alert, Severity
from ainur_tui.model.alertcalls import RuleView
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.text import clean
from ainur_tui.rules.prom import rules as promrules
from ainur_tui.rules.prom.rules import PromRule
from ainur_tui.systems.alertlabels import Told, alert_of, moment, texts
from ainur_tui.systems.answers import pick
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.httpfailures import HttpFailure
from ainur_tui.systems.prometheus.client import PrometheusClient
from ainur_tui.systems.seriesindex import Series

NAME = "prometheus"
AT_ONCE = 4
"""Queries that are under way together."""
_UP = Signal(name="prometheus.up", title="Prometheus", unit="bool", worse="below", fail=1.0,
             vital=True)  # fmt: skip
_FAILING = Signal(name="prometheus.rules.failing", title="rules it cannot evaluate", unit="count",
                  warn=0)  # fmt: skip


class RulesProbe(Probe):
    """``GET /api/v1/rules``: its alerts with their states, and the rules themselves."""

    name = f"{NAME}.rules"
    target = NAME
    signals = (_UP, _FAILING)

    def __init__(
        self, section: Prometheus, client: PrometheusClient, clock: Clock,
        table: Mapping[str, Severity],
    ) -> None:  # fmt: skip
        self.interval = section.interval
        self.deadline = section.timeout
        self._client = client
        self._clock = clock
        self._table = table

    async def read(self) -> Sample:
        rules = [
            (clean(group.get("name", ""), 60), rule)
            for group in await self._client.rule_groups()
            for rule in _list(group.get("rules"))
            if rule.get("type", "alerting") == "alerting"
        ]
        now = self._clock.now()
        failing = [clean(rule.get("name", ""), 60) for _, rule in rules
                   if rule.get("health") == "err"]  # fmt: skip
        values = {_UP: (1.0, None), _FAILING: (float(len(failing)), ", ".join(failing[:3]) or None)}
        return Sample(
            readings=[
                Reading(target=NAME, signal=signal.name, value=value, note=note, observed_at=now,
                        source=f"GET {self._client.peer}/api/v1/rules")
                for signal, (value, note) in values.items()
            ],
            alerts=_unique([a for _, rule in rules for a in self._alerts(rule, now)]),
            rules=[self._view(group, rule) for group, rule in rules],
        )  # fmt: skip

    def _alerts(self, rule: Mapping[str, Any], now: float) -> list[Alert]:
        found = []
        for one in _list(rule.get("alerts")):
            active = moment(one.get("activeAt")) or now
            pending = one.get("state") == "pending"
            fires_at = active + _seconds(rule.get("duration"))
            told = Told(
                labels=one.get("labels") or {}, annotations=one.get("annotations") or {},
                state="pending" if pending else "firing", value=_number(one),
                since=active if pending else min(fires_at, now),
                fires_at=fires_at if pending else None,
            )  # fmt: skip
            if (alert := alert_of(told, NAME, self._table)) is not None:
                found.append(alert)
        return found

    def _view(self, group: str, rule: Mapping[str, Any]) -> RuleView:
        made = PromRule(
            name=clean(rule.get("name", ""), 60), expr=str(rule.get("query", ""))[:2000],
            hold=_seconds(rule.get("duration")), keep_firing=_seconds(rule.get("keepFiringFor")),
            labels=texts(rule.get("labels")), file=NAME,
        )  # fmt: skip
        states = Counter(clean(one.get("state", ""), 20) for one in _list(rule.get("alerts")))
        error = clean(rule.get("lastError") or "", 200)
        return RuleView(
            name=made.name, origin=NAME, severity=promrules.as_rule(made, self._table).severity,
            words=promrules.explain(made, self._table), states=dict(states), note=f"group {group}",
            off=f"it cannot evaluate it: {error}" if rule.get("health") == "err" else None,
        )  # fmt: skip


class PromqlProbe(Probe):
    """The rules of the files, evaluated: how many series fulfil each condition now."""

    name = f"{NAME}.promql"
    target = NAME

    def __init__(
        self, section: Prometheus, client: PrometheusClient, clock: Clock, rules: Sequence[PromRule]
    ) -> None:
        self.interval = section.interval
        self.deadline = section.timeout
        self.signals = tuple(
            Signal(name=rule.signal, title=rule.name, unit="count", statistic="series now")
            for rule in rules
        )
        self._client = client
        self._clock = clock
        self._rules = rules
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self) -> Sample:
        return Sample(readings=await asyncio.gather(*map(self._evaluate, self._rules)))

    async def _evaluate(self, rule: PromRule) -> Reading:
        """A rule that Prometheus does not understand costs its own reading only."""
        rejected, found = None, []
        async with self._turns:
            try:
                found = await self._client.query(rule.expr)
            except HttpFailure as failure:
                if failure.status not in {400, 422}:
                    raise
                rejected = clean(failure, 200)
        return Reading(
            target=NAME, signal=rule.signal, value=None if rejected else float(len(found)),
            source=f"PromQL at {self._client.peer}", observed_at=self._clock.now(),
            rejected=rejected, note=_words(rule, found) if found else None,
        )  # fmt: skip


def _words(rule: PromRule, found: Sequence[Series]) -> str:
    """The annotation, filled in for the first series; how many more there are."""
    labels, value = found[0]
    given = rule.annotations.get("description") or rule.annotations.get("summary") or rule.name
    said = promrules.render(given, labels, value)
    more = len(found) - 1
    return f"{said} ({more} more series)" if more else said


def _unique(alerts: Sequence[Alert]) -> list[Alert]:
    """One alert a name and target: the worst of those that cannot be told apart."""
    found: dict[tuple[str, str], Alert] = {}
    for alert in sorted(alerts, key=lambda a: (a.state != "firing", a.severity, a.since)):
        found.setdefault((alert.name, alert.target), alert)
    return list(found.values())


def _list(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _number(one: Mapping[str, Any]) -> float | None:
    try:
        return float(pick(one, "value"))
    except (TypeError, ValueError):
        return None


def _seconds(found: Any) -> float:
    return float(found) if isinstance(found, int | float) else 0.0
