"""The wire between a client and the engine: newline-delimited JSON-RPC 2.0.

Every reply carries :data:`PROTOCOL`. Only methods in :data:`REPEATABLE` are ever sent again after a
broken connection. Types of parameters and results stand beside the method's name.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ainur_tui.model import (
    alertcalls,
    incidentcalls,
    needscalls,
    playbookcalls,
    querycalls,
    runcalls,
)
from ainur_tui.model.board import BoardView
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.logquery import LogCounts, LogNews, LogPage, LogQuery
from ainur_tui.model.series import Series
from ainur_tui.model.slo import Slo

PROTOCOL = 2

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
    links: dict[str, str] = {}
    """Addresses of dashboards, by name."""


class Subscribe(msgspec.Struct, kw_only=True):
    """Which parts of the board this client looks at now; a new call replaces the last.

    ``tables`` are names; ``logs`` asks for new lines as ``logs`` notifications.
    """

    tables: list[str] = []
    logs: LogQuery | None = None


class BoardQuery(msgspec.Struct, kw_only=True):
    """``fresh`` runs all probes (of ``targets``, where given) now and waits for them."""

    fresh: bool = False
    targets: list[str] = []
    timeout: float | None = None


class LookingAt(msgspec.Struct, kw_only=True):
    """What this client shows and has selected, for the others (``presence``)."""

    tab: str = ""
    target: str | None = None


class BreakGlassCall(msgspec.Struct, kw_only=True):
    """Lift policies for 15 minutes; an empty reason puts the glass back."""

    reason: str


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
    "journal": list[JournalEntry],
    "journal.verify": JournalVerdict,
    "presence": None,
    "break-glass": None,
    "slo": list[Slo],
    "engine.status": EngineStatus,
    "engine.stop": None,
    **alertcalls.RESULTS,
    **incidentcalls.RESULTS,
    **needscalls.RESULTS,
    **playbookcalls.RESULTS,
    **runcalls.RESULTS,
    **querycalls.RESULTS,
}
"""The type of each method's result.

Notifications: ``board`` with an :class:`ainur_tui.model.update.Update`, ``logs`` with a
:class:`LogPage`, ``run`` with a :class:`ainur_tui.model.action.Run` at each step of any run."""
