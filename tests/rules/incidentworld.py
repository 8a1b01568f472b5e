"""Entries of incidents to judge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, Finding, TargetView, Trust
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.incident import Entry, Happened, Incident, Opened, Told
from ainur_tui.model.target import State
from ainur_tui.rules.incidents.incidents import begin, step
from ainur_tui.rules.incidents.objectives import Objectives

T0 = 1_795_514_400.0
"""Tuesday, 2026-11-24 10:00:00 UTC."""


def opened(**more: Any) -> Opened:
    fields: dict[str, Any] = {
        "title": "api is down", "severity": "P1", "target": "api", "services": ["API"],
        "detected_at": T0, "acknowledged_at": T0 + 120, "alert": "ApiDown",
    }  # fmt: skip
    return Opened(**(fields | more))


class Tale:
    """Entries one after the other; ``at`` is seconds after the detection."""

    def __init__(self, first: Opened | None = None, at: float = 120.0) -> None:
        self.entries: list[Entry] = []
        self.add(at, first or opened())

    def add(self, at: float, what: Told, operator: str = "mira") -> Tale:
        seq = len(self.entries) + 1
        entry = Entry(incident="20261124-1", key=f"k{seq}", at=T0 + at, what=what, seq=seq,
                      operator=operator)  # fmt: skip
        self.entries.append(entry)
        return self

    def event(
        self, at: float, kind: EventKind, text: str, key: str = "", target: str = "api"
    ) -> Tale:
        event = Event(key=key or f"e{at}", at=T0 + at, kind=kind, target=target, text=text)
        return self.add(at, Happened(event=event, before=at < 120), operator="")


def alert(name: str, target: str, since: float, **more: Any) -> Alert:
    fields: dict[str, Any] = {"state": "firing", "severity": "P1", "summary": f"{target} is bad"}
    return Alert(name=name, target=target, since=T0 + since, **(fields | more))


def view(*alerts: Alert, findings: list[Finding] | None = None, **more: Any) -> BoardView:
    targets = [target("api"), target("db", "down"), target("frontend", "degraded", cause="db")]
    fields: dict[str, Any] = {"targets": targets, "findings": findings or []}
    return BoardView(environment="demo", at=T0 + 200, state="down", since=T0,
                     trust=Trust(fresh=9, all=10), alerts=list(alerts),
                     **(fields | more))  # fmt: skip


def target(name: str, state: State = "up", cause: str | None = None) -> TargetView:
    return TargetView(name=name, kind=name, title=name, state=state, since=T0, cause=cause,
                      summary="")  # fmt: skip


def fold(entries: Sequence[Entry], objectives: Objectives) -> Incident:
    """What the entries of one incident make of it. The first one, by its number, is *opened*;
    raises ValueError where it is not."""
    first, *rest = sorted(entries, key=lambda entry: entry.seq)
    return reduce(lambda known, entry: step(known, entry, objectives), rest,
                  begin(first, objectives))  # fmt: skip
