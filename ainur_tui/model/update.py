"""What a client is told of the picture: what of it changed."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
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

_NAME, _ID = attrgetter("name"), attrgetter("id")
SIGNAL_KEY: Callable[[SignalView], str] = _NAME
"""What tells the signals of one target apart."""
KEYS: dict[str, Callable[[Any], str]] = {
    "targets": _NAME,
    "alerts": lambda one: f"{one.origin} {one.target} {one.name}",
    "findings": lambda one: f"{one.target} {one.signal or ''} {one.text}",
    "events": attrgetter("key"),
    "runs": _ID,
    "logs": _NAME,
    "probes": _NAME,
    "incidents": _ID,
    "playbooks": _ID,
    "proposals": lambda one: f"{one.target} {one.playbook}",
}
"""The lists that are told entry by entry, and what tells their entries apart."""
WHOLE = ("leases", "notices", "not_configured", "presence")
"""What is told whole: it is short."""


class Changes(msgspec.Struct, Generic[T], omit_defaults=True):
    """What of a list changed: ``put`` are the entries that are new or other than before, each with
    its place in the new list, in order; ``gone`` are the keys of those that are no more. All others
    stay, in the order they have; ``anew``: none does."""

    put: list[tuple[int, T]] = []
    gone: list[str] = []
    anew: bool = False


class Update(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Notification ``board``: what changed since the last one sent to this client (≤ 4 a second).

    Absent fields did not change (``state``, ``since`` and ``trust`` come together). ``targets``
    come without their ``signals``, which are told by the target's name; ``tables`` are the changed
    ones of those subscribed to. Merged into a ``BoardView`` by the client.
    """

    at: float
    state: State | None = None
    since: float | None = None
    trust: Trust | None = None
    targets: Changes[TargetView] | None = None
    signals: dict[str, Changes[SignalView]] = {}
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
