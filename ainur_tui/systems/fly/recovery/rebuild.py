"""The action ``rebuild``: the way back from nothing, one stage a run. Which stage is next is read
from the world each time, so that it goes on wherever it was left (G-148 to G-152, G-337)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.power import chain
from ainur_tui.systems.fly.power.chain import Piece
from ainur_tui.systems.fly.recovery.cutting import Reach
from ainur_tui.systems.fly.recovery.repoint import NAME
from ainur_tui.systems.fly.secrets.rows import known
from ainur_tui.systems.postgres.recovery import counts

DONE = "nothing is left to rebuild"


@dataclass(frozen=True)
class Seen:
    """What a look found. ``params`` are those of the stage's action where it can do it now;
    ``by_hand`` is the command of a person, where only a person can."""

    done: bool
    by: str
    params: Mapping[str, str] | None = None
    by_hand: str = ""


Look = Callable[[World | None], Awaitable[Seen]]
"""``None``: only the world itself is looked at, not the board."""


@dataclass(frozen=True)
class Stage:
    """One stage: what it is about, how it is seen to be done, and the action that does it, where
    one of ours can."""

    name: str
    what: str
    look: Look
    action: Action | None = None
    target: str = "db"
    within: float = counts.RTO
    """Seconds since the trouble began in which the guide has this part back."""
    part: str = ""
    """What is back when its last stage is done: ``database`` or ``api``."""


class SetAddress(Action):
    """DATABASE_URL as the configuration refers to it, staged: the first machine will have it."""

    spec = ActionSpec(name="address", targets=["api"], risk="R2", summary="set DATABASE_URL")

    def __init__(self, hands: Hands, application: Secret) -> None:
        self._hands = hands
        self._application = application

    def unavailable(self) -> str | None:
        return self._hands.forbids("secrets")

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        return Plan(
            action="address", target=target, risk="R2", params={}, affects=[], before={}, goal={},
            steps=[f"stage {NAME} as backup.application refers to it"], inverse=None,
            expected_seconds=2.0, title=f"Set {NAME}",
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return [Step(plan.steps[0], self._set)]

    async def _set(self, step: StepContext) -> str:
        try:
            await self._hands.client.set_secrets({NAME: self._application})
        except ProbeFailure as failure:  # its words may hold the value that was sent
            raise ActionFailure(f"the platform does not take it: {failure.kind}") from None
        return "sent"

    async def observe(self, plan: Plan) -> Observation:
        there = NAME in await known(self._hands.client)
        return Observation(
            "verified" if there else "failed", f"{NAME} is among the secrets: {there}"
        )


class Rebuild(Action):
    """Looks from the first stage on; the first that is not done is planned, or told to a person
    where only a person can do it."""

    spec = ActionSpec(
        name="rebuild",
        targets=["db"],
        risk="R2",
        summary="The next step of the way back when nothing is left but the backups",
        params=[
            Param(name="since", type="str", help="when the trouble began: the RTO clock's start"),
            Param(name="stage", type="str", help="the stage it has to be; none: whichever is next"),
        ],
    )
    verify_within = 30.0

    def __init__(self, reach: Reach, stages: Sequence[Stage]) -> None:
        self._reach = reach
        self._stages = stages

    def unavailable(self) -> str | None:
        if self._reach.dsn is None:
            return "give backup.application, a reference to the DSN that the API shall use"
        return None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = {name: value.strip() for name, value in params.items() if value.strip()}
        if why := self.unavailable():
            raise Refused(why, UNAVAILABLE)
        begun = counts.since(given.get("since", ""), self._reach.clock.now())
        facts: list[str] = []
        number = 0
        for stage in self._stages:
            number += 1
            seen = await self._look(stage, world)
            if not seen.done:
                break
            facts.append(f"done: {stage.what}: {seen.by}")
        else:
            raise AlreadySo(f"{DONE}: {facts[-1].removeprefix('done: ')}")
        if given.get("stage", stage.name) != stage.name:
            raise Refused(f"the next stage is {stage.name}, not {clean(given['stage'], 40)}", USAGE)
        facts.append(f"next: {stage.what}: {seen.by}")
        facts += [f"then: {one.what}" for one in self._stages[number:]]
        title = f"Rebuild, {number} of {len(self._stages)}: {stage.what}"
        params = {"since": rfc3339(begun) or "", "stage": stage.name}
        goal = {"about": stage.name, "since": begun, "rto": stage.within, "part": stage.part,
                "parts": list[object]()}  # fmt: skip
        plan = Plan(
            action="rebuild", target=target, risk="R2", params=params, steps=[],
            affects=[], before={"next": stage.name}, goal=goal, inverse=None,
            expected_seconds=None, title=title, facts=facts,
        )  # fmt: skip
        if stage.action is None or seen.params is None:
            hand = seen.by_hand or seen.by
            return replace(plan, blocked=f"by hand: {hand}. Then the same again: it looks first")
        piece = Piece(stage.name, stage.action, stage.target, seen.params)
        # How long another stage took tells nothing of this one.
        drawn = await chain.draw([piece], with_(world, usual_seconds=None))
        part = drawn.parts.get(stage.name)
        if part is None:
            raise Refused("; ".join([*drawn.notes, *drawn.warnings]), UNAVAILABLE)
        plan = replace(
            plan, goal=goal | {"parts": chain.kept(drawn.parts)}, blocked=part.blocked,
            policy=part.policy, warnings=part.warnings, expected_seconds=part.expected_seconds,
            facts=[*facts, *part.facts], affects=part.affects,
        )  # fmt: skip
        return replace(plan, steps=[step.name for step in self.steps(plan)])

    def steps(self, plan: Plan) -> list[Step]:
        known_ = [Piece(s.name, s.action, s.target) for s in self._stages if s.action is not None]
        return chain.steps(plan, known_)

    async def observe(self, plan: Plan) -> Observation:
        stage = next(one for one in self._stages if one.name == plan.goal["about"])
        seen = await self._look(stage, None)
        return Observation("verified" if seen.done else "failed", f"{stage.what}: {seen.by}")

    async def _look(self, stage: Stage, world: World | None) -> Seen:
        try:
            return await stage.look(world)
        except ProbeFailure as failure:
            return Seen(False, str(failure))
