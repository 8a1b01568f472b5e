"""A read replica: made with a volume of its own, seen to follow, or taken away again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Postgres
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.systems.fly import access
from ainur_tui.systems.fly.databaseport import speaks_postgres
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.system import System
from tests.systems.flyfake import FlyFake, Steps, fly_fake, machine
from tests.systems.flysystem import system_for
from tests.systems.flyworld import action, carry_out, stored, world
from tests.systems.web import RealClock


class House(FlyFake):
    """With volumes, and a primary that tells how many follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.volumes: dict[str, dict[str, Any]] = {
            "vol_1": {"id": "vol_1", "name": "pg_data", "size_gb": 40, "region": "sjc"}
        }
        config = {"image": "flyio/postgres-flex:17", "guest": {"cpus": 2, "cpu_kind": "shared"},
                  "mounts": [{"volume": "vol_1", "path": "/data", "name": "pg_data"}]}  # fmt: skip
        self.apps["ainur-db"] = {"d9": machine("d9", config=config)}
        self.takes_in = True
        self.hooks |= {"POST machines": self.make, "GET machines": self.rows}

    async def make(self, request: web.Request) -> web.Response | None:
        if not request.path.endswith("/volumes"):
            return None
        body = await request.json()
        id = f"vol_{len(self.volumes) + 1}"
        self.volumes[id] = {"id": id, **body}
        self.hooks[f"DELETE {id}"] = self.drop
        return web.json_response(self.volumes[id])

    async def rows(self, request: web.Request) -> web.Response | None:
        if not request.path.endswith("/volumes"):
            return None
        return web.json_response(list(self.volumes.values()))

    async def drop(self, request: web.Request) -> web.Response:
        return web.json_response(self.volumes.pop(request.path.rpartition("/")[2]))

    async def fetch(self, sql: str) -> list[Any]:
        if "pg_stat_replication" not in sql:
            return [1]
        followers = len(self.apps["ainur-db"]) - 1 if self.takes_in else 0
        return [{"state": "streaming", "lag": 0.2}] * followers


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(access, "_BURST", 100)
    found = House()
    monkeypatch.setattr(Database, "fetch", lambda _, sql: found.fetch(sql))

    async def answers(*_: object) -> str:
        return "PostgreSQL answers on its port"

    monkeypatch.setattr(f"{speaks_postgres.__module__}.speaks_postgres", answers)
    async with fly_fake(found):
        yield found


@pytest.fixture
async def system(fake: House) -> AsyncIterator[System]:
    dsn = "postgresql://ainur:pw@127.0.0.1:1/ainur"
    found = system_for(fake.url, postgres=Postgres(dsn=dsn))
    yield found
    assert found.close is not None
    await found.close()


async def test_it_is_made_and_seen_to_follow(system: System, fake: House) -> None:
    act = action(system, "replica", "db")
    plan = await act.plan("db", {}, world())
    assert plan.steps == [
        "create a volume of 40 GB in sjc", "create a machine like d9 with it",
        "it follows the primary",
    ]  # fmt: skip
    assert "0 → 1 followers of the primary" in plan.facts
    assert "only once its configuration names it" in plan.warnings[0]
    assert (await act.observe(stored(plan))).state == "failed"
    context = await carry_out(act, plan)
    assert fake.volumes["vol_2"]["name"] == f"replica_{context.run_id}"
    assert fake.apps["ainur-db"]["new1"]["config"]["mounts"] == [
        {"volume": "vol_2", "path": "/data"}
    ]
    seen = await act.observe(stored(plan))
    assert (seen.state, seen.by.rpartition("; ")[2]) == (
        "verified", "1 stream, at most 200 ms behind",
    )  # fmt: skip


async def test_one_that_does_not_follow_is_taken_away_with_its_volume(
    system: System, fake: House
) -> None:
    act = action(system, "replica", "db")
    plan = await act.plan("db", {"region": "lax"}, world())
    fake.takes_in = False
    volume, made, follows = act.steps(stored(plan))
    context = Steps(RealClock())
    for step in (volume, made):
        await step.work(context)
    assert (await act.observe(plan)).state == "failed"
    with pytest.raises(ActionFailure, match="does not follow yet"):
        await follows.work(context)
    for step in (made, volume):
        assert step.undo is not None
        await step.undo()
    assert list(fake.volumes) == ["vol_1"]
    assert list(fake.apps["ainur-db"]) == ["d9"]


async def test_without_a_volume_there_is_nothing_to_copy(system: System, fake: House) -> None:
    act = action(system, "replica", "db")
    fake.apps["ainur-db"]["d9"]["config"].pop("mounts")
    with pytest.raises(Refused, match="not one volume"):
        await act.plan("db", {}, world())
    for bad in ({"region": "../x"}, {"size": "1"}):
        with pytest.raises(Refused):
            await act.plan("db", bad, world())
