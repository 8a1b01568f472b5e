"""Emergency stop: every machine at once, none destroyed, the number and what they were kept."""

from __future__ import annotations

import asyncio
from functools import partial

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.fly.fleet import (
    SECONDS_EACH,
    OnApp,
    before,
    busy,
    judged,
    load,
    machines,
    sentence,
)
from ainur_tui.systems.fly.hands import AT_REST, Hands, sent
from ainur_tui.systems.fly.health import serving
from ainur_tui.systems.fly.moves import KEPT, halted
from ainur_tui.systems.fly.power.kept import Memory

_KEEP = "keep number and configuration, for restore-count"


class EmergencyStop(OnApp):
    """Stop everything now, without draining. What ``scale count 0`` would destroy stays."""

    spec = ActionSpec(
        name="emergency-stop",
        targets=["api"],
        risk="R3",
        summary="Stop every API machine at once; the number and all configurations are kept",
        params=[Param(name="reason", type="str", help="why, for the record", required=True)],
        inverse="restore-count api",
    )

    def __init__(self, hands: Hands, memory: Memory) -> None:
        super().__init__(hands)
        self._memory = memory

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        reason = params.get("reason", "").strip()
        if not reason:
            raise Refused("emergency-stop needs reason=…: the record keeps why", USAGE)
        all = await judged(self.hands)
        chosen = [m for m, _ in all if m.state not in AT_REST]
        if not chosen:
            raise Refused("every machine is at rest already", UNAVAILABLE)
        undo = Undo(action="restore-count", target=target)
        return Plan(
            action="emergency-stop",
            target=target,
            risk="R3",
            params={"reason": reason},
            steps=[_KEEP, _stop_name([m.id for m in chosen])],
            affects=world.dependants(target),
            before=before([m for m, _ in all]),
            goal={"machines": [m.id for m in chosen], "count": len(chosen)},
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH,
            title=f"Emergency stop of {machines(len(chosen))}: the API goes down",
            warnings=["No service from now on; requests in flight get ten seconds"],
            # One screen holds it all: who needs this has no time to read on.
            facts=[
                f"{machines(len(chosen))} that run → none; stopped, not destroyed as a scale to 0"
                " does: nothing is lost",
                *([f"in spite of: {someone}"] if (someone := busy(all)) else []),
            ],
            load=load(world, target),
        )

    def steps(self, plan: Plan) -> list[Step]:
        ids = plan.goal["machines"]
        count = plan.goal["count"]
        return [
            Step(_KEEP, partial(self._keep, ids, count)),
            Step(_stop_name(ids), partial(self._stop_all, ids, count)),
        ]

    async def observe(self, plan: Plan) -> Observation:
        found = serving(await self.hands.client.machines(self.hands.app))
        up = [f"{m.id} is {m.state}" for m in found if m.state not in AT_REST]
        up += [f"{id} is gone" for id in plan.goal["machines"] if id not in {m.id for m in found}]
        if up:
            return Observation("failed", "; ".join(up))
        return Observation("verified", f"{machines(len(found))}, none runs (the platform's list)")

    async def _keep(self, ids: list[str], count: int, _: StepContext) -> str:
        """In an emergency nothing here may hinder the stop: what fails is told, no more."""
        try:
            found = serving(await self.hands.client.machines(self.hands.app))
            mine = [m for m in found if m.id in ids and m.whole]
            self._memory.keep(mine, count, self.hands.clock.now())
        except (ProbeFailure, OSError) as error:
            return f"not kept here ({error}); the stopped machines keep it themselves"
        return f"{machines(len(mine))} kept, with their configuration"

    async def _stop_all(self, ids: list[str], count: int, context: StepContext) -> str:
        ends = await asyncio.gather(
            *(self._stop(id, count, context) for id in ids), return_exceptions=True
        )
        bad = [f"{id}: {end}" for id, end in zip(ids, ends, strict=True) if end is not None]
        for end in ends:
            if end is not None and not isinstance(end, ActionFailure | ProbeFailure):
                raise end
        if bad:
            raise ActionFailure("; ".join(bad))
        return f"{machines(len(ids))} stopped"

    async def _stop(self, id: str, count: int, context: StepContext) -> None:
        client = self.hands.client
        async with self.hands.leased(id, context) as nonce:
            machine = await client.machine(id)
            await sent(client.mark(id, KEPT, str(count), nonce), context)
            if machine.state not in AT_REST:
                await halted(self.hands, machine, nonce, context, drain=0.0)


def _stop_name(ids: list[str]) -> str:
    return f"stop at once: {', '.join(ids)}"
