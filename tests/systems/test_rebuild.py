"""The way back from nothing: stage after stage, each seen before the next, from nothing but the
backups to an API that serves. Both database servers are real, the platform is a fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from ainur_tui.config.types import Api, Backup, Environment, Fly, Postgres
from ainur_tui.model.action import Plan
from ainur_tui.model.failure import Refused
from ainur_tui.systems.acting import Action, AlreadySo
from ainur_tui.systems.fly.system import connect
from tests.systems.conftest import Server, a_postgres
from tests.systems.flyfake import TOKEN, Steps, machine
from tests.systems.test_fly import action, stored, world
from tests.systems.test_fly_settings import quick
from tests.systems.test_recovery import PASSWORD, ROLE, ConnectingFake, Place, looking, platform
from tests.systems.web import RealClock, app_server

__all__ = ["quick"]

WATCHER = "ainur_watch"
WATCHED = "c4nary-of-the-watcher"


@pytest.fixture(scope="module")
def empty() -> Iterator[Server]:
    with a_postgres() as found:
        yield found


class Lost(ConnectingFake):
    """There is no app until somebody makes one."""

    async def about(self, request: web.Request) -> web.Response:
        if request.match_info["app"] not in self.apps:
            return web.json_response({"error": "app not found"}, status=404)
        return web.json_response({"name": request.match_info["app"], "status": "deployed"})


async def done(act: Action, plan: Plan) -> Steps:
    context = Steps(RealClock(), 30)
    for step in act.steps(stored(plan)):
        assert await step.work(context), step.name
    seen = await act.observe(stored(plan))
    assert seen.state == "verified", seen.by
    return context


async def test_from_nothing_to_an_api_that_serves(
    postgres: Server, empty: Server, tmp_path: Path
) -> None:
    fake = Lost()
    app = platform(fake, web.get("/v1/apps/{app}", fake.about))
    context = looking(postgres, PASSWORD, WATCHED)
    async with app_server(app) as url:
        fake.url = url
        fake.secrets = {"JWT_SECRET": {"name": "JWT_SECRET", "digest": "d1"}}
        before = Environment(
            name="test", api=Api(url=url, timeout=10),
            fly=Fly(url=url, web_url=url, token=TOKEN, timeout=10, database_app=None),
            postgres=Postgres(dsn=postgres.dsn().reveal(), timeout=10),
            backup=Backup(directory=str(tmp_path / "backups")),
        )  # fmt: skip
        place = Place(before, context, fake, postgres)
        await place.sql("CREATE TABLE owned AS SELECT 1 AS i")
        await place.sql("CREATE ROLE former_owner")
        await place.sql("ALTER TABLE owned OWNER TO former_owner")
        backup = await place.take()
        await place.sql("DROP TABLE owned")
        await place.sql("DROP ROLE former_owner")

        fake.apps.clear()
        fake.secrets.clear()
        now = replace(
            before,
            postgres=Postgres(
                dsn=empty.dsn(WATCHER, "shop", WATCHED).reveal(), timeout=10,
                admin=empty.dsn(database="nothing_yet").reveal(),
            ),
            backup=Backup(
                directory=str(tmp_path / "backups"),
                application=empty.dsn(ROLE, "shop", PASSWORD).reveal(),
            ),
        )  # fmt: skip
        system = connect(now, context)
        assert system is not None
        rebuild = action(system, "rebuild", "db")
        since = {"since": "2026-01-01T00:00:00Z"}

        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked, plan.goal["rto"]) == ("roles", None, 900.0)
        assert any("PostgreSQL" in fact and fact.startswith("done: ") for fact in plan.facts)
        assert {f"make the role {name}" for name in (ROLE, WATCHER, "former_owner")} <= {
            step.removeprefix("roles: ").partition(",")[0] for step in plan.steps
        }
        with pytest.raises(Refused, match="next stage is roles"):
            await rebuild.plan("db", since | {"stage": "restore"}, world())
        context_ = await done(rebuild, plan)
        assert PASSWORD not in repr((plan, context_.told, context_.kept))

        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked) == ("restore", None)
        assert any(backup in step for step in plan.steps)
        await done(rebuild, plan)

        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked) == ("use", None)
        await done(rebuild, plan)

        plan = await rebuild.plan("db", since, world())
        assert plan.params["stage"] == "app"
        assert "fly apps create zerostate-api" in (plan.blocked or "")
        assert any("can be read" in fact for fact in plan.facts)
        assert plan.goal["rto"] == 300, "the guide has the API back in five minutes"
        fake.apps["zerostate-api"] = {}

        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked) == ("address", None)
        await done(rebuild, plan)
        assert fake.values["DATABASE_URL"] == empty.dsn(ROLE, "shop", PASSWORD).reveal()

        plan = await rebuild.plan("db", since, world())
        assert plan.params["stage"] == "secrets"
        assert "secret-import" in (plan.blocked or "")
        assert any("not set: JWT_SECRET" in fact for fact in plan.facts)
        fake.secrets["JWT_SECRET"] = {"name": "JWT_SECRET", "digest": "d2"}

        plan = await rebuild.plan("db", since, world())
        assert plan.params["stage"] == "machines"
        assert "--image registry.fly.io/zerostate-api:v1" in (plan.blocked or "")
        fake.apps["zerostate-api"]["c3"] = machine("c3")

        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked) == ("machines", None)
        await done(rebuild, plan)
        assert len(fake.machines) == 2

        plan = await rebuild.plan("db", since, world())
        assert plan.params["stage"] == "workers"
        assert f"0 sessions of {ROLE}" in " ".join(plan.facts)
        await fake.enter("c3", fake.values["DATABASE_URL"])
        with pytest.raises(AlreadySo, match="nothing is left to rebuild"):
            await rebuild.plan("db", since, world())
        lost = Place(now, context, fake, empty)
        assert await lost.sql("SELECT count(*) FROM users", "shop") == 20000
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'owned'"
        assert await lost.sql(owner, "shop") == "former_owner"

        await lost.sql("DELETE FROM users", "shop")
        plan = await rebuild.plan("db", since, world())
        assert plan.params["stage"] == "restore"
        assert "ALTER DATABASE shop RENAME" in (plan.blocked or ""), "what is there is not touched"
        for session in fake.sessions.values():
            session.terminate()
        assert system.close is not None
        await system.close()
