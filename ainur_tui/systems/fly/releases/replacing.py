"""Give machines another configuration: image or size, one after another, back when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.fly.hands import AT_REST, Hands, sent
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import aside, fit

Config = Mapping[str, Any]
READY_WITHIN = 120.0
"""Seconds a replaced machine may take: the image is fetched first."""


@dataclass
class Replacing:
    """One machine's step. When the new version does not serve, the former configuration is put
    back; so it is too (``undo``) when a later machine's step fails."""

    hands: Hands
    id: str
    change: Callable[[Config], dict[str, Any]]
    _former: Config | None = field(default=None, init=False)
    _context: StepContext | None = field(default=None, init=False)
    _asleep: bool = field(default=False, init=False)
    _aside: bool = field(default=False, init=False)

    async def work(self, context: StepContext) -> str:
        """Replace it and wait until it serves; says what was observed."""
        async with self.hands.leased(self.id, context) as nonce:
            machine = await self.hands.client.machine(self.id, self.hands.app)
            wanted = self.change(machine.config)
            self._asleep, self._aside = machine.state in AT_REST, machine.cordoned
            try:
                if wanted == machine.config:
                    context.progress(f"{self.id} has this configuration already")
                else:
                    await self._replace(machine, wanted, nonce, context)
                return await self._ready(wanted, context)
            except ActionFailure as failure:
                if self._former is None:
                    raise
                back = await self._back(nonce, context)
                raise ActionFailure(f"{failure}; {back}") from None

    async def undo(self) -> None:
        """Put the former configuration back; raises ActionFailure when it does not serve then."""
        if self._former is None or self._context is None:
            return
        async with self.hands.leased(self.id, self._context) as nonce:
            await self._restore(nonce, self._context)

    async def _back(self, nonce: str, context: StepContext) -> str:
        try:
            await self._restore(nonce, context)
        except (ActionFailure, ProbeFailure) as failure:
            return f"its former configuration could not be put back: {failure}"
        return "its former configuration is back and serves"

    async def _restore(self, nonce: str, context: StepContext) -> None:
        former, self._former = self._former, None
        machine = await self.hands.client.machine(self.id, self.hands.app)
        if former is None or machine.config == former:
            return
        context.progress(f"{self.id} gets its former configuration back")
        await self._replace(machine, former, nonce, context)
        await self._ready(former, context)

    async def _replace(
        self, machine: Machine, config: Config, nonce: str, context: StepContext
    ) -> None:
        context.progress(f"{self.id} ({machine.state}) is replaced")
        async with aside(self.hands, machine, nonce, context):
            change = self.hands.client.update(
                machine, config, nonce, self.hands.app, launch=not self._asleep
            )
            await sent(change, context)
            self._former, self._context = machine.config, context
            await self._ready(config, context, routed=False)

    async def _ready(self, wanted: Config, context: StepContext, *, routed: bool = True) -> str:
        async def ready() -> str | None:
            machine = await self.hands.client.machine(self.id, self.hands.app)
            if not same(machine.config, wanted):
                context.progress(f"{self.id} has not the new configuration yet")
                return None
            if machine.state in AT_REST and self._asleep:
                return f"{self.id} is {machine.state}, with the new configuration"
            if not routed or self._aside:
                return fit(self.hands, machine, context)
            return await self.hands.serves(machine, context.progress)

        return await context.until(ready, READY_WITHIN)


def same(config: Config, wanted: Config) -> bool:
    """Whether the parts we change (image and guest) are as wanted; the platform fills in more."""
    guest, other = config.get("guest") or {}, wanted.get("guest") or {}
    return config.get("image") == wanted.get("image") and all(
        guest.get(key) == value for key, value in other.items()
    )
