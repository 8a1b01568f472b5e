"""What the Database tab costs a server with a thousand tables, by the server's own count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from ainur_tui.config.types import Environment, Postgres, SecretSource
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Clock, Context, Tools
from ainur_tui.systems.postgres.system import connect
from tests.systems.conftest import Server

TABLES = 1000
CYCLE = 15.0
"""Milliseconds of the server's time a sampling cycle may take, on a machine like ours; a slower one
has as many times what it takes longer for the reference."""
REFERENCE = "SELECT count(*), sum(n_live_tup), sum(idx_scan) FROM pg_stat_user_tables"
OURS = 2.5
"""Milliseconds the reference takes here when nothing else runs."""
SPENT = """
SELECT coalesce(sum(total_exec_time), 0)::float8 FROM pg_stat_statements
 WHERE userid = $1::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = $2)
"""
MAKE = f"""
DO $$ BEGIN FOR i IN 1..{TABLES} LOOP
  EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a int)', i);
  EXECUTE format('INSERT INTO t%s SELECT g, g FROM generate_series(1, 60) AS g', i);
END LOOP; END $$
"""


@pytest.fixture
async def many(postgres: Server) -> AsyncIterator[asyncpg.Connection]:
    admin = await asyncpg.connect(postgres.dsn().reveal())
    await admin.execute("CREATE DATABASE many")
    maker = await asyncpg.connect(postgres.dsn(database="many").reveal())
    await maker.execute("SET synchronous_commit = off")
    for part in range(4):  # one transaction would hold more locks than the server has
        await maker.execute(MAKE.replace(f"1..{TABLES}", f"{part * 250 + 1}..{part * 250 + 250}"))
    await maker.execute("ANALYZE")
    await maker.close()
    yield admin
    await admin.execute("DROP DATABASE many WITH (FORCE)")
    await admin.close()


async def test_a_sampling_cycle_is_cheap_among_a_thousand_tables(
    postgres: Server, many: asyncpg.Connection, clock: Clock
) -> None:
    def resolve(source: SecretSource) -> Secret:
        assert isinstance(source, str)
        return Secret(source)

    context = Context("test", clock, Redactor(), Tools(lambda _: None), resolve)
    section = Postgres(dsn=postgres.dsn("watcher", "many").reveal(), timeout=30)
    system = connect(Environment(name="test", postgres=section), context)
    assert system is not None
    watcher = await asyncpg.connect(section.dsn)
    best: dict[str, float] = {}
    reference = 1e9
    for _ in range(5):
        for probe in system.probes:
            before = await many.fetchval(SPENT, "watcher", "many")
            await probe.read()
            spent = await many.fetchval(SPENT, "watcher", "many") - before
            best[probe.name] = min(spent, best.get(probe.name, 1e9))
        before = await many.fetchval(SPENT, "watcher", "many")
        await watcher.fetch(REFERENCE)
        reference = min(reference, await many.fetchval(SPENT, "watcher", "many") - before)
    await watcher.close()
    assert system.close is not None
    await system.close()
    every = {probe.name: probe.interval for probe in system.probes}
    often = sum(spent for name, spent in best.items() if every[name] <= 15)
    seldom = {name: spent for name, spent in best.items() if every[name] > 15}
    files = seldom.pop("db.size")  # every file is looked at: in a cycle of its own, once in 5 min
    slower = max(1.0, reference / OURS)
    assert often + max(seldom.values()) < CYCLE * slower, (best, reference)
    share = sum(spent / every[name] for name, spent in best.items()) / 1000
    assert share < 0.01 * slower, best
    assert files < 10 * CYCLE * slower
    rare = [every[name] for name in seldom if name != "db.settings"]
    assert len(set(rare)) == len(rare), "they do not fall into one cycle again and again"
