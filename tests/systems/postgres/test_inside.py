"""Settings, pools, whole-table reads, WAL and roles: what is said of which facts. No server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.table import Row
from ainur_tui.systems.base import Clock, Sample
from ainur_tui.systems.postgres import access, pools, scans
from ainur_tui.systems.postgres.activity_tables import Session
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.explain import kind
from ainur_tui.systems.postgres.machine import here
from ainur_tui.systems.postgres.poollife import words
from ainur_tui.systems.postgres.pools import Room
from ainur_tui.systems.postgres.settings_table import rows, settings
from ainur_tui.systems.postgres.shown import Shown
from ainur_tui.systems.postgres.tuning import GIB, Machine
from ainur_tui.systems.postgres.wal import WalProbe

SHOWN = Shown(Redactor())


def setting(name: str, value: str, unit: str | None = None, **more: Any) -> dict[str, Any]:
    number = value.lstrip("-").isdigit()
    return {
        "name": name, "setting": value, "unit": unit, "context": "sighup", "source": "default",
        "boot_val": value, "pending_restart": False, "enumvals": None, "min_val": "-1",
        "max_val": "2147483647", "vartype": "integer" if number else "string",
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (setting("shared_buffers", "32768", "8kB"), "as the guide; the machine could give more"),
        (setting("shared_buffers", "65536", "8kB"), "above the guide"),
        (setting("log_min_duration_statement", "1000", "ms"), "as the guide"),
        (setting("log_min_duration_statement", "-1", "ms"), "switched off"),
        (setting("log_connections", "receipt,authentication"), "as the guide"),
        (setting("log_connections", ""), "other than the guide"),
        (setting("log_lock_waits", "off", vartype="bool"), "other than advised"),
        (setting("max_parallel_workers", "8"), ""),
    ],
)
def test_a_value_is_compared_by_what_it_means(found: dict[str, Any], says: str) -> None:
    (row,) = rows([found], Machine(8.0 * GIB, 4), Redactor())
    assert row.cells[5] == says


def test_what_is_dangerous_or_waits_stands_first_with_its_mend() -> None:
    found = [
        setting("max_connections", "100", context="postmaster"),
        setting("shared_buffers", "4096", "8kB", context="postmaster", pending_restart=True),
        setting("work_mem", "4096", "kB", context="user"),
        setting("fsync", "off"),
        setting("ssl_passphrase_command", "cat /hunter2", pending_restart=True),
    ]
    machine = Machine(8.0 * GIB, 4)
    shown = rows(found, machine, Redactor([Secret("hunter2")]))
    assert [row.key for row in shown] == [
        "fsync", "shared_buffers", "ssl_passphrase_command", "max_connections", "work_mem",
    ]  # fmt: skip
    by = {row.key: row for row in shown}
    assert by["fsync"].tone == "fail"
    assert by["shared_buffers"].cells[1:5] == ["32.0 MiB", "256MB", "2.0 GiB", "restart due"]
    assert by["shared_buffers"].detail["to set it"] == (
        "ALTER SYSTEM SET shared_buffers = '256MB'; then restart PostgreSQL"
    )
    assert "quarter" in by["shared_buffers"].detail["why"]
    assert by["max_connections"].cells[5] == "below the guide"
    assert by["work_mem"].cells[5] == "as the guide; the machine could give more"
    assert by["ssl_passphrase_command"].cells[1] == "hidden"
    assert "hunter2" not in str(shown)
    assert "postgres.memory" in (settings(shown, None, 0, 5).note or "")


def test_the_machine_is_ours_only_when_its_process_is() -> None:
    assert here(2**22 + 1, 0.0) is None
    assert here(1, 0.0) is None


def session(pid: int, application: str, client: str | None = "fd::1", **more: Any) -> Session:
    facts: dict[str, Any] = dict.fromkeys(Session.__slots__) | {
        "pid": pid, "started": "", "own": False, "application": application, "client": client,
        "user": "app", "state": "idle",
    }  # fmt: skip
    return Session(**(facts | more))


def test_pools_are_told_against_what_each_may_hold() -> None:
    found = [session(i, "zs-api a") for i in range(23)]
    found += [session(30, "zs-api b", "fd::2", state="active"), session(31, "worker\x1b[2J")]
    found += [session(32, "psql"), session(33, "ainur-tui", own=True)]
    held = pools.pools(found, 25)
    assert [(p.application, p.open, p.may) for p in held[:2]] == [
        ("zs-api a", 23, 25), ("zs-api b", 1, 25)]  # fmt: skip
    assert {p.application for p in held if p.may is None} == {"worker\x1b[2J", "psql"}
    assert pools.fullest(held) == held[0]
    table = pools.table(held, Room(50, 3, len(found)), 25, SHOWN, at=0, interval=5)
    assert table.rows[0].cells[3:] == [27, None, None, 47, 27 / 47, 20, None, None]
    assert table.rows[1].tone == "warn"
    assert "too many" in (table.note or "")
    assert "\x1b" not in str(table)
    hog = pools.pools([*found, *(session(n, "batch") for n in range(40, 70))], 25)
    first = pools.table(hog, Room(60, 3, 57), 25, SHOWN, at=0, interval=5).rows[1:3]
    assert [(row.cells[0], row.tone) for row in first] == [("zs-api a", "warn"), ("batch", "warn")]


def test_how_long_a_pool_keeps_its_connections_is_told_by_what_the_server_sees() -> None:
    def kept(*each: tuple[float, str, float]) -> dict[str, str]:
        found = [session(n, "zs-api a", state=state, alive=alive, state_age=since)
                 for n, (alive, state, since) in enumerate(each)]  # fmt: skip
        (pool,) = pools.pools(found, 25)
        row = pools.table([pool], Room(50, 3, 2), 25, SHOWN, at=0, interval=5).rows[1]
        assert row.cells[-2:] == [max(alive for alive, *_ in each), pool.life.opened]
        return row.detail

    as_set = kept((700.0, "active", 1.0), (290.0, "idle", 50.0), (5.0, "idle", 1.0))
    assert as_set["open since"].endswith(
        "5.0 s the youngest: within the guide's lifetime of 5m 00s"
    )
    assert as_set["idle for"] == "50 s at most: within the guide's idle time of 1m 00s"
    assert as_set["opened in the last minute"] == "1 of those open"
    unset = kept((4000.0, "idle", 900.0))
    assert unset["open since"].endswith("the guide's lifetime of 5m 00s is not in force")
    assert unset["idle for"] == "15m 00s at most: the guide's idle time of 1m 00s is not in force"
    (worker,) = pools.pools([session(1, "worker", alive=4000.0), session(2, "zs-api b")], 25)[1:]
    assert "guide" not in str(words(worker.life, judged=False))


def test_without_names_what_is_no_tool_is_taken_for_the_machines() -> None:
    held = pools.pools([session(1, ""), session(2, "pg_dump"), session(3, "", None)], 25)
    assert [pool.may for pool in held] == [25, None, None]
    assert pools.fullest(pools.pools([session(1, "x-api")], None)) is None


def test_a_small_table_never_wants_an_index() -> None:
    big = {"scans": 1e4, "read": 1e9, "live": 1e5, "size": 64.0 * (1 << 20)}
    assert scans.hint(big, scans.LEAST_AGE)[1] == "warn"
    assert scans.hint(big, 3600)[1] == "quiet"
    assert scans.hint(big, None)[1] == "quiet"
    assert scans.hint(big, 365 * 86400.0) == ("", "none")
    assert scans.hint(big | {"size": 65536.0}, scans.LEAST_AGE) == ("", "none")
    assert scans.hint(big | {"read": 1e5}, scans.LEAST_AGE) == ("", "none")
    assert scans.hint(big | {"scans": 0.0, "read": 0.0}, scans.LEAST_AGE) == ("", "none")


ROLE: dict[str, Any] = {
    "rolname": "m", "quoted": "m", "rolsuper": False, "creates": False, "roles": ["pg_monitor"],
    "writable": 0, "unreadable": 0, "anybody_creates": False, "installed": "1.12",
    "available": "1.12", "preloaded": "pg_stat_statements", "tracked": "top", "io_timing": "on",
    "activities": "on",
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "mend"),
    [
        ({"roles": None}, "GRANT pg_monitor TO m;"),
        ({"writable": 3}, "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES"),
        ({"creates": True}, "ALTER ROLE m NOCREATEDB NOCREATEROLE;"),
        ({"anybody_creates": True}, "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"),
        ({"unreadable": 2}, "GRANT pg_read_all_data TO m;"),
        ({"preloaded": "auto_explain"},
         "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain, pg_stat_statements';"),
        ({"installed": None}, "CREATE EXTENSION pg_stat_statements;"),
        ({"installed": "1.8"}, "ALTER EXTENSION pg_stat_statements UPDATE;"),
        ({"tracked": "none"}, "ALTER SYSTEM SET pg_stat_statements.track = 'top';"),
        ({"available": None}, "install the contrib package"),
        ({"io_timing": "off"}, "ALTER SYSTEM SET track_io_timing = on; SELECT pg_reload_conf();"),
        ({"rolsuper": True}, "GRANT pg_monitor TO monitoring;"),
    ],
)  # fmt: skip
def test_each_lack_of_a_role_comes_with_its_mend(more: dict[str, Any], mend: str) -> None:
    well = {one.words for one in access.judge(ROLE, 16, SHOWN)}
    told = [one for one in access.judge(ROLE | more, 16, SHOWN) if one.words not in well]
    assert any(mend in one.words.replace(" then", "") and one.state != "ok" for one in told)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("SELECT 1", "select"), ("/* a */ -- b\n ( (update t set a = 1", "update"),
        ("do $$ begin end $$", "do"), ("/* /* */ select", "select"), ("", ""), ("-- select", ""),
    ],
)  # fmt: skip
def test_the_kind_of_a_statement_is_its_first_word(text: str, word: str) -> None:
    assert kind(text) == word


class Answers:
    """A server that answers what it was told to, in turn."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self._answers = list(answers)

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[Any]:
        yield self

    def get_server_version(self) -> Any:
        return SimpleNamespace(major=17)

    async def fetch(self, _: str) -> list[dict[str, Any]]:
        return self._answers.pop(0)


WRITTEN: dict[str, Any] = {
    "position": 1e9, "replica": False, "timed": 2.0, "requested": 30.0, "buffers": 5.0,
    "seconds": 1.0, "backends": None, "since": 3600.0, "cleaned": 0.0, "stopped": 0.0,
    "block": 8192.0, "archive_mode": "on", "archived": 3.0, "archived_wal": "0001",
    "archived_age": 90.0, "failures": 7.0, "failed_wal": "0002\x1b[2J", "failed_age": 3.0,
    "failing": True,
}  # fmt: skip
SLOT: dict[str, Any] = {
    "name": "gone", "type": "physical", "active": False, "temporary": False,
    "wal_status": "extended", "database": None, "left_over": None, "retained": 3.0 * GIB,
    "xmin_age": None, "inactive": 7200.0,
}  # fmt: skip
SENDER: dict[str, Any] = {
    "pid": 7, "usename": "r", "name": "replica1", "client": "fd::3", "state": "streaming",
    "sync_state": "async", "behind": 5e6, "lag": 42.0, "unsent": 0.0, "since": 100.0,
}  # fmt: skip


async def look(clock: Clock, *answers: list[dict[str, Any]]) -> Sample:
    database = cast(Database, Answers(*answers))
    return await WalProbe(database, clock, SHOWN, interval=5, deadline=3, first_gap=0).read()


def row(sample: Sample, name: str, key: str) -> Row:
    table = next(one for one in sample.tables if one.name == name)
    return next(one for one in table.rows if one.key == key)


async def test_a_failing_archiver_a_forgotten_slot_and_a_late_replica_are_told(
    clock: Clock,
) -> None:
    slots = [SLOT, SLOT | {"name": "dead", "wal_status": "lost", "retained": None}]
    later = WRITTEN | {"position": 1e9 + 5000}
    sample = await look(clock, [WRITTEN], [later], slots, [SENDER])
    said = {one.signal: one for one in sample.readings}
    assert (said["db.wal.rate"].value or 0) > 0
    assert said["db.archiver.failing"].value == 1.0
    assert "could not be archived" in (said["db.archiver.failing"].note or "")
    assert said["db.slots.retained"].value == 3.0 * GIB
    assert said["db.replication.lag"].value == 42.0
    assert row(sample, "db.wal", "archiver").tone == "fail"
    assert row(sample, "db.wal", "checkpoints").tone == "warn"
    tones = {
        one.key: one.tone for t in sample.tables if t.name == "db.replication" for one in t.rows
    }
    assert tones == {"slot/dead": "fail", "slot/gone": "warn", "sender/7": "warn"}
    gone = row(sample, "db.replication", "slot/gone")
    assert "drop-slot slot=gone" in gone.detail["mend"]
    assert gone.params == {"slot": "gone"}
    assert "\x1b" not in str(sample)


async def test_where_nobody_replicates_there_is_no_lag_and_a_position_never_runs_back(
    clock: Clock,
) -> None:
    sample = await look(clock, [WRITTEN], [WRITTEN | {"position": 5.0}], [], [])
    said = {one.signal: one.value for one in sample.readings}
    assert said["db.replication.lag"] is None
    assert said["db.wal.rate"] is None
    assert said["db.slots.retained"] == 0.0


async def test_a_replica_tells_how_far_it_is_behind_itself(clock: Clock) -> None:
    own = WRITTEN | {"replica": True}
    receiver = {"status": "streaming", "behind": 4096.0, "lag": 31.0}
    sample = await look(clock, [own], [own], [], [], [receiver])
    lag = next(one for one in sample.readings if one.signal == "db.replication.lag")
    assert lag.value == 31.0
    caught_up = await look(clock, [own], [own], [], [], [receiver | {"behind": 0.0}])
    assert caught_up.readings[-1].value == 0.0
    assert row(caught_up, "db.replication", "receiver").cells[2] == "streaming"
