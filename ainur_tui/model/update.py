"""What a client is told of the picture: what of it changed."""

from __future__ import annotations

import msgspec

from ainur_tui.model.action import BreakGlass, Lease, Presence, Run
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import Finding, ProbeView, TargetView, Trust
from ainur_tui.model.event import Event
from ainur_tui.model.incident import Incident
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.playbook import PlaybookRun, Proposal
from ainur_tui.model.table import Table
from ainur_tui.model.target import State


class Update(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Notification ``board``: what changed since the last one sent to this client (≤ 4 a second).

    Absent fields did not change (``state``, ``since`` and ``trust`` come together); ``targets``
    and ``tables`` hold only the changed ones and ``gone`` the names of targets that are no more.
    Merged into a ``BoardView`` by the client.
    """

    at: float
    state: State | None = None
    since: float | None = None
    trust: Trust | None = None
    targets: list[TargetView] | None = None
    gone: list[str] = []
    alerts: list[Alert] | None = None
    findings: list[Finding] | None = None
    events: list[Event] | None = None
    tables: list[Table] | None = None
    runs: list[Run] | None = None
    logs: list[LogSourceView] | None = None
    probes: list[ProbeView] | None = None
    notices: list[str] | None = None
    leases: list[Lease] | None = None
    not_configured: dict[str, str] | None = None
    presence: list[Presence] | None = None
    incidents: list[Incident] | None = None
    playbooks: list[PlaybookRun] | None = None
    proposals: list[Proposal] | None = None
    glass: list[BreakGlass] | None = None
    """Empty: the glass is whole again."""
