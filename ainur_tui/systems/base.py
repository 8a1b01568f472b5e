"""What every system offers the engine: probes to read, log sources to follow, actions to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from ainur_tui.config.types import SecretSource
from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.alertcalls import RuleView
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Table
from ainur_tui.model.target import Target


class Clock(Protocol):
    """Where time comes from. ``now`` is epoch seconds, ``monotonic`` never jumps."""

    def now(self) -> float: ...
    def monotonic(self) -> float: ...


@dataclass(frozen=True)
class Sample:
    """What one run of a probe brought home.

    ``targets`` are the targets it discovered (all of their kind: one that is absent is gone).
    ``paused`` names targets that are well though not running (an autostopped machine).
    ``alerts`` are all that another judge has active now, ``rules`` those it judges by; ``None``:
    this probe asks no other judge. ``muted`` are alerts of ours (name, target) it has silenced.
    """

    readings: Sequence[Reading] = ()
    tables: Sequence[Table] = ()
    events: Sequence[Event] = ()
    targets: Sequence[Target] | None = None
    paused: frozenset[str] = frozenset()
    alerts: Sequence[Alert] | None = None
    rules: Sequence[RuleView] = ()
    muted: Mapping[tuple[str, str], Silence] = field(default_factory=dict)


class Probe(ABC):
    """Reads signals of a target on an interval, within a deadline (both seconds).

    ``read`` returns a :class:`Sample` or raises
    :class:`~ainur_tui.model.failure.ProbeFailure`; the scheduler turns failure, time-out and
    silence into states. A probe keeps only what a delta needs, and never waits for another.
    ``signals`` lists every signal it can deliver, for ``target`` or for targets it discovers.
    """

    name: str
    target: str
    interval: float
    deadline: float
    signals: tuple[Signal, ...]

    @abstractmethod
    async def read(self) -> Sample: ...


class RawLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line as a source gave it (not clean, not redacted), with what the source knows of it."""

    at: float
    text: str
    level: str | None = None
    machine: str | None = None
    fields: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Lines in order; ``dropped`` were lost before the first of them, since ``gap_since``.

    An empty batch means: connected, nothing new.
    """

    lines: Sequence[RawLine] = ()
    dropped: int | None = 0
    gap_since: float | None = None


@dataclass(frozen=True)
class Earlier:
    """What a file holds before the first line that was told of it: all up to ``end`` (bytes).
    ``identity`` is its device and inode, for a file of that name may be another one by then."""

    path: Path
    identity: tuple[int, int]
    end: int


class LogSource(ABC):
    """Where lines come from. ``batches`` yields for ever, or raises ``ProbeFailure`` when the
    connection is gone; it is called again (with ``resume``, the newest time already had) to go
    on without gaps or repeats. ``earlier`` is what it has in place from before, once it knows."""

    name: str
    target: str
    earlier: Earlier | None = None

    @abstractmethod
    def batches(self, resume: float | None) -> AsyncIterator[RawBatch]: ...


Series = tuple[dict[str, str], float]
"""Labels and value."""
Past = tuple[dict[str, str], list[tuple[float, float]]]
"""Labels and (moment, value), oldest first."""


class SeriesIndex(ABC):
    """Another judge's series, for the doctor of its rules and for queries. Raises
    :class:`~ainur_tui.model.failure.ProbeFailure` where it cannot be asked, or does not
    understand. ``peer`` is where it is."""

    peer: str

    @abstractmethod
    async def exists(self, selector: str) -> bool: ...

    @abstractmethod
    async def names(self) -> list[str]: ...

    @abstractmethod
    async def query(self, expr: str) -> list[Series]: ...

    @abstractmethod
    async def past(self, expr: str, start: float, end: float, step: float) -> list[Past]: ...


@dataclass(frozen=True)
class Message:
    """One thing to tell a receiver: an alert, what of it is new, and how many symptoms its line
    stands for. ``since`` is when it began to fire (epoch seconds)."""

    alert: Alert
    what: Literal["fires", "still fires", "over"]
    since: float
    symptoms: int = 0


class Receiver(ABC):
    """Somebody outside who is told of alerts. ``send`` raises
    :class:`~ainur_tui.model.failure.ProbeFailure` when it is not known to have arrived.

    ``folded``: one message a cause, for people, and none for what somebody has in hand; else every
    alert that fires, and the watchdog, every ``repeat`` seconds, and at once when somebody takes
    or silences one. People are reminded by severity (``repeat`` is ``None``). ``hears`` are the
    judges (origins) whose alerts reach it without us.
    """

    name: str
    folded: bool = True
    repeat: float | None = None
    severities: frozenset[str] = frozenset({"P1", "P2", "P3", "P4"})
    resolved: bool = True
    hears: frozenset[str] = frozenset()

    @abstractmethod
    async def send(self, messages: Sequence[Message]) -> None: ...


class Writer(ABC):
    """Somebody outside who takes a text as it stands. ``write`` raises
    :class:`~ainur_tui.model.failure.ProbeFailure` when it is not known to have arrived."""

    name: str

    @abstractmethod
    async def write(self, title: str, body: str) -> None: ...


Policy = Literal["abort", "finish"]


class StepContext(Protocol):
    """What a running step may use."""

    run_id: str
    clock: Clock
    secrets: Mapping[str, Secret]
    """Values of parameters of type ``secret``, by name; only the process that took them has them,
    so a run that is recovered after a crash has none."""

    def progress(self, detail: str) -> None:
        """Tell how far the step is; shown live. Cleaned and redacted by the executor."""

    async def until(
        self, condition: Callable[[], Awaitable[str | None]], deadline: float, every: float = 0.5
    ) -> str:
        """Wait until ``condition`` returns a sentence (what was observed); raises
        :class:`~ainur_tui.model.failure.ActionFailure` with the last reason at ``deadline``."""

    async def word(self, wanted: str, lines: Sequence[str]) -> str:
        """Wait until somebody who has read ``lines`` gives the word, unless it was given ahead;
        says who gave it. The step has to be one that may be broken off."""

    def keep(self, **result: Any) -> None:
        """Add facts to the run's ``result`` (a backup's row, a new machine's id)."""


@dataclass(frozen=True)
class Step:
    """One step: its name as the plan shows it, its work, what happens when a stop is asked for
    in the middle, and how it is taken back when a later one fails. After ``limit`` seconds it is
    cut short, whatever its policy: nothing runs for ever."""

    name: str
    work: Callable[[StepContext], Awaitable[str]]
    policy: Policy = "finish"
    undo: Callable[[], Awaitable[None]] | None = None
    limit: float = 900.0


@dataclass(frozen=True)
class Observation:
    """A post-condition as read from the world: ``verified``, ``failed``, or ``unknown``.

    ``by`` says what was looked at ("GET /health answered 200 on 2 of 2 machines").
    """

    state: Literal["verified", "failed", "unknown"]
    by: str
    final: bool = False
    """Whether no later look will show anything else, so that nobody waits for one."""


@dataclass(frozen=True)
class World:
    """What a plan may look at: the board as judged now, and who needs whom.

    ``dependants(target)`` are those affected when the target is not there, nearest first.
    ``usual_seconds`` is the median of past runs of this action on this target, or ``None``.
    """

    board: BoardView
    dependants: Callable[[str], list[str]]
    usual_seconds: float | None = None


class AlreadySo(Refused):
    """Refused because nothing is left to do: the world is so already."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 69)


class Action(ABC):
    """One entry of the catalogue. Plans are data: ``steps`` and ``observe`` are rebuilt from a
    stored plan after a crash, so they may rest on nothing else."""

    spec: ActionSpec

    def unavailable(self) -> str | None:
        """The sentence why this action cannot be used here, or ``None``."""
        return None

    @abstractmethod
    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        """Read the facts and say exactly what would be done.

        Raises :class:`~ainur_tui.model.failure.Refused` for parameters that make no sense.
        """

    @abstractmethod
    def steps(self, plan: Plan) -> list[Step]: ...

    @abstractmethod
    async def observe(self, plan: Plan) -> Observation:
        """Read the post-condition from the world now."""

    async def leftovers(self, plan: Plan) -> Sequence[Undo]:  # noqa: ARG002
        """Read what a run of the plan that was not verified left in the way of the service (a
        machine out of routing), as actions that put it right."""
        return ()

    verify_within: float = 60.0
    """Seconds until the post-condition must hold."""


@dataclass(frozen=True)
class Tools:
    """Programs found on the configured path, then on ``PATH``."""

    find: Callable[[str], str | None]
    environment: dict[str, str] = field(default_factory=dict)
    """The environment a child process gets: no secret that it does not need."""


@dataclass(frozen=True)
class Context:
    """What the engine hands to every system."""

    environment: str
    clock: Clock
    redact: Redactor
    tools: Tools
    secret: Callable[[SecretSource], Secret]
    """Resolves a reference; raises ``SecretMissing`` with a sentence when it leads nowhere."""
    state: Path | None = None
    """The private folder for what must outlive the engine; ``None``: there is none."""


@dataclass(frozen=True)
class Routine:
    """What an engine that stays begins by itself: ``latest`` is the newest moment (epoch seconds)
    not after the one given; ``wishes`` are (action, target, parameters), each begun only when
    the one before was verified."""

    name: str
    latest: Callable[[float], float]
    wishes: Sequence[tuple[str, str, dict[str, str]]]


@dataclass
class System:
    """One connected system. ``close`` releases what it holds."""

    name: str
    targets: tuple[Target, ...]
    probes: tuple[Probe, ...] = ()
    logs: tuple[LogSource, ...] = ()
    actions: tuple[Action, ...] = ()
    close: Callable[[], Awaitable[None]] | None = None
    routines: tuple[Routine, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    series: SeriesIndex | None = None
