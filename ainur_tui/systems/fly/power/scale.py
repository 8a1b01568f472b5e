"""Scale: more or fewer machines of the API, within what the database's connections allow."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, Refused
from ainur_tui.rules.budget import Budget, bottleneck
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.fly.fleet import OnApp, before, busy, load, routed_again, sentence, set_aside
from ainur_tui.systems.fly.fleet import machines as counted
from ainur_tui.systems.fly.hands import Hands, sent
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import DRAIN, LOOK_FOR, copied, halted
from ainur_tui.systems.fly.releases.sizelist import SizeList
from ainur_tui.systems.fly.releases.sizing import SIZE_PARAMS, ResizeApi

GUIDE_MOST = 6
"""The guide's greatest number of machines; more is not begun while the budget is not known."""
SECONDS_EACH = 15.0


class ScaleApi(OnApp):
    """An exact number of machines; relative wishes are made absolute in the plan."""

    spec = ActionSpec(
        name="scale",
        targets=["api"],
        risk="R2",
        summary="Change the number of API machines, their size, or their region",
        params=[
            Param(name="count", type="int", help="how many machines there shall be"),
            Param(name="by", type="relative", help="how many more or fewer: +1, -1"),
            Param(name="region", type="str", help="where new ones are made; alone: move all there"),
            *SIZE_PARAMS,
        ],
        inverse="scale api to the count before",
    )

    def __init__(
        self, hands: Hands, pool_size: int, *, drain: float = DRAIN, sizes: SizeList | None = None
    ) -> None:
        super().__init__(hands)
        self._pool = pool_size
        self._drain = drain
        self._resize = ResizeApi(hands, sizes)

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        if {"size", "memory"} & {name for name, value in params.items() if value}:
            return await self._resize.plan(target, params, world)
        machines = await self._machines()
        now = len(machines)
        if not machines:
            raise Refused(
                f"app {self.hands.app} has no machine whose configuration to take", UNAVAILABLE
            )
        source = max(machines, key=lambda m: m.created_at)
        count, region = _wish(params, now)
        moved = [m for m in machines if m.region != region] if region and count == now else []
        if region and not moved and count <= now:
            raise Refused(f"no machine would be made in {region}", USAGE)
        judged = [(m, health(m, self.hands.clock.now())) for m in machines]
        new = len(moved) or max(count - now, 0)
        region = region or source.region
        doomed = moved or self._doomed(machines, now - count)
        warnings, facts, policy = self._budget(now, now + new if moved else count, world)
        facts += [await self._resize.cost(source.config, now, count), *await self._resize.bill()]
        blocked = None
        if new and source.config.get("mounts"):
            blocked = "The machines have volumes; a copy needs a volume of its own"
        if count < now and count < 2:
            warnings.append("One machine is left: its next restart or fault is downtime")
        return Plan(
            action="scale",
            target=target,
            risk="R2",
            params=params,
            steps=[_create_name(i + 1, new, region) for i in range(new)]
            + [_destroy_name(machine.id) for machine in doomed],
            affects=world.dependants(target) if count < now else [],
            before=before(machines),
            goal={
                "count": count,
                "create": new,
                "source": source.id,
                "region": region,
                "destroy": [machine.id for machine in doomed],
                "ill": [m.id for m, how in judged if how.state == "down"],
            },
            inverse=sentence(undo := _undo(target, machines, count, moved)),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH * (new + len(doomed)),
            title=f"Move {counted(len(moved))} of the API to {region}"
            if moved
            else f"Scale the API from {now} to {counted(count)}",
            warnings=warnings,
            facts=facts,
            blocked=blocked,
            policy=policy or busy(judged),
            load=load(world, target),
        )

    def steps(self, plan: Plan) -> list[Step]:
        if "guest" in plan.goal:
            return self._resize.steps(plan)
        goal: dict[str, Any] = plan.goal
        new = goal["create"]
        return [
            Step(
                name=_create_name(i + 1, new, goal["region"]),
                work=partial(self._create, goal, i + 1),
            )
            for i in range(new)
        ] + [
            Step(name=_destroy_name(id), work=partial(self._destroy, id)) for id in goal["destroy"]
        ]

    async def leftovers(self, plan: Plan) -> list[Undo]:
        return await routed_again(self.hands, plan)

    async def observe(self, plan: Plan) -> Observation:
        if "guest" in plan.goal:
            return await self._resize.observe(plan)
        machines = await self._machines()
        wanted = plan.goal["count"]
        left = [m.id for m in machines if m.id in plan.goal["destroy"]]
        judged = [(m, health(m, self.hands.clock.now())) for m in machines]
        bad = [(m.id, how.note) for m, how in judged if how.state == "down"]
        by = f"{len(machines)} of {wanted} machines listed, {len(machines) - len(bad)} well"
        if len(machines) != wanted or left:
            aside = set_aside(plan, {m.id: m for m in machines})
            return Observation("failed", "; ".join([by, *aside]))
        # What was ill before is why it was scaled, not what became of it.
        fallen = [f"{id}: {note}" for id, note in bad if id not in plan.goal.get("ill", [])]
        if fallen and plan.steps:
            return Observation("failed", f"{by}; {fallen[0]}")
        return Observation("verified", f"{by} (by the platform's list and its checks)")

    async def _machines(self) -> list[Machine]:
        return serving(await self.hands.client.machines(self.hands.app))

    def _doomed(self, machines: list[Machine], number: int) -> list[Machine]:
        """Which go: those that do not serve, then the newest."""
        now = self.hands.clock.now()
        order = sorted(machines, key=lambda m: (health(m, now).state == "up", -m.created_at, m.id))
        return order[: max(number, 0)]

    def _budget(
        self, now: int, count: int, world: World
    ) -> tuple[list[str], list[str], str | None]:
        """Warnings, facts, and the sentence that forbids it, from the connection budget."""
        used = world.board.signal("db", "db.connections.used")
        limit = used.limit if used is not None else None
        if limit is None or limit < 1:
            unknown = "The database's max_connections is not known, so the budget is not checked"
            if count > max(now, GUIDE_MOST):
                return [], [], f"{unknown}; more than {GUIDE_MOST} machines are not begun so"
            return ([unknown] if count > now else []), [], None
        budget = Budget(max_connections=int(limit), pool=self._pool)
        facts = [
            budget.arithmetic,
            f"{counted(count)} may open {count * self._pool} of {limit:.0f} connections"
            + ("" if used is None or used.value is None else f"; {used.value:.0f} are in use now"),
        ]
        if budget.allows(count):
            database = world.board.target("db")
            held = bottleneck(database.signals) if database and count > now else None
            return [], facts, held
        over = f"{count} machines are more than the connection budget allows: {budget.arithmetic}"
        return ([], facts, over) if count > now else ([over], facts, None)

    async def _create(self, goal: dict[str, Any], number: int, context: StepContext) -> str:
        mark = f"{context.run_id}-{number}"
        id, found = await copied(self.hands, goal["source"], goal["region"], mark, context)
        context.keep(**{f"machine_{number}": id})
        return found

    async def _destroy(self, id: str, context: StepContext) -> str:
        client = self.hands.client
        machines = {machine.id: machine for machine in await self._machines()}
        machine = machines.pop(id, None)
        if machine is None:
            return f"{id} is gone already"
        now = self.hands.clock.now()
        if not any(health(other, now).state in {"up", "paused"} for other in machines.values()):
            raise ActionFailure(f"no other machine is healthy; {id} is left alone")
        async with self.hands.leased(id, context) as nonce:
            if machine.state == "started":
                await halted(self.hands, machine, nonce, context, drain=self._drain)
            context.progress(f"{id} stopped; destroying")
            await sent(client.destroy(id, nonce), context)

            async def gone() -> str | None:
                left = {m.id: m for m in await self._machines()}
                if id not in left:
                    return f"{id} destroyed, {len(left)} machines left"
                context.progress(f"{id} is still {left[id].state}")
                return None

            return await context.until(gone, LOOK_FOR)


def _wish(params: dict[str, str], now: int) -> tuple[int, str]:
    """The absolute number that is wanted and the region; raises Refused (64) for nonsense."""
    given = {name: value.strip() for name, value in params.items() if value != ""}
    region = given.pop("region", "")
    if region and not re.fullmatch(r"[a-z]{2,4}", region):
        raise Refused("region must be a code such as sjc", USAGE)
    if region and not given:
        return now, region
    if set(given) not in ({"count"}, {"by"}):
        raise Refused("scale needs exactly one of count=N and by=±N", USAGE)
    name, value = next(iter(given.items()))
    if not re.fullmatch(r"[+-]?[0-9]{1,3}" if name == "by" else r"[0-9]{1,3}", value):
        raise Refused(f"{name} must be a whole number", USAGE)
    count = int(value) + (now if name == "by" else 0)
    if count < 1:
        raise Refused(
            "scaling below one machine would destroy them all with their configuration;"
            " emergency-stop stops them and keeps it",
            USAGE,
        )
    return count, region


def _undo(target: str, machines: list[Machine], count: int, moved: list[Machine]) -> Undo | None:
    if moved:
        regions = {m.region for m in machines}
        if len(regions) > 1:
            return None
        return Undo(action="scale", target=target, params={"region": regions.pop()})
    if count == len(machines):
        return None
    return Undo(action="scale", target=target, params={"count": str(len(machines))})


def _create_name(number: int, of: int, region: str) -> str:
    return f"create machine {number} of {of}" + (f" in {region}" if region else "")


def _destroy_name(id: str) -> str:
    return f"drain and destroy machine {id}"
