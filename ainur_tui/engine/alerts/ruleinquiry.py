"""Questions about the alert rules: what holds here, what is wrong, what would have been."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ainur_tui.engine.alerts import elsewhere
from ainur_tui.engine.alerts.notifier import WATCHDOG
from ainur_tui.model.alert import Alert, Rule
from ainur_tui.model.alertcalls import (
    AlertDetail,
    Backtest,
    BacktestCall,
    Diagnosis,
    Firing,
    Inventory,
    RuleView,
)
from ainur_tui.model.event import Event
from ainur_tui.model.failure import BAD_DATA, USAGE, ProbeFailure, Refused
from ainur_tui.model.text import clean, meant
from ainur_tui.rules import backtest, defaults, ruledoctor
from ainur_tui.rules.prom import doctor as promdoctor
from ainur_tui.rules.prom import ql as promql
from ainur_tui.rules.prom import rules as promrules
from ainur_tui.rules.prom import tree as promtree
from ainur_tui.rules.prom.rules import PREFIX
from ainur_tui.rules.rulewords import words

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

MONTH = 30.0
"""Days that the history has minutes of."""
REMEMBERED = 7 * 86_400.0
"""Seconds back to which an alert's past is told."""
ASKED = 100
"""Selectors the doctor asks another judge about at most."""


def inventory(engine: Engine, alerts: Sequence[Alert]) -> Inventory:
    """Rules, silences, acknowledgements and deliveries, as they are now."""
    judged = engine.judging.alerting.judged_at
    return Inventory(
        rules=[_watchdog(judged), *_rules(engine)],
        silences=[
            *engine.judging.attention.silences(alerts),
            *elsewhere.silences(engine, alerts),
        ],
        acks=engine.judging.attention.acks(),
        deliveries=list(reversed(engine.judging.notifier.deliveries)),
        judged_at=judged,
        channels=engine.judging.notifier.channels,
        quiet=engine.judging.notifier.quiet(engine.now()),
    )


async def detail(engine: Engine, name: str, target: str, alerts: Sequence[Alert]) -> AlertDetail:
    """A rule and its past. Raises Refused for a name that is no rule's."""
    rules = {view.name: view for view in _rules(engine)}
    view = rules.get(name) or _foreign_rule(name, alerts)
    if view is None:
        raise Refused(f"there is no alert rule {clean(name, 60)!r}{meant(name, rules)}", USAGE)
    events = await engine.history.events(engine.board.view().at - REMEMBERED)
    known = engine.judging.attention.silences(alerts)
    silences = [one for one in known if one.silence.matches(name, target)]
    mine = engine.judging.alerting.rules.get(name)
    told = (
        ruledoctor.examine([mine], engine.board.signals(), engine.judging.alerting.delivered)
        if mine is not None
        else []
    )
    return AlertDetail(rule=view, firings=firings(events, name, target)[:20], silences=silences,
                       diagnoses=told)  # fmt: skip


async def diagnose(engine: Engine) -> list[Diagnosis]:
    """What the doctor finds with every rule, those of the files by asking their Prometheus."""
    book = engine.judging.rulebook
    own = engine.environment.alerts.severity
    found = ruledoctor.examine(
        book.rules, engine.board.signals(), engine.judging.alerting.delivered
    )
    exists, names, why = await _series(engine)
    ours = {rule.name: rule for rule in defaults.rules()}
    for rule in book.prom.values():
        found += promdoctor.examine(rule, own, exists=exists, names=names, ours=ours)
        if rule.name in book.off:
            found.append(Diagnosis(rule=rule.name, origin=rule.file, trouble="never",
                                   text=book.off[rule.name],
                                   hint="add [environment.….prometheus]"))  # fmt: skip
    if why:
        found.append(Diagnosis(rule="", origin="prometheus", trouble="note",
                               text=f"series were not looked for: {why}"))  # fmt: skip
    found += [Diagnosis(rule="", origin="user", trouble="never", text=one) for one in book.problems]
    found += [
        Diagnosis(rule="", origin=table.target, trouble="note", hint=str(row.cells[-1] or ""),
                  text=row.detail["trouble"])
        for table in engine.board.view().tables if table.name == "prometheus.targets"
        for row in table.rows if "trouble" in row.detail
    ]  # fmt: skip
    return ruledoctor.ordered(found)


async def test_back(engine: Engine, call: BacktestCall) -> list[Backtest]:
    """The rules over the history. Raises Refused for a name that is no rule's, and for days the
    history has not."""
    if not 0 < call.days <= MONTH:
        raise Refused(f"the history has {MONTH:.0f} days", USAGE)
    rules = engine.judging.alerting.rules
    if call.name is not None and call.name not in rules:
        raise Refused(
            f"there is no alert rule {clean(call.name, 60)!r} that is judged"
            f"{meant(call.name, rules)}", USAGE,
        )  # fmt: skip
    wanted = [rules[call.name]] if call.name is not None else list(rules.values())
    events = await engine.history.events(engine.board.view().at - call.days * 86_400.0)
    found = []
    for rule in wanted:
        tried = _tried(rule, call) if call.name is not None else rule
        found.append(await _test(engine, tried, events, call.days))
    return found


def firings(events: Sequence[Event], name: str, target: str = "") -> list[Firing]:
    """When an alert really fired, newest first, from what was told of it."""
    begun: dict[str, float] = {}
    found: list[Firing] = []
    for event in events:
        if event.kind != "alert" or (target and event.target != target):
            continue
        if event.key.startswith(f"alert:{name}:{event.target}:firing:"):
            begun.setdefault(event.target, event.at)
        elif event.key.startswith(f"alert:{name}:{event.target}:resolved:"):
            start = begun.pop(event.target, None)
            if start is not None:
                found.append(Firing(start=start, end=event.at, target=event.target))
    found += [Firing(start=at, end=None, target=where) for where, at in begun.items()]
    return sorted(found, key=lambda one: -one.start)


def _tried(rule: Rule, call: BacktestCall) -> Rule:
    made = rule
    if call.threshold is not None:
        made = replace(made, threshold=call.threshold, clear=None)
    if call.hold is not None:
        made = replace(made, hold=call.hold)
    if why := defaults.fault(made):
        raise Refused(why, BAD_DATA)
    return made


async def _test(engine: Engine, rule: Rule, events: Sequence[Event], days: float) -> Backtest:
    now = engine.board.view().at
    since = now - days * 86_400.0
    past = {} if rule.share else await engine.history.evidence(rule.signal, rule.op, since)
    fired = len(firings(events, rule.name))

    def judged() -> Backtest:
        found = [
            one for target, seen in past.items() for one in backtest.replay(rule, seen, target)
        ]
        share = max((backtest.covered(seen, since, now) for seen in past.values()), default=0.0)
        return Backtest(
            rule=rule.name, severity=rule.severity, covered=share, fired=fired, days=days,
            firings=sorted(found, key=lambda one: -one.start),
            words=backtest.words(found, share, fired, days, now),
            basis=backtest.basis(rule, list(past.values())),
        )  # fmt: skip

    # A day of readings is many steps; the board is not kept waiting for them.
    return await asyncio.to_thread(judged)


def _rules(engine: Engine) -> list[RuleView]:
    book = engine.judging.rulebook
    own = engine.environment.alerts.severity
    views = []
    for rule in engine.judging.alerting.rules.values():
        prom = book.prom.get(rule.name)
        said = (
            promrules.explain(prom, own)
            if prom is not None
            else words(rule, engine.board.signal(rule.signal))
        )
        views.append(
            RuleView(name=rule.name, origin=rule.origin, severity=rule.severity, words=said,
                     signal=rule.signal.removeprefix(PREFIX), note=rule.note,
                     states=engine.judging.alerting.states(rule.name))
        )  # fmt: skip
    for name, why in book.off.items():
        prom = book.prom.get(name)
        views.append(
            RuleView(
                name=name, origin=prom.file if prom else "ours", off=why,
                severity=promrules.as_rule(prom, own).severity if prom else "",
                words=promrules.explain(prom, own) if prom else "not judged",
            )
        )  # fmt: skip
    return views + [rule for told in engine.board.foreign().values() for rule in told.rules]


def _watchdog(judged: float | None) -> RuleView:
    return RuleView(
        name=WATCHDOG, origin="ours", severity="", states={"firing": 1} if judged else {},
        words="fires as long as alerts are judged; an Alertmanager hears it, so that another may "
        "call when it stops",
    )  # fmt: skip


def _foreign_rule(name: str, alerts: Sequence[Alert]) -> RuleView | None:
    alert = next((one for one in alerts if one.name == name), None)
    if alert is None:
        return None
    return RuleView(name=name, origin=alert.origin, severity=alert.severity,
                    words=f"judged by {alert.origin}")  # fmt: skip


async def _series(engine: Engine) -> tuple[dict[str, bool] | None, list[str], str | None]:
    """Which selectors have series, all names, and why nobody could be asked."""
    index = next((system.series for system in engine.systems if system.series), None)
    wanted: list[str] = []
    for rule in engine.judging.rulebook.prom.values():
        try:
            wanted += [one.text() for one in promtree.selectors(promql.parse(rule.expr))]
        except ValueError:
            continue
    if index is None or not wanted:
        return None, [], None
    try:
        names = await index.names()
        return {one: await index.exists(one) for one in dict.fromkeys(wanted[:ASKED])}, names, None
    except ProbeFailure as failure:
        return None, [], str(failure)
