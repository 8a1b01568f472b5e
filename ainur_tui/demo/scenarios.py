"""Drills: faults that come and go by themselves, some following from one another in real life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from ainur_tui.demo.switches import Switches


class Act(NamedTuple):
    """A fault and when it comes and goes, in seconds after the drill began."""

    begins: float
    ends: float
    fault: str


SCENARIOS: dict[str, tuple[Act, ...]] = {
    # One a playbook: the fault ends when the right thing is done.
    "api-hung": (Act(5, 900, "api-hung"),),
    "machine-hung": (Act(5, 900, "api-machine-hung"),),
    "pool-held": (Act(5, 900, "db-pool-held"),),
    "too-few-machines": (Act(5, 900, "api-overload"),),
    "bad-release": (Act(5, 900, "api-bad-release"),),
    "connections-leaked": (Act(5, 900, "db-connections-leaked"),),
    "slow-statement": (Act(5, 900, "db-statement-slow"),),
    "slot-abandoned": (Act(5, 900, "db-slot-abandoned"),),
    "disk-filling": (Act(5, 900, "disk-filling"),),
    "node-hung": (Act(5, 900, "node-hung"),),
    "uploads-forgotten": (Act(5, 900, "storage-full-of-uploads"),),
    "storage-full": (Act(5, 90, "storage-refuses-writes"),),
    "certificate-ending": (Act(5, 90, "frontend-certificate-ending"),),
    "certificate-expired": (Act(5, 90, "frontend-certificate-expired"),),
    "api-certificate-expired": (Act(5, 90, "api-certificate-expired"),),
    # Chains, as they follow from one another in real life; they pass by themselves.
    "database-outage": (
        Act(20, 100, "db-idle-in-transaction"),
        Act(60, 150, "db-connections-exhausted"),
        Act(150, 210, "db-down"),
    ),
    "bad-deploy": (
        Act(20, 140, "api-slow"),
        Act(50, 160, "api-5xx"),
        Act(90, 130, "api-machine-down"),
    ),
    "chain-trouble": (
        Act(20, 120, "node-no-peers"),
        Act(50, 150, "node-stalled"),
        Act(150, 200, "node-lagging"),
    ),
    "noisy-night": (
        Act(15, 75, "logs-flood"),
        Act(60, 120, "logs-hostile"),
        Act(90, 180, "storage-refuses-writes"),
        Act(120, 200, "db-lock-chain"),
    ),
}


async def play(name: str, switches: Switches, say: Callable[[str], None]) -> None:
    """Play a drill to its end."""
    moments = sorted(
        [(act.begins, act.fault, True) for act in SCENARIOS[name]]
        + [(act.ends, act.fault, False) for act in SCENARIOS[name]]
    )
    passed = 0.0
    for at, fault, on in moments:
        await asyncio.sleep(at - passed)
        passed = at
        switches.set(fault, on=on)
        say(f"scenario {name}: {fault} {'begins' if on else 'ends'}")
    say(f"scenario {name} is over")
