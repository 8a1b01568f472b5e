"""What the engine tells its clients: the board, judged."""

from __future__ import annotations

import msgspec

from ainur_tui.model.action import BreakGlass, Lease, Presence, Run
from ainur_tui.model.alert import Alert
from ainur_tui.model.event import Event
from ainur_tui.model.incident import Incident
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.playbook import PlaybookRun, Proposal
from ainur_tui.model.signal import Quality, Verdict
from ainur_tui.model.table import Table
from ainur_tui.model.target import State


class SignalView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reading with everything needed to show it honestly. ``age`` is seconds at ``at``."""

    name: str
    title: str
    value: float | None
    unit: str
    statistic: str
    source: str
    observed_at: float | None
    age: float | None
    quality: Quality
    threshold: float | None
    verdict: Verdict
    note: str | None = None
    limit: float | None = None
    vital: bool = False
    worse: str = "above"
    origin: str = "ours"
    scale: float | None = None
    planned: bool = False
    """It is beyond its thresholds as planned (maintenance mode), so it has no verdict."""
    absent: bool = False
    """Its source answers, and has no value to tell: nothing is missing in the picture."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, in words: a cause, or a symptom folded under its cause."""

    target: str
    text: str
    verdict: Verdict
    since: float | None
    severity: str | None = None
    caused_by: str | None = None
    signal: str | None = None
    hint: str | None = None
    """What to do next: the name of an action, or a sentence."""


class TargetView(msgspec.Struct, frozen=True, kw_only=True):
    """A target, judged. ``cause`` names the target whose trouble explains this one's."""

    name: str
    kind: str
    title: str
    state: State
    since: float | None
    cause: str | None
    summary: str
    parent: str | None = None
    needs: list[str] = []
    signals: list[SignalView] = []


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the picture is fresh; what its source has no value of counts in neither."""

    fresh: int
    all: int


class ProbeView(msgspec.Struct, frozen=True, kw_only=True):
    """How one probe fares. ``seconds`` is what its last run took."""

    name: str
    target: str
    interval: float
    deadline: float
    last_at: float | None
    seconds: float | None
    problem: str | None


class BoardView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture at one moment (epoch seconds).

    ``not_configured`` maps a system's name to the sentence that says what to add.
    """

    environment: str
    at: float
    state: State
    since: float | None
    trust: Trust
    targets: list[TargetView]
    alerts: list[Alert] = []
    findings: list[Finding] = []
    events: list[Event] = []
    tables: list[Table] = []
    runs: list[Run] = []
    leases: list[Lease] = []
    logs: list[LogSourceView] = []
    probes: list[ProbeView] = []
    not_configured: dict[str, str] = {}
    presence: list[Presence] = []
    break_glass: BreakGlass | None = None
    incidents: list[Incident] = []
    """Those that are not closed."""
    playbooks: list[PlaybookRun] = []
    """Those that go on and those that ended lately, newest first."""
    proposals: list[Proposal] = []
    notices: list[str] = []
    """Sentences about the engine itself: journal not writable, history set aside."""

    def target(self, name: str) -> TargetView | None:
        """The view of a target by name."""
        return next((target for target in self.targets if target.name == name), None)

    def signal(self, target: str, name: str) -> SignalView | None:
        """The view of a target's signal by name."""
        found = self.target(target)
        return next((s for s in found.signals if s.name == name), None) if found else None

    def table(self, name: str) -> Table | None:
        """The table of that name."""
        return next((table for table in self.tables if table.name == name), None)
