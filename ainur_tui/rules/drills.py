"""How long it took to come back, as it was measured: drills and recoveries, each beside the time
the guide allows (G-144, G-145). Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ainur_tui.model.action import Run
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import clock, duration

TABLE = "recovery.times"
DATABASE, API = 900.0, 300.0
"""Seconds the guide allows for the database (from a backup) and for the API (deployed anew)."""
KINDS: dict[str, tuple[str, float]] = {
    "recover": ("restored, API led there", DATABASE),
    "verify": ("restored and counted", DATABASE),
    "deploy": ("API deployed again", API),
    "rebuild database": ("from nothing: database", DATABASE),
    "rebuild api": ("from nothing: API", API),
}
"""What is measured: in words, and the seconds the guide allows."""
ACTIONS = frozenset({"recover", "verify", "deploy", "rollback", "rebuild"})
"""Actions whose runs measure one of them."""
_SLOWER = 1.5
_ENOUGH = 3
_TOLD = 10
_DRAWN = 4


class Drill(NamedTuple):
    """One measured time. ``at`` is when it was over (epoch seconds); ``seconds`` run from the first
    sign of the trouble where one is known, else from the beginning of the run, without those in
    which it waited for a word."""

    kind: str
    at: float
    seconds: float
    run: str


def measured(runs: Iterable[Run]) -> list[Drill]:
    """What verified runs have measured, oldest first. Of a way back from nothing the last stage of
    each part counts, for only then that part is back."""
    found: dict[tuple[str, float | str], Drill] = {}
    for run in runs:
        if run.state != "verified" or run.finished_at is None:
            continue
        since = run.plan.goal.get("since")
        part = run.plan.goal.get("part")
        kind, one = run.plan.action, since if isinstance(since, int | float) else run.id
        if kind in {"deploy", "rollback"}:
            kind = "deploy" if run.plan.target == "api" else ""
        elif kind == "rebuild":
            kind = f"rebuild {part}"
        if kind not in KINDS:
            continue
        began = since if isinstance(since, int | float) else run.started_at + run.waited
        key = (kind, one if kind.startswith("rebuild") else run.id)
        found[key] = Drill(kind, run.finished_at, max(0.0, run.finished_at - began), run.id)
    return sorted(found.values(), key=lambda drill: drill.at)


def last(drills: Sequence[Drill]) -> str:
    """The newest in words: ``24 s on 2026-11-20``."""
    return f"{duration(drills[-1].seconds)} on {clock(drills[-1].at, date=True)[:10]}"


def by_kind(drills: Sequence[Drill]) -> dict[str, list[Drill]]:
    """Each kind that was measured at all, in the order of :data:`KINDS`."""
    found = {kind: [one for one in drills if one.kind == kind] for kind in KINDS}
    return {kind: own for kind, own in found.items() if own}


def slower(drills: Sequence[Drill]) -> str:
    """The sentence that the newest took much longer than those before, where there are enough."""
    before = [one.seconds for one in drills[:-1]]
    if len(before) < _ENOUGH:
        return ""
    usual = statistics.median(before)
    if usual <= 0 or drills[-1].seconds < _SLOWER * usual:
        return ""
    return f"{drills[-1].seconds / usual:.1f} times the median of the {len(before)} before"


def table(drills: Sequence[Drill], now: float, interval: float, source: str) -> Table:
    """The newest of each kind, and how it went the times before."""
    missing = "nothing was measured yet: backup verify newest restores one and takes the time"
    return Table(
        name=TABLE, target="db", title="Time to come back", columns=_COLUMNS, source=source,
        rows=[_row(kind, own) for kind, own in by_kind(drills).items()],
        observed_at=now, interval=interval,
        note="as runs here measured it, from the first sign of trouble where one is known",
        missing=None if drills else missing,
    )  # fmt: skip


_COLUMNS = [
    Column(name="what", title="What", limit=24),
    Column(name="took", title="Last", unit="s"),
    Column(name="guide", title="Guide", unit="s", rank=1),
    Column(name="when", title="When", unit="time", rank=1),
    Column(name="times", title="Runs", unit="count", rank=3),
    Column(name="trend", title="Over time", rank=2),
]


def _row(kind: str, own: Sequence[Drill]) -> Row:
    title, within = KINDS[kind]
    newest, worse = own[-1], slower(own)
    tone: Tone = "fail" if newest.seconds > within else "warn" if worse else "ok"
    return Row(
        key=kind,
        cells=[
            title, newest.seconds, within, newest.at, len(own),
            " → ".join(duration(one.seconds) for one in own[-_DRAWN:]) if len(own) > 1 else "",
        ],
        tone=tone,
        target="db",
        detail={
            "last": last(own),
            "run": newest.run,
            "trend": worse or ("as before" if len(own) > _ENOUGH else "too few to tell"),
            "times": "; ".join(last([one]) for one in own[: -_TOLD - 1 : -1]),
        },
    )  # fmt: skip
