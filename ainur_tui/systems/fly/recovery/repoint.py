"""Leads the API to another database of the same server: DATABASE_URL as the configuration refers
to it, with another name in it. The value goes from the reference to the platform, nowhere else."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.secret import Secret
from ainur_tui.systems.acting import StepContext, World
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.secrets.rows import known
from ainur_tui.systems.fly.secrets.settings import Setting, Values

NAME = "DATABASE_URL"


def led_to(dsn: Secret, database: str) -> Secret:
    """The same address with another database's name."""
    parts = urlsplit(dsn.reveal())
    return Secret(parts._replace(path=f"/{quote(database, safe='')}").geturl())


class Repoint(Setting):
    """Sets the secret, staged; then each machine is updated and must serve before the next."""

    spec = ActionSpec(
        name="repoint", targets=["api"], risk="R3", summary="Lead the API to another database"
    )

    def __init__(self, hands: Hands, dsn: Secret) -> None:
        super().__init__(hands)
        self._dsn = dsn

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        plan = await self.draft_values(
            target, {}, world, names=[NAME], title=f"{NAME} names {params['into']}",
            rows=await known(self.hands.client), goal={"value": params["into"]},
        )  # fmt: skip
        return replace(plan, risk="R3")

    def first(self, plan: Plan) -> str:
        return f"stage {NAME} with the database {plan.goal['value']} in it"

    async def values(self, plan: Plan, _: StepContext) -> Values:
        return {NAME: led_to(self._dsn, plan.goal["value"])}
