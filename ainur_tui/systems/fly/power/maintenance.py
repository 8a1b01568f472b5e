"""Maintenance mode on and off: a flag like others, but verified as users see it."""

from __future__ import annotations

import contextlib
from typing import Literal

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import USAGE, ProbeFailure, Refused
from ainur_tui.systems.acting import AlreadySo, Observation, World
from ainur_tui.systems.fly.fleet import judged, sentence
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.power.outside import Outside
from ainur_tui.systems.fly.secrets.flags import MAINTENANCE, USERS_SEE, Open
from ainur_tui.systems.fly.secrets.rows import known, last_set

_WORDS = {True: "in maintenance", False: "in service"}


class Maintenance(Open):
    """Sets the flag, updates the machines, then looks from outside."""

    spec = ActionSpec(
        name="maintenance",
        targets=["api"],
        risk="R2",
        summary="Maintenance mode on or off, verified at the API and the frontend from outside",
        params=[
            Param(name="mode", type="str", help="on or off", required=True, choices=["on", "off"])
        ],
        inverse="maintenance mode=off, or on",
    )

    def __init__(self, hands: Hands, outside: Outside, *, ahead: bool = False) -> None:
        """``ahead``: it is planned before another part has made it otherwise, so that it is to do
        even where it is so now."""
        super().__init__(hands)
        self._outside = outside
        self._ahead = ahead

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        mode = params.get("mode", "").lower()
        if mode not in {"on", "off"}:
            raise Refused("maintenance needs mode=on|off", USAGE)
        on = mode == "on"
        if not self._ahead and await self.shown() is on:
            raise AlreadySo(f"maintenance mode is {mode} already")
        try:
            now = await self._outside.seen()
            facts = [f"{who}: {_WORDS[is_on]} → {_WORDS[on]}" for who, is_on in now.items()]
        except ProbeFailure as failure:
            facts = [f"from outside it cannot be seen now: {failure}"]
        plan = await self.draft_open(
            target, {"mode": mode}, world, name=MAINTENANCE, value=str(on).lower(), key="mode",
            title=f"Maintenance mode {mode}", facts=facts,
        )  # fmt: skip
        undo = Undo(action="maintenance", target=target, params={"mode": "off" if on else "on"})
        affects = [target, *world.dependants(target)] if on else plan.affects
        warnings = [*plan.warnings]
        if on:
            warnings.append(USERS_SEE)
        return replace(plan, undo=undo, inverse=sentence(undo), affects=affects, warnings=warnings)

    async def shown(self) -> bool | None:
        """Whether it is on: as users see it, else as our last setting says; ``None``: not known."""
        with contextlib.suppress(ProbeFailure):
            if len(seen := set((await self._outside.seen()).values())) == 1:
                return seen.pop()
        row = (await known(self.hands.client)).get(MAINTENANCE)
        if row is None:
            return False
        value = last_set((m for m, _ in await judged(self.hands)), row)[1]
        return {"true": True, "false": False}.get(value)

    async def observe(self, plan: Plan) -> Observation:
        found = await super().observe(plan)
        # The same value once more leaves the digest as it was; what users see decides.
        if found.state == "failed":
            return found
        wanted = plan.goal["value"] == "true"
        try:
            seen = await self._outside.seen()
        except ProbeFailure as failure:
            return Observation("unknown", f"{found.by}; not seen from outside: {failure}")
        if not seen:
            return found
        told = ", ".join(f"{who} {_WORDS[on]}" for who, on in seen.items())
        by = f"from outside: {told}; {found.by}"
        if any(on is not wanted for on in seen.values()):
            return Observation("failed", by)
        return Observation("verified", by)


class Page(Maintenance):
    """One direction of it, as a part of something larger."""

    def __init__(self, hands: Hands, outside: Outside, mode: Literal["on", "off"]) -> None:
        super().__init__(hands, outside)
        self._mode = mode

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        return await super().plan(target, {"mode": self._mode}, world)
