"""Break-glass: policies are lifted for a quarter of an hour, on the record (S-49)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import BreakGlass, Plan
from ainur_tui.model.event import Event
from ainur_tui.model.failure import CANNOT_CREATE, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock

LASTS = 900.0
"""Seconds until the glass is whole again by itself."""


class Glass:
    """One for the environment: whoever broke it, policies are lifted for every operator. It does
    not outlive the engine. ``event`` hears of it."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        redact: Redactor,
        event: Callable[[Event], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._redact = redact
        self._event = event
        self._broken: BreakGlass | None = None
        self._ends = 0.0

    def now(self) -> BreakGlass | None:
        """Who broke it, why and until when; ``None`` while it is whole."""
        if self._broken is not None and self._clock.monotonic() >= self._ends:
            self._broken = None
        return self._broken

    async def put(self, reason: str, peer: Peer) -> None:
        """Break it, or (without a reason) put it back. Raises Refused where that cannot be
        recorded: nothing is lifted unseen."""
        reason = clean(self._redact(reason.strip()), 300)
        if not reason:
            if self.now() is not None:
                self._broken = None  # back first: no full disk keeps policies lifted
                await self._note("glass whole", peer, {"ended": True})
                self._tell(f"{peer.operator} put the glass back: policies hold again")
            return
        now = self._clock.now()
        broken = BreakGlass(operator=peer.operator, reason=reason, until=now + LASTS)
        await self._note("glass broken", peer, {"reason": reason, "seconds": LASTS})
        self._broken, self._ends = broken, self._clock.monotonic() + LASTS
        self._tell(f"{peer.operator} broke the glass for {LASTS / 60:.0f} minutes: {reason}")

    def lift(self, plan: Plan) -> Plan:
        """The plan with a word on the glass where it matters."""
        if plan.policy is None or (broken := self.now()) is None:
            return plan
        word = f"The glass is broken ({broken.operator}: {broken.reason}): this policy is lifted"
        return replace(plan, warnings=[*plan.warnings, word])

    async def _note(self, state: str, peer: Peer, detail: dict[str, object]) -> None:
        try:
            await self._journal.append(
                "note", "", operator=peer.operator, tty=peer.tty, action="break-glass",
                state=state, detail=detail,
            )  # fmt: skip
        except JournalUnwritable as error:
            raise Refused(f"{error}; without it no policy is lifted", CANNOT_CREATE) from None

    def _tell(self, text: str) -> None:
        at = self._clock.now()
        self._event(Event(key=f"glass:{at:.3f}", at=at, kind="note", target="api", text=text))
