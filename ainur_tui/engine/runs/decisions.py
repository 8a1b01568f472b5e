"""What an operator decided, as it goes on the record: begun, or refused (S-36, S-48)."""

from __future__ import annotations

import contextlib

import msgspec

from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import BreakGlass, Run
from ainur_tui.model.failure import CANNOT_CREATE, Refused
from ainur_tui.model.runcalls import RunCall


async def intend(
    journal: Journal, run: Run, call: RunCall, peer: Peer, glass: BreakGlass | None
) -> None:
    """Record the intent, with the plan it rests on and the glass that lifted its policy. Raises
    Refused where that cannot be done and the risk is not small."""
    detail = {"plan": run.plan, "call": msgspec.to_builtins(call)}
    if run.plan.policy and glass is not None:
        detail["glass"] = msgspec.to_builtins(glass)
    try:
        await journal.append(
            "intent",
            run.id,
            operator=peer.operator,
            tty=peer.tty,
            action=run.plan.action,
            target=run.plan.target,
            state="running",
            detail=detail,
        )
    except JournalUnwritable as error:
        if run.plan.risk in {"R2", "R3"}:
            raise Refused(f"{error}; without it nothing risky is begun", CANNOT_CREATE) from None


async def refused(journal: Journal, refusal: Refused, call: RunCall, peer: Peer) -> None:
    """Record that what was asked for was not begun, and why."""
    with contextlib.suppress(JournalUnwritable):
        await journal.append(
            "note",
            "",
            operator=peer.operator,
            tty=peer.tty,
            action=call.action,
            target=call.target,
            state="refused",
            detail={
                "refused": str(refusal),
                "code": refusal.code,
                "params": call.params,
                "reason": call.reason,
            },
        )
