"""Scale: more or fewer machines of the API, within what the database's connections allow."""

from __future__ import annotations

import asyncio
import contextlib
import re
from functools import partial
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.rules.budget import Budget
from ainur_tui.systems.base import Action, Observation, Step, StepContext, World
from ainur_tui.systems.fly.hands import BACK_WITHIN, Hands, sent
from ainur_tui.systems.fly.health import DEPLOYING, health, serving
from ainur_tui.systems.fly.machines import Machine

MARK = "ainur_action"
"""Metadata key that holds our action's id: a lost answer may have made a machine all the same."""
GUIDE_MOST = 6
"""The guide's greatest number of machines; more is not begun while the budget is not known."""
DRAIN = 2.0
"""Seconds between cordon and stop, for requests on their way."""
STOP_WITHIN = 30
LOOK_FOR = 30.0
SECONDS_EACH = 15.0
USAGE = 64


class ScaleApi(Action):
    """An exact number of machines; relative wishes are made absolute in the plan."""

    spec = ActionSpec(
        name="scale",
        targets=["api"],
        risk="R2",
        summary="Change the number of API machines; exactly one of count and by",
        params=[
            Param(name="count", type="int", help="how many machines there shall be"),
            Param(name="by", type="relative", help="how many more or fewer: +1, -1"),
        ],
        inverse="scale api to the count before",
    )
    verify_within = 60.0

    def __init__(self, hands: Hands, pool_size: int, *, drain: float = DRAIN) -> None:
        self._hands = hands
        self._pool = pool_size
        self._drain = drain

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        machines = await self._machines()
        now = len(machines)
        count = _count(params, now)
        source = max(machines, key=lambda m: m.created_at, default=None)
        if source is None:
            raise Refused(f"app {self._hands.app} has no machine whose configuration to take", 69)
        doomed = self._doomed(machines, now - count)
        warnings, facts, blocked = self._budget(now, count, world)
        if any(machine.state in DEPLOYING for machine in machines):
            blocked = blocked or "A deployment is under way"
        if count > now and source.config.get("mounts"):
            blocked = blocked or "The machines have volumes; a copy needs a volume of its own"
        if count < now and count < 2:
            warnings.append("One machine is left: its next restart or fault is downtime")
        new = max(count - now, 0)
        return Plan(
            action="scale",
            target=target,
            risk="R2",
            params=params,
            steps=[_create_name(i + 1, new, source.region) for i in range(new)]
            + [_destroy_name(machine.id) for machine in doomed],
            affects=world.dependants(target) if count < now else [],
            before={"machines": {m.id: f"{m.state} {m.instance}" for m in machines}},
            goal={
                "count": count,
                "create": new,
                "source": source.id,
                "region": source.region,
                "destroy": [machine.id for machine in doomed],
            },
            inverse=f"scale api count={now}" if count != now else None,
            expected_seconds=world.usual_seconds or SECONDS_EACH * abs(count - now),
            title=f"Scale the API from {now} to {count} machines",
            warnings=warnings,
            facts=facts,
            blocked=blocked,
        )

    def steps(self, plan: Plan) -> list[Step]:
        goal: dict[str, Any] = plan.goal
        new = goal["create"]
        return [
            Step(
                name=_create_name(i + 1, new, goal["region"]),
                work=partial(self._create, goal["source"], i + 1),
            )
            for i in range(new)
        ] + [
            Step(name=_destroy_name(id), work=partial(self._destroy, id)) for id in goal["destroy"]
        ]

    async def observe(self, plan: Plan) -> Observation:
        machines = await self._machines()
        wanted = plan.goal["count"]
        left = [m.id for m in machines if m.id in plan.goal["destroy"]]
        judged = [(m, health(m, self._hands.clock.now())) for m in machines]
        bad = [f"{m.id}: {how.note}" for m, how in judged if how.state == "down"]
        by = f"{len(machines)} of {wanted} machines listed, {len(machines) - len(bad)} well"
        if len(machines) != wanted or left:
            return Observation("failed", by)
        if bad and plan.steps:
            return Observation("failed", f"{by}; {bad[0]}")
        return Observation("verified", f"{by} (by the platform's list and its checks)")

    async def _machines(self) -> list[Machine]:
        return serving(await self._hands.client.machines(self._hands.app))

    def _doomed(self, machines: list[Machine], number: int) -> list[Machine]:
        """Which go: those that do not serve, then the newest."""
        now = self._hands.clock.now()
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
            f"{count} machines may open {count * self._pool} of {limit:.0f} connections"
            + ("" if used is None or used.value is None else f"; {used.value:.0f} are in use now"),
        ]
        if budget.allows(count):
            return [], facts, None
        over = f"{count} machines are more than the connection budget allows: {budget.arithmetic}"
        return ([], facts, over) if count > now else ([over], facts, None)

    async def _create(self, source: str, number: int, context: StepContext) -> str:
        client, hands = self._hands.client, self._hands
        mark = f"{context.run_id}-{number}"
        found = await self._marked(mark)
        if found is None:
            model = await client.machine(source)
            metadata = {**(model.config.get("metadata") or {}), MARK: mark}
            body = {"region": model.region, "config": {**model.config, "metadata": metadata}}
            await sent(client.create(body), context)

            async def made() -> str | None:
                nonlocal found
                found = await self._marked(mark)
                return None if found is None else found.id

            await context.until(made, LOOK_FOR)
        if found is None:
            raise ActionFailure("no machine with our mark appeared")
        id = found.id
        context.keep(**{f"machine_{number}": id})

        async def serves() -> str | None:
            return await hands.serves(await client.machine(id), context.progress)

        return await context.until(serves, BACK_WITHIN)

    async def _marked(self, mark: str) -> Machine | None:
        found = await self._hands.client.machines(metadata={MARK: mark})
        return next((m for m in found if (m.config.get("metadata") or {}).get(MARK) == mark), None)

    async def _destroy(self, id: str, context: StepContext) -> str:
        client = self._hands.client
        machines = {machine.id: machine for machine in await self._machines()}
        machine = machines.pop(id, None)
        if machine is None:
            return f"{id} is gone already"
        now = self._hands.clock.now()
        if not any(health(other, now).state in {"up", "paused"} for other in machines.values()):
            raise ActionFailure(f"no other machine is healthy; {id} is left alone")
        async with self._hands.leased(id, context) as nonce:
            if machine.state == "started":
                await self._drained(machine, nonce, context)
            context.progress(f"{id} stopped; destroying")
            await sent(client.destroy(id, nonce), context)

            async def gone() -> str | None:
                left = {m.id: m for m in await self._machines()}
                if id not in left:
                    return f"{id} destroyed, {len(left)} machines left"
                context.progress(f"{id} is still {left[id].state}")
                return None

            return await context.until(gone, LOOK_FOR)

    async def _drained(self, machine: Machine, nonce: str, context: StepContext) -> None:
        """Out of routing, a moment for what is on its way, then stopped; routed again if not."""
        client, id = self._hands.client, machine.id
        try:
            await client.cordon(id, nonce)
            context.progress(f"{id} gets no new requests")
            await asyncio.sleep(self._drain)
            await sent(client.stop(id, nonce), context)
            if not await client.wait(machine, "stopped", STOP_WITHIN):
                raise ActionFailure(f"{id} did not stop within {STOP_WITHIN} s")
        except BaseException:
            with contextlib.suppress(ProbeFailure):
                await client.uncordon(id, nonce)
            raise


def _count(params: dict[str, str], now: int) -> int:
    """The absolute number that is wanted; raises Refused (64) for what makes no sense."""
    given = {name: value for name, value in params.items() if value != ""}
    if set(given) not in ({"count"}, {"by"}):
        raise Refused("scale needs exactly one of count=N and by=±N", USAGE)
    name, value = next(iter(given.items()))
    if not re.fullmatch(r"[+-]?[0-9]{1,3}" if name == "by" else r"[0-9]{1,3}", value.strip()):
        raise Refused(f"{name} must be a whole number", USAGE)
    count = int(value) + (now if name == "by" else 0)
    if count < 1:
        raise Refused(
            "scaling below one machine would destroy them all with their configuration", USAGE
        )
    return count


def _create_name(number: int, of: int, region: str) -> str:
    return f"create machine {number} of {of}" + (f" in {region}" if region else "")


def _destroy_name(id: str) -> str:
    return f"drain and destroy machine {id}"
