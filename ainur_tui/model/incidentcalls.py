"""The calls about incidents. Their results are words of :mod:`ainur_tui.model.incident`."""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.alert import Severity
from ainur_tui.model.incident import Change, Entry, Incident


class OpenIncident(msgspec.Struct, kw_only=True):
    """``incident.open``: ``alert`` names the rule that fires on ``target``; what is left out is
    taken from it. ``key`` makes a second identical call the same incident."""

    key: str
    target: str = ""
    title: str = ""
    severity: Severity | None = None
    alert: str | None = None
    services: list[str] = []


class ChangeIncident(msgspec.Struct, kw_only=True):
    """``incident.change``; an empty ``id`` is the one that is open."""

    key: str
    what: Change
    id: str = ""


class IncidentsQuery(msgspec.Struct, kw_only=True):
    """``incidents``: the open ones and the newest ``limit`` of all, newest first."""

    limit: int = 100


class IncidentQuery(msgspec.Struct, kw_only=True):
    """One by its id; empty is the one that is open, else the newest."""

    id: str = ""


class IncidentFile(msgspec.Struct, kw_only=True):
    """``incident.show``: with its entries in the order of what they tell. ``on_call`` is
    who is now, and until when, in words."""

    incident: Incident
    entries: list[Entry]
    on_call: str = ""


class Drafts(msgspec.Struct, kw_only=True):
    """``incident.draft``: the texts as the entries make them. ``message`` is the next one to send:
    a notification, or once resolved the resolution."""

    message: str
    postmortem: str


class KeepEvidence(msgspec.Struct, kw_only=True):
    """``incident.keep``: a frozen log selection, a file, or the post-mortem as a person edited it
    (what they wrote of cause, resolution and lessons is taken over)."""

    data: str
    about: str
    name: Literal["log.jsonl", "file.txt", "postmortem.md"] = "log.jsonl"
    id: str = ""


class SendUpdate(msgspec.Struct, kw_only=True):
    """``incident.send``: by every notifier that is configured."""

    text: str
    id: str = ""


class Capsule(msgspec.Struct, kw_only=True):
    """``incident.capsule``: where the archive is, and its hash. ``size`` in bytes."""

    path: str
    sha256: str
    size: int
    files: list[str]


class SheetRow(msgspec.Struct):
    """A line of a part; ``at`` is epoch seconds."""

    at: float | None
    text: str


class Sheet(msgspec.Struct, kw_only=True):
    """``handover``: its parts by their headings, and all of it as Markdown."""

    environment: str
    at: float
    parts: dict[str, list[SheetRow]]
    text: str


RESULTS: dict[str, object] = {
    "handover": Sheet,
    "incidents": list[Incident],
    "incident.show": IncidentFile,
    "incident.draft": Drafts,
    "incident.open": Incident,
    "incident.change": Incident,
    "incident.keep": Incident,
    "incident.send": Incident,
    "incident.capsule": Capsule,
}
