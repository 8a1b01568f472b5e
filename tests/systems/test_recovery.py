"""A recovery: the best backup into a new database, the API led there, seen from outside; and on
from where it broke off. The database is real, the platform is a fake whose machines connect."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from ainur_tui.config.types import Api, Backup, Environment, Fly, Frontend, Postgres, SecretSource
from ainur_tui.model.action import Plan, Undo
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.acting import Action, AlreadySo
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.fly.system import connect
from ainur_tui.systems.postgres.recovery.where import WhereProbe
from ainur_tui.systems.postgres.system import connect as connect_postgres
from tests.systems.conftest import Server
from tests.systems.flyfake import TOKEN, Steps
from tests.systems.flyworld import action, stored, world
from tests.systems.test_fly_settings import SettingsFake, quick
from tests.systems.web import RealClock, app_server

__all__ = ["quick"]

PASSWORD = "c4nary-of-the-app"
ROLE = "ainur_app"


class ConnectingFake(SettingsFake):
    """Its machines hold a session in the database that their DATABASE_URL names."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, asyncpg.Connection] = {}
        self.work: set[asyncio.Task[None]] = set()

    def update(self, found: dict[str, Any], body: dict[str, Any]) -> web.Response:
        answer = super().update(found, body)
        if url := self.in_use[found["id"]].get("DATABASE_URL"):
            self.work.add(asyncio.create_task(self.enter(found["id"], url)))
        return answer

    async def enter(self, machine: str, url: str) -> None:
        before = self.sessions.get(machine)
        made = await asyncpg.connect(url, server_settings={"application_name": f"api {machine}"})
        self.sessions[machine] = made
        if before is not None:
            before.terminate()


@dataclass
class Place:
    """A marketplace whose API uses the database ``ainur`` of a real server."""

    environment: Environment
    context: Context
    fake: ConnectingFake
    server: Server
    backup: str = ""

    def action(self, name: str) -> Action:
        found = connect(self.environment, self.context)
        assert found is not None
        return action(found, name, "db")

    async def sql(self, statement: str, database: str = "ainur") -> Any:
        settings = {"default_transaction_read_only": "off"}
        admin = await asyncpg.connect(
            self.server.dsn(database=database).reveal(), server_settings=settings
        )
        try:
            return await admin.fetchval(statement)
        finally:
            await admin.close()

    async def take(self) -> str:
        """A backup of the database as it is."""
        system = connect_postgres(self.environment, self.context)
        assert system is not None
        make = system.actions[0]
        plan = await make.plan("db", {}, world())
        context = Steps(RealClock(), 30)
        for step in make.steps(plan):
            await step.work(context)
        assert system.close is not None
        await system.close()
        return str(plan.goal["id"])


def platform(fake: ConnectingFake, *first: web.RouteDef) -> web.Application:
    """The fake as a server: its platform, the API's health, and the routes that come ``first``."""
    app = web.Application()
    app.add_routes([
        *first,
        web.get("/health", fake.health),
        web.get("/v1/apps/{app}/secrets", fake.list_secrets),
        web.post("/v1/apps/{app}/secrets", fake.set_secrets),
        web.route("*", "/v1/{path:.*}", fake.handle),
    ])  # fmt: skip
    return app


def looking(postgres: Server, *secrets: str) -> Context:
    """Secrets stand in the configuration as they are; the server's own programs are used."""

    def resolve(source: SecretSource) -> Secret:
        assert isinstance(source, str)
        return Secret(source)

    tools = Tools(lambda name: str(postgres.bin / name), {"PATH": os.defpath})
    redact = Redactor([Secret(one) for one in secrets])
    return Context("test", RealClock(), redact, tools, resolve)


@pytest.fixture
async def place(postgres: Server, tmp_path: Path) -> AsyncIterator[Place]:
    fake = ConnectingFake()
    app = platform(fake, web.get("/", fake.page))
    context = looking(postgres, PASSWORD)
    application = postgres.dsn(ROLE, password=PASSWORD).reveal()
    async with app_server(app) as url:
        fake.url = url
        environment = Environment(
            name="test",
            api=Api(url=url, timeout=10),
            fly=Fly(url=url, web_url=url, token=TOKEN, timeout=10, database_app=None),
            frontend=Frontend(url=url, timeout=10),
            postgres=Postgres(dsn=postgres.dsn().reveal(), timeout=10),
            backup=Backup(directory=str(tmp_path / "backups"), application=application),
        )
        found = Place(environment, context, fake, postgres)
        await found.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        await found.sql(f"GRANT pg_read_all_data TO {ROLE}")
        await found.sql("ALTER DATABASE ainur SET work_mem = '5MB'")
        await found.sql("CREATE TABLE scores AS SELECT i FROM generate_series(1, 120) AS i")
        for machine in fake.machines:
            await fake.enter(machine, application)
        found.backup = await found.take()
        yield found
        for session in fake.sessions.values():
            session.terminate()
        await asyncio.gather(*fake.work, return_exceptions=True)
        for name in ("ainur", "postgres"):
            with contextlib.suppress(asyncpg.PostgresError):
                await found.sql(f"ALTER DATABASE {name} RESET ALL", "postgres")
        for database in await databases(found):
            if "recovery" in database or database == "other":
                await found.sql(f"DROP DATABASE {database} WITH (FORCE)")
        await found.sql("DROP TABLE scores")
        await found.sql(f"DROP ROLE {ROLE}")


async def databases(place: Place) -> list[str]:
    return list(await place.sql("SELECT array_agg(datname::text) FROM pg_database"))


async def where(place: Place) -> set[str]:
    return set(
        await place.sql(
            f"SELECT array_agg(datname::text) FROM pg_stat_activity WHERE usename = '{ROLE}'"
        )
    )


async def carry_out(act: Action, plan: Plan, until: str = "") -> Steps:
    """Do the steps; ``until``: those before the first whose name begins so."""
    context = Steps(RealClock(), 30)
    steps = act.steps(stored(plan))
    assert [step.name for step in steps] == plan.steps
    for step in steps:
        if until and step.name.startswith(until):
            break
        assert await step.work(context), step.name
    return context


async def test_the_api_uses_what_was_restored_and_the_way_back_holds(place: Place) -> None:
    await place.sql("DELETE FROM scores WHERE i > 12")
    await place.sql("INSERT INTO users VALUES (50001, 'later'), (50002, 'later')")
    recover, into = place.action("recover"), f"ainur_recovery_{place.backup[13:]}"
    plan = await recover.plan("db", {"since": "2026-01-01T00:00:00Z"}, world())
    assert (plan.blocked, plan.policy, plan.risk) == (None, None, "R3")
    assert plan.params == {
        "id": place.backup, "into": into, "since": "2026-01-01T00:00:00.000Z"
    }  # fmt: skip
    assert plan.warnings[0].startswith("everything written after 20")
    assert plan.warnings[1] == "live has 2 more rows in 1 table (users 2): they are lost"
    assert any("never restored and counted" in warning for warning in plan.warnings)
    assert "scores: 120 at backup time, 12 live: 108 come back" in plan.facts
    assert any("/ainur to 127.0.0.1:" in fact and into in fact for fact in plan.facts)
    assert plan.undo == Undo(action="cut-over", target="db", params={"database": "ainur"})
    assert plan.goal["rto"] == 900
    context = await carry_out(recover, plan)
    assert plan.asks == into
    assert place.environment.backup is not None
    kept = Path(str(place.environment.backup.directory)) / f"{place.backup}.config.json"
    beside = json.loads(kept.read_text())
    assert [one["app"] for one in beside["apps"]] == ["zerostate-api"]
    assert PASSWORD not in json.dumps(beside)
    [(word, told)] = context.asked
    assert word == into
    assert told[0].startswith("now: 127.0.0.1:")
    assert told[1].startswith("then: 127.0.0.1:")
    assert told[1].endswith(f"/{into}")
    assert "live has 2 more rows in 1 table (users 2): they are lost" in told
    assert any("108 come back" in line for line in told)
    seen = await recover.observe(stored(plan))
    assert seen.state == "verified", seen.by
    assert f"2 sessions (api a1 1, api b2 1) in {into}" in seen.by
    assert "API in service, frontend in service" in seen.by
    assert PASSWORD not in repr((plan, context.told, context.kept, seen, place.fake.machines))
    assert await where(place) == {into}
    assert await place.sql("SELECT count(*) FROM scores", into) == 120
    assert await place.sql("SELECT count(*) FROM scores") == 12, "the old one is as it was"
    assert await place.sql("SHOW work_mem", into) == "5MB"
    for machine in place.fake.sessions.values():
        assert await machine.fetchval("SHOW default_transaction_read_only") == "off"
    old = await asyncpg.connect(place.server.dsn().reveal())
    assert await old.fetchval("SHOW default_transaction_read_only") == "on"
    await old.close()
    with pytest.raises(AlreadySo):
        await recover.plan("db", {"id": place.backup, "into": into}, world())

    back = place.action("cut-over")
    plan = await back.plan("db", {"database": "ainur"}, world())
    assert plan.undo == Undo(action="cut-over", target="db", params={"database": into})
    assert plan.asks is None, "the plan of a cut-over alone is its own question"
    await carry_out(back, plan)
    assert (await back.observe(stored(plan))).state == "verified"
    assert await where(place) == {"ainur"}
    await place.sql("DELETE FROM users WHERE id > 50000")
    assert not (await recover.observe(stored(plan))).by.startswith(f"2 sessions in {into}")
    second = await recover.plan("db", {}, world())
    assert second.params["into"] == into, "it is there, with the rows of the backup"
    assert not any(step.startswith("backup: ") for step in second.steps)


@pytest.mark.parametrize("broken_off", ["word: count", "api: update", "page off: "])
async def test_what_broke_off_goes_on_where_it_was(place: Place, broken_off: str) -> None:
    recover = place.action("recover")
    plan = await recover.plan("db", {}, world())
    await carry_out(recover, plan, broken_off)
    seen = await recover.observe(stored(plan))
    assert seen.state == "failed"
    assert "The same again goes on from here" in seen.by
    assert "cut-over db database=ainur" in seen.by
    rest = await recover.plan("db", plan.params, world())
    assert rest.params == plan.params
    assert len(rest.steps) < len(plan.steps)
    assert not any(step.startswith("backup: ") for step in rest.steps)
    early = broken_off == "word: count"
    assert any(step.startswith("page on") for step in rest.steps) is early
    assert (rest.asks is not None) is any(step.startswith("word: ") for step in rest.steps)
    assert any(step.startswith("api: ") for step in rest.steps) is (broken_off != "page off: ")
    await carry_out(recover, rest)
    assert (await recover.observe(stored(rest))).state == "verified"
    assert await where(place) == {plan.params["into"]}


async def test_nothing_is_touched_after_a_part_that_is_not_seen(place: Place) -> None:
    recover = place.action("recover")
    plan = await recover.plan("db", {}, world())
    place.fake.answers = 422
    with pytest.raises(ActionFailure, match="refuses"):
        await carry_out(recover, plan)
    assert await where(place) == {"ainur"}
    assert await place.sql("SHOW default_transaction_read_only") == "off"
    assert plan.params["into"] in await databases(place), "kept for the next try"


async def test_what_cannot_be_recovered_is_said_before(place: Place) -> None:
    recover = place.action("recover")
    await place.sql("CREATE DATABASE other")
    for params, words in (
        ({"id": "ainur_backup_20200101_000000"}, "there is no backup"),
        ({"into": "a b"}, "new database's name"),
        ({"into": "other"}, "not what the backup holds"),
        ({"into": "ainur"}, "not what the backup holds"),
        ({"since": "soon"}, "since is a moment"),
        ({"since": "2999-01-01T00:00:00Z"}, "future"),
    ):
        with pytest.raises(Refused, match=words):
            await recover.plan("db", params, world())
    with pytest.raises(Refused, match="cut-over needs"):
        await place.action("cut-over").plan("db", {"database": "a;b"}, world())
    gone = await place.action("cut-over").plan("db", {"database": "nowhere"}, world())
    assert "there is no database nowhere" in (gone.blocked or "")
    with pytest.raises(AlreadySo):
        await place.action("cut-over").plan("db", {"database": "ainur"}, world())


async def test_an_api_elsewhere_than_we_watch_is_told(place: Place) -> None:
    from ainur_tui.systems.postgres.client import Database

    await place.sql("CREATE DATABASE other")
    database = Database(place.server.dsn(), RealClock(), Redactor(), 10.0)
    probe = WhereProbe(database, ROLE, RealClock(), interval=5, deadline=10)
    [reading] = (await probe.read()).readings
    assert (reading.value, reading.note) == (0.0, None)
    for machine in ("a1", "b2"):
        await place.fake.enter(machine, place.server.dsn(ROLE, "other", PASSWORD).reveal())
    [reading] = (await probe.read()).readings
    assert reading.value == 1.0
    assert reading.note == (
        "2 sessions (api a1 1, api b2 1) in other; watched is ainur: change postgres.dsn"
    )
    await database.close()
