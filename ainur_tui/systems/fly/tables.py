"""Machines and what happened to them, as tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.table import Cell, Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock
from ainur_tui.systems.fly.health import Health, exit_words
from ainur_tui.systems.fly.machines import Machine, MachineEvent

MOST_EVENTS = 100
_GO = ("GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GODEBUG")
_TONES: dict[str, Tone] = {"up": "ok", "down": "fail", "paused": "quiet"}
_MACHINES = [
    Column(name="id", title="Machine", limit=16),
    Column(name="region", title="Region", rank=6, limit=6),
    Column(name="state", title="State", rank=1, limit=12),
    Column(name="checks", title="Checks", rank=2, limit=8),
    Column(name="image", title="Image", rank=5, limit=38),
    Column(name="size", title="Size", rank=7, limit=20),
    Column(name="memory", title="RAM", unit="B", rank=8),
    Column(name="restarts", title="Restarts", unit="count", rank=3),
    Column(name="updated", title="Updated", unit="time", rank=9),
    Column(name="last", title="Last event", rank=4, limit=20),
    Column(name="last_at", title="Ago", unit="age", rank=4),
]
_EVENTS = [
    Column(name="at", title="At", unit="time"),
    Column(name="machine", title="Machine", rank=1, limit=16),
    Column(name="event", title="Event", rank=2, limit=14),
    Column(name="detail", title="Detail", rank=3, limit=60),
]


def machines_table(
    judged: Sequence[tuple[Machine, Health]], at: float, source: str, interval: float
) -> Table:
    """One row a machine; a row's target is what actions on it act on."""
    return Table(
        name="api.machines",
        target="api",
        title="Machines",
        columns=_MACHINES,
        rows=[_machine(machine, health) for machine, health in judged],
        observed_at=at,
        source=source,
        interval=interval,
    )


def events_table(machines: Sequence[Machine], at: float, source: str, interval: float) -> Table:
    """What the platform did and saw, newest first."""
    events = [(machine, event) for machine in machines for event in machine.events]
    events.sort(key=lambda pair: -pair[1].at)
    return Table(
        name="api.events",
        target="api",
        title="Machine events",
        columns=_EVENTS,
        rows=[_event(machine, event) for machine, event in events[:MOST_EVENTS]],
        observed_at=at,
        source=source,
        interval=interval,
    )


def _machine(machine: Machine, health: Health) -> Row:
    checks = f"{machine.passing}/{len(machine.checks)}" if machine.checks else ""
    cells: list[Cell] = [
        machine.id, machine.region, machine.state, checks, machine.image, machine.size,
        machine.memory, machine.restarts, machine.updated_at or None,
        _last_words(machine), machine.events[0].at if machine.events else None,
    ]  # fmt: skip
    detail = {
        "name": machine.name,
        "health": health.note,
        "instance": machine.instance,
        "host": machine.host,
        "cordoned": "yes" if machine.cordoned else "no",
        "created": clock(machine.created_at, date=True),
    }
    if runtime := _go_runtime(machine):
        detail["Go runtime"] = runtime
    detail |= {f"check {c.name}": f"{c.status}: {c.output}" for c in machine.checks}
    return Row(
        key=machine.id,
        cells=cells,
        tone=_TONES[health.state],
        target=f"api/machine/{machine.id}",
        detail=detail,
    )


def _go_runtime(machine: Machine) -> str:
    """What the machine's configuration gives Go's runtime; the defaults are not listed."""
    env = machine.config.get("env")
    given = env if isinstance(env, dict) else {}
    words = " ".join(f"{name}={clean(str(given[name]), 40)}" for name in _GO if name in given)
    loud = "gctrace=1" in str(given.get("GODEBUG", ""))
    return f"{words} (gctrace: every collection writes a log line)" if loud else words


def _last_words(machine: Machine) -> str:
    """The newest event in a word or two: ``restart``, ``exit 137``."""
    if not machine.events:
        return ""
    newest = machine.events[0]
    return exit_words(newest) if newest.kind == "exit" else newest.kind


def _event(machine: Machine, event: MachineEvent) -> Row:
    ended = event.kind == "exit"
    detail = exit_words(event) if ended else event.status
    if event.source:
        detail = f"{detail} ({event.source})"
    bad = event.oom or (ended and not event.requested)
    return Row(
        key=f"{machine.id}:{event.id}",
        cells=[event.at, machine.id, event.kind, detail],
        tone="fail" if bad else "none",
        target=f"api/machine/{machine.id}",
    )
