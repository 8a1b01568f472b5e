"""Trouble that is no outage: it was planned, and says so itself."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.model.board import SignalView
from ainur_tui.rules.evidence import Evidence
from ainur_tui.rules.judge import quality


def planned(view: SignalView, evidence: Evidence) -> SignalView:
    """The signal without a verdict where all that plans its trouble is on now. What plans it is a
    trouble of its own, so that nobody forgets it; only what is heard of at this moment counts."""
    by = evidence.signals[view.name].planned_by
    if view.verdict not in {"warn", "fail"} or not by:
        return view
    on = {
        name
        for (_, name), held in evidence.held.items()
        if name in by
        and held.reading.value == 1.0
        and quality(held.age, held.interval, held.deadline, failing=held.failing) == "fresh"
    }
    return replace(view, verdict="none", planned=True) if on == set(by) else view
