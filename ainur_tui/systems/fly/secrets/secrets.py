"""Set, unset and import secrets. A value is taken unseen, sent once, and kept nowhere."""

from __future__ import annotations

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.systems.acting import StepContext, World
from ainur_tui.systems.fly.secrets.file import identity, read_secrets
from ainur_tui.systems.fly.secrets.rows import known
from ainur_tui.systems.fly.secrets.settings import Setting, Values, named

STAGE = Param(
    name="stage",
    type="bool",
    default="false",
    help="set it only; machines have it after their next update",
)
KEPT = "The former value cannot be read back: there is no way back but to set it again"


class SecretSet(Setting):
    """One value, taken from the person that runs it."""

    spec = ActionSpec(
        name="secret-set",
        targets=["api"],
        risk="R2",
        summary="Set a secret; the machines are updated one after another unless it is staged",
        params=[
            Param(name="name", type="str", help="the secret's name", required=True),
            Param(name="value", type="secret", help="its value, typed unseen", required=True),
            STAGE,
        ],
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name = named(params)
        rows = await known(self.hands.client)
        new = name not in rows
        undo = Undo(action="secret-unset", target=target, params={"name": name}) if new else None
        return await self.draft_values(
            target, params, world, names=[name], title=f"Set secret {name}", rows=rows,
            undo=undo, warnings=[] if new else [KEPT],
        )  # fmt: skip

    async def values(self, plan: Plan, context: StepContext) -> Values:
        value = context.secrets.get("value")
        if value is None:
            raise ActionFailure("the value is not here (any more); run it again and type it")
        return {plan.goal["names"][0]: value}


class SecretUnset(Setting):
    """Take a secret away."""

    spec = ActionSpec(
        name="secret-unset",
        targets=["api"],
        risk="R2",
        summary="Unset a secret; the machines are updated one after another unless it is staged",
        params=[Param(name="name", type="str", help="the secret's name", required=True), STAGE],
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name = named(params)
        rows = await known(self.hands.client)
        if name not in rows:
            raise Refused(f"there is no secret {name}", UNAVAILABLE)
        return await self.draft_values(
            target, params, world, names=[name], title=f"Unset secret {name}", unset=True,
            rows=rows, warnings=[KEPT],
        )  # fmt: skip


class SecretImport(Setting):
    """Many at once from a private file on the machine the engine runs on."""

    spec = ActionSpec(
        name="secret-import",
        targets=["api"],
        risk="R2",
        summary="Set the secrets of a private NAME=VALUE file, all at once",
        params=[
            Param(name="file", type="str", help="path of a file only you can read", required=True),
            STAGE,
        ],
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        if not params.get("file"):
            raise Refused("secret-import needs file=PATH", USAGE)
        path = params["file"]
        values = read_secrets(path)
        there = await known(self.hands.client)
        names = sorted(values)
        new = [name for name in names if name not in there]
        facts = [f"{len(new)} new, {len(names) - len(new)} replaced, none unset"]
        plan = await self.draft_values(
            target, params, world, names=names, title=f"Import {len(names)} secrets", facts=facts,
            rows=there,
            warnings=[KEPT] if len(new) < len(names) else [],
        )  # fmt: skip
        plan.before["file"] = identity(path)
        return plan

    async def values(self, plan: Plan, _: StepContext) -> Values:
        if identity(plan.params["file"]) != plan.before["file"]:
            raise ActionFailure("the file was changed since the plan was made")
        try:
            values: dict[str, Secret] = read_secrets(plan.params["file"])
        except Refused as refused:
            raise ActionFailure(str(refused)) from None
        if sorted(values) != plan.goal["names"]:
            raise ActionFailure("the file holds other names than the plan")
        return dict(values)
