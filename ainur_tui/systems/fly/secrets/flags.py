"""Feature flags and the log level: secrets whose values are no secrets, so that the way back is
known while nobody else has changed them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import USAGE, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.systems.acting import StepContext, World
from ainur_tui.systems.fly.fleet import judged
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.secrets.rows import known, last_set
from ainur_tui.systems.fly.secrets.secrets import STAGE
from ainur_tui.systems.fly.secrets.settings import Setting, Values, named

MAINTENANCE = "MAINTENANCE_MODE"
USERS_SEE = "Users see the maintenance page; a reminder stays until it is off"
LEVELS = ["debug", "info", "warn", "error"]


class Open(Setting):
    """Sets one setting whose value may be shown."""

    async def draft_open(
        self, target: str, params: dict[str, str], world: World, *, name: str, value: str,
        key: str, title: str, facts: list[str] | None = None,
    ) -> Plan:  # fmt: skip
        """The plan; the way back is known where the present value is. ``key`` is the parameter
        that holds the value."""
        rows = await known(self.hands.client)
        row = rows.get(name)
        told, run, former = [*(facts or [])], "", ""
        if row is not None:
            run, former = last_set((m for m, _ in await judged(self.hands)), row)
            was = f"{former}, set by run {run}" if run else "not known: it was set elsewhere"
            told.append(f"{name} is {was}")
        undo = None
        if row is None:
            more = {"stage": params["stage"]} if params.get("stage") else {}
            undo = Undo(action="secret-unset", target=target, params={"name": name, **more})
        elif former:
            undo = Undo(action=self.spec.name, target=target, params={**params, key: former})
        return await self.draft_values(
            target, params, world, names=[name], title=title, rows=rows, undo=undo, facts=told,
            goal={"value": value},
        )  # fmt: skip

    async def values(self, plan: Plan, _: StepContext) -> Values:
        return {plan.goal["names"][0]: Secret(plan.goal["value"])}


class FlagSet(Open):
    """A feature flag on or off."""

    def __init__(self, hands: Hands, flags: Sequence[str]) -> None:
        super().__init__(hands)
        self._flags = list(flags)
        self.spec = ActionSpec(
            name="flag-set",
            targets=["api"],
            risk="R2",
            summary="Set a feature flag: a rolling restart of the machines unless it is staged",
            params=[
                Param(
                    name="name", type="str", help="the flag", required=True, choices=self._flags
                ),
                Param(
                    name="value", type="str", help="true or false", required=True,
                    choices=["true", "false"],
                ),
                STAGE,
            ],
        )  # fmt: skip

    def unavailable(self) -> str | None:
        return super().unavailable() if self._flags else "no fly.flags are configured"

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name = named(params)
        value = params.get("value", "").lower()
        if name not in self._flags:
            raise Refused(f"flags are {', '.join(self._flags)} (fly.flags)", USAGE)
        if value not in {"true", "false"}:
            raise Refused("a flag's value is true or false", USAGE)
        params = {**params, "value": value}
        plan = await self.draft_open(
            target, params, world, name=name, value=value, key="value",
            title=f"Set flag {name} to {value}",
        )  # fmt: skip
        if (name, value) != (MAINTENANCE, "true"):
            return plan
        return replace(
            plan,
            affects=[target, *world.dependants(target)],
            warnings=[*plan.warnings, USERS_SEE, "maintenance mode=on does this and looks from"
                      " outside whether users see it"],
        )  # fmt: skip


class LogLevel(Open):
    """How much the API logs."""

    spec = ActionSpec(
        name="log-level",
        targets=["api"],
        risk="R2",
        summary="Set LOG_LEVEL: a rolling restart of the machines unless it is staged",
        params=[
            Param(
                name="level", type="str", help="how much is logged", required=True, choices=LEVELS
            ),
            STAGE,
        ],
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        level = params.get("level", "").lower()
        if level not in LEVELS:
            raise Refused(f"log-level needs level={'|'.join(LEVELS)}", USAGE)
        all = await judged(self.hands)
        env = {str((m.config.get("env") or {}).get("LOG_LEVEL", "")) for m, _ in all} - {""}
        facts = [f"the machines' configuration says {', '.join(sorted(env))}"] if env else []
        return await self.draft_open(
            target, {**params, "level": level}, world, name="LOG_LEVEL", value=level,
            key="level", title=f"Set the log level to {level}", facts=facts,
        )  # fmt: skip
