"""What the next shift has to know, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ainur_tui.model.action import FINAL
from ainur_tui.model.board import BoardView
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentwords import CLOCKS, left
from ainur_tui.model.text import clean
from ainur_tui.model.units import age, clock, moment, rfc3339
from ainur_tui.rules.oncall import Turn

SHIFT = 12 * 3600.0
"""Seconds back in which what was done and noted is told."""
_SHOWN = {"firing", "recovering", "pending", "no data"}
_DONE = {"deploy", "restart", "scale", "secret", "flag", "setting", "backup", "action", "playbook"}


class Row(NamedTuple):
    """A line of a part; ``at`` is epoch seconds."""

    at: float | None
    text: str


def handover(
    view: BoardView, incidents: Sequence[Incident], turn: Turn | None
) -> dict[str, list[Row]]:
    """The parts of the sheet by their headings; an empty part is told too."""
    now = view.at
    recent = [event for event in view.events if event.at > now - SHIFT]
    items = [(one, item) for one in incidents for item in one.items if item.done_at is None]
    return {
        "State": [Row(view.since, f"{view.state}; {view.trust.fresh} of {view.trust.all} signals"
                      " fresh")],
        "On call": [] if turn is None else [Row(turn.until, f"{turn.who} until then, then "
                                                f"{turn.following}")],
        "Open incidents": [
            Row(one.opened_at, f"{one.id} {one.severity} {one.status.upper()}: {one.title};"
                f" commander {one.holder('commander') or 'nobody'}; " + ", ".join(
                    f"{CLOCKS[c.name]} {left(c, now)}" for c in one.clocks if c.ended_at is None))
            for one in incidents if one.closed_at is None
        ],
        "Alerts": [Row(a.since, f"{a.severity} {a.state} {a.target}: {a.summary}")
                   for a in view.alerts if a.state in _SHOWN],
        "Actions going on": [
            Row(run.started_at, f"{run.plan.title} by {run.operator}")
            for run in view.runs if run.state not in FINAL and run.state != "planned"
        ],
        "Due": [
            Row(item.due, f"{item.text} ({item.owner or 'no owner'}; incident {one.id})"
                f"{' OVERDUE' if item.due is not None and item.due < now else ''}")
            for one, item in sorted(items, key=lambda pair: pair[1].due or float("inf"))
        ] + [
            Row(c.due_at, f"post-mortem of incident {one.id}: {left(c, now)}")
            for one in incidents for c in one.clocks
            if c.name == "postmortem" and c.ended_at is None
        ],
        "Done in this shift": [Row(e.at, e.text) for e in recent if e.kind in _DONE],
        "Notes": [Row(e.at, e.text) for e in recent if e.kind == "note"],
    }  # fmt: skip


def markdown(parts: dict[str, list[Row]], environment: str, now: float) -> str:
    """The sheet to read."""
    rows = [f"# Hand-over: {environment}, {clock(now, date=True)[:16]} UTC"]
    for heading, told in parts.items():
        rows += ["", f"## {heading}"]
        rows += [
            f"- {_when(row.at, now)}{clean(row.text, 300)}" for row in told
        ] or ["- nothing"]  # fmt: skip
    return "\n".join(rows) + "\n"


def builtins(parts: dict[str, list[Row]], environment: str, now: float) -> dict[str, Any]:
    """The sheet for scripts."""
    return {
        "version": 1, "report": "handover", "environment": environment, "at": rfc3339(now),
        "parts": [{"heading": heading, "rows": [_row(row) for row in told]}
                  for heading, told in parts.items()],
    }  # fmt: skip


def _row(row: Row) -> dict[str, str | None]:
    return {"at": rfc3339(row.at), "text": row.text}


def _when(at: float | None, now: float) -> str:
    if at is None:
        return ""
    passed = f" ({age(now - at)} ago)" if at <= now else f" (in {age(at - now)})"
    return f"{moment(at, now)[:16]}{passed}: "
