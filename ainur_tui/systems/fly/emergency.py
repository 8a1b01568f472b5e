"""Emergency stop, and the way back: every machine at once, none destroyed, the number kept."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.base import Action, Observation, Step, StepContext, World
from ainur_tui.systems.fly.fleet import (
    SECONDS_EACH,
    UNAVAILABLE,
    before,
    busy,
    judged,
    load,
    machines,
    no_parameters,
    sentence,
)
from ainur_tui.systems.fly.hands import AT_REST, Hands, sent
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import KEPT, copied, halted, wake


class EmergencyStop(Action):
    """Stop everything now, without draining. What ``scale count 0`` would destroy stays."""

    spec = ActionSpec(
        name="emergency-stop",
        targets=["api"],
        risk="R3",
        summary="Stop every API machine at once; the number and all configurations are kept",
        inverse="restore-count api",
    )
    verify_within = 60.0

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        no_parameters("emergency-stop", params)
        all = await judged(self.hands)
        chosen = [m for m, _ in all if m.state not in AT_REST]
        if not chosen:
            raise Refused("every machine is at rest already", UNAVAILABLE)
        undo = Undo(action="restore-count", target=target)
        return Plan(
            action="emergency-stop",
            target=target,
            risk="R3",
            params={},
            steps=[_stop_name([m.id for m in chosen])],
            affects=world.dependants(target),
            before=before([m for m, _ in all]),
            goal={"machines": [m.id for m in chosen], "count": len(chosen)},
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH,
            title=f"Emergency stop of {machines(len(chosen))}: the API goes down",
            warnings=[
                "Users have no service from now on; requests in flight get ten seconds",
                "The machines are stopped, not destroyed as by `scale count 0`: their"
                " configuration and volumes stay",
            ],
            facts=[f"{m.id}: {m.state} → stopped, out of routing" for m in chosen]
            + [f"remembered for restore-count: {machines(len(chosen))}"]
            + ([f"in spite of: {someone}"] if (someone := busy(all)) else []),
            load=load(world, target),
        )

    def steps(self, plan: Plan) -> list[Step]:
        ids = plan.goal["machines"]
        return [Step(_stop_name(ids), partial(self._stop_all, ids, plan.goal["count"]))]

    async def observe(self, plan: Plan) -> Observation:
        found = serving(await self.hands.client.machines(self.hands.app))
        up = [f"{m.id} is {m.state}" for m in found if m.state not in AT_REST]
        up += [f"{id} is gone" for id in plan.goal["machines"] if id not in {m.id for m in found}]
        if up:
            return Observation("failed", "; ".join(up))
        return Observation("verified", f"{machines(len(found))}, none runs (the platform's list)")

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


class RestoreCount(Action):
    """Bring back what the emergency stop took down, as many as there were."""

    spec = ActionSpec(
        name="restore-count",
        targets=["api"],
        risk="R2",
        summary="Start what the emergency stop took down, up to the number it remembered",
        inverse="stop api",
    )
    verify_within = 60.0

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        no_parameters("restore-count", params)
        all = await judged(self.hands)
        marked = [m for m, _ in all if _kept(m)]
        if not marked:
            raise Refused("no emergency stop is remembered; use start, or scale", UNAVAILABLE)
        count = max(_kept(m) for m in marked)
        new = max(count - len(all), 0)
        region = marked[-1].region
        undo = Undo(action="stop", target=target)
        ids = [m.id for m in marked]
        lost = f"{machines(new)} of them gone since: made anew" if new else ""
        return Plan(
            action="restore-count",
            target=target,
            risk="R2",
            params={},
            steps=[_start_name(id) for id in ids] + [_copy_name(i, new) for i in range(new)],
            affects=[],
            before=before([m for m, _ in all]),
            goal={"machines": ids, "create": new, "region": region},
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH * (len(ids) + new),
            title=f"Restore {machines(count)} of before the emergency stop",
            warnings=[lost] if lost else [],
            facts=[f"{m.id}: {m.state} → started, routed" for m in marked],
            policy=busy(all),
            load=load(world, target),
        )

    def steps(self, plan: Plan) -> list[Step]:
        goal = plan.goal
        return [Step(_start_name(id), partial(self._start, id)) for id in goal["machines"]] + [
            Step(_copy_name(i, goal["create"]), partial(self._copy, goal, i))
            for i in range(goal["create"])
        ]

    async def observe(self, plan: Plan) -> Observation:
        found = {m.id: m for m in await self.hands.client.machines(self.hands.app)}
        wanted = plan.goal["machines"]
        now = self.hands.clock.now()
        up = [m for m in found.values() if health(m, now).state == "up"]
        bad = [f"{id} is not healthy" for id in wanted if id not in {m.id for m in up}]
        need = len(wanted) + plan.goal["create"]
        by = f"{len(up)} healthy of {need} restored (by the platform's checks)"
        if any(_kept(m) for m in found.values()):
            bad.append("the emergency stop is still marked")
        if bad or len(up) < need:
            return Observation("failed", "; ".join([by, *bad]))
        return Observation("verified", by)

    async def _start(self, id: str, context: StepContext) -> str:
        return await wake(self.hands, id, context)

    async def _copy(self, goal: dict[str, Any], number: int, context: StepContext) -> str:
        source = goal["machines"][-1]
        mark = f"{context.run_id}-{number + 1}"
        id, found = await copied(self.hands, source, goal["region"], mark, context)
        context.keep(**{f"machine_{number + 1}": id})
        return found


def _kept(machine: Machine) -> int:
    value = str((machine.config.get("metadata") or {}).get(KEPT, ""))
    return int(value) if value.isdecimal() and len(value) < 4 else 0


def _stop_name(ids: list[str]) -> str:
    return f"stop at once: {', '.join(ids)}"


def _start_name(id: str) -> str:
    return f"start machine {id}"


def _copy_name(number: int, of: int) -> str:
    return f"create machine {number + 1} of {of}"
