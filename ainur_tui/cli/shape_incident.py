"""Incidents as the contract's JSON: moments in RFC 3339, what is not known null."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.cli.shape import VERSION
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentcalls import IncidentFile
from ainur_tui.model.incidentwords import kind, words
from ainur_tui.model.units import rfc3339

_MOMENTS = (
    "detected_at", "acknowledged_at", "opened_at", "status_at", "resolved_at", "closed_at",
    "published_at", "updated_at",
)  # fmt: skip


def incident(one: Incident) -> dict[str, Any]:
    """One incident, its clocks included."""
    body: dict[str, Any] = msgspec.to_builtins(one)
    body |= {name: rfc3339(getattr(one, name)) for name in _MOMENTS}
    for row in body["clocks"]:
        row |= {name: rfc3339(row[name]) for name in ("since", "due_at", "ended_at")}
    for row in body["roles"]:
        row["accepted_at"] = rfc3339(row["accepted_at"])
    for row in body["items"]:
        row |= {name: rfc3339(row[name]) for name in ("due", "done_at")}
    if one.recovered is not None:
        body["recovered"]["at"] = rfc3339(one.recovered.at)
    return body


def whole(file: IncidentFile) -> dict[str, Any]:
    """One with its timeline."""
    entries = [
        {"seq": entry.seq, "at": rfc3339(entry.at), "kind": kind(entry), "text": words(entry),
         "operator": entry.operator, "host": entry.host, "tty": entry.tty,
         "before": getattr(entry.what, "before", False), "what": msgspec.to_builtins(entry.what)}
        for entry in file.entries
    ]  # fmt: skip
    return {"version": VERSION, "incident": incident(file.incident), "entries": entries,
            "on_call": file.on_call}  # fmt: skip


def listed(found: list[Incident]) -> dict[str, Any]:
    """All of them."""
    return {"version": VERSION, "incidents": [incident(one) for one in found]}
