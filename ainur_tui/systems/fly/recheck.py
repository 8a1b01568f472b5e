"""Wait a while and look again: whether the API serves its users now."""

from __future__ import annotations

import contextlib
from functools import partial

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.fly.hands import EDGE_DEADLINE, Hands

EVERY = 2.0
MOST = 600


class Recheck(Action):
    """Ends as soon as the API is well; changes nothing."""

    spec = ActionSpec(
        name="recheck",
        targets=["api"],
        risk="R0",
        summary="Ask the API's /health until it is well, half a minute at most: recovered or not",
        params=[Param(name="seconds", type="int", help="how long at most", default="30")],
    )
    verify_within = 1.0

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    def unavailable(self) -> str | None:
        return None if self.hands.edge else "no api.url is configured"

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = params.get("seconds") or "30"
        if not given.isdecimal() or not 1 <= int(given) <= MOST:
            raise Refused(f"recheck takes seconds=N, 1 to {MOST}", USAGE)
        found = await self.observe(None)
        return Plan(
            action="recheck",
            target=target,
            risk="R0",
            params={"seconds": given},
            steps=[_step(given)],
            affects=[],
            expected_seconds=world.usual_seconds,
            title="Look again whether the API has recovered",
            facts=[f"now: {found.by}"],
        )

    def steps(self, plan: Plan) -> list[Step]:
        given = plan.params["seconds"]
        return [Step(_step(given), partial(self._watch, float(given)), "abort")]

    async def observe(self, _: Plan | None) -> Observation:
        if self.hands.edge is None:
            return Observation("unknown", "no api.url is configured")
        try:
            seen = await self.hands.edge.health(None, EDGE_DEADLINE)
        except ProbeFailure as failure:
            return Observation("failed", f"not recovered: {failure}")
        words = f"GET /health answers {seen.answer.status} {seen.status}"
        if seen.well:
            return Observation("verified", words)
        return Observation("failed", f"not recovered: {words}")

    async def _watch(self, seconds: float, context: StepContext) -> str:
        clock = self.hands.clock
        began = clock.monotonic()
        said = ""

        async def well() -> str | None:
            nonlocal said
            found = await self.observe(None)
            took = clock.monotonic() - began
            said = f"after {took:.0f} s: {found.by}"
            context.progress(said)
            return said if found.state == "verified" else None

        # Time that ran out is an answer too; the verdict is read afterwards.
        with contextlib.suppress(ActionFailure):
            await context.until(well, seconds, EVERY)
        return said


def _step(seconds: str) -> str:
    return f"ask every {EVERY:.0f} s until it is well, {seconds} s at most"
