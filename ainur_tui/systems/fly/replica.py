"""A read replica of an unmanaged Postgres app: a volume of its own, a machine like the primary's,
and then the database itself must say that it follows."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.answers import number, text
from ainur_tui.systems.fly.fleet import SECONDS_EACH, OnApp, before, busy, judged
from ainur_tui.systems.fly.hands import Hands, sent
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import LOOK_FOR, MARK, made
from ainur_tui.systems.postgres.client import Database

_REGION = re.compile(r"[a-z]{2,4}")
_FOLLOWERS = """
SELECT state, extract(epoch FROM coalesce(replay_lag, '0'))::float8 AS lag
  FROM pg_stat_replication WHERE state = 'streaming'
"""


class Replica(OnApp):
    """What a fork would copy once, follows the primary from now on."""

    spec = ActionSpec(
        name="replica",
        targets=["db"],
        risk="R2",
        summary="Make a read replica: a volume and a machine like the primary's that follows it",
        params=[Param(name="region", type="str", help="where; none: beside the primary")],
    )
    verify_within = 120.0

    def __init__(self, hands: Hands, sql: Database | None) -> None:
        super().__init__(hands)
        self._sql = sql

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        region = params.get("region", "").strip()
        if region and not _REGION.fullmatch(region):
            raise Refused("replica takes region=CODE at most, such as sjc", USAGE)
        all = await judged(self.hands)
        source = next((m for m, _ in all if m.role == "primary"), all[0][0])
        mounts = source.config.get("mounts") or []
        if not source.whole or len(mounts) != 1:
            raise Refused(f"{source.id} has not one volume to make another like", UNAVAILABLE)
        size = await self._size(str(mounts[0].get("volume")))
        region = region or source.region
        following = await self._followers()
        return Plan(
            action="replica",
            target=target,
            risk="R2",
            params={"region": region},
            steps=[step.name for step in self._steps(size, region, source.id)],
            affects=[],
            before=before([m for m, _ in all]),
            goal={
                "source": source.id, "region": region, "size": size,
                "known": [m.id for m, _ in all],
                "followers": None if following is None else len(following),
            },
            inverse="destroy the new machine, then its volume, by the platform's own tools",
            expected_seconds=world.usual_seconds or SECONDS_EACH * 4,
            title=f"Make a read replica of {source.id} in {region}",
            warnings=[
                "The API reads from it only once its configuration names it",
                "It follows only if the image's own cluster manager takes it in; this is seen, or"
                " machine and volume are taken away again",
            ],
            facts=[
                f"one more machine ({source.size}) and a volume of {size} GB are paid for",
                f"{len(all)} → {len(all) + 1} machines of {self.hands.app}",
                "followers cannot be seen: no SQL" if following is None
                else f"{len(following)} → {len(following) + 1} followers of the primary",
            ],
            policy=busy(all),
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        goal = plan.goal
        return self._steps(goal["size"], goal["region"], goal["source"], goal["followers"])

    def _steps(self, size: int, region: str, source: str, had: int | None = None) -> list[Step]:
        own: dict[str, str] = {}
        return [
            Step(
                f"create a volume of {size} GB in {region}",
                partial(self._volume, own, size, region), undo=partial(self._drop, own),
            ),
            Step(
                f"create a machine like {source} with it",
                partial(self._machine, own, source, region), undo=partial(self._destroy, own),
            ),
            Step("it follows the primary", partial(self._follows, own, had), "abort"),
        ]  # fmt: skip

    async def observe(self, plan: Plan) -> Observation:
        found = serving(await self.hands.client.machines(self.hands.app))
        new = [m for m in found if m.id not in plan.goal["known"] and MARK in _metadata(m)]
        if not new:
            return Observation("failed", "there is no new machine")
        how = health(new[0], self.hands.clock.now())
        if how.state != "up":
            return Observation("failed", f"{new[0].id}: {how.note}")
        seen = await self._proof(new[0], plan.goal["followers"])
        if seen is None:
            return Observation("failed", f"{new[0].id} runs, but does not follow the primary")
        return Observation("verified", f"{new[0].id} {how.note}; {seen}")

    async def _size(self, volume: str) -> int:
        for row in await self.hands.client.volumes(self.hands.app):
            if text(row, "id", 40) == volume and (size := number(row, "size_gb").value):
                return int(size)
        raise Refused(f"the size of volume {clean(volume, 40)} is not told", UNAVAILABLE)

    async def _followers(self) -> list[Any] | None:
        """Who streams from the primary now; ``None`` where it cannot be seen."""
        if self._sql is None:
            return None
        try:
            return list(await self._sql.fetch(_FOLLOWERS))
        except ProbeFailure:
            return None

    async def _proof(self, machine: Machine, had: int | None) -> str | None:
        """What shows that it follows: one more stream than before, else its own role check."""
        found = await self._followers()
        if found is not None and had is not None:
            if len(found) <= had:
                return None
            return f"{len(found)} stream, at most {duration(max(r['lag'] for r in found))} behind"
        return "its role check says replica" if machine.role == "replica" else None

    async def _volume(
        self, own: dict[str, str], size: int, region: str, context: StepContext
    ) -> str:
        client, app = self.hands.client, self.hands.app
        own["name"] = f"replica_{context.run_id}"[:30]
        await sent(client.make_volume(own["name"], region, size, app), context)

        async def there() -> str | None:
            rows = await client.volumes(app)
            mine = next((row for row in rows if row.get("name") == own["name"]), None)
            own["volume"] = text(mine, "id", 60) or "" if mine else ""
            return f"volume {own['volume']}" if own["volume"] else None

        return await context.until(there, LOOK_FOR)

    async def _machine(
        self, own: dict[str, str], source: str, region: str, context: StepContext
    ) -> str:
        model = await self.hands.client.machine(source, self.hands.app)
        [mount] = model.config["mounts"]
        own["mark"] = context.run_id
        config = {**model.config, "mounts": [{"volume": own["volume"], "path": mount["path"]}]}
        try:
            id, seen = await made(self.hands, config, region, own["mark"], context)
        except (ActionFailure, ProbeFailure):
            await self._destroy(own)
            raise
        own["machine"] = id
        context.keep(machine=id, volume=own["volume"])
        return seen

    async def _follows(self, own: dict[str, str], had: int | None, context: StepContext) -> str:
        async def follows() -> str | None:
            machine = await self.hands.client.machine(own["machine"], self.hands.app)
            seen = await self._proof(machine, had)
            context.progress(seen or f"{machine.id} does not follow yet")
            return seen

        return await context.until(follows, self.verify_within)

    async def _destroy(self, own: dict[str, str]) -> None:
        """Take the machine away that this run made, if it did."""
        client, app = self.hands.client, self.hands.app
        for machine in await client.machines(app, {MARK: own.get("mark", "")}):
            if _metadata(machine).get(MARK) == own.get("mark"):
                nonce = await client.lease(machine.id, 60, "ainur-tui: taken back", app)
                await client.destroy(machine.id, nonce, app)

    async def _drop(self, own: dict[str, str]) -> None:
        if own.get("volume"):
            await self.hands.client.drop_volume(own["volume"], self.hands.app)


def _metadata(machine: Machine) -> dict[str, Any]:
    return dict(machine.config.get("metadata") or {})
