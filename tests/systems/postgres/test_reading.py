"""The probes against a real server: what is seen, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest

from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.table import Table
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres.activity import ActivityProbe
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.settings import Setting, SettingsProbe, changes
from ainur_tui.systems.postgres.shown import Shown
from ainur_tui.systems.postgres.statements import StatementsProbe
from ainur_tui.systems.postgres.statistics import SizeProbe, StatisticsProbe, TablesProbe, UpProbe
from tests.systems.conftest import Server
from tests.systems.web import FakeClock

Opening = Callable[..., Database]


@pytest.fixture
async def opened(postgres: Server, clock: Clock, redact: Redactor) -> AsyncIterator[Opening]:
    databases: list[Database] = []

    def opening(user: str = "watcher", **more: str) -> Database:
        databases.append(Database(postgres.dsn(user, **more), clock, redact, 3))
        return databases[-1]

    yield opening
    for database in databases:
        await database.close()


@asynccontextmanager
async def session(postgres: Server, name: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(
        postgres.dsn().reveal(), server_settings={"application_name": name}
    )
    try:
        yield connection
    finally:
        connection.terminate()


def activity(database: Database, clock: Clock) -> ActivityProbe:
    return ActivityProbe(database, clock, Shown(Redactor()), interval=2, deadline=3)


def value(sample: Sample, name: str) -> float | None:
    return next(reading.value for reading in sample.readings if reading.signal == name)


def table(sample: Sample, name: str) -> Table:
    return next(table for table in sample.tables if table.name == name)


async def seen(probe: Probe, condition: Callable[[Sample], bool]) -> Sample:
    for _ in range(200):
        sample = await probe.read()
        if condition(sample):
            return sample
        await asyncio.sleep(0.02)
    raise AssertionError(sample.readings)


async def test_up_says_version_and_role(opened: Opening, clock: Clock) -> None:
    sample = await UpProbe(opened(), clock, interval=2, deadline=3).read()
    assert value(sample, "db.up") == 1.0
    assert 0 < (value(sample, "db.latency") or 0) < 3
    assert sample.readings[0].note == "PostgreSQL 18.6, primary"


async def test_our_session_is_read_only_and_impatient(opened: Opening) -> None:
    database = opened("postgres")
    shown = await database.fetch(
        "SELECT name, setting FROM pg_settings WHERE name = ANY($1)",
        ["statement_timeout", "lock_timeout", "application_name"],
    )
    assert {row["name"]: row["setting"] for row in shown} == {
        "statement_timeout": "3000", "lock_timeout": "200", "application_name": "ainur-tui",
    }  # fmt: skip
    with pytest.raises(ProbeFailure, match="read-only"):
        await database.fetch("CREATE TABLE never (id int)")
    assert await database.fetch("SELECT 1")


async def test_a_lock_chain_is_a_tree_with_its_root_first(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    async with AsyncExitStack() as stack:
        root, middle, last = [
            await stack.enter_async_context(session(postgres, name)) for name in ("root", "m", "l")
        ]
        await root.execute("BEGIN; UPDATE users SET name = 'x' WHERE id = 1")
        waiting = [asyncio.create_task(middle.execute("BEGIN; LOCK TABLE users"))]
        probe = activity(opened(), clock)
        await seen(probe, lambda sample: value(sample, "db.locks.waiting") == 1)
        waiting.append(asyncio.create_task(last.execute("SELECT * FROM users")))
        sample = await seen(probe, lambda sample: value(sample, "db.locks.waiting") == 2)
        rows = table(sample, "db.locks").rows
        pids = [c.get_server_pid() for c in (root, middle, last)]
        assert [(row.cells[0], row.depth) for row in rows] == [
            (str(pid), depth) for depth, pid in enumerate(pids)
        ]
        assert rows[0].cells[3] == "holds, idle in tx"
        assert [row.cells[1] for row in rows] == [2, 1, 0]
        assert rows[0].params == {"pid": str(pids[0])}
        assert rows[1].cells[4] == "users"
        assert (value(sample, "db.locks.oldest") or 0) > 0
        note = next(r.note for r in sample.readings if r.signal == "db.locks.oldest")
        assert note
        assert "waits for a lock" in note
        await root.execute("ROLLBACK")
        await waiting[0]
        await middle.execute("ROLLBACK")
        await waiting[1]


async def test_idle_in_transaction_is_measured_by_its_state(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    async with session(postgres, "sleeper\x07\x1b[2J") as sleeper:
        await sleeper.execute("BEGIN; SELECT 'secret', E'\\x1b'  ")
        sample = await activity(opened(), clock).read()
        assert value(sample, "db.idle_in_transaction") == 1
        assert (value(sample, "db.transaction.oldest") or -1) >= 0
        row = table(sample, "db.sessions").rows[0]
        assert row.cells[4] == "idle in tx"
        assert all(cell.isprintable() for cell in row.cells if isinstance(cell, str))


async def test_hostile_queries_are_shown_and_do_not_steer(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    async with session(postgres, "h") as hostile:
        await hostile.execute("SELECT '\x1b]0;owned\x07 \u202e'" + " " * 5000 + "/* \x1b[2J */")
        rows = table(await activity(opened(), clock).read(), "db.sessions").rows
        shown = [str(row.cells[8]) for row in rows] + [row.detail["Query"] for row in rows]
        assert any("owned" in text for text in shown)
        assert all(text.isprintable() for text in shown)


async def test_a_role_that_sees_little_is_told_what_to_grant(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    async with session(postgres, "other"):
        sample = await activity(opened("stranger"), clock).read()
    grant = 'GRANT pg_monitor TO "stranger";'
    unseen = [reading for reading in sample.readings if reading.value is None]
    assert {"db.connections.active", "db.idle_in_transaction", "db.locks.waiting",
            "db.transaction.oldest"} <= {reading.signal for reading in unseen}  # fmt: skip
    assert all(grant in (reading.note or "") for reading in unseen)
    assert (value(sample, "db.connections.used") or 0) >= 2
    assert grant in (table(sample, "db.sessions").note or "")
    assert grant in (table(sample, "db.locks").missing or "")
    assert None in {row.cells[4] for row in table(sample, "db.pool").rows[1:]}


async def test_exhaustion_does_not_lock_us_out_and_is_told_to_newcomers(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    ours = activity(opened(), clock)
    await ours.read()
    async with AsyncExitStack() as stack:
        with suppress(asyncpg.TooManyConnectionsError):
            for _ in range(40):
                connection = await asyncpg.connect(postgres.dsn("watcher").reveal())
                stack.callback(connection.terminate)
        sample = await ours.read()
        assert (value(sample, "db.connections.ratio") or 0) >= 0.9
        note = next(r.note for r in sample.readings if r.signal == "db.connections.ratio")
        assert "refused" in (note or "")
        clients = table(sample, "db.clients").rows
        assert any((row.cells[5] or 0) >= 20 for row in clients)  # type: ignore[operator]
        with pytest.raises(ProbeFailure) as caught:
            await opened().fetch("SELECT 1")
        assert caught.value.kind == "exhausted"
    await seen(ours, lambda sample: (value(sample, "db.connections.ratio") or 1) < 0.5)


async def test_rates_exist_at_the_first_read(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    probe = StatisticsProbe(opened(), clock, interval=2, deadline=3, first_gap=0.05)
    sample = await probe.read()
    assert (value(sample, "db.transactions.rate") or 0) >= 0
    async with session(postgres, "resetter") as other:
        await other.execute("SELECT pg_stat_reset()")
    again = await seen(probe, lambda sample: value(sample, "db.transactions.rate") is None)
    assert again.readings[0].note == "the counters were reset"


async def test_statements_are_ranked_by_what_they_cost_since(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    probe = StatementsProbe(
        opened(), clock, Shown(Redactor()), interval=2, deadline=3, first_gap=0.01
    )
    await probe.read()
    async with session(postgres, "worker") as worker:
        for _ in range(3):
            await worker.execute("SELECT pg_sleep(0.03) /* heavy */")
    found = table(await probe.read(), "db.statements")
    assert found.missing is None
    assert "pg_sleep" in str(found.rows[0].cells[-1])
    assert 0.02 < float(found.rows[0].cells[1] or 0) < 1
    assert sum(float(row.cells[2] or 0) for row in found.rows) <= 1.001


async def test_statements_that_cannot_be_read_say_what_to_do(opened: Opening, clock: Clock) -> None:
    for database, words in (
        (opened(database="postgres"), "CREATE EXTENSION"),
        (opened("stranger"), "pg_monitor"),
    ):
        probe = StatementsProbe(
            database, clock, Shown(Redactor()), interval=2, deadline=3, first_gap=0
        )
        found = table(await probe.read(), "db.statements")
        assert words in (found.missing or "")
        assert found.rows == []


async def test_tables_are_sized_and_seldom(opened: Opening, clock: Clock) -> None:
    probe = TablesProbe(opened(), clock, Shown(Redactor()), interval=2, deadline=3)
    assert probe.interval == 60
    sample = await probe.read()
    whole = SizeProbe(opened(), clock, interval=2, deadline=3, volume=5e9)
    assert (value(await whole.read(), "db.size") or 0) > 1e6
    assert whole.interval in {60, 300}
    first = table(sample, "db.tables").rows[0]
    assert first.cells[0] == "users"
    assert first.cells[2] == 20000


async def test_after_the_server_ends_our_session_the_next_look_works(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    probe = UpProbe(opened(), clock, interval=2, deadline=3)
    await probe.read()
    async with session(postgres, "killer") as killer:
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'ainur-tui'"
        )
    # The end may be noticed before the next query or by it; the look after that is well.
    looks = [await asyncio.gather(probe.read(), return_exceptions=True) for _ in range(2)]
    failed = [found for (found,) in looks if isinstance(found, ProbeFailure)]
    assert {failure.kind for failure in failed} <= {"unavailable"}, failed
    assert isinstance(looks[1][0], Sample)


async def test_refusals_are_put_off_and_then_tried_again(
    postgres: Server, redact: Redactor
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    clock = FakeClock(0)
    database = Database(Secret(f"postgresql://u:canary-pw@127.0.0.1:{port}/d"), clock, redact, 2)
    with pytest.raises(ProbeFailure) as first:
        await database.fetch("SELECT 1")
    with pytest.raises(ProbeFailure) as second:
        await database.fetch("SELECT 1")
    assert first.value.kind == second.value.kind == "refused"
    assert first.value is second.value
    assert "canary-pw" not in str(first.value)
    clock.at += 10
    with pytest.raises(ProbeFailure) as third:
        await database.fetch("SELECT 1")
    assert third.value is not first.value


async def test_names_that_do_not_exist(opened: Opening) -> None:
    with pytest.raises(ProbeFailure) as database:
        await opened(database="nowhere").fetch("SELECT 1")
    assert database.value.kind == "missing"
    with pytest.raises(ProbeFailure) as role:
        await opened("ghost").fetch("SELECT 1")
    assert role.value.kind == "auth"


async def test_a_changed_setting_is_an_event(
    postgres: Server, opened: Opening, clock: Clock
) -> None:
    probe = SettingsProbe(opened(), clock, Redactor(), interval=2, deadline=3)
    assert (await probe.read()).events == ()
    async with session(postgres, "admin") as admin:
        try:
            await admin.execute("ALTER SYSTEM SET work_mem = '9MB'")
            await admin.execute("ALTER SYSTEM SET max_locks_per_transaction = 77")
            await admin.execute("SELECT pg_reload_conf()")
            told: dict[str, Event] = {}

            def both(sample: Sample) -> bool:
                told.update({event.text: event for event in sample.events})
                return len(told) == 2

            await seen(probe, both)
        finally:
            await admin.execute("ALTER SYSTEM RESET ALL")
            await admin.execute("SELECT pg_reload_conf()")
    assert told.keys() == {
        "work_mem 4096 × kB → 9216 × kB",
        "max_locks_per_transaction is set anew, and waits for a restart",
    }  # fmt: skip
    assert all((e.kind, e.target) == ("setting", "db") for e in told.values())


def test_the_value_of_a_setting_that_may_hold_a_credential_stays_hidden() -> None:
    before = {"primary_conninfo": Setting("password=a", waits=False)}
    after = {"primary_conninfo": Setting("password=hunter22", waits=False)}
    assert changes(before, after, Redactor()) == {"primary_conninfo": "primary_conninfo changed"}
