"""The second word of a recovery: what is restored stands beside what users have, and only then are
users sent there (G-157)."""

from __future__ import annotations

from functools import partial

from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.backup.locale import differences
from ainur_tui.systems.postgres.backup.server import Server
from ainur_tui.systems.postgres.dsn import Address
from ainur_tui.systems.postgres.recovery import counts

PATIENCE = 3600.0
"""Seconds the word is waited for; then nothing was done to users, and the same again goes on."""


class SecondWord(Action):
    """Counts both databases anew, tells what users get and lose, and waits for the new one's
    name."""

    spec = ActionSpec(
        name="second-word", targets=["db"], risk="R0", summary="ask before users are moved"
    )

    def __init__(self, server: Server, address: Address) -> None:
        self._server = server
        self._address = address

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        old, new = clean(params["from"], 63), clean(params["into"], 63)
        return Plan(
            action=self.spec.name, target=target, risk="R0", params=params,
            steps=[f"count {old} and {new}, then ask for the name {new} before users go there"],
            affects=[], goal=dict(params),
            title=self.spec.summary,
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return [Step(plan.steps[0], partial(self._ask, plan), "abort", limit=PATIENCE)]

    async def observe(self, plan: Plan) -> Observation:
        return Observation("verified", "nothing is left to see of an answer")

    async def _ask(self, plan: Plan, step: StepContext) -> str:
        old, new = str(plan.goal["from"]), str(plan.goal["into"])
        place = f"{self._address.host}:{self._address.port}"
        step.progress(f"counting {new} and {old}")
        lines = [
            f"now: {place}/{clean(old, 63)}, as {self._address.user}",
            f"then: {place}/{new}",
            *await self._beside(old, new),
            f"then users see the maintenance page until every machine serves from {new}",
            f"the way back: cut-over db database={clean(old, 63)}; {clean(old, 63)} is kept",
        ]
        return await step.word(new, lines)

    async def _beside(self, old: str, new: str) -> list[str]:
        try:
            _, restored = await self._server.measure(new)
        except ProbeFailure as failure:
            return [f"{new} cannot be counted: {failure}"]
        total = f"{new} holds {sum(restored.values()):,} rows in {len(restored)} tables"
        try:
            _, live = await self._server.measure(old)
        except ProbeFailure as failure:
            return [total, f"{clean(old, 63)} cannot be counted: {failure}"]
        other = differences(await self._server.locale(old), await self._server.locale(new))
        return [total, counts.lost(restored, live), *other, *counts.beside(restored, live)]
