"""The way back from nothing: stage after stage, each seen before the next, from nothing but the
backups to an API that serves. Both database servers are real, the platform is a fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from ainur_tui.config.types import Api, Backup, Environment, Fly, Postgres, Vault
from ainur_tui.model.action import Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.acting import Action, AlreadySo
from ainur_tui.systems.fly.secrets.vault import examine
from ainur_tui.systems.fly.system import connect
from tests.systems.conftest import Server, a_postgres
from tests.systems.flyfake import TOKEN, Steps, machine
from tests.systems.flysystem import system_for
from tests.systems.flyworld import action, stored, world
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
    """There is no app until somebody makes one; a name in ``taken`` is another customer's."""

    taken: frozenset[str] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.tokens = [{"org_slug": "ainur"}]

    async def create(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"] == TOKEN
        given = await request.json()
        assert given.keys() == {"app_name", "org_slug"}
        if given["app_name"] in self.taken:
            answer = {"error": "Validation failed: Name has already been taken"}
            return web.json_response(answer, status=422)
        self.apps[given["app_name"]] = {}
        return web.json_response({"id": "z4k69", "created_at": 1708631799000}, status=201)

    async def whose(self, _: web.Request) -> web.Response:
        return web.json_response({"tokens": self.tokens})

    async def about(self, request: web.Request) -> web.Response:
        if request.match_info["app"] not in self.apps:
            return web.json_response({"error": "app not found"}, status=404)
        return web.json_response({"name": request.match_info["app"], "status": "deployed"})


def keep(folder: Path, **values: str) -> None:
    """Put values into a vault of files."""
    folder.mkdir(exist_ok=True)
    for name, value in values.items():
        (folder / name).write_text(value)
        (folder / name).chmod(0o600)


async def done(act: Action, plan: Plan) -> Steps:
    context = Steps(RealClock(), 30)
    for step in act.steps(stored(plan)):
        assert await step.work(context), step.name
    seen = await act.observe(stored(plan))
    assert seen.state == "verified", seen.by
    return context


async def test_an_app_is_made_once_and_never_where_it_is_not_known_whose_it_is() -> None:
    fake = Lost()
    app = platform(
        fake, web.get("/v1/apps/{app}", fake.about), web.post("/v1/apps", fake.create),
        web.get("/v1/tokens/current", fake.whose),
    )  # fmt: skip
    async with app_server(app) as url:
        system = system_for(url)
        create = action(system, "app-create", "api")
        with pytest.raises(AlreadySo, match="zerostate-api is there: deployed"):
            await create.plan("api", {}, world())
        for params in ({"name": "No"}, {"name": "a/b"}, {"size": "1"}):
            with pytest.raises(Refused):
                await create.plan("api", params, world())
        plan = await create.plan("api", {"name": "zerostate-api-recovery"}, world())
        assert (plan.risk, plan.params["org"]) == ("R1", "ainur")
        assert (await create.observe(plan)).state == "failed"
        await done(create, plan)
        assert fake.apps["zerostate-api-recovery"] == {}
        fake.tokens = []
        with pytest.raises(ProbeFailure, match="give org="):
            await create.plan("api", {"name": "another"}, world())
        assert system.close is not None
        await system.close()


async def test_only_what_the_vault_has_is_set_and_no_strange_name_is_handed_to_it(
    tmp_path: Path,
) -> None:
    fake = Lost()
    async with app_server(platform(fake)) as url:
        script = 'echo "$1" >> "$0".asked; [ "$1" = GOOD ] && echo its-value'
        (tmp_path / "vault.sh").write_text(script)
        vault = Vault(command=["sh", str(tmp_path / "vault.sh"), "{name}"])
        backup = Backup(directory=str(tmp_path / "backups"), vault=vault)
        system = system_for(url, backup=backup)
        restore = action(system, "secret-restore", "api")
        with pytest.raises(Refused, match="names=NAME"):
            await restore.plan("api", {}, world())
        with pytest.raises(Refused, match="the vault has none of them"):
            await restore.plan("api", {"names": "BAD,../../etc/passwd,$(reboot)"}, world())
        assert (tmp_path / "vault.sh.asked").read_text().split() == ["BAD"]
        plan = await restore.plan("api", {"names": "GOOD,BAD", "stage": "true"}, world())
        assert plan.steps == ["set GOOD"]
        assert any(
            said.startswith("BAD is left out: the command sh ended") for said in plan.warnings
        )
        context = await done(restore, plan)
        assert fake.values["GOOD"] == "its-value"
        assert "its-value" not in repr((plan, context.told, context.kept))
        (tmp_path / "vault.sh").unlink()
        with pytest.raises(ActionFailure, match="does not have all of them any more"):
            await restore.steps(plan)[0].work(Steps(RealClock()))
        assert system.close is not None
        await system.close()


async def test_from_nothing_to_an_api_that_serves(
    postgres: Server, empty: Server, tmp_path: Path
) -> None:
    fake = Lost()
    app = platform(
        fake, web.get("/v1/apps/{app}", fake.about), web.post("/v1/apps", fake.create),
        web.get("/v1/tokens/current", fake.whose),
    )  # fmt: skip
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
                vault=Vault(file=str(tmp_path / "vault" / "{name}")),
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
        assert (plan.params["stage"], plan.blocked) == ("app", None)
        assert plan.steps == ["app: create zerostate-api in ainur"]
        assert any("costs nothing" in fact for fact in plan.facts)
        assert any("can be read" in fact for fact in plan.facts)
        assert plan.goal["rto"] == 300, "the guide has the API back in five minutes"
        fake.taken = frozenset({"zerostate-api"})
        with pytest.raises(ActionFailure, match="taken by somebody else"):
            await done(rebuild, plan)
        fake.taken = frozenset()
        await done(rebuild, plan)

        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked) == ("address", None)
        await done(rebuild, plan)
        assert fake.values["DATABASE_URL"] == empty.dsn(ROLE, "shop", PASSWORD).reveal()

        plan = await rebuild.plan("db", since, world())
        assert plan.params["stage"] == "secrets"
        assert "secret-import" in (plan.blocked or "")
        assert any("not set: JWT_SECRET; the vault lacks JWT_SECRET" in fact for fact in plan.facts)
        told = await examine(now, context)
        assert [(one.name, one.state) for one in told] == [
            ("vault", "warn"),
            ("JWT_SECRET", "warn"),
        ]
        keep(tmp_path / "vault", JWT_SECRET=WATCHED)
        assert (await examine(now, context))[0].words.startswith("1 of 1 secrets have their value")
        plan = await rebuild.plan("db", since, world())
        assert (plan.params["stage"], plan.blocked) == ("secrets", None)
        context_ = await done(rebuild, plan)
        assert fake.values["JWT_SECRET"] == WATCHED
        assert WATCHED not in repr((plan, context_.told, context_.kept))

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
