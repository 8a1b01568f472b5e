"""What a recovery says: candidates by evidence, what is lost, what is left when nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from ainur_tui.config.types import Environment, Fly, Storage
from ainur_tui.model.failure import Refused
from ainur_tui.model.secret import Secret
from ainur_tui.systems.fly.recovery.repoint import led_to
from ainur_tui.systems.postgres.recovery import counts
from ainur_tui.systems.postgres.recovery.candidates import newer, rank, table
from ainur_tui.systems.postgres.recovery.loss import steps
from ainur_tui.systems.postgres.recovery.loss import table as loss_table
from ainur_tui.systems.postgres.recovery.where import gathered, told

NOW = 1_800_000_000.0


def row(day: int, state: str = "complete", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"ainur_backup_202701{day:02d}_020000", "state": state, "detail": None,
        "created_at": f"2027-01-{day:02d}T02:00:00Z", "bytes": 10, "locations": ["/b/x"],
        "rows": {"users": 3}, "format": "pg_dump custom, zstd", "verified_at": None,
        "verified_rows": None, "verified_seconds": None,
    }  # fmt: skip
    return found | more


PROVEN: dict[str, Any] = {
    "verified_at": "2027-01-14T08:00:00Z", "verified_rows": {"users": 3}, "verified_seconds": 8.2,
}  # fmt: skip


def test_what_is_proven_comes_first_and_each_says_why() -> None:
    rows = [
        row(15, "failed", detail="its data were cut"),
        row(14),
        row(13, **PROVEN),
        row(12, **PROVEN),
        row(11, rows=None, format="plain gzip"),
        row(10, "running"),
    ]
    found = rank(rows, NOW)
    assert [one.id[-9:-7] for one in found] == ["13", "12", "14", "11", "15", "10"]
    assert [one.usable for one in found] == [True, True, True, False, False, False]
    assert found[0].evidence == "restored 1d 0h ago in 8.2 s, 3 rows counted"
    assert found[2].evidence == "whole in 1 place, never restored: verify it first"
    assert found[3].evidence == "the guide's archive, whole, without counts: by hand"
    assert found[4].evidence == "failed: its data were cut"
    later = newer(found, found[0])
    assert later is not None
    assert later.id == rows[1]["id"]
    assert newer(found, found[2]) is None
    shown = table(rows, NOW, 15.0, "here")
    assert [one.params for one in shown.rows][2:4] == [{"id": rows[1]["id"]}, {}]
    assert shown.rows[0].tone == "ok"
    assert rank([], NOW) == []


def test_what_is_lost_is_said_in_time_and_rows() -> None:
    assert counts.window(NOW - 11_520, NOW) == (
        "everything written after 2027-01-15 04:48:00 UTC, 3h 12m, is lost"
    )
    then, live = {"a": 5, "b": 5, "gone": 2}, {"a": 9, "b": 5, "c": 1}
    assert counts.lost(then, live) == "live has 5 more rows in 2 tables (a 4, c 1): they are lost"
    assert counts.lost(then, then) == "no table has more rows now than in the backup"
    assert counts.beside(then, live) == [
        "gone: 2 at backup time, no table live: 2 come back",
        "a: 5 at backup time, 9 live: 4 are lost",
        "c: no table at backup time, 1 live: 1 are lost",
        "1 table with equal counts (what is in them is not compared)",
    ]


def test_the_clock_begins_when_it_is_said() -> None:
    assert counts.since("", NOW) == NOW
    assert counts.since("2027-01-15T07:59:00Z", NOW) == NOW - 60
    for words in ("yesterday", "2027-01-16T00:00:00Z"):
        with pytest.raises(Refused):
            counts.since(words, NOW)


def test_sessions_are_told_by_database() -> None:
    rows = [
        {"database": "a", "application": "api 1", "sessions": 2},
        {"database": "b", "application": None, "sessions": 3},
        {"database": "a", "application": "api 2", "sessions": 5},
    ]
    where = gathered(rows)
    assert list(where) == ["a", "b"]
    assert told(where, "a") == "7 sessions (api 1 2, api 2 5)"
    assert told(where, "b") == "3 sessions (without a name 3)"
    assert told(where, "c") == "no session"


def test_only_the_name_in_the_address_changes() -> None:
    dsn = Secret("postgresql://u:p%40w@h:5433/old?sslmode=require&application_name=x")
    made = led_to(dsn, "new").reveal()
    assert made == dsn.reveal().replace("/old", "/new")


def test_the_way_back_from_nothing_names_what_is_ours_and_what_was_missing() -> None:
    environment = Environment(
        name="p", fly=Fly(app="shop", database_app="shop-db", token="t"),
        storage=Storage(endpoint="e", access_key_id="k", secret_access_key="s",
                        sync={"wasm": "wasm-copy"}),
    )  # fmt: skip
    found = steps(environment)
    whole = " ".join(f"{one.what} {one.how}" for one in found)
    for words in ("shop-recovery", "shop-db-recovery", "into=wasm"):
        assert words in whole
    added = " ".join(one.what for one in found if one.added)
    for words in ("Attach", "object store", "node", "workers", "variables", "Certificates",
                  "As many machines"):  # fmt: skip
        assert words in added, "what the guide leaves out is marked (G-337)"
    shown = loss_table(environment, NOW)
    assert [row.cells[2] for row in shown.rows].count("guide") == 6
    assert steps(Environment(name="bare"))
