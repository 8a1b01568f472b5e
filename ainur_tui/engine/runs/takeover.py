"""What is done to a run that goes on: it is stopped, or its target taken over (S-42, S-45).

Either way it ends at its next safe point first, and whose run it is gets told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.runs.leases import Leases
from ainur_tui.engine.runs.running import Running
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import Lease, Run
from ainur_tui.model.event import Event
from ainur_tui.model.failure import CANNOT_CREATE, TRY_AGAIN, USAGE, Refused
from ainur_tui.model.runcalls import AbortCall, ConfirmCall, RunCall
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock

PATIENCE = 8.0
"""Seconds in which a run that was asked to stop must come to its safe point; after that whoever
takes over asks again. Two runs never work on one target at the same time."""


class Interruptions:
    """``working`` and ``tasks`` are the executor's own, by run; ``tell`` is what everybody reads,
    ``event`` what is drawn on the charts."""

    def __init__(
        self,
        working: Mapping[str, Running],
        tasks: Mapping[str, asyncio.Task[None]],
        *,
        journal: Journal,
        leases: Leases,
        clock: Clock,
        redact: Redactor,
        event: Callable[[Event], None],
        tell: Callable[[str], None],
    ) -> None:
        self._working = working
        self._tasks = tasks
        self._journal = journal
        self._leases = leases
        self._clock = clock
        self._redact = redact
        self._event = event
        self._tell = tell

    async def abort(self, run: Run | None, call: AbortCall, peer: Peer) -> None:
        """Ask a run to stop. Raises Refused where nobody works on it, and without a reason for
        another's. A journal that cannot be written keeps nobody from stopping."""
        if run is None:
            raise Refused(f"there is no run {clean(call.id, 40)}", USAGE)
        if (running := self._working.get(run.id)) is None:
            how = f"has ended: {run.state}" if run.finished_at else "is only being looked at"
            raise Refused(f"run {run.id} {how}; there is nothing to stop", USAGE)
        own, reason = run.operator == peer.operator, self._safe(call.reason)
        if not own and not reason:
            raise Refused(f"stopping {run.operator}'s run needs a reason: they are told", USAGE)
        with contextlib.suppress(JournalUnwritable):
            await self._note(
                peer, run.id, action=run.plan.action, target=run.plan.target,
                state="stop asked", detail={"of": run.operator, "reason": reason},
            )  # fmt: skip
        why = f"{peer.operator} asked for it" + (f": {reason}" if reason else "")
        running.stop(why, hurry=False)
        if not own:
            words = f"{peer.operator} stopped {run.operator}'s run ({run.plan.title}): {reason}"
            self._announce(f"abort:{run.id}", run.plan.target, words)

    async def confirm(self, call: ConfirmCall, peer: Peer) -> None:
        """Give a run the word it asks for; any operator may. Raises Refused where none is asked
        for, where it is another, and where it cannot be recorded."""
        running = self._working.get(call.id)
        if running is None or (question := running.run.asking) is None:
            raise Refused(f"run {clean(call.id, 40)} asks for no word now", USAGE)
        if call.word.strip() != question.word:
            raise Refused(f"{clean(call.word, 60)!r} is not {question.word}", USAGE)
        try:
            await self._note(
                peer, call.id, action=running.run.plan.action, target=running.run.plan.target,
                state="confirmed", detail={"word": question.word, "read": question.lines},
            )  # fmt: skip
        except JournalUnwritable as error:
            raise Refused(f"{error}; without it nobody is moved", CANNOT_CREATE) from None
        running.said(peer.operator)

    async def take_over(self, call: RunCall, peer: Peer) -> None:
        """End every lease that stands in the way of a call. Raises Refused without a reason, where
        it cannot be recorded, and where a run does not come to its safe point in time."""
        reason = self._safe(call.reason)
        for lease in self._leases.against(call.target):
            if not reason:
                raise Refused(
                    f"taking {lease.target} over from {lease.holder} needs a reason", USAGE
                )
            try:
                await self._note(
                    peer, lease.run, action=call.action, target=lease.target, state="taken over",
                    detail={"from": lease.holder, "held for": lease.reason, "reason": reason},
                )  # fmt: skip
            except JournalUnwritable as error:
                raise Refused(f"{error}; without it nobody is displaced", CANNOT_CREATE) from None
            why = (
                f"{peer.operator} took {lease.target} over from {lease.holder}"
                f" ({lease.reason}, run {lease.run}): {reason}"
            )
            self._announce(f"lease:{lease.run}", lease.target, why)
            await self._displace(lease, why)

    async def _displace(self, lease: Lease, why: str) -> None:
        """A run that nobody works on any more just loses its lease."""
        running, task = self._working.get(lease.run), self._tasks.get(lease.run)
        if running is not None and task is not None:
            running.stop(why)
            _, still = await asyncio.wait({task}, timeout=PATIENCE)
            if still:
                raise Refused(
                    f"run {lease.run} of {lease.holder} was told to stop; it is in the middle of"
                    f" “{running.step_name}” and stops after that. Ask again in a moment",
                    TRY_AGAIN,
                )
        await self._leases.release(lease.run)

    def _announce(self, key: str, target: str, words: str) -> None:
        self._tell(words)
        at = self._clock.now()
        self._event(Event(key=key, at=at, kind="action", target=target, text=words))

    def _safe(self, reason: str) -> str:
        return clean(self._redact(reason.strip()), 300)

    async def _note(self, peer: Peer, run: str, **fields: Any) -> None:
        await self._journal.append("note", run, operator=peer.operator, tty=peer.tty, **fields)
