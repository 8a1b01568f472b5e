"""What actions on machines share: which machines, what they rest on, who uses them now."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ainur_tui.model.action import Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ProbeFailure, Refused
from ainur_tui.model.target import whole_of
from ainur_tui.model.units import clock, many
from ainur_tui.rules.usage import in_use
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.fly.hands import AT_REST, Hands
from ainur_tui.systems.fly.health import DEPLOYING, PASSING, Health, health, serving
from ainur_tui.systems.fly.machines import Machine

SECONDS_EACH = 12.0
Judged = list[tuple[Machine, Health]]


async def judged(hands: Hands, *, none_will_do: bool = False) -> Judged:
    """The app's machines as they are now; raises Refused where there is none and one is needed."""
    now = hands.clock.now()
    machines = serving(await hands.client.machines(hands.app))
    if not machines and not none_will_do:
        raise Refused(f"app {hands.app} has no machine", UNAVAILABLE)
    return [(machine, health(machine, now)) for machine in machines]


def before(machines: Sequence[Machine]) -> dict[str, Any]:
    """The facts a plan rests on: who is there, in which state and version, routed or not."""
    return {
        "machines": {
            m.id: f"{m.state} {m.instance}" + (" cordoned" if m.cordoned else "") for m in machines
        }
    }


def busy(judged: Judged) -> str | None:
    """The sentence why one should not work here: someone else does at this moment."""
    for machine, how in judged:
        if machine.state in DEPLOYING:
            return f"Machine {machine.id} is {machine.state}: a deployment is under way"
        if machine.state in PASSING and not how.note.startswith("stuck"):
            return f"Machine {machine.id} is {machine.state}: wait until it is done"
        if (held := machine.lease) is not None:
            until = "" if held.until is None else f" until {clock(held.until)}"
            why = f" ({held.why})" if held.why else ""
            return f"{held.owner} holds the lease on machine {machine.id}{until}{why}"
    return None


def well(judged: Judged, but: Collection[str] = ()) -> int:
    """How many machines are healthy, those named left out."""
    return sum(how.state == "up" for machine, how in judged if machine.id not in but)


def load(world: World, target: str) -> list[str]:
    """Who uses the target at this moment, as far as the board knows."""
    return in_use(world.board, target)


def set_aside(plan: Plan, found: Mapping[str, Machine]) -> list[str]:
    """Sentences on machines that run out of routing and were routed when the plan was made: what
    broke off in the middle may leave one so."""
    return [
        f"{id} gets no requests now: undrain api/machine/{id} routes to it again"
        for id in _aside(plan, found)
    ]


async def routed_again(hands: Hands, plan: Plan) -> list[Undo]:
    """The actions that send requests to those machines again. The database's get none."""
    found = {m.id: m for m in await hands.client.machines(hands.app)}
    ids = _aside(plan, found) if whole_of(plan.target) == "api" else []
    return [Undo(action="undrain", target=f"api/machine/{id}") for id in ids]


def _aside(plan: Plan, found: Mapping[str, Machine]) -> list[str]:
    return [
        id
        for id, was in plan.before.get("machines", {}).items()
        if (m := found.get(id)) is not None
        and (m.cordoned and m.state == "started" and not str(was).endswith("cordoned"))
    ]


def machines(number: int) -> str:
    """``1 machine``, ``2 machines``."""
    return many(number, "machine")


def alone(healthy: int, meanwhile: str) -> list[str]:
    """The warning where no machine, or a single one, serves users."""
    if healthy == 0:
        return ["No machine is healthy: users have no service as it is"]
    words = f"Only 1 healthy machine: users have no service while {meanwhile}"
    return [words] if healthy == 1 else []


def which(chosen: Sequence[Machine]) -> str:
    """``machine 178119``, or how many."""
    return f"machine {chosen[0].id}" if len(chosen) == 1 else machines(len(chosen))


class OnApp(Action):
    """Changes an app; not available where the token may not."""

    verify_within = 60.0

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    def unavailable(self) -> str | None:
        return self.hands.forbids()


class EachMachine(OnApp):
    """A step for each of some machines. Which, and in what order, is the plan's; ``verb`` is the
    step's word."""

    verb: str

    async def stands(self, machine: Machine, plan: Plan, lacks: list[str]) -> str | None:
        """What shows that a machine is as well as it was when the plan was made: it serves, or is
        at rest, or out of routing, as then; ``None`` after telling what it lacks."""
        was = str(plan.before.get("machines", {}).get(machine.id, ""))
        if was.partition(" ")[0] in AT_REST and machine.state in AT_REST:
            return f"{machine.id} is {machine.state}, at rest as before"
        if not (was.endswith(" cordoned") and machine.cordoned):
            return await self.hands.serves(machine, lacks.append)
        how = health(replace(machine, cordoned=False), self.hands.clock.now())
        if how.state == "up":
            return f"{machine.id} {how.note}, out of routing as before"
        lacks.append(f"{machine.id}: {how.note}")
        return None

    def chosen(self, target: str, judged: Judged) -> Judged:
        """The machines the target stands for; raises Refused for one that is not there."""
        kind, _, id = target.rpartition("/")
        if not kind:
            return judged
        found = [pair for pair in judged if pair[0].id == id]
        if not found:
            raise Refused(f"there is no machine {id}", USAGE)
        return found

    def draft(
        self, target: str, params: dict[str, str], judged: Judged, chosen: Sequence[Machine],
        world: World, *, title: str, affects: bool, undo: Undo | None = None,
        policy: str | None = None, warnings: Sequence[str] = (), facts: Sequence[str] = (),
        goal: dict[str, Any] | None = None,
    ) -> Plan:  # fmt: skip
        """The plan for the chosen machines in their order. ``affects``: users notice it."""
        root, _, part = target.partition("/")
        return Plan(
            action=self.spec.name,
            target=target,
            risk=self.spec.risk,
            params=params,
            steps=[self.step_name(m.id, m.region) for m in chosen],
            affects=[*([root] if part else []), *world.dependants(root)] if affects else [],
            before=before([m for m, _ in judged]),
            goal={"machines": [{"id": m.id, "region": m.region} for m in chosen]} | (goal or {}),
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS_EACH * len(chosen),
            title=title,
            warnings=list(warnings),
            facts=list(facts),
            policy=policy or busy(judged),
            load=load(world, target),
        )

    def step_name(self, id: str, region: str) -> str:
        return f"{self.verb} machine {id}" + (f" ({region})" if region else "")

    @abstractmethod
    async def proof(self, machine: Machine, plan: Plan, lacks: list[str]) -> str | None:
        """What shows that a machine is as it should be, or ``None`` after telling why not."""

    async def leftovers(self, plan: Plan) -> list[Undo]:
        return await routed_again(self.hands, plan)

    async def observe(self, plan: Plan) -> Observation:
        found = {m.id: m for m in await self.hands.client.machines(self.hands.app)}
        proofs: list[str] = []
        lacks: list[str] = []
        for one in plan.goal["machines"]:
            id = one["id"]
            if id not in found:
                lacks.append(f"{id} is no longer there")
                continue
            try:
                if proof := await self.proof(found[id], plan, lacks):
                    proofs.append(proof)
            except ProbeFailure as failure:
                lacks.append(f"{id}: {failure}")
        if lacks:
            return Observation("failed", "; ".join([*lacks, *set_aside(plan, found)]))
        return Observation("verified", "; ".join(proofs))


class OneByOne(EachMachine):
    """The same work for each machine."""

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(self.step_name(one["id"], one["region"]), partial(self.work, one["id"]))
            for one in plan.goal["machines"]
        ]

    @abstractmethod
    async def work(self, id: str, context: StepContext) -> str:
        """The step of one machine; what was observed at its end."""


def sentence(undo: Undo | None) -> str | None:
    """An inverse in words: ``scale api count=2``."""
    if undo is None:
        return None
    return " ".join([undo.action, undo.target, *(f"{k}={v}" for k, v in undo.params.items())])
