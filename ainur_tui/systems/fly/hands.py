"""Work on one machine: under its lease, sent once, and done when the world shows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.health import health
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.httpfailures import HttpFailure

LEASE = 60
"""Seconds a lease is asked for; it is refreshed at a third of them and given back at the end."""
BACK_WITHIN = 90.0
EDGE_DEADLINE = 3.0
AT_REST = frozenset({"stopped", "suspended", "created", "failed"})

_REFUSALS = {
    401: "the token is not accepted (any more): expired, revoked, or of another organisation",
    403: "the token's scope does not allow this",
    404: "it is not there, or not for this token",
    409: "someone else holds its lease",
    412: "not as it was when it was read: someone else changed it, or it cannot be done now",
    422: "the platform cannot do this (no capacity, or a value it does not take)",
    429: "the platform asks us to slow down; this was not done",
}

Answers = Callable[[], Awaitable[str | None]]
"""A look at the service itself: what was seen when it is well, raising or ``None`` otherwise."""


@dataclass(frozen=True)
class Hands:
    """What the steps of restart and scale share. ``edge`` asks one machine through the public
    URL; ``answers`` is a further proof for an app without one (the database's port)."""

    client: FlyClient
    clock: Clock
    app: str
    edge: ApiClient | None = None
    answers: Answers | None = None

    def forbids(self, *needs: str) -> str | None:
        """Why the app's machines, or what else is needed, cannot be changed, as far as known."""
        return self.client.limits.forbids(self.client.listing(self.app), *needs)

    @contextlib.asynccontextmanager
    async def leased(self, id: str, context: StepContext) -> AsyncIterator[str]:
        """Hold the machine's lease; the nonce. It is given back whatever happens."""
        why = f"ainur-tui run {context.run_id}"
        try:
            nonce = await self.client.lease(id, LEASE, why, self.app)
        except HttpFailure as failure:
            if failure.status == 409:
                raise ActionFailure(f"someone else works on {id}: {failure.detail}") from None
            raise
        keeper = asyncio.create_task(self._keep(id, nonce, why))
        try:
            yield nonce
        finally:
            keeper.cancel()
            with contextlib.suppress(ProbeFailure):
                await self.client.release(id, nonce, self.app)

    async def serves(self, machine: Machine, tell: Callable[[str], None]) -> str | None:
        """What proves that a machine serves, or ``None`` after telling what it lacks."""
        how = health(machine, self.clock.now())
        if how.state != "up":
            tell(f"{machine.id}: {how.note}")
            return None
        proof = f"{machine.id} {how.note}"
        if self.edge is not None:
            found = await self.edge.health(machine.id, EDGE_DEADLINE)
            if not found.well:
                tell(f"{machine.id}: /health answers {found.answer.status} {found.status}")
                return None
            proof += f", GET /health pinned to it {found.answer.status}"
        if self.answers is not None:
            seen = await self.answers()
            if seen is None:
                tell(f"{machine.id} runs, its service does not answer yet")
                return None
            proof += f", {seen}"
        return proof

    async def _keep(self, id: str, nonce: str, why: str) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            # A refresh that fails once has two more tries before the lease is over.
            with contextlib.suppress(ProbeFailure):
                await self.client.lease(id, LEASE, why, self.app, nonce)


async def sent(change: Awaitable[object], context: StepContext) -> bool:
    """Send a change once. A plain refusal is :class:`ActionFailure`; when the answer is lost or
    an error of the platform's own, the world decides (F-72), and False is returned."""
    try:
        await change
    except HttpFailure as failure:
        if failure.status < 500 and failure.status != 408:
            why = _REFUSALS.get(failure.status, "the platform refuses")
            raise ActionFailure(f"{why}: {failure.detail}") from None
        context.progress(f"the platform answered {failure.detail}; looking at the machine")
        return False
    except ProbeFailure as failure:
        if failure.kind not in {"timeout", "bad answer"}:
            raise ActionFailure(f"not sent: {failure}") from None
        context.progress(f"the answer was lost ({failure}); looking at the machine")
        return False
    return True


def turned(machine: Machine, turn: float, updated: float) -> bool:
    """Whether its process began or ended after the moment given (both by the platform's clock)."""
    if machine.last_turn or turn:
        return machine.last_turn > turn
    return machine.updated_at > updated
