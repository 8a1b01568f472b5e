"""Shut everything down and start it again, in the order in which the parts need each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
    no_parameters,
    sentence,
)
from ainur_tui.systems.fly.hands import AT_REST, Hands
from ainur_tui.systems.fly.moves import DRAIN, held, rest, unrouted, wake

QUIET = 60.0
"""Seconds a machine may have, out of routing, to finish the requests it holds (guide)."""
PAUSE = 0.5


@dataclass(frozen=True)
class Part:
    """A target that is stopped and started by its machines."""

    target: str
    hands: Hands


class _Ordered(Action):
    """``down`` stops dependants first; up is the reverse."""

    down: bool
    drain, quiet = DRAIN, QUIET
    verify_within = 90.0

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = {part.target: part.hands for part in parts}

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        no_parameters(self.spec.name, params)
        # Who is needed by most goes last: nothing loses what it needs while it still runs.
        order = sorted(self._parts, key=lambda one: (len(world.dependants(one)), one != target))
        order = order if self.down else order[::-1]
        todo, facts, facts_before, policy = [], [], {}, None
        for name in order:
            all = await judged(self._parts[name])
            facts_before[name] = before([m for m, _ in all])["machines"]
            policy = policy or busy(all)
            chosen = [m for m, _ in all if (m.state in AT_REST) is not self.down]
            todo += [{"target": name, "id": m.id, "region": m.region} for m in chosen]
            facts += [
                f"{name}: {m.id} {m.state} → {'stopped' if self.down else 'started'}"
                for m in chosen
            ]
        if not todo:
            raise Refused(f"nothing to {'stop' if self.down else 'start'}", UNAVAILABLE)
        undo = Undo(action="start-all" if self.down else "shutdown-all", target=target)
        words = " → ".join(order)
        warnings = []
        if self.down:
            warnings.append("Users have no service until start-all")
            mode = world.board.signal("api", "api.maintenance")
            if mode is None or not mode.value:
                warnings.append("Run `maintenance mode=on` first, so that users see why")
            queue = world.board.signal("api", "api.queue")
            if queue is not None and queue.value:
                warnings.append(f"{queue.value:.0f} tasks are in the queue: workers are not waited"
                                " for beyond the drain")  # fmt: skip
        return Plan(
            action=self.spec.name,
            target=target,
            risk=self.spec.risk,
            params={},
            steps=[self._name(one) for one in todo],
            affects=sorted({d for name in order for d in world.dependants(name)} - {target})
            if self.down
            else [],
            before=facts_before,
            goal={"todo": todo},
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH * len(todo),
            title=f"{'Shut down' if self.down else 'Start'} in order: {words}",
            warnings=warnings,
            facts=facts,
            policy=policy,
            load=[*load(world, "api"), *load(world, "db")],
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(self._name(one), partial(self._work, one["target"], one["id"]))
            for one in plan.goal["todo"]
        ]

    async def observe(self, plan: Plan) -> Observation:
        seen, lacks = [], []
        for name, hands in self._parts.items():
            mine = [one["id"] for one in plan.goal["todo"] if one["target"] == name]
            found = {m.id: m for m in await hands.client.machines(hands.app)} if mine else {}
            for id in mine:
                machine = found.get(id)
                if machine is None:
                    lacks.append(f"{id} is no longer there")
                elif not self.down:
                    proof = await hands.serves(machine, lacks.append)
                    seen += [proof] if proof else []
                elif machine.state in AT_REST:
                    seen.append(f"{name}: {id} is {machine.state}")
                else:
                    lacks.append(f"{name}: {id} is {machine.state}")
        return Observation("failed" if lacks else "verified", "; ".join(lacks or seen))

    def _name(self, one: dict[str, str]) -> str:
        return f"{'drain and stop' if self.down else 'start'} {one['target']} machine {one['id']}"

    async def _work(self, target: str, id: str, context: StepContext) -> str:
        hands = self._parts[target]
        if not self.down:
            return await wake(hands, id, context)
        routed = not (await hands.client.machine(id, hands.app)).cordoned
        try:
            await self._quiet(hands, id, context)
            return await rest(hands, id, context, drain=0.0)
        except BaseException:
            if routed:
                with contextlib.suppress(ProbeFailure, ActionFailure):
                    async with hands.leased(id, context) as nonce:
                        await hands.client.uncordon(id, nonce, hands.app)
            raise

    async def _quiet(self, hands: Hands, id: str, context: StepContext) -> None:
        """Out of routing, until it holds no request; where that cannot be seen, a fixed drain."""
        async with hands.leased(id, context) as nonce:
            machine = await hands.client.machine(id, hands.app)
            await unrouted(hands, machine, nonce, context, 0.0)
            if not machine.config.get("services"):
                return
            end = hands.clock.monotonic() + self.quiet
            while True:
                left = await held(hands, id)
                if left is None:
                    await asyncio.sleep(self.drain)
                    return
                context.progress(f"{id} holds {left:.0f} requests")
                if left < 1 or hands.clock.monotonic() >= end:
                    return
                await asyncio.sleep(PAUSE)


class ShutdownAll(_Ordered):
    """The API first, the database last; a step that fails stops what would come after it."""

    down = True
    spec = ActionSpec(
        name="shutdown-all",
        targets=["api"],
        risk="R3",
        summary="Drain and stop the API, then the database: dependants before what they need",
        inverse="start-all api",
    )


class StartAll(_Ordered):
    """The reverse: each must serve before what needs it is started."""

    down = False
    spec = ActionSpec(
        name="start-all",
        targets=["api"],
        risk="R2",
        summary="Start the database, then the API; each must serve before the next",
        inverse="shutdown-all api",
    )
