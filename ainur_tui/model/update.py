"""What a client is told of the picture: what of it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from ainur_tui.model.action import BreakGlass, Lease, Presence, Run
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import Finding, ProbeView, SignalView, TargetView, Trust
from ainur_tui.model.event import Event
from ainur_tui.model.incident import Incident
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.playbook import PlaybookRun, Proposal
from ainur_tui.model.table import Table
from ainur_tui.model.target import State

T = TypeVar("T")

KEYS: dict[str, Callable[[Any], str]] = {
    "targets": lambda one: one.name,
    "signals": lambda one: f"{one[0]} {one[1].name}",
    "alerts": lambda one: f"{one.origin} {one.target} {one.name}",
    "findings": lambda one: f"{one.target} {one.signal or ''} {one.text}",
    "events": lambda one: one.key,
    "runs": lambda one: one.id,
    "logs": lambda one: one.name,
    "probes": lambda one: one.name,
    "incidents": lambda one: one.id,
    "playbooks": lambda one: one.id,
    "proposals": lambda one: f"{one.target} {one.playbook}",
}
"""The lists that are told entry by entry, and what tells their entries apart."""
WHOLE = ("leases", "notices", "not_configured", "presence")
"""What is told whole: it is short."""


class Changes(msgspec.Struct, Generic[T], omit_defaults=True):
    """What of a list changed: ``put`` are the entries that are new or other than before, each with
    its place in the new list, in order; ``gone`` are the keys of those that are no more. All others
    stay, in the order they have."""

    put: list[tuple[int, T]] = []
    gone: list[str] = []


class Update(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Notification ``board``: what changed since the last one sent to this client (≤ 4 a second).

    Absent fields did not change (``state``, ``since`` and ``trust`` come together). ``signals`` are
    those of all targets, one after the other, each with its target's name; ``targets`` come without
    them. ``tables`` are the changed ones of those subscribed to. ``anew``: every list begins from
    nothing. Merged into a ``BoardView`` by the client.
    """

    at: float
    anew: bool = False
    state: State | None = None
    since: float | None = None
    trust: Trust | None = None
    targets: Changes[TargetView] | None = None
    signals: Changes[tuple[str, SignalView]] | None = None
    alerts: Changes[Alert] | None = None
    findings: Changes[Finding] | None = None
    events: Changes[Event] | None = None
    tables: list[Table] | None = None
    runs: Changes[Run] | None = None
    logs: Changes[LogSourceView] | None = None
    probes: Changes[ProbeView] | None = None
    notices: list[str] | None = None
    leases: list[Lease] | None = None
    not_configured: dict[str, str] | None = None
    presence: list[Presence] | None = None
    incidents: Changes[Incident] | None = None
    playbooks: Changes[PlaybookRun] | None = None
    proposals: Changes[Proposal] | None = None
    glass: list[BreakGlass] | None = None
    """Empty: the glass is whole again."""
