"""The API brought to rest without loss: no new requests, those it holds finished, background work
finished, and only then stopped."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from ainur_tui.model.action import Plan
from ainur_tui.model.failure import USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.acting import Step, StepContext, World
from ainur_tui.systems.fly.fleet import machines
from ainur_tui.systems.fly.hands import AT_REST, LEASE, Hands
from ainur_tui.systems.fly.moves import held, rest, unrouted
from ainur_tui.systems.fly.power.background import Background
from ainur_tui.systems.fly.power.power import Stop

QUIET = 60.0
"""Seconds the requests a machine holds may take, once it gets no new ones (guide)."""
PATIENCE = 120.0
"""Seconds background work may take."""
PAUSE = 0.5


@dataclass
class Aside:
    """The machines that this run has taken out of routing."""

    ids: list[str] = field(default_factory=list)


class StopQuietly(Stop):
    """``workers`` says whether background work is waited for, or left unfinished for a reason."""

    quiet, patience, pause = QUIET, PATIENCE, PAUSE

    def __init__(self, hands: Hands, background: Background) -> None:
        super().__init__(hands)
        self._background = background

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        workers, reason = params.get("workers", "wait"), params.get("reason", "").strip()
        if workers not in {"wait", "abort"}:
            raise Refused("workers is wait or abort", USAGE)
        if (workers == "abort") is not bool(reason):
            raise Refused("workers=abort and reason=… go together", USAGE)
        plan = await super().plan(target, {}, world)
        goal = plan.goal | {"reason": reason}
        return replace(
            plan,
            steps=[step.name for step in self.steps(replace(plan, goal=goal))],
            goal=goal,
            facts=[*plan.facts, f"background work now: {await self._background.seen()}"],
            warnings=[f"Background work is left unfinished: {reason}"] if reason else [],
        )

    def steps(self, plan: Plan) -> list[Step]:
        ids = [one["id"] for one in plan.goal["machines"]]
        reason, aside = plan.goal["reason"], Aside()
        drain = f"drain {machines(len(ids))}, at most {QUIET:.0f} s for what they hold"
        tasks = f"background work ends, {PATIENCE:.0f} s at most"
        return [
            Step(drain, partial(self._drain, ids, aside), "abort", partial(self._route, aside)),
            Step("leave background work unfinished", partial(self._leave, reason))
            if reason
            else Step(tasks, self._finish, "abort"),
            *(
                Step(f"stop machine {one['id']} ({one['region']})", partial(self._stop, one["id"]))
                for one in plan.goal["machines"]
            ),
        ]

    async def _drain(self, ids: list[str], aside: Aside, context: StepContext) -> str:
        try:
            for id in ids:
                async with self.hands.leased(id, context) as nonce:
                    machine = await self.hands.client.machine(id)
                    if not machine.cordoned and machine.config.get("services"):
                        aside.ids.append(id)
                        await unrouted(self.hands, machine, nonce, context, 0.0)
            return await self._emptied(ids, context)
        except BaseException:
            with contextlib.suppress(ActionFailure):
                await self._route(aside)
            raise

    async def _emptied(self, ids: list[str], context: StepContext) -> str:
        clock = self.hands.clock
        end = clock.monotonic() + self.quiet
        while True:
            found = await asyncio.gather(*(held(self.hands, id) for id in ids))
            left = sum(one or 0.0 for one in found)
            blind = found.count(None)
            unseen = f"; {machines(blind)} do not tell" if blind else ""
            context.progress(f"{left:.0f} requests in flight{unseen}")
            if left < 1 and blind:
                # The platform's stop leaves a process ten seconds more.
                await asyncio.sleep(self.drain)
            if left < 1:
                return f"no requests in flight{unseen}"
            if clock.monotonic() >= end:
                return f"{left:.0f} requests in flight still after {self.quiet:.0f} s{unseen}"
            await asyncio.sleep(self.pause)

    async def _route(self, aside: Aside) -> None:
        """Requests again for what still runs of those taken aside; raises ActionFailure."""
        client, bad = self.hands.client, []
        for id in aside.ids:
            try:
                if (await client.machine(id)).state not in AT_REST:
                    nonce = await client.lease(id, LEASE, "ainur-tui: back into routing")
                    await client.uncordon(id, nonce)
                    await client.release(id, nonce)
            except ProbeFailure as failure:
                bad.append(f"{id} is not routed again: {failure}")
        if bad:
            raise ActionFailure("; ".join(bad))

    async def _finish(self, context: StepContext) -> str:
        end = self.hands.clock.monotonic() + self.patience
        while True:
            work = await self._background.seen()
            context.progress(str(work))
            if work.over:
                return str(work)
            if self.hands.clock.monotonic() >= end or not work.known:
                raise ActionFailure(
                    f"{work}; workers=abort with reason=… goes on without waiting for it"
                )
            await asyncio.sleep(self.pause)

    async def _leave(self, reason: str, _: StepContext) -> str:
        return f"left unfinished ({reason}): {await self._background.seen()}"

    async def _stop(self, id: str, context: StepContext) -> str:
        return await rest(self.hands, id, context, drain=0.0)
