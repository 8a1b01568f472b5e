"""Settings against a real server: what is told before, applied, verified, taken back, refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.acting import AlreadySo
from ainur_tui.systems.postgres.actions.settings import ApplySetting
from ainur_tui.systems.postgres.actions.tuning import CONSEQUENCES, GUIDE, ONLY, counted, words
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server
from tests.systems.postgres.elevated import hands_of, seen, session, work
from tests.systems.steps import WORLD, Step


@pytest.fixture
async def action(postgres: Server) -> AsyncIterator[ApplySetting]:
    async with session(postgres) as other, hands_of(postgres) as hands:
        yield ApplySetting(hands, Shown(Redactor()))
        await other.execute("ALTER SYSTEM RESET ALL")
        await other.execute("SELECT pg_reload_conf()")


async def test_a_reload_applies_it_and_undo_takes_it_back(action: ApplySetting) -> None:
    plan = await action.plan("db", {"name": "work_mem", "value": "16MB"}, WORLD)
    assert (plan.blocked, plan.risk, plan.title) == (None, "R2", "Set work_mem to 16.0 MiB")
    assert plan.steps[0] == "ALTER SYSTEM SET work_mem: 4.0 MiB → 16.0 MiB"
    assert "30 connections, one sort each: 480.0 MiB at most at once" in plan.facts
    assert any("takes a reload, no restart" in fact for fact in plan.facts)
    assert (await action.observe(plan)).state == "failed"
    said = await work(action, plan, Step())
    assert said[1].startswith("work_mem is 16.0 MiB, 16MB in postgresql.auto.conf")
    assert (await seen(action, plan)).state == "verified"
    with pytest.raises(AlreadySo, match="already"):
        await action.plan("db", {"name": "work_mem", "value": "16384"}, WORLD)
    other = await action.plan("db", {"name": "work_mem", "value": "8MB"}, WORLD)
    assert other.undo is not None
    assert other.undo.params == {"name": "work_mem", "value": "16MB"}
    assert plan.undo is not None
    back = await action.plan("db", plan.undo.params, WORLD)
    assert back.steps[0].endswith("work_mem: 16.0 MiB → 4.0 MiB, the server's own")
    await work(action, back, Step())
    assert (await seen(action, back)).state == "verified"
    with pytest.raises(AlreadySo, match="nothing to take back"):
        await action.plan("db", plan.undo.params, WORLD)


async def test_what_takes_a_restart_is_told_and_waits(action: ApplySetting) -> None:
    plan = await action.plan("db", {"name": "Max_Worker_Processes", "value": "12"}, WORLD)
    assert (plan.blocked, plan.risk) == (None, "R3")
    assert plan.title == "Set max_worker_processes to 12 at the next restart"
    assert any("cannot start with" in warning for warning in plan.warnings)
    await work(action, plan, Step())
    found = await seen(action, plan)
    assert found.by.startswith(
        "max_worker_processes is 8, 12 in postgresql.auto.conf, waits for a restart"
    )
    with pytest.raises(AlreadySo, match="waits for a restart"):
        await action.plan("db", plan.params, WORLD)


async def test_what_wins_elsewhere_and_what_a_reload_brings_along(
    postgres: Server, action: ApplySetting
) -> None:
    fixed = await action.plan("db", {"name": "shared_buffers", "value": "64MB"}, WORLD)
    assert "command line" in (fixed.blocked or "")
    async with session(postgres) as other:
        await other.execute("ALTER ROLE stranger SET jit = off")
        await other.execute("ALTER SYSTEM SET deadlock_timeout = '3s'")
        try:
            plan = await action.plan("db", {"name": "jit", "value": "0"}, WORLD)
        finally:
            await other.execute("ALTER ROLE stranger RESET jit")
    assert "every database for stranger: a value of its own, which wins there" in plan.warnings
    assert "the reload also applies what else the files hold: deadlock_timeout" in plan.warnings


async def test_a_value_is_a_value_and_no_sql(action: ApplySetting) -> None:
    plan = await action.plan("db", {"name": "work_mem", "value": "8MB"}, WORLD)
    plan.params["value"] = "8MB'; DROP TABLE users; --"
    with pytest.raises(ActionFailure, match="invalid value"):
        await work(action, plan, Step())
    assert (await action.observe(plan)).state == "failed"


async def test_only_a_superuser_may(postgres: Server) -> None:
    async with hands_of(postgres, "watcher") as hands:
        with pytest.raises(Refused, match="watcher is no superuser"):
            await ApplySetting(hands, Shown(Redactor())).plan(
                "db", {"name": "jit", "value": "off"}, WORLD
            )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("fsync", "off", "only ever set to on"),
        ("full_page_writes", "DEFAULT", "only ever set to on"),
        ("synchronous_commit", "off", "none of the tuning settings"),
        ("data_directory", "/", "none of the tuning settings"),
        ("hba_file", "/", "none of the tuning settings"),
        ("work_men", "1MB", "did you mean work_mem"),
        ("work_mem", "many", "a number from 64 to 2147483647"),
        ("work_mem", "1kB", "a number from 64"),
        ("jit", "perhaps", "on or off"),
        ("autovacuum", "off", "only ever set to on"),
        ("max_connections", "3", "3 connections are reserved"),
        ("pg_stat_statements.track", "some", "none, top, all"),
        ("work_mem", "8MB\n", "work_mem"),
        ("work_mem", "", "needs name=SETTING"),
    ],
)
async def test_what_is_refused(action: ApplySetting, name: str, value: str, said: str) -> None:
    if value.endswith("\n"):
        value = "8\nMB"
        said = "printable"
    with pytest.raises(Refused, match=said) as caught:
        await action.plan("db", {"name": name, "value": value}, WORLD)
    assert caught.value.code == 64


MEMORY: dict[str, Any] = {
    "vartype": "integer", "unit": "8kB", "min_val": "16", "max_val": "1073741823",
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "number", "said"),
    [("256MB", 32768.0, "256.0 MiB"), ("32768", 32768.0, "256.0 MiB"),
     ("1 GB", 131072.0, "1.0 GiB"), ("8kB", None, None),
     ("1 h", None, None), ("-1", None, None), ("", None, None)]
)  # fmt: skip
def test_values_are_counted_in_the_settings_unit(
    value: str, number: float | None, said: str | None
) -> None:
    assert counted(value, MEMORY) == number
    if number is not None:
        assert words(f"{number:.0f}", MEMORY) == said


def test_times_and_words() -> None:
    time = {"vartype": "integer", "unit": "ms", "min_val": "-1", "max_val": "2147483647"}
    assert [counted(v, time) for v in ("5min", "1s", "-1", "250us")] == [300000, 1000, -1, 0]
    assert [words(v, time) for v in ("300000", "-1", "0")] == ["5m 00s", "-1", "0 ms"]
    assert (
        counted("0.25", {"vartype": "real", "unit": None, "min_val": "0", "max_val": "1"}) == 0.25
    )
    assert [counted(v, {"vartype": "bool"}) for v in ("ON", "no", "2")] == ["on", "off", None]
    assert set(CONSEQUENCES) >= GUIDE
    assert set(CONSEQUENCES) >= set(ONLY)
