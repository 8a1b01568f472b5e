"""What the next shift has to know, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ainur_tui.model.action import FINAL
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.alertcalls import Inventory
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.happened import once
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentcalls import Sheet
from ainur_tui.model.incidentcalls import SheetRow as Row
from ainur_tui.model.incidentwords import CLOCKS, left
from ainur_tui.model.text import clean
from ainur_tui.model.units import age, clock, moment, rfc3339
from ainur_tui.rules.incidents.events import DONE, ends_playbook, short
from ainur_tui.rules.oncall import Turn

SHIFT = 12 * 3600.0
"""Seconds back in which what was done and noted is told."""
_EMPTY = {"On call": "not told"}
_SHOWN = {"firing", "recovering", "pending", "no data"}


def handover(
    view: BoardView, incidents: Sequence[Incident], inventory: Inventory, turn: Turn | None
) -> dict[str, list[Row]]:
    """The parts of the sheet by their headings; an empty part is told too."""
    now = view.at
    recent = [event for event in view.events if event.at > now - SHIFT]
    fresh = f"{view.trust.fresh} of {view.trust.all} signals fresh"
    return {
        "State": [Row(view.since, f"{view.state}; {fresh}")],
        "On call": [Row(turn.until, f"{turn.who} until then, then {turn.following}")]
        if turn else [],
        "Open incidents": [_incident(one, now) for one in incidents if one.closed_at is None],
        "Alerts": [_alert(one) for one in view.alerts if one.state in _SHOWN],
        "Silences": [_silence(one.silence) for one in inventory.silences if not one.over],
        "Actions going on": [
            Row(run.started_at, f"{run.plan.title} by {run.operator}")
            for run in view.runs if run.state not in FINAL and run.state != "planned"
        ],
        "Due": _due(incidents, now),
        "Done in this shift": [Row(e.at, short(e)) for e in once(recent) if _done(e)],
        "Notes": [Row(e.at, e.text) for e in recent if e.kind == "note"],
    }  # fmt: skip


def _done(event: Event) -> bool:
    """Whether it changed something; of a playbook its end is told, not each of its looks."""
    return event.kind in DONE and (event.kind != "playbook" or ends_playbook(event))


def _incident(one: Incident, now: float) -> Row:
    clocks = [f"{CLOCKS[c.name]} {left(c, now)}" for c in one.clocks if c.ended_at is None]
    told = (f"{one.id} {one.severity} {one.status.upper()}: {one.title}",
            f"commander {one.holder('commander') or 'nobody'}", ", ".join(clocks))  # fmt: skip
    return Row(one.opened_at, "; ".join(filter(None, told)))


def _alert(one: Alert) -> Row:
    hand = f" ({one.ack.by} is on it: {one.ack.comment})" if one.ack else ""
    return Row(one.since, f"{one.severity} {one.state} {one.target}: {one.summary}{hand}")


def _silence(one: Silence) -> Row:
    what = f"{one.name or 'all alerts'} on {one.target or 'everything'}"
    return Row(one.until, f"ends then: {what}, by {one.by}: {one.reason}")


def _due(incidents: Sequence[Incident], now: float) -> list[Row]:
    rows = [
        Row(item.due, f"{item.text} ({item.owner or 'no owner'}; incident {one.id})"
            f"{' OVERDUE' if item.due is not None and item.due < now else ''}")
        for one in incidents for item in one.items if item.done_at is None
    ] + [
        Row(clock.due_at, f"post-mortem of incident {one.id}: {left(clock, now)}")
        for one in incidents for clock in one.clocks
        if clock.name == "postmortem" and clock.ended_at is None
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.at if row.at is not None else float("inf"))


def sheet(parts: dict[str, list[Row]], environment: str, now: float) -> Sheet:
    """All of it, also as Markdown."""
    rows = [f"# Hand-over: {environment}, {clock(now, date=True)[:16]} UTC"]
    for heading, told in parts.items():
        rows += ["", f"## {heading}"]
        rows += [
            f"- {_when(row.at, now)}{clean(row.text, 300)}" for row in told
        ] or [f"- {_EMPTY.get(heading, 'nothing')}"]  # fmt: skip
    text = "\n".join(rows) + "\n"
    return Sheet(environment=environment, at=now, parts=parts, text=text)


def builtins(found: Sheet) -> dict[str, Any]:
    """The sheet for scripts."""
    return {
        "version": 1, "report": "handover", "environment": found.environment,
        "at": rfc3339(found.at),
        "parts": [{"heading": heading, "rows": [_row(row) for row in told]}
                  for heading, told in found.parts.items()],
    }  # fmt: skip


def _row(row: Row) -> dict[str, str | None]:
    return {"at": rfc3339(row.at), "text": row.text}


def _when(at: float | None, now: float) -> str:
    if at is None:
        return ""
    passed = f" ({age(now - at)} ago)" if at <= now else f" (in {age(at - now)})"
    return f"{moment(at, now)[:16]}{passed}: "
