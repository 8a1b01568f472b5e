"""Restart: the API one machine after another, one machine, or the database's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.rules.usage import sessions
from ainur_tui.systems.acting import Action, Observation, Step, World
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.fly.fleet import (
    SECONDS_EACH,
    UNAVAILABLE,
    USAGE,
    Judged,
    alone,
    before,
    busy,
    judged,
    load,
    no_parameters,
    routed_again,
    set_aside,
)
from ainur_tui.systems.fly.hands import BACK_WITHIN, EDGE_DEADLINE, Hands, turned
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import FINISH, restarted

EACH = (
    f"a restart: no new requests, {FINISH:.0f} s at most for those it holds, a new process, and it"
    f" must serve within {BACK_WITHIN:.0f} s before it is routed to again"
)


class RestartMachines(Action):
    """What the three have in common: which machines, in which order, is the plan's."""

    verify_within = 60.0

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    def unavailable(self) -> str | None:
        return self.hands.forbids()

    async def judged(self) -> Judged:
        """The app's machines as they are now; raises Refused where there is none."""
        return await judged(self.hands)

    def draft(
        self, target: str, params: dict[str, str], all: Judged, chosen: Sequence[Machine],
        world: World,
    ) -> Plan:  # fmt: skip
        """The plan to restart the chosen machines in their order."""
        no_parameters("restart", params)
        return Plan(
            action="restart",
            target=target,
            risk=self.spec.risk,
            params={},
            steps=[_step_name(machine.id, machine.region) for machine in chosen],
            affects=[] if "/" in target else world.dependants(target),
            before=before([m for m, _ in all]),
            goal={
                "machines": [
                    {"id": m.id, "region": m.region, "turn": m.last_turn, "updated": m.updated_at}
                    for m in chosen
                ]
            },
            inverse=None,
            expected_seconds=world.usual_seconds or SECONDS_EACH * len(chosen),
            title=f"Restart {target}",
            policy=busy(all),
            load=load(world, target),
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(
                name=_step_name(one["id"], one["region"]),
                work=partial(restarted, self.hands, one["id"]),
            )
            for one in plan.goal["machines"]
        ]

    async def leftovers(self, plan: Plan) -> list[Undo]:
        return await routed_again(self.hands, plan)

    async def observe(self, plan: Plan) -> Observation:
        wanted: list[dict[str, Any]] = plan.goal["machines"]
        found = {m.id: m for m in await self.hands.client.machines(self.hands.app)}
        proofs, lacks = [], []
        for one in wanted:
            machine = found.get(one["id"])
            if machine is None:
                lacks.append(f"{one['id']} is no longer there")
            elif not turned(machine, one["turn"], one["updated"]):
                lacks.append(f"{one['id']} was not restarted")
            else:
                proof = await self._proof(machine, lacks)
                if proof is not None:
                    proofs.append(proof)
        if lacks:
            return Observation("failed", "; ".join([*lacks, *set_aside(plan, found)]))
        return Observation("verified", "; ".join(proofs))

    async def _proof(self, machine: Machine, lacks: list[str]) -> str | None:
        try:
            return await self.hands.serves(machine, lacks.append)
        except ProbeFailure as failure:
            lacks.append(f"{machine.id}: {failure}")
            return None


class RestartApi(RestartMachines):
    """Rolling: each machine serves again before the next one is touched."""

    spec = ActionSpec(
        name="restart",
        targets=["api"],
        risk="R2",
        summary="Restart the machines one after another; each must serve before the next begins",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        judged = await self.judged()
        # Those that do not serve come first: bringing them back costs no one a request.
        chosen = [m for m, how in judged if how.state == "down"]
        chosen += [m for m, how in judged if how.state == "up"]
        if not chosen:
            raise Refused("every machine is asleep; the next request starts one", UNAVAILABLE)
        healthy = sum(how.state == "up" for _, how in judged)
        asleep = len(judged) - len(chosen)
        warnings = alone(healthy, "it restarts")
        warnings += _elsewhere(world)
        facts = [f"{healthy} of {len(chosen)} machines healthy; one is away at a time", EACH]
        if asleep:
            facts.append(f"{asleep} asleep, left alone")
        return replace(
            self.draft(target, params, judged, chosen, world),
            title=f"Rolling restart of {len(chosen)} machine{'s' if len(chosen) != 1 else ''}",
            warnings=warnings,
            facts=facts,
        )


class RestartMachine(RestartMachines):
    """One machine, the others carry the load meanwhile."""

    spec = ActionSpec(
        name="restart",
        targets=["api/machine"],
        risk="R2",
        summary="Restart one machine; the others carry the load meanwhile",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        judged = await self.judged()
        id = target.rpartition("/")[2]
        chosen = [machine for machine, _ in judged if machine.id == id]
        if not chosen:
            raise Refused(f"there is no machine {id}", USAGE)
        others = sum(how.state == "up" for machine, how in judged if machine.id != id)
        warnings = (
            [] if others else ["No other machine is healthy: users have no service meanwhile"]
        )
        return replace(
            self.draft(target, params, judged, chosen, world),
            title=f"Restart machine {id}",
            affects=[] if others else ["api", *world.dependants("api")],
            warnings=warnings + _elsewhere(world),
            facts=[f"{others} other healthy machine{'s' if others != 1 else ''}", EACH],
        )


class RestartDatabase(RestartMachines):
    """The machine PostgreSQL runs on: everything that uses it waits."""

    spec = ActionSpec(
        name="restart",
        targets=["db"],
        risk="R3",
        summary="Restart the database's machine: every session ends, the API is without it",
    )

    def __init__(self, hands: Hands, edge: ApiClient | None = None) -> None:
        super().__init__(hands)
        self._edge = edge

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        judged = await self.judged()
        # Replicas before the primary, which its role check names.
        chosen = sorted((machine for machine, _ in judged), key=_is_primary)
        return replace(
            self.draft(target, params, judged, chosen, world),
            title="Restart the database",
            warnings=["The database is away until it has started; open transactions are lost"],
            facts=sessions(world.board),
        )

    async def observe(self, plan: Plan) -> Observation:
        """The database itself; and the API, which lives by it, where a machine of it runs."""
        found = await super().observe(plan)
        if found.state != "verified" or self._edge is None:
            return found
        if all(m.state != "started" for m in await self.hands.client.machines()):
            return Observation("verified", f"{found.by}; no machine of the API runs")
        try:
            seen = await self._edge.health(None, EDGE_DEADLINE)
        except ProbeFailure as failure:
            return Observation("failed", f"{found.by}, but the API: {failure}")
        by = f"{found.by}; GET /health of the API answers {seen.answer.status} {seen.status}"
        return Observation("verified" if seen.well else "failed", by)


def _step_name(id: str, region: str) -> str:
    return f"restart machine {id}" + (f" ({region})" if region else "")


def _elsewhere(world: World) -> list[str]:
    """A word when the API's trouble has its cause in another system."""
    api = world.board.target("api")
    if api is None or api.cause is None:
        return []
    return [f"The API's trouble comes from {api.cause}; a restart will not mend that"]


def _is_primary(machine: Machine) -> bool:
    return any(c.name == "role" and "primary" in c.output.lower() for c in machine.checks)
