"""Which machines are part of the service, and whether one is well. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ainur_tui.model.text import clean
from ainur_tui.model.units import duration
from ainur_tui.systems.fly.machines import Machine, MachineEvent

NOT_SERVING = frozenset(
    {"fly_app_release_command", "fly_app_console", "fly_app_test_machine_command"}
)
"""Process groups whose machines are no part of the service."""
GONE = frozenset({"destroyed", "destroying", "replaced", "migrated"})
PASSING = frozenset(
    {"creating", "starting", "stopping", "restarting", "suspending", "updating", "replacing",
     "launching"}
)  # fmt: skip
DEPLOYING = frozenset({"updating", "replacing"})
STUCK_AFTER = 300.0
STUCK_UPDATE_AFTER = 600.0


@dataclass(frozen=True)
class Health:
    """How a machine is, and why, in words."""

    state: Literal["up", "down", "paused"]
    note: str


def serving(machines: Iterable[Machine]) -> list[Machine]:
    """Those that are part of the service, oldest first."""
    kept = (m for m in machines if m.group not in NOT_SERVING and m.state not in GONE)
    return sorted(kept, key=lambda machine: (machine.created_at, machine.id))


def health(machine: Machine, now: float) -> Health:
    """Whether a machine is well. An autostopped one is *paused*; one that crashed is down."""
    if machine.host not in {"ok", "unknown"}:
        return Health("down", f"its host is {machine.host}")
    match machine.state:
        case "started":
            return _started(machine)
        case "stopped" | "suspended":
            return _stopped(machine)
        case "created" if machine.config.get("standbys"):
            return Health("paused", "a standby of another machine")
        case "created" if machine.sleeps:
            # An update of a stopped machine leaves its new version so.
            return Health("paused", "created, started by the platform when it is needed")
        case state if state in PASSING:
            since = max(now - machine.updated_at, 0.0)
            limit = STUCK_UPDATE_AFTER if state in DEPLOYING else STUCK_AFTER
            stuck = "stuck in " if since > limit else ""
            return Health("down", f"{stuck}{state} for {duration(since)}")
        case state:
            return Health("down", "created, never started" if state == "created" else state)


def _started(machine: Machine) -> Health:
    bad = [check for check in machine.checks if check.status != "passing"]
    if bad:
        worst = min(bad, key=lambda check: check.status != "critical")
        said = f": {clean(worst.output, 140)}" if worst.output else ""
        return Health("down", f"check {worst.name} is {worst.status}{said}")
    if machine.cordoned:
        return Health("down", "cordoned: it gets no requests")
    checks = len(machine.checks)
    return Health(
        "up", f"started, {machine.passing} of {checks} checks pass" if checks else "started"
    )


def _stopped(machine: Machine) -> Health:
    end = machine.last_exit
    asked = end is None or end.requested
    if machine.sleeps and asked and not (end and end.oom):
        return Health("paused", f"{machine.state} by the platform until it is needed")
    if end is None:
        return Health("down", machine.state)
    return Health("down", f"{machine.state} ({exit_words(end)})")


def exit_words(event: MachineEvent) -> str:
    """How a process ended: ``exit 137, out of memory``."""
    words = "asked to stop" if event.requested else f"exit {event.exit_code}"
    if event.exit_code is None and not event.requested:
        words = "ended unasked"
    return f"{words}, out of memory" if event.oom else words
