"""The action ``app-create``: an app of the platform, empty, in the token's organisation (G-148)."""

from __future__ import annotations

import re
from functools import partial

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.answers import text
from ainur_tui.systems.fly.hands import Hands, sent
from ainur_tui.systems.httpfailures import HttpFailure

_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LOOK_FOR = 30.0
_TAKEN = frozenset({409, 422})
"""What the platform answers for a name that somebody has: names are of all its customers."""


class CreateApp(Action):
    """Makes nothing but the app: no machine, no address, no secret."""

    spec = ActionSpec(
        name="app-create",
        targets=["api"],
        risk="R1",
        summary="Create an app of the platform, without a machine",
        params=[
            Param(name="name", type="str", help="its name; none: the one of fly.app"),
            Param(name="org", type="str", help="the organisation; none: the token's own"),
        ],
        inverse="fly apps destroy NAME, while nothing is in it",
    )

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def unavailable(self) -> str | None:
        return self._hands.client.limits.spent()

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = {name: value.strip() for name, value in params.items() if value.strip()}
        if why := self.unavailable():
            raise Refused(why, UNAVAILABLE)
        client = self._hands.client
        name = given.get("name", client.app)
        if not _NAME.fullmatch(name):
            raise Refused("an app's name is 2 to 63 of a-z, 0-9 and -, as it stands in its URL",
                          USAGE)  # fmt: skip
        try:
            about = await client.about(name)
        except ProbeFailure as failure:
            if failure.kind == "forbidden":
                raise Refused(_elsewhere(name), UNAVAILABLE) from None
            if failure.kind != "missing":
                raise
        else:
            raise AlreadySo(f"the app {name} is there: {text(about, 'status', 40) or 'no status'}")
        org = given.get("org") or await client.organization()
        return Plan(
            action="app-create", target=target, risk="R1", params={"name": name, "org": org},
            steps=[step.name for step in self._steps(name, org)], affects=[],
            before={"there": False}, goal={"name": name, "org": org},
            inverse=f"fly apps destroy {name}, while nothing is in it",
            expected_seconds=world.usual_seconds or 2.0,
            title=f"Create the app {name}",
            facts=[
                "an app without machines costs nothing; each machine, volume and address of its own"
                " will",
                "names are shared by all customers: one that others have is told, and nothing done",
                "its public addresses come with the first fly deploy",
            ],
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return self._steps(str(plan.goal["name"]), str(plan.goal["org"]))

    def _steps(self, name: str, org: str) -> list[Step]:
        where = clean(org, 60)
        return [Step(f"create {name} in {where}", partial(self._create, name, org))]

    async def _create(self, name: str, org: str, step: StepContext) -> str:
        client = self._hands.client

        async def there() -> str | None:
            about = await client.about(name)
            # What could not be read without it is asked anew, or the next action would be refused.
            await client.machines(name)
            if name == client.app:
                await client.secrets()
            return f"{name} is there, {text(about, 'status', 40) or 'without a status'}"

        await sent(self._named(name, org), step)
        return await step.until(there, _LOOK_FOR)

    async def _named(self, name: str, org: str) -> None:
        try:
            await self._hands.client.create_app(name, org)
        except HttpFailure as failure:
            if failure.status in _TAKEN and "taken" in failure.detail.lower():
                raise ActionFailure(_elsewhere(name)) from None
            raise

    async def observe(self, plan: Plan) -> Observation:
        name = str(plan.goal["name"])
        try:
            about = await self._hands.client.about(name)
        except ProbeFailure as failure:
            if failure.kind != "missing":
                raise
            return Observation("failed", f"there is no app {name}")
        org = text(about, "organization.slug", 60)
        return Observation(
            "verified" if org in {None, plan.goal["org"]} else "failed",
            f"GET of the app {name} answers: {text(about, 'status', 40) or 'no status'}, of {org}",
        )


def _elsewhere(name: str) -> str:
    return (
        f"the name {name} is taken by somebody else: choose another, give it as name=… and in"
        " fly.app"
    )
