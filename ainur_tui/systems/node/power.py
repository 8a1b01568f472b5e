"""Start and stop the node's unit."""

from __future__ import annotations

from typing import Literal

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, ProbeFailure, Refused
from ainur_tui.systems.acting import AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.node.actions import SECONDS, STOPPING, RestartNode

_REST = frozenset({"inactive", "failed"})


class _Turn(RestartNode):
    """One verb of systemctl, refused where the unit is there already."""

    verb: Literal["start", "stop"]
    back: Literal["start", "stop"]

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        unit, stop = self._unit(), self.verb == "stop"
        try:
            found = await unit.show(self._deadline)
        except ProbeFailure as failure:
            raise Refused(str(failure), UNAVAILABLE) from None
        state, pid = found.get("ActiveState", "?"), found.get("MainPID", "0")
        if (state in _REST) == stop:
            raise AlreadySo(f"unit {unit.unit} is {state} already; nothing to {self.verb}")
        warnings, facts = [], [f"unit {unit.unit}: {state} → {'inactive' if stop else 'active'}"]
        if stop:
            roles = await self._roles()
            best = await self._best()
            if "authority" in roles.lower():
                warnings.append("The node is a validator: it misses its slots until it is started")
            elif not roles:
                warnings.append("Its roles are not told: if it is a validator, it misses its slots")
            facts += [f"PID {pid}", "RPC silent" if best is None else f"best block {best}"]
        facts.append(await self._rights(unit, self.verb))
        undo = Undo(action=self.back, target=target)
        return Plan(
            action=self.verb,
            target=target,
            risk=self.spec.risk,
            steps=[self._name(unit.unit)],
            affects=world.dependants(target) if stop else [],
            before={"unit": unit.unit, "state": state, "main_pid": pid},
            goal={"unit": unit.unit},
            inverse=f"{self.back} {target}",
            undo=undo,
            expected_seconds=world.usual_seconds or SECONDS,
            title=f"{self.verb.capitalize()} the node ({unit.unit})",
            warnings=warnings,
            facts=facts,
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [Step(self._name(plan.goal["unit"]), self._act, "finish")]

    def _name(self, unit: str) -> str:
        return f"{self.verb} unit {unit}"

    async def _act(self, step: StepContext) -> str:
        unit = self._unit()
        step.progress(f"systemctl {self.verb} {unit.unit}")
        await unit.act(self.verb, STOPPING)
        said = f"systemctl {self.verb} {unit.unit} returned"
        return said if self.verb == "stop" else f"{said}; {await self._answers(0, step)}"

    async def observe(self, plan: Plan) -> Observation:
        """The unit's state as it is now; a started node answers its RPC as well."""
        try:
            found = await self._unit().show(self._deadline)
        except (ProbeFailure, Refused) as failure:
            return Observation("unknown", f"systemctl show: {failure}")
        state = found.get("ActiveState", "?")
        seen = f"unit {plan.goal['unit']} is {state}"
        if self.verb == "stop":
            gone = state in _REST and found.get("MainPID", "0") == "0"
            return Observation("verified" if gone else "failed", seen)
        if state != "active":
            return Observation("failed", seen)
        best = await self._best()
        if best is None:
            return Observation("failed", f"{seen}, but its RPC does not answer")
        return Observation("verified", f"{seen}; its RPC answers with best block {best}")


class StartNode(_Turn):
    """Done when its RPC answers."""

    verb, back = "start", "stop"
    spec = ActionSpec(
        name="start",
        targets=["node"],
        risk="R1",
        summary="Start the node's systemd unit and wait until its RPC answers",
        inverse="stop node",
    )


class StopNode(_Turn):
    """Stays stopped until it is started."""

    verb, back = "stop", "start"
    spec = ActionSpec(
        name="stop",
        targets=["node"],
        risk="R3",
        summary="Stop the node's systemd unit; a validator misses its slots",
        inverse="start node",
    )
