"""Start, stop, suspend: the whole API, or one of its machines."""

from __future__ import annotations

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.units import many
from ainur_tui.systems.acting import AlreadySo, StepContext, World
from ainur_tui.systems.fly.fleet import (
    Judged,
    OneByOne,
    judged,
    well,
    which,
)
from ainur_tui.systems.fly.hands import AT_REST
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import DRAIN, Rest, rest, wake, wakes_itself

LAST = "No other machine is healthy: users would have no service"


class Start(OneByOne):
    """Machines at rest, started one after another; each must serve before the next."""

    verb = "start"
    spec = ActionSpec(
        name="start",
        targets=["api", "api/machine"],
        risk="R1",
        summary="Start machines that are at rest, and route requests to them",
        inverse="stop the same machines",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        there = [(m, how) for m, how in self.chosen(target, all) if m.state in AT_REST]
        # Those the platform put to sleep are well; they are started when nothing else is to be.
        chosen = [m for m, how in there if how.state == "down"] or [m for m, _ in there]
        if not chosen:
            raise AlreadySo(f"nothing of {target} is at rest; nothing to start")
        facts = [f"{m.id}: {m.state} → started" for m in chosen]
        facts += [f"{m.id} is routed again" for m in chosen if m.cordoned]
        return self.draft(
            target, {}, all, chosen, world,
            title=f"Start {which(chosen)}",
            affects=False,
            undo=Undo(action="stop", target=_target(target, chosen, all)),
            facts=facts,
        )  # fmt: skip

    async def work(self, id: str, context: StepContext) -> str:
        return await wake(self.hands, id, context)

    async def proof(self, machine: Machine, _: Plan, lacks: list[str]) -> str | None:
        return await self.hands.serves(machine, lacks.append)


class _Rest(OneByOne):
    how: Rest
    drain = DRAIN

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        chosen = [m for m, _ in self.chosen(target, all) if m.state not in AT_REST]
        if not chosen:
            raise AlreadySo(f"nothing of {target} runs; nothing to {self.how}")
        others = well(all, [m.id for m in chosen])
        whole = target == "api"
        warnings = ["Users have no service until it is started again"] if whole else []
        facts = [f"{m.id}: {m.state} → {self.how}ped after a drain" for m in chosen]
        if self.how == "suspend":
            facts = [f"{m.id}: {m.state} → suspended after a drain" for m in chosen]
        if not whole:
            facts.append(many(others, "other healthy machine"))
        if any(wakes_itself(m) for m in chosen):
            facts.append("no request reaches or wakes what rests until start routes to it again")
        return self.draft(
            target, {}, all, chosen, world,
            title=f"{self.how.capitalize()} {which(chosen)}"
            + (": the API goes down" if whole else ""),
            affects=whole or not others,
            undo=Undo(action="start", target=target),
            policy=None if whole or others else LAST,
            warnings=warnings,
            facts=facts,
        )  # fmt: skip

    async def work(self, id: str, context: StepContext) -> str:
        return await rest(self.hands, id, context, how=self.how, drain=self.drain)

    async def proof(self, machine: Machine, _: Plan, lacks: list[str]) -> str | None:
        if machine.state in AT_REST:
            return f"{machine.id} is {machine.state} (by the platform's list)"
        lacks.append(f"{machine.id} is {machine.state}")
        return None


class Stop(_Rest):
    """Drained, then stopped; machines and their configuration stay."""

    verb, how = "drain and stop", "stop"
    spec = ActionSpec(
        name="stop",
        targets=["api"],
        risk="R3",
        summary="Drain every machine, then stop it; they keep their configuration",
        inverse="start api",
    )


class StopMachine(Stop):
    """One of them; the others carry the load."""

    spec = ActionSpec(
        name="stop",
        targets=["api/machine"],
        risk="R2",
        summary="Drain a machine, then stop it; it keeps its configuration",
        inverse="start the machine",
    )


class Suspend(_Rest):
    """Drained, then put to sleep with its memory kept."""

    verb, how = "drain and suspend", "suspend"
    spec = ActionSpec(
        name="suspend",
        targets=["api/machine"],
        risk="R2",
        summary="Drain a machine, then suspend it: it goes on later where it was",
        inverse="start the same machine",
    )


def _target(target: str, chosen: list[Machine], all: Judged) -> str:
    """What to stop again: only the machine that was started, where it is one."""
    if "/" in target or len(chosen) == len(all):
        return target
    return f"api/machine/{chosen[0].id}" if len(chosen) == 1 else target
