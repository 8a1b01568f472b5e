"""Drain and undrain: one machine out of routing and back, its process untouched."""

from __future__ import annotations

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, Refused
from ainur_tui.model.units import many
from ainur_tui.systems.acting import StepContext, World
from ainur_tui.systems.fly.fleet import OneByOne, judged, well
from ainur_tui.systems.fly.hands import sent
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import DRAIN, LOOK_FOR, unrouted
from ainur_tui.systems.fly.power.power import LAST


class Drain(OneByOne):
    """No new requests for a machine; those it has are finished."""

    verb = "drain"
    drain = DRAIN
    spec = ActionSpec(
        name="drain",
        targets=["api/machine"],
        risk="R2",
        summary="Send a machine no new requests; it finishes those it has and runs on",
        inverse="undrain the machine",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        [(machine, _)] = self.chosen(target, all)
        if machine.cordoned:
            raise Refused(f"{machine.id} gets no requests already", UNAVAILABLE)
        if not machine.config.get("services"):
            raise Refused(f"{machine.id} offers no service; nothing is routed to it", UNAVAILABLE)
        others = well(all, [machine.id])
        return self.draft(
            target, {}, all, [machine], world,
            title=f"Drain machine {machine.id}",
            affects=not others,
            undo=Undo(action="undrain", target=target),
            policy=None if others else LAST,
            facts=[
                f"{machine.id}: {machine.state}, gets requests → {machine.state}, gets none",
                f"requests go to {many(others, 'other healthy machine')}",
                "the machine counts as not healthy while it is drained",
            ],
        )  # fmt: skip

    async def work(self, id: str, context: StepContext) -> str:
        async with self.hands.leased(id, context) as nonce:
            machine = await self.hands.client.machine(id)
            await unrouted(self.hands, machine, nonce, context, self.drain)
            return await context.until(lambda: self._routed(id, False), LOOK_FOR)

    async def proof(self, machine: Machine, _: Plan, lacks: list[str]) -> str | None:
        if machine.cordoned:
            return f"{machine.id} is cordoned (by the platform's list)"
        lacks.append(f"{machine.id} still gets requests")
        return None

    async def _routed(self, id: str, wanted: bool) -> str | None:
        machine = await self.hands.client.machine(id)
        return None if machine.cordoned is wanted else f"{id} gets no new requests"


class Undrain(OneByOne):
    """Requests for a machine again."""

    verb = "undrain"
    spec = ActionSpec(
        name="undrain",
        targets=["api/machine"],
        risk="R1",
        summary="Send requests to a drained machine again",
        inverse="drain the machine",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        [(machine, _)] = self.chosen(target, all)
        if not machine.cordoned:
            raise Refused(f"{machine.id} is not drained", UNAVAILABLE)
        warnings = []
        if machine.state != "started":
            warnings.append(f"It is {machine.state}: it serves once it is started")
        return self.draft(
            target, {}, all, [machine], world,
            title=f"Undrain machine {machine.id}",
            affects=False,
            undo=Undo(action="drain", target=target),
            warnings=warnings,
            facts=[f"{machine.id}: gets no requests → gets requests"],
        )  # fmt: skip

    async def work(self, id: str, context: StepContext) -> str:
        async with self.hands.leased(id, context) as nonce:
            machine = await self.hands.client.machine(id)
            if machine.cordoned:
                await sent(self.hands.client.uncordon(id, nonce), context)

            async def back() -> str | None:
                now = await self.hands.client.machine(id)
                lacks: list[str] = []
                found = await self._back(now, lacks)
                context.progress("; ".join(lacks) or "back")
                return found

            return await context.until(back, LOOK_FOR)

    async def proof(self, machine: Machine, _: Plan, lacks: list[str]) -> str | None:
        return await self._back(machine, lacks)

    async def _back(self, machine: Machine, lacks: list[str]) -> str | None:
        if machine.cordoned:
            lacks.append(f"{machine.id} is cordoned still")
            return None
        if machine.state != "started":
            return f"{machine.id} is {machine.state}, not cordoned (by the platform's list)"
        return await self.hands.serves(machine, lacks.append)
