"""What we do to the node: restart its unit."""

from __future__ import annotations

import asyncio
from functools import partial

from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.failure import UNAVAILABLE, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.shapes import Header, Text
from ainur_tui.systems.systemctl import Systemctl, Verb

SECONDS = 10.0
"""A guess at what a turn of the unit takes, before it was done here."""
STOPPING = 100.0
"""Seconds systemd may take: its own limit for a unit to stop is 90."""


class RestartNode(Action):
    """Restart the unit by ``systemctl restart``; verified by a new main process whose RPC answers
    with a best block not below the one before."""

    spec = ActionSpec(
        name="restart",
        targets=["node"],
        risk="R2",
        summary="Restart the node's systemd unit; its RPC is away for some seconds",
    )

    def __init__(
        self, client: NodeClient, systemctl: Systemctl | None, context: Context, deadline: float
    ) -> None:
        self._client = client
        self._systemctl = systemctl
        self._context = context
        self._deadline = deadline

    def unavailable(self) -> str | None:
        if self._systemctl is None:
            return "no node.unit is configured"
        return None if self._systemctl.program else "no systemctl on this machine"

    def _unit(self) -> Systemctl:
        why = self.unavailable()
        if self._systemctl is None or why is not None:
            raise Refused(why or "no unit", UNAVAILABLE)
        return self._systemctl

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        unit = self._unit()
        try:
            found = await unit.show(self._deadline)
        except ProbeFailure as failure:
            raise Refused(str(failure), UNAVAILABLE) from None
        best, roles, rights = await asyncio.gather(
            self._best(), self._roles(), self._rights(unit, "restart")
        )
        state, pid = found.get("ActiveState", "?"), found.get("MainPID", "0")
        warnings = []
        if "authority" in roles.lower():
            warnings.append("The node is a validator: it misses its slots until it is back.")
        if state != "active":
            warnings.append(f"The unit is {state} now: a restart starts it.")
        return Plan(
            action="restart",
            target=target,
            risk="R2",
            steps=[f"Restart unit {unit.unit} (PID {pid})", "Wait until its RPC answers"],
            affects=world.dependants(target),
            before={"unit": unit.unit, "state": state, "main_pid": pid},
            goal={"unit": unit.unit, "not_pid": pid, "best": best or 0},
            expected_seconds=world.usual_seconds or SECONDS,
            title=f"Restart the node ({unit.unit})",
            warnings=warnings,
            facts=[
                f"Unit {unit.unit} is {state} ({found.get('SubState', '?')}), PID {pid}",
                f"Best block {best}" if best is not None else "Its RPC does not answer now",
                f"Roles: {roles or 'not told'}",
                rights,
            ],
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(plan.steps[0], self._restart, "finish"),
            Step(plan.steps[1], partial(self._answers, int(plan.goal["best"])), "abort"),
        ]

    async def observe(self, plan: Plan) -> Observation:
        """Read unit, main process and best block as they are now."""
        try:
            found = await self._unit().show(self._deadline)
        except (ProbeFailure, Refused) as failure:
            return Observation("unknown", f"systemctl show: {failure}")
        state, pid = found.get("ActiveState", "?"), found.get("MainPID", "0")
        before = plan.goal["not_pid"]
        if state != "active" or pid == "0":
            return Observation("failed", f"unit {plan.goal['unit']} is {state}")
        if pid == before:
            return Observation("failed", f"unit {plan.goal['unit']} still has PID {pid}")
        seen = f"unit {plan.goal['unit']} is active with PID {pid} (was {before})"
        try:
            header = await self._client.call("chain_getHeader", Header, deadline=self._deadline)
        except ProbeFailure as failure:
            return Observation("failed", f"{seen}, but its RPC does not answer: {failure}")
        if header.height < int(plan.goal["best"]):
            return Observation(
                "failed", f"{seen}, but its best block {header.height} is below that before"
            )
        return Observation("verified", f"{seen}; its RPC answers with best block {header.height}")

    async def _restart(self, step: StepContext) -> str:
        unit = self._unit()
        step.progress(f"systemctl restart {unit.unit}")
        await unit.act("restart", STOPPING)
        return f"systemctl restart {unit.unit} returned"

    async def _answers(self, best: int, step: StepContext) -> str:
        async def answered() -> str | None:
            try:
                header = await self._client.call("chain_getHeader", Header, deadline=2.0)
            except ProbeFailure as failure:
                step.progress(str(failure))
                return None
            if header.height < best:
                step.progress(f"best block {header.height}, before it was {best}")
                return None
            return f"RPC answers, best block {header.height}"

        return await step.until(answered, self.verify_within, 0.25)

    async def _rights(self, unit: Systemctl, verb: Verb) -> str:
        try:
            return await unit.rights(verb, self._deadline)
        except ProbeFailure as failure:
            return f"whether this user may do it is not known: {failure}"

    async def _best(self) -> int | None:
        try:
            header = await self._client.call("chain_getHeader", Header, deadline=self._deadline)
        except ProbeFailure:
            return None
        return header.height

    async def _roles(self) -> str:
        try:
            roles = await self._client.call("system_nodeRoles", list[Text], deadline=self._deadline)
        except ProbeFailure:
            return ""
        return self._context.redact(clean(", ".join(roles), 100))
