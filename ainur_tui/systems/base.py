"""What every system is given, and what it reads with: probes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ainur_tui.config.types import SecretSource
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.alertcalls import RuleView
from ainur_tui.model.event import Event
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
    this probe asks no other judge. ``muted`` are alerts of ours (name, target) it has silenced,
    ``silences`` those it keeps itself.
    """

    readings: Sequence[Reading] = ()
    tables: Sequence[Table] = ()
    events: Sequence[Event] = ()
    targets: Sequence[Target] | None = None
    paused: frozenset[str] = frozenset()
    alerts: Sequence[Alert] | None = None
    rules: Sequence[RuleView] = ()
    muted: Mapping[tuple[str, str], Silence] = field(default_factory=dict)
    silences: Sequence[Silence] = ()


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
