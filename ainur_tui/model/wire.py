"""The wire between a client and the engine: newline-delimited JSON-RPC 2.0.

Every reply carries :data:`PROTOCOL`. Only methods in :data:`REPEATABLE` are ever sent again after a
broken connection. Types of parameters and results stand beside the method's name.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ainur_tui.model import alertcalls, incidentcalls, querycalls
from ainur_tui.model.action import ActionSpec, BreakGlass, Lease, Plan, Presence, Run
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, Finding, ProbeView, TargetView, Trust
from ainur_tui.model.event import Event
from ainur_tui.model.incident import Incident
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.logquery import LogCounts, LogNews
from ainur_tui.model.logquery import LogPage as LogPage  # noqa: PLC0414 - words of the wire too
from ainur_tui.model.logquery import LogQuery as LogQuery  # noqa: PLC0414
from ainur_tui.model.playbook import Playbook, PlaybookRun, Proposal
from ainur_tui.model.slo import Slo
from ainur_tui.model.table import Table
from ainur_tui.model.target import State

PROTOCOL = 1

Access = Literal["read", "operate"]

REPEATABLE = frozenset(
    {"hello", "board", "subscribe", "history", "logs", "logs.counts", "logs.new", "actions", "plan",
     "runs", "journal", "journal.verify", "engine.status", "needs", "incidents", "incident.show",
     "incident.draft", "handover", "alerts.rules", "alerts.detail", "alerts.doctor",
     "alerts.backtest", "playbooks", "playbook.runs", "slo"}
)  # fmt: skip


class Request(msgspec.Struct, omit_defaults=True):
    """A call. ``id`` is the client's running number."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int = 0
    jsonrpc: str = "2.0"


class WireError(msgspec.Struct):
    """``code`` is a sysexits number (64 usage, 69, 75, 77, 78) or a JSON-RPC one (negative)."""

    code: int
    message: str


class Message(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What the engine sends: a reply (``id``) or a notification (``method`` and ``params``).

    An empty ``Raw`` is absent: msgspec decodes no union of ``Raw`` and ``None``.
    """

    protocol: int
    jsonrpc: str
    id: int = 0
    result: msgspec.Raw = msgspec.Raw()
    error: WireError | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw()


class Hello(msgspec.Struct, kw_only=True):
    """First call on a connection. ``config`` is the digest of the client's configuration."""

    protocol: int
    version: str
    access: Access
    operator: str
    tty: str = ""
    config: str = ""


class Welcome(msgspec.Struct, kw_only=True):
    """``access`` is what the engine granted, which may be less than was asked for."""

    protocol: int
    version: str
    environment: str
    color: str
    access: Access
    operator: str
    pid: int
    stay: bool
    config: str
    started_at: float
    journal_ok: bool = True
    links: dict[str, str] = {}
    """Addresses of dashboards, by name."""


class Subscribe(msgspec.Struct, kw_only=True):
    """Which parts of the board this client looks at now; a new call replaces the last.

    ``tables`` are names; ``logs`` asks for new lines as ``logs`` notifications.
    """

    tables: list[str] = []
    logs: LogQuery | None = None


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


class BoardQuery(msgspec.Struct, kw_only=True):
    """``fresh`` runs all probes (of ``targets``, where given) now and waits for them."""

    fresh: bool = False
    targets: list[str] = []
    timeout: float | None = None


class SeriesQuery(msgspec.Struct, kw_only=True):
    """``wanted`` are (target, signal) pairs; ``seconds`` back from now in ``points`` buckets."""

    wanted: list[tuple[str, str]]
    seconds: float = 3600.0
    points: int = 120


class Series(msgspec.Struct, kw_only=True):
    """Bucket means, oldest first; ``None`` is a gap. Bucket i begins at ``start + i * step``."""

    target: str
    signal: str
    start: float
    step: float
    values: list[float | None]


class PlanQuery(msgspec.Struct, kw_only=True):
    """What a person wants done; nothing happens yet."""

    action: str
    target: str
    params: dict[str, str] = {}


class RunCall(msgspec.Struct, kw_only=True):
    """The decision. ``key`` makes a second identical call refused; ``seen`` is the plan's
    ``before`` as the person saw it; ``confirm`` the typed name for R3. ``secrets`` are parameters
    of type ``secret``: held for the run in memory, never written. ``take_over`` ends another's
    lease, which needs a ``reason`` and is told to its holder. ``again`` is the plan's word of the
    middle (``asks``), given ahead: the run does not stop to ask for it."""

    action: str
    target: str
    key: str
    params: dict[str, str] = {}
    seen: dict[str, Any] | None = None
    confirm: str | None = None
    reason: str = ""
    secrets: dict[str, str] = {}
    take_over: bool = False
    again: str | None = None


class ConfirmCall(msgspec.Struct, kw_only=True):
    """The word a run asks for in its middle (``Run.asking``)."""

    id: str
    word: str


class AbortCall(msgspec.Struct, kw_only=True):
    """End a run at its next safe point. Stopping another's needs a ``reason``: they are told."""

    id: str
    reason: str = ""


class LookingAt(msgspec.Struct, kw_only=True):
    """What this client shows and has selected, for the others (``presence``)."""

    tab: str = ""
    target: str | None = None


class BreakGlassCall(msgspec.Struct, kw_only=True):
    """Lift policies for 15 minutes; an empty reason puts the glass back."""

    reason: str


class NeedsCall(msgspec.Struct, kw_only=True):
    """Who needs whom from now on (``needs.set``); ``None`` restores the configuration's graph.
    ``seen`` is the graph the person started from: another one now refuses the call."""

    needs: dict[str, list[str]] | None
    seen: dict[str, list[str]] | None = None


class NeedsView(msgspec.Struct, kw_only=True):
    """Who needs whom now, and by default; ``names`` are those a graph may hold. ``edited_by`` and
    ``edited_at`` (epoch seconds) tell whose graph it is, ``None`` while it is the default."""

    needs: dict[str, list[str]]
    default: dict[str, list[str]]
    names: list[str]
    edited_by: str | None = None
    edited_at: float | None = None


class RunsQuery(msgspec.Struct, kw_only=True):
    """One run by id, or the newest ``limit``."""

    id: str | None = None
    limit: int = 50


class JournalQuery(msgspec.Struct, kw_only=True):
    """Entries after ``after``, the newest ``limit`` of them."""

    after: int = 0
    limit: int = 1000


class StopCall(msgspec.Struct, kw_only=True):
    """``engine.stop``: refused while a run is active unless ``force``."""

    force: bool = False


class EngineStatus(msgspec.Struct, kw_only=True):
    """What ``engine status`` prints."""

    pid: int
    version: str
    environment: str
    started_at: float
    stay: bool
    clients: int
    running: int
    idle_exit_at: float | None
    access: Access
    memory: int


RESULTS: dict[str, Any] = {
    "hello": Welcome,
    "board": BoardView,
    "subscribe": None,
    "history": list[Series],
    "logs": LogPage,
    "logs.counts": LogCounts,
    "logs.new": LogNews,
    "logs.evidence": None,
    "actions": list[ActionSpec],
    "plan": Plan,
    "run": Run,
    "abort": Run,
    "confirm": Run,
    "runs": list[Run],
    "journal": list[JournalEntry],
    "journal.verify": JournalVerdict,
    "presence": None,
    "break-glass": None,
    "needs": NeedsView,
    "needs.set": NeedsView,
    "slo": list[Slo],
    "playbooks": list[Playbook],
    "playbook.start": PlaybookRun,
    "playbook.decide": PlaybookRun,
    "playbook.runs": list[PlaybookRun],
    "engine.status": EngineStatus,
    "engine.stop": None,
    **alertcalls.RESULTS,
    **incidentcalls.RESULTS,
    **querycalls.RESULTS,
}
"""The type of each method's result.

Notifications: ``board`` with an :class:`Update`, ``logs`` with a :class:`LogPage`, ``run`` with a
:class:`ainur_tui.model.action.Run` at each step of any run."""
