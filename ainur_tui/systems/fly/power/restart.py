"""Restart: the API one machine after another, one machine, or the database's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.failure import UNAVAILABLE, ProbeFailure, Refused
from ainur_tui.model.units import many
from ainur_tui.rules.usage import sessions
from ainur_tui.systems.acting import Observation, StepContext, World
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.fly.fleet import OneByOne, alone, judged, machines, well
from ainur_tui.systems.fly.hands import BACK_WITHIN, EDGE_DEADLINE, Hands, turned
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import FINISH, restarted

EACH = (
    f"a restart: no new requests, {FINISH:.0f} s at most for those it holds, a new process, and it"
    f" must serve within {BACK_WITHIN:.0f} s before it is routed to again"
)


class _Restart(OneByOne):
    verb = "restart"

    async def work(self, id: str, context: StepContext) -> str:
        return await restarted(self.hands, id, context)

    async def proof(self, machine: Machine, plan: Plan, lacks: list[str]) -> str | None:
        was = next(one for one in plan.goal["machines"] if one["id"] == machine.id)
        if turned(machine, was["turn"], was["updated"]):
            return await self.hands.serves(machine, lacks.append)
        lacks.append(f"{machine.id} was not restarted")
        return None


class RestartApi(_Restart):
    """Rolling: each machine serves again before the next one is touched."""

    spec = ActionSpec(
        name="restart",
        targets=["api"],
        risk="R2",
        summary="Restart the machines one after another; each must serve before the next begins",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        # Those that do not serve come first: bringing them back costs no one a request.
        chosen = [m for m, how in all if how.state == "down"]
        chosen += [m for m, how in all if how.state == "up"]
        if not chosen:
            raise Refused("every machine is asleep; the next request starts one", UNAVAILABLE)
        healthy = well(all)
        asleep = len(all) - len(chosen)
        warnings = alone(healthy, "it restarts")
        warnings += _elsewhere(world)
        facts = [f"{healthy} of {len(chosen)} machines healthy; one is away at a time", EACH]
        if asleep:
            facts.append(f"{asleep} asleep, left alone")
        return self.draft(
            target, {}, all, chosen, world,
            title=f"Rolling restart of {machines(len(chosen))}",
            affects=True,
            warnings=warnings,
            facts=facts,
            goal=_turns(chosen),
        )  # fmt: skip


class RestartMachine(_Restart):
    """One machine, the others carry the load meanwhile."""

    spec = ActionSpec(
        name="restart",
        targets=["api/machine"],
        risk="R2",
        summary="Restart one machine; the others carry the load meanwhile",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        [(machine, _)] = self.chosen(target, all)
        others = well(all, [machine.id])
        warnings = (
            [] if others else ["No other machine is healthy: users have no service meanwhile"]
        )
        return self.draft(
            target, {}, all, [machine], world,
            title=f"Restart machine {machine.id}",
            affects=not others,
            warnings=warnings + _elsewhere(world),
            facts=[many(others, "other healthy machine"), EACH],
            goal=_turns([machine]),
        )  # fmt: skip


class RestartDatabase(_Restart):
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
        all = await judged(self.hands)
        # Replicas before the primary.
        chosen = sorted((m for m, _ in all), key=lambda m: m.role == "primary")
        return self.draft(
            target, {}, all, chosen, world,
            title="Restart the database",
            affects=True,
            warnings=["The database is away until it has started; open transactions are lost"],
            facts=sessions(world.board),
            goal=_turns(chosen),
        )  # fmt: skip

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


def _turns(chosen: Sequence[Machine]) -> dict[str, Any]:
    """The goal: each has turned once more than now."""
    return {
        "machines": [
            {"id": m.id, "region": m.region, "turn": m.last_turn, "updated": m.updated_at}
            for m in chosen
        ]
    }


def _elsewhere(world: World) -> list[str]:
    """A word when the API's trouble has its cause in another system."""
    api = world.board.target("api")
    if api is None or api.cause is None:
        return []
    return [f"The API's trouble comes from {api.cause}; a restart will not mend that"]
