"""Taking a target over from whoever holds it: its run stops at a safe point first (S-42)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ainur_tui.engine.gates import CANNOT_CREATE, TRY_AGAIN, USAGE
from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.leases import Leases
from ainur_tui.engine.peer import Peer
from ainur_tui.engine.running import Running
from ainur_tui.model.action import Lease
from ainur_tui.model.failure import Refused
from ainur_tui.model.wire import RunCall

PATIENCE = 8.0
"""Seconds in which a run that was asked to stop must come to its safe point; after that whoever
takes over asks again. Two runs never work on one target at the same time."""


async def ask(lease: Lease, call: RunCall, peer: Peer, reason: str, journal: Journal) -> str:
    """Record that a lease is taken over; the sentence everybody is told. Raises Refused without
    a reason, and where it cannot be recorded."""
    if not reason:
        raise Refused(f"taking {lease.target} over from {lease.holder} needs a reason", USAGE)
    try:
        await journal.append(
            "note", lease.run, operator=peer.operator, tty=peer.tty, action=call.action,
            target=lease.target, state="taken over",
            detail={"from": lease.holder, "held for": lease.reason, "reason": reason},
        )  # fmt: skip
    except JournalUnwritable as error:
        raise Refused(f"{error}; without it nobody is displaced", CANNOT_CREATE) from None
    return (
        f"{peer.operator} took {lease.target} over from {lease.holder}"
        f" ({lease.reason}, run {lease.run}): {reason}"
    )


async def displace(
    lease: Lease,
    why: str,
    leases: Leases,
    working: Mapping[str, Running],
    tasks: Mapping[str, asyncio.Task[None]],
) -> None:
    """Stop the run that holds it and wait until it has; a run that nobody works on any more just
    loses it. Raises Refused when it is in the middle of a step for too long."""
    running, task = working.get(lease.run), tasks.get(lease.run)
    if running is not None and task is not None:
        running.stop(why)
        _, still = await asyncio.wait({task}, timeout=PATIENCE)
        if still:
            raise Refused(
                f"run {lease.run} of {lease.holder} was told to stop; it is in the middle of"
                f" “{running.step_name}” and stops after that. Ask again in a moment",
                TRY_AGAIN,
            )
    await leases.release(lease.run)
