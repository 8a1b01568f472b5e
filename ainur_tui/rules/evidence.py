"""What is known at one moment, before anything is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ainur_tui.model.board import SignalView
from ainur_tui.model.failure import FailureKind
from ainur_tui.model.signal import Signal
from ainur_tui.model.target import Target, whole_of
from ainur_tui.rules.judge import Held

DOWN: frozenset[FailureKind] = frozenset(
    {"refused", "timeout", "unavailable", "unreachable", "exhausted", "tls"}
)
"""Failures of a vital probe that say that the target does not serve."""
ODD: frozenset[FailureKind] = frozenset({"bad answer", "too large"})
"""Failures that say that something answers, and not as it should."""
LOST: frozenset[FailureKind] = frozenset({"unreachable", "dns", "timeout"})
"""What every probe meets when it is this machine that lost the network."""
LOST_NOTICE = (
    "This machine seems to have lost the network: nothing it watches answers. "
    "States are unknown until something does."
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A probe whose newest run failed. ``signals`` are those it would have delivered; ``at`` is
    epoch seconds, ``age`` seconds since by a clock that never jumps."""

    probe: str
    target: str
    kind: FailureKind
    text: str
    blames_us: bool
    signals: frozenset[str]
    at: float = 0.0
    age: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """All that is known at one moment.

    ``held`` maps (target, signal); ``expected`` names, by target, signals that are declared and
    were never read. ``paused`` targets are well though they do not run.
    """

    targets: Sequence[Target]
    signals: Mapping[str, Signal]
    held: Mapping[tuple[str, str], Held] = field(default_factory=dict)
    expected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    paused: frozenset[str] = frozenset()


def lost_network(evidence: Evidence) -> bool:
    """Whether it is rather this machine that is cut off (F-01): three or more whole targets are
    watched over the network, none answers, and one says that no network leads there."""
    failing = {fault.target: fault.kind for fault in evidence.faults if fault.kind in LOST}
    watched = {held.reading.target for held in evidence.held.values() if not held.failing}
    answering = {whole_of(name) for name in watched} - {"host"} - failing.keys()
    cut = "unreachable" in failing.values() or "dns" in failing.values()
    return cut and len(failing) >= 3 and not answering


def tells_down(fault: Fault, signal: Signal | SignalView) -> bool:
    """Whether a failure is itself a reading of 0 of this signal: nobody is served."""
    return signal.vital and signal.name.endswith(".up") and fault.kind in DOWN
