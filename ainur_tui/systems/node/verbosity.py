"""How much the node logs: a filter added by RPC, and all filters as it was started with."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import USAGE, ProbeFailure, Refused
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.journald import JournalSource
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.reserved import asked_for, ordered
from ainur_tui.systems.systemctl import Systemctl

DEFAULT = "default"
_FILTER = re.compile(r"(?P<module>[a-z][a-z0-9_:-]{0,60})=(?P<level>debug|trace)")
_LINE = re.compile(r"\b(?:DEBUG|TRACE)\s+\S+\s+(?P<module>[a-z][a-z0-9_:-]*):")
"""Level, thread, module: as the node writes the lines its filters let through."""
WINDOW = 6.0
"""Seconds of the journal that are looked at: a node that is well writes a line every five."""


class NodeLogLevel(Action):
    """No RPC tells the filters. So the journal does: lines of that level come, or come no more."""

    spec = ActionSpec(
        name="log-level",
        targets=["node"],
        risk="R1",
        summary="Have the node log a module in depth, or all as it was started",
        params=[
            Param(
                name="filter", type="str", required=True,
                help="module=debug or module=trace (sync=debug), or default",
            )
        ],
        inverse="log-level filter=default",
    )  # fmt: skip

    def __init__(
        self, client: NodeClient, systemctl: Systemctl | None, context: Context, deadline: float
    ) -> None:
        self._client = client
        self._clock = context.clock
        self._deadline = deadline
        self._journal = (
            JournalSource("node", "node", systemctl.unit, context) if systemctl else None
        )

    def unavailable(self) -> str | None:
        return None if self._journal else "no node.unit is configured: its journal verifies this"

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        wanted = params.get("filter", "").strip()
        found = _FILTER.fullmatch(wanted)
        if found is None and wanted != DEFAULT:
            raise Refused(
                "log-level of the node needs filter=MODULE=debug|trace, or default", USAGE
            )
        try:
            # Reads only, and is hidden wherever the filters are.
            await self._client.call("system_reservedPeers", Any, deadline=self._deadline)
        except ProbeFailure as failure:
            raise asked_for("system_addLogFilter", failure) from None
        method = "system_addLogFilter" if found else "system_resetLogFilter"
        back = f"log-level {target} filter={DEFAULT}"
        return Plan(
            action="log-level",
            target=target,
            risk="R1",
            params={"filter": wanted},
            steps=[f"{method} {wanted}" if found else method],
            affects=[],
            goal={"method": method, "filter": wanted, "module": found["module"] if found else None},
            inverse=back if found else None,
            undo=Undo(action="log-level", target=target, params={"filter": DEFAULT})
            if found
            else None,
            expected_seconds=world.usual_seconds or WINDOW,
            title=f"Node logs {wanted}" if found else "Node logs as it was started",
            warnings=["It may log some thousand lines a second: take it back when you have seen."]
            if found
            else [],
            facts=["It lasts until the node restarts" if found else "all added filters go"],
        )

    def steps(self, plan: Plan) -> list[Step]:
        given = [plan.goal["filter"]] if plan.goal["module"] else []
        return [Step(plan.steps[0], partial(self._act, plan.goal["method"], given), "finish")]

    async def observe(self, plan: Plan) -> Observation:
        """Look for lines of that depth in the newest seconds of the journal."""
        if self._journal is None:
            return Observation("unknown", "no journal to look into", final=True)
        try:
            lines = await self._journal.since(self._clock.now() - WINDOW, self._deadline)
        except ProbeFailure as failure:
            return Observation("unknown", f"journalctl: {failure}")
        seen = [found["module"] for line in lines if (found := _LINE.search(line.text))]
        within = f"of {len(lines)} lines in {WINDOW:.0f} s"
        if module := plan.goal["module"]:
            told = sum(one.split("::")[0] == module.split("::")[0] for one in seen)
            words = f"{told} {within} are {module}'s in depth"
            return Observation("verified" if told else "failed", words)
        well = bool(lines) and not seen
        return Observation("verified" if well else "failed", f"{len(seen)} {within} are in depth")

    async def _act(self, method: str, given: list[str], _: StepContext) -> str:
        return await ordered(self._client, method, *given, deadline=self._deadline)
