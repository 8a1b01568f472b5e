"""How each probe fared last."""

from __future__ import annotations

from dataclasses import dataclass

from ainur_tui.model.board import ProbeView
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.rules.evidence import Fault
from ainur_tui.systems.base import Probe


@dataclass(slots=True)
class LastRun:
    """The last run of one probe. ``at`` is epoch seconds, ``came`` the same on a clock that never
    jumps, ``failures`` how many failed in a row."""

    probe: Probe
    at: float
    came: float
    seconds: float
    failure: ProbeFailure | None = None
    failures: int = 0


def fault_of(run: LastRun, failure: ProbeFailure, mono: float) -> Fault:
    """The failure as the rules look at it, ``mono`` seconds on the same clock as ``came``."""
    return Fault(
        probe=run.probe.name,
        target=run.probe.target,
        kind=failure.kind,
        text=clean(failure, 300),
        blames_us=failure.blames_us,
        signals=frozenset(signal.name for signal in run.probe.signals),
        at=run.at,
        age=max(0.0, mono - run.came),
    )


def probe_view(run: LastRun) -> ProbeView:
    """How the probe fares."""
    return ProbeView(
        name=run.probe.name,
        target=run.probe.target,
        interval=run.probe.interval,
        deadline=run.probe.deadline,
        last_at=run.at,
        seconds=run.seconds,
        problem=clean(run.failure, 300) if run.failure else None,
    )
