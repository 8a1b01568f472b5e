"""The way back from an emergency stop: as many machines as there were, as they were."""

from __future__ import annotations

from functools import partial

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, ActionFailure, Refused
from ainur_tui.model.units import clock
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.fly.fleet import SECONDS_EACH, OnApp, before, busy, load, machines, sentence
from ainur_tui.systems.fly.hands import AT_REST, Hands
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import KEPT, copied, made, wake
from ainur_tui.systems.fly.power.kept import Memory


class RestoreCount(OnApp):
    """Bring back what the emergency stop took down, as many as there were."""

    spec = ActionSpec(
        name="restore-count",
        targets=["api"],
        risk="R2",
        summary="Start what the emergency stop took down, up to the number it remembered",
        inverse="stop api",
    )

    def __init__(self, hands: Hands, memory: Memory) -> None:
        super().__init__(hands)
        self._memory = memory

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        now = self.hands.clock.now()
        all = [(m, health(m, now)) for m in serving(await self.hands.client.machines())]
        there = {m.id: m for m, _ in all}
        marked = [m for m, _ in all if _kept(m)]
        kept = self._memory.recall()
        # An older file than the marks on the platform tells of other machines.
        if kept is not None and not {m.id for m in marked} <= {one.id for one in kept.machines}:
            kept = None
        if not marked and (kept is None or any(m.state not in AT_REST for m in there.values())):
            raise Refused("no emergency stop is remembered; use start, or scale", UNAVAILABLE)
        recalled = kept.machines if kept else []
        count = max([_kept(m) for m in marked], default=kept.count if kept else 0)
        ids = [m.id for m in marked] or [one.id for one in recalled if one.id in there]
        gone = [one for one in recalled if one.id not in there]
        new = max(count - len(all), 0)
        make = [{"as": one.id, "region": one.region} for one in gone[:new]]
        make += [{"as": "", "region": marked[-1].region}] * (new - len(make)) if marked else []
        undo = Undo(action="stop", target=target)
        lost = f"{machines(len(make))} of them gone since: made anew" if make else ""
        mounts = next((one.id for one in gone[:new] if one.config.get("mounts")), None)
        when = f", kept {clock(kept.at, date=True)}" if kept else ""
        return Plan(
            action="restore-count",
            target=target,
            risk="R2",
            steps=[_start_name(id) for id in ids]
            + [_make_name(one, i, len(make)) for i, one in enumerate(make)],
            affects=[],
            before=before([m for m, _ in all]),
            goal={"machines": ids, "make": make},
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH * (len(ids) + len(make)),
            title=f"Restore {machines(count)} of before the emergency stop",
            warnings=[lost] if lost else [],
            facts=[f"{id}: {there[id].state} → started, routed" for id in ids]
            + [f"{one['as'] or ids[-1]} is the model of a new machine{when}" for one in make],
            blocked=f"{mounts} had a volume; a copy needs a volume of its own" if mounts else None,
            policy=busy(all),
            load=load(world, target),
        )

    def steps(self, plan: Plan) -> list[Step]:
        ids, make = plan.goal["machines"], plan.goal["make"]
        return [Step(_start_name(id), partial(self._start, id)) for id in ids] + [
            Step(_make_name(one, i, len(make)), partial(self._make, one, ids, i))
            for i, one in enumerate(make)
        ]

    async def observe(self, plan: Plan) -> Observation:
        found = {m.id: m for m in await self.hands.client.machines(self.hands.app)}
        wanted = plan.goal["machines"]
        now = self.hands.clock.now()
        up = [m for m in found.values() if health(m, now).state == "up"]
        bad = [f"{id} is not healthy" for id in wanted if id not in {m.id for m in up}]
        need = len(wanted) + len(plan.goal["make"])
        by = f"{len(up)} healthy of {need} restored (by the platform's checks)"
        if any(_kept(m) for m in found.values()):
            bad.append("the emergency stop is still marked")
        if bad or len(up) < need:
            return Observation("failed", "; ".join([by, *bad]))
        return Observation("verified", by)

    async def _start(self, id: str, context: StepContext) -> str:
        return await wake(self.hands, id, context)

    async def _make(
        self, one: dict[str, str], ids: list[str], number: int, context: StepContext
    ) -> str:
        mark = f"{context.run_id}-{number + 1}"
        if not one["as"]:
            id, found = await copied(self.hands, ids[-1], one["region"], mark, context)
        else:
            kept = self._memory.recall()
            model = kept.find(one["as"]) if kept else None
            if model is None:
                raise ActionFailure(f"the configuration of {one['as']} is not kept any more")
            id, found = await made(self.hands, model.config, one["region"], mark, context)
        context.keep(**{f"machine_{number + 1}": id})
        return found


def _kept(machine: Machine) -> int:
    value = str((machine.config.get("metadata") or {}).get(KEPT, ""))
    return int(value) if value.isdecimal() and len(value) < 4 else 0


def _start_name(id: str) -> str:
    return f"start machine {id}"


def _make_name(one: dict[str, str], number: int, of: int) -> str:
    return f"create machine {number + 1} of {of}" + (f", as {one['as']} was" if one["as"] else "")
