"""The inventory of what decides who is called, and what the rule doctor found, as tables."""

from __future__ import annotations

from ainur_tui.model.alertcalls import (
    AckView,
    Diagnosis,
    Inventory,
    Quiet,
    RuleView,
    SilenceView,
)
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import clock, duration, moment

_INVENTORY = [
    Column(name="kind", title="Kind", rank=1, limit=9),
    Column(name="what", title="What", limit=48),
    Column(name="state", title="State", rank=1, limit=30),
    Column(name="who", title="Whose", rank=2, limit=18),
    Column(name="words", title="In words", rank=3, limit=400),
]
_DOCTOR = [
    Column(name="trouble", title="Trouble", rank=1, limit=11),
    Column(name="rule", title="Rule", limit=34),
    Column(name="text", title="Found", rank=1, limit=300),
    Column(name="origin", title="Origin", rank=3, limit=18),
]
SOON = 900.0
"""Seconds before its end from which on a silence is one that ends soon."""
TROUBLES = {"never": "cannot fire", "unit": "unit", "severity": "severity", "note": "note"}


def inventory(found: Inventory, now: float) -> Table:
    """Silences, acknowledgements, who is in quiet hours, rules and deliveries, in this order."""
    rows = [_silence(view, now) for view in found.silences]
    rows += [_ack(view) for view in found.acks]
    rows += [_quiet(one, now) for one in found.quiet]
    rows += [_rule(view) for view in found.rules]
    for number, told in enumerate(found.deliveries):
        how = "arrived" if told.ok else "NOT ARRIVED"
        rows.append(
            Row(key=f"told {number} {told.at}", tone="none" if told.ok else "fail",
                cells=["told", told.what, f"{how} {clock(told.at)}", told.channel, told.detail])
        )  # fmt: skip
    channels = ", ".join(found.channels) or "nobody: no alertmanager, no alerts.notify"
    return Table(
        name="alerts.inventory", target="", title="Rules and silences", columns=_INVENTORY,
        rows=rows, observed_at=now, source="the engine", interval=600.0,
        note=f"told: {channels}",
    )  # fmt: skip


def _silence(view: SilenceView, now: float) -> Row:
    one = view.silence
    left = one.until - now
    state = (
        "over" if view.over else f"mutes {view.mutes or 'nothing'}, {duration(max(left, 0.0))} left"
    )
    tone: Tone = "quiet" if view.over else "warn" if left < SOON or not view.mutes else "none"
    return Row(
        key=f"silence {one.id}", tone=tone, target=None,
        cells=["silence", f"{one.name or '*'} on {one.target or '*'}", state, one.by, one.reason],
        detail={"id": one.id, "begun": f"{clock(one.at, date=True)} UTC",
                "ends": f"{clock(one.until, date=True)} UTC"},
    )  # fmt: skip


def _ack(view: AckView) -> Row:
    ack = view.ack
    until = f"until {clock(ack.until)}" if ack.until else "until it is over"
    return Row(
        key=f"ack {view.name} {view.target}", target=view.target or None,
        cells=["in hand", f"{view.name} on {view.target}", until, ack.by, ack.comment],
        detail={"since": f"{clock(ack.at, date=True)} UTC"},
    )  # fmt: skip


def _quiet(one: Quiet, now: float) -> Row:
    hears = f"told of {', '.join(one.always)} all the same" if one.always else "told of nothing"
    return Row(
        key=f"quiet {one.channel}", tone="warn" if one.waiting else "none",
        cells=["quiet", f"{one.channel}: {one.waiting or 'nothing'} waiting",
               f"until {moment(one.until, now)}", one.channel,
               f"{hears}; what still fires then is told then"],
    )  # fmt: skip


def _rule(view: RuleView) -> Row:
    states = {s: n for s, n in view.states.items() if s != "inactive"}
    state = ", ".join(f"{n} {s}" for s, n in states.items()) or "at rest"
    tone: Tone = "warn" if states and view.name != "Watchdog" else "none"
    if view.off:
        state, tone = "off", "quiet"
    detail = {"rule": view.name, "signal": view.signal, "severity": view.severity,
              "note": view.note, "off": view.off or ""}  # fmt: skip
    return Row(
        key=f"rule {view.name} {view.origin}", tone=tone,
        cells=["rule", view.name, state, view.origin, view.off or view.words],
        detail={name: text for name, text in detail.items() if text},
    )  # fmt: skip


def doctor(found: list[Diagnosis], now: float) -> Table:
    """What is wrong with the rules, worst first."""
    tones: dict[str, Tone] = {"never": "fail", "unit": "fail", "severity": "warn"}
    rows = [
        Row(
            key=f"{number} {one.rule}", tone=tones.get(one.trouble, "quiet"),
            cells=[TROUBLES[one.trouble], one.rule or "(file)", one.text, one.origin],
            detail={"rule": one.rule} | ({"write": one.hint} if one.hint else {}),
        )
        for number, one in enumerate(found)
    ]  # fmt: skip
    bad = sum(one.trouble != "note" for one in found)
    return Table(
        name="alerts.doctor", target="", title="Rule doctor", columns=_DOCTOR, rows=rows,
        observed_at=now, source="the engine", interval=600.0,
        note=f"{bad} to mend" if bad else "nothing to mend",
    )  # fmt: skip
