"""The monitoring role against a real server; its password reaches neither server, plan nor log."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.acting import AlreadySo
from ainur_tui.systems.postgres.actions.role import MonitorRole
from ainur_tui.systems.postgres.actions.scram import verifier
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server
from tests.systems.postgres.elevated import hands_of, seen, session, work
from tests.systems.steps import WORLD, Step

PASSWORD = "c4n@ry-role'pass:word"
NAME = 'eye "x"; DROP'
QUOTED = '"eye ""x""; DROP"'
MADE = {"role": NAME, "signal": "true"}


def with_password(text: str = PASSWORD) -> Step:
    return Step(secrets={"password": Secret(text)})


@pytest.fixture
async def action(postgres: Server) -> AsyncIterator[MonitorRole]:
    async with session(postgres) as other, hands_of(postgres, "boss") as hands:
        await other.execute("CREATE ROLE boss SUPERUSER LOGIN")
        await other.execute("ALTER ROLE boss SET log_statement = 'all'")
        await other.execute("ALTER ROLE boss SET log_min_duration_statement = 0")
        yield MonitorRole(hands, Shown(Redactor()))
        for role in (QUOTED, "boss"):
            with contextlib.suppress(asyncpg.UndefinedObjectError):
                await other.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_it_is_made_mended_and_its_password_renewed(
    postgres: Server, action: MonitorRole
) -> None:
    plan = await action.plan("db", MADE, WORLD)
    assert (plan.blocked, plan.risk, len(plan.steps)) == (None, "R2", 2)
    assert "not there → pg_monitor, pg_use_reserved_connections, pg_signal_backend" in plan.facts[0]
    assert (await action.observe(plan)).state == "failed"
    step = with_password()
    said = await work(action, plan, step)
    assert "postgresql://eye%20%22x%22%3B%20DROP:PASSWORD@127.0.0.1:" in said[0]
    assert (await seen(action, plan)).state == "verified"
    with pytest.raises(AlreadySo, match="as it should be"):
        await action.plan("db", MADE, WORLD)
    async with session(postgres) as other:
        kept = await other.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", NAME)
        assert kept == verifier(Secret(PASSWORD), bytes.fromhex(plan.goal["salt"]))
        assert not await other.fetchval(
            "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%SCRAM-SHA-256%:%'"
        )
        await other.execute(f"ALTER ROLE {QUOTED} CONNECTION LIMIT -1")
        await other.execute(f"ALTER ROLE {QUOTED} RESET statement_timeout")
        await other.execute(f"GRANT pg_read_all_data TO {QUOTED}")
    mend = await action.plan("db", MADE, WORLD)
    assert mend.before["lacks"] == [
        "statement_timeout not set → 60s", "any number of connections → at most 20",
    ]  # fmt: skip
    assert any("pg_read_all_data: left as it is" in fact for fact in mend.facts)
    await work(action, mend, Step())
    assert (await seen(action, mend)).state == "verified"
    renew = await action.plan("db", MADE | {"renew": "true"}, WORLD)
    assert (await action.observe(renew)).by.endswith("its password is another one")
    await work(action, renew, with_password("quite-another-one"))
    assert (await seen(action, renew)).state == "verified"
    logged = (postgres.data.parent / "log").read_text()
    assert "ALTER ROLE" in logged
    everything = [logged, *said, *step.told, str(step.kept), msgspec.json.encode(plan).decode()]
    # A salt may be known; what follows it may not.
    told = re.compile(re.escape(PASSWORD) + r"|SCRAM-SHA-256\$\d+:[^$]+\$\w")
    assert not [text for text in everything if told.search(text)]


async def test_without_a_fit_password_nothing_is_made(
    postgres: Server, action: MonitorRole
) -> None:
    plan = await action.plan("db", MADE, WORLD)
    for step, said in (
        (Step(), "no password was given"), (with_password("short"), "12 printable"),
        (with_password("pässword-of-many"), "12 printable"),
    ):  # fmt: skip
        with pytest.raises(ActionFailure, match=said):
            await work(action, plan, step)
    async with session(postgres) as other:
        assert not await other.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", NAME)


async def test_whose_role_it_is_not(postgres: Server, action: MonitorRole) -> None:
    async def blocked(role: str) -> str:
        return (await action.plan("db", {"role": role}, WORLD)).blocked or ""

    async with session(postgres) as other:
        assert "itself" in await blocked("boss")
        await other.execute(f"CREATE ROLE {QUOTED} SUPERUSER")
        assert "is a superuser" in await blocked(NAME)
        await other.execute(f"ALTER ROLE {QUOTED} NOSUPERUSER")
        await other.execute(f"CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO {QUOTED}")
        assert "owns 1 relations" in await blocked(NAME)
    async with hands_of(postgres, "stranger") as hands:
        plan = await MonitorRole(hands, Shown(Redactor())).plan("db", {"role": "new"}, WORLD)
    assert "may not make roles" in (plan.blocked or "")


@pytest.mark.parametrize(
    "params", [{"role": "pg_monitor"}, {"role": "postgres"}, {"role": ""}, {"role": "a\nb"},
               {"role": "x" * 64}, {"signal": "perhaps"}]
)  # fmt: skip
async def test_parameters_that_make_no_sense(action: MonitorRole, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        await action.plan("db", params, WORLD)
    assert caught.value.code == 64


async def test_the_verifier_is_the_one_the_server_makes(postgres: Server) -> None:
    async with session(postgres) as other:
        await other.execute("BEGIN")
        text = PASSWORD.replace("'", "''")
        await other.execute(f"CREATE ROLE p PASSWORD '{text}'")
        made = await other.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'p'")
    salt = base64.b64decode(made.split("$")[1].split(":")[1])
    assert verifier(Secret(PASSWORD), salt) == made
