"""A backup is believed once it was restored and counted, and not a moment longer."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pyrage
import pytest
import zstandard

from ainur_tui.config.types import Schedule
from ainur_tui.model.action import Plan
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.systems.acting import Action, Observation
from ainur_tui.systems.postgres.backup import (
    cluster,
    custody,
    lanes,
    manifest,
    proof,
    retention,
    schedule,
    signals,
)
from ainur_tui.systems.postgres.backup.catalogue import catalogue
from tests.systems.postgres.test_backup import (
    WORLD,
    Setting,
    content,
    setting,
)
from tests.systems.postgres.test_backup import (
    listed as listed_in,
)
from tests.systems.steps import Step

__all__ = ["setting"]

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()


def action(of: Setting, name: str) -> Action:
    return next(one for one in of.system().actions if one.spec.name == name)


async def do(of: Setting, name: str, **params: str) -> tuple[dict[str, Any], Observation, Plan]:
    """Plan, do all steps, observe."""
    found = action(of, name)
    plan = await found.plan("db", params, WORLD)
    assert plan.blocked is None, plan.blocked
    told = Step(of.clock)
    for step in found.steps(plan):
        await step.work(told)
    return told.kept, await found.observe(plan), plan


async def only(of: Setting) -> dict[str, Any]:
    rows = await catalogue(of.environment, of.context)
    assert len(rows) == 1
    return rows[0]


async def databases(of: Setting) -> set[str]:
    connection = await asyncpg.connect(of.server.dsn().reveal())
    found = await connection.fetch("SELECT datname FROM pg_database")
    await connection.close()
    return {row["datname"] for row in found}


async def test_verified_is_restored_and_counted(setting: Setting) -> None:
    taken, _, _ = await setting.take()
    before = await databases(setting)
    kept, seen, plan = await do(setting, "verify", id=taken["id"])
    assert seen.state == "verified"
    first = proof_of(setting, taken["id"])
    sealed = (setting.directory / f"{taken['id']}.json").read_bytes()
    assert [one.what for one in first.custody] == ["created", "restored and counted"]
    assert custody.unbroken(sealed, first.custody)
    assert not custody.unbroken(sealed + b" ", first.custody)
    assert not custody.unbroken(sealed, first.custody[1:])
    assert {"host", "operator", "command"} <= json.loads(sealed).keys()
    row = await only(setting)
    assert row["custody"].startswith(f"created {taken['created_at']} by ")
    assert row == kept["backup"]
    assert row["verified_rows"] == taken["rows"]
    assert row["verified_at"] > row["created_at"]
    assert row["verified_seconds"] > 0
    assert await databases(setting) == before
    assert sorted(await setting.objects()) == sorted(setting.files())
    assert (await action(setting, "verify").observe(plan)).state == "verified"
    _, again, _ = await do(setting, "verify", id="newest")
    assert again.state == "verified"
    assert proof_of(setting, taken["id"]).custody[:2] == first.custody


def proof_of(of: Setting, backup: str) -> proof.Proof:
    found = proof.decode((of.directory / f"{backup}.proof.json").read_bytes(), backup)
    assert found is not None
    return found


async def test_tampered_data_are_neither_verified_nor_complete(setting: Setting) -> None:
    taken, _, _ = await setting.take()
    await do(setting, "verify", id=taken["id"])
    local = setting.directory / f"{taken['id']}.dump.zst"
    data = bytearray(local.read_bytes())
    data[len(data) // 2] ^= 1
    local.write_bytes(data)
    os.utime(local, (setting.clock.now() + 60,) * 2)
    row = await only(setting)
    assert row["locations"] == taken["locations"][1:]
    assert "changed after it was sealed" in row["detail"]
    found = action(setting, "verify")
    plan = await found.plan("db", {"id": taken["id"]}, WORLD)
    told = Step(setting.clock)
    check, prove, keep = found.steps(plan)
    await check.work(told)
    assert str(local) in await prove.work(told)
    os.utime(local, (0, 0))
    with pytest.raises(ActionFailure, match=r"damaged|not what was written"):
        await keep.work(told)
    row = await only(setting)
    assert row["locations"] == taken["locations"][1:]
    assert "ainur_verify" not in " ".join(await databases(setting))


async def test_without_a_scratch_server_one_is_started_and_gone(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Setting, "scratch", None)
    taken, _, _ = await setting.take()
    with tempfile.TemporaryDirectory(prefix="ainur-t-") as folder:  # short enough for a socket
        os.chmod(folder, 0o711)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        os.makedirs(Path(folder, f"ainur-scratch-{2**22 + 1}-x", "data"))
        kept, seen, plan = await do(setting, "verify", id=taken["id"])
        assert os.listdir(folder) == []
    assert seen.state == "verified"
    assert kept["backup"]["verified_rows"] == taken["rows"]
    assert "a server of its own" in plan.steps[1]
    setting.tools["initdb"] = "/nowhere"
    monkeypatch.setattr(cluster, "programs", lambda tools, major: None)
    with pytest.raises(ActionFailure, match="no initdb and postgres of version 18 are found"):
        await do(setting, "verify", id=taken["id"])
    monkeypatch.undo()
    with pytest.raises(ActionFailure, match="may be needed"):
        cluster.room(1 << 60)


async def test_a_backup_is_encrypted_without_the_key_and_proven_with_it(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    monkeypatch.setattr(Setting, "recipients", [str(key.to_public())])
    taken, seen, _ = await setting.take()
    assert (seen.state, taken["format"]) == ("verified", manifest.SEALED_FORMAT)
    local, remote = taken["locations"]
    assert local.endswith(".dump.zst.age")
    assert remote.endswith(".dump.zst.age")
    data, _ = content(local)
    assert data.startswith(b"age-encryption.org/v1\n")
    archive = zstandard.ZstdDecompressor().stream_reader(pyrage.decrypt(data, [key])).read()
    assert b"TABLE DATA public users" in listed_in(setting, archive)
    for name, more in (("verify", {}), ("restore", {"into": f"sealed_{os.getpid()}"})):
        plan = await action(setting, name).plan("db", {"id": taken["id"], **more}, WORLD)
        assert plan.blocked == "it is encrypted: give backup.identity, which opens it"
    monkeypatch.setattr(Setting, "identity", str(other))
    with pytest.raises(ActionFailure, match=r"backup.identity does not open it"):
        await do(setting, "verify", id=taken["id"])
    assert (await only(setting))["verified_at"] is None
    monkeypatch.setattr(Setting, "identity", str(key))
    kept, seen, _ = await do(setting, "verify", id=taken["id"])
    assert seen.state == "verified"
    assert kept["backup"]["verified_rows"] == taken["rows"]
    monkeypatch.setattr(Setting, "recipients", ["age1nonsense"])
    refused = await action(setting, "backup").plan("db", {}, WORLD)
    assert "is no public key of age" in (refused.blocked or "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused = await action(setting, "backup").plan("db", {}, WORLD)
    assert "pip install" in (refused.blocked or "")


@pytest.mark.parametrize("hurt", ["cut", "counts", "unsealed"])
async def test_what_does_not_restore_is_no_backup(setting: Setting, hurt: str) -> None:
    environment = setting.environment
    taken, _, _ = await setting.take()
    for key in await setting.objects():
        await places(setting)[1].remove(key)
    local = setting.directory / f"{taken['id']}.dump.zst"
    sealed = setting.directory / f"{taken['id']}.json"
    if hurt == "cut":
        local.write_bytes(local.read_bytes()[:-9])
    elif hurt == "counts":
        made = json.loads(sealed.read_text())
        made["rows"]["public.users"] += 1
        sealed.write_text(json.dumps(made))
    else:
        sealed.unlink()
        plan = await action(setting, "verify").plan("db", {"id": taken["id"]}, WORLD)
        assert "with a manifest" in (plan.blocked or "")
        return
    with pytest.raises(ActionFailure, match=r"cut|20001 at backup time, 20000 restored"):
        await do(setting, "verify", id=taken["id"])
    row = (await catalogue(environment, setting.context))[0]
    assert (row["state"], row["verified_at"], row["locations"]) == ("failed", None, [])
    assert row["detail"]


def places(of: Setting) -> Any:
    from ainur_tui.systems.postgres.backup.places import places_of

    return places_of(of.environment, of.context)


async def test_a_restore_makes_a_new_database_and_touches_no_other(setting: Setting) -> None:
    taken, _, _ = await setting.take()
    name = f"again_{os.getpid()}"
    kept, seen, plan = await do(setting, "restore", id=taken["id"], into=name)
    assert seen.state == "verified"
    assert kept["rows"]["public.users"] == 20000
    assert any("is not in it" in warning for warning in plan.warnings)
    assert "public.users: 20,000 at backup time, 20,000 live" in plan.facts
    found = action(setting, "restore")
    twice = await found.plan("db", {"id": taken["id"], "into": name}, WORLD)
    assert "already" in (twice.blocked or "")
    with pytest.raises(ActionFailure, match="already"):
        await found.steps(twice)[0].work(Step(setting.clock))
    connection = await asyncpg.connect(setting.server.dsn().reveal())
    await connection.execute(f"DROP DATABASE {name}")
    await connection.close()
    assert (await found.observe(plan)).state == "failed"
    for params in ({"into": "x"}, {"id": taken["id"], "into": "a b"}, {"id": "../x", "into": "x"}):
        with pytest.raises(Refused):
            await found.plan("db", params, WORLD)


SHAPES = """
CREATE SCHEMA shapes;
CREATE TABLE shapes.kinds (id int PRIMARY KEY, name text UNIQUE, other text, at date NOT NULL,
                           UNIQUE (name, other) DEFERRABLE, UNIQUE (at) INCLUDE (other));
CREATE INDEX ON shapes.kinds (lower(name) text_pattern_ops) WHERE id > 1;
CREATE INDEX "odd name" ON shapes.kinds USING gin (to_tsvector('simple', other));
CREATE INDEX lines ON shapes.kinds (replace(name, E'\\n', ''));
CREATE UNIQUE INDEX identity ON shapes.kinds (at, id);
ALTER TABLE shapes.kinds REPLICA IDENTITY USING INDEX identity;
ALTER TABLE shapes.kinds CLUSTER ON kinds_pkey;
CREATE TABLE shapes.parts (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shapes.old PARTITION OF shapes.parts FOR VALUES FROM ('2020-01-01') TO ('2025-01-01');
CREATE TABLE shapes.new PARTITION OF shapes.parts FOR VALUES FROM ('2025-01-01') TO ('2030-01-01');
CREATE INDEX ON shapes.parts (at);
CREATE TABLE shapes.children (id int PRIMARY KEY, kind int REFERENCES shapes.kinds,
                              part int, at date, FOREIGN KEY (part, at) REFERENCES shapes.parts);
CREATE MATERIALIZED VIEW shapes.seen AS SELECT id, name FROM shapes.kinds;
CREATE UNIQUE INDEX ON shapes.seen (id);
INSERT INTO shapes.kinds SELECT i, 'kind ' || i, 'x', date '2024-06-01' + i
  FROM generate_series(1, 400) AS i;
INSERT INTO shapes.parts SELECT i, date '2024-06-01' + i FROM generate_series(1, 400) AS i;
INSERT INTO shapes.children SELECT i, i, i, date '2024-06-01' + i FROM generate_series(1, 400) AS i;
"""
FROZEN = "SELECT relallvisible > 0.9 * relpages FROM pg_class WHERE oid = 'public.users'::regclass"


async def test_every_shape_of_a_table_is_restored_and_a_large_one_is_frozen(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("_SMALL", "_AT_ONCE", "_BEHIND"):
        monkeypatch.setattr(lanes, limit, 1 << 19)
    connection = await asyncpg.connect(setting.server.dsn(database="ainur").reveal())
    name = f"shaped_{os.getpid()}"
    try:
        await connection.execute(SHAPES)
        taken, _, _ = await setting.take()
        _, seen, _ = await do(setting, "verify", id=taken["id"])
        assert seen.state == "verified", "the schema is the one that was backed up"
        _, seen, _ = await do(setting, "restore", id=taken["id"], into=name)
        assert seen.state == "verified"
        restored = await asyncpg.connect(setting.server.dsn(database=name).reveal())
        frozen = await restored.fetchval(FROZEN)
        await restored.close()
        assert frozen
    finally:
        await connection.execute("DROP SCHEMA IF EXISTS shapes CASCADE")
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.close()


async def test_pruning_leaves_what_is_proven_and_what_is_not_ours(setting: Setting) -> None:
    taken, _, _ = await setting.take()
    data = (setting.directory / f"{taken['id']}.dump.zst").read_bytes()
    sealed = json.loads((setting.directory / f"{taken['id']}.json").read_text())
    old = [f"ainur_backup_2020010{day}_000000" for day in range(1, 4)]
    for name in old:
        (setting.directory / f"{name}.dump.zst").write_bytes(data)
        (setting.directory / f"{name}.json").write_text(json.dumps(sealed | {"id": name}))
    (setting.directory / "ainur_backup_20190101_000000.sql.gz").write_bytes(b"the guide's")
    (setting.directory / "notes.json").write_text("mine")
    (setting.directory / f"{old[0]}.dump.zst.partial").write_bytes(b"half")
    os.utime(setting.directory / f"{old[0]}.dump.zst.partial", (1, 1))
    blocked = await action(setting, "prune").plan("db", {}, WORLD)
    assert "verify one first" in (blocked.blocked or "")
    await do(setting, "verify", id=old[1])
    kept, seen, plan = await do(setting, "prune", keep_count="1")
    assert seen.state == "verified"
    assert kept["removed"] == plan.goal["remove"] == [old[0], old[2]]
    left = {name.partition(".")[0] for name in setting.files()}
    assert left == {taken["id"], old[1], "ainur_backup_20190101_000000", "notes"}
    with pytest.raises(Refused):
        await action(setting, "prune").plan("db", {"keep_days": "0"}, WORLD)


def listed(day: int, state: str = "complete", verified: bool = False) -> dict[str, Any]:
    return {"id": f"ainur_backup_202611{day:02}_020000", "state": state,
            "format": manifest.FORMAT, "verified_at": "x" if verified else None}  # fmt: skip


def test_ages_count_from_the_snapshot_and_what_is_not_known_has_its_reason() -> None:
    def taken(day: int, size: int, verified: bool) -> dict[str, Any]:
        more = {"created_at": f"2026-11-{day}T03:00:00Z", "bytes": size, "sha256": "0"}
        return listed(day, verified=verified) | more | {"verified_seconds": 90.0}

    found = signals.readings([taken(23, 30, False), taken(20, 100, True)], "here", NOW)
    assert {one.signal: one.value for one in found} == {
        "backup.age": 86400, "backup.verified.age": 4 * 86400, "backup.size.change": 0.3,
        "backup.restore.seconds": 90, "backup.complete": 2,
    }  # fmt: skip
    none = {one.signal: one for one in signals.readings([], "here", NOW)}
    assert none.pop("backup.complete").value == 0
    assert all(one.value is None and one.note for one in none.values())


def test_nothing_goes_after_a_failure_or_without_a_proof() -> None:
    rows = [listed(day) for day in range(24, 0, -1)]
    assert "verify one" in (retention.judge(rows, 7, 3, NOW).blocked or "")
    rows[-1] = listed(1, verified=True)
    going = retention.judge(rows, 7, 3, NOW).doomed
    assert going == [listed(day)["id"] for day in range(2, 18)]
    assert retention.judge(rows[3:], 7, 3, NOW).blocked
    for state in ("failed", "partial", "running"):
        found = retention.judge([listed(24, state), *rows[1:]], 7, 3, NOW)
        assert found.doomed == []
        assert state in (found.blocked or "")
    assert retention.judge(rows, 7, 30, NOW).doomed == []
    assert retention.judge([], 7, 3, NOW).blocked


def test_a_schedule_is_one_for_the_engine_for_cron_and_for_systemd() -> None:
    daily, weekly = schedule.moment("02:30"), schedule.moment("sun 04:05")
    assert daily.latest(NOW) == NOW - 1800
    assert daily.latest(NOW - 3600) == NOW - 1800 - 86400
    sunday = datetime.fromtimestamp(weekly.latest(NOW), UTC)
    assert (sunday.weekday(), sunday.hour, sunday.minute) == (6, 4, 5)
    assert 0 < NOW - weekly.latest(NOW) < 7 * 86400
    assert weekly.latest(weekly.latest(NOW) - 1) == weekly.latest(NOW) - 7 * 86400
    wanted = Schedule(backup="02:30", verify="sun 04:05", prune=True)
    assert [one.wishes for one in schedule.routines(wanted)] == [
        [("backup", "db", {}), ("prune", "db", {})], [("verify", "db", {"id": "newest"})],
    ]  # fmt: skip
    assert schedule.cron(wanted, ["/a b/ainur-tui"]).splitlines() == [
        "CRON_TZ=UTC",
        "30 2 * * * '/a b/ainur-tui' backup create --yes"
        " && '/a b/ainur-tui' backup prune --confirm-name db --yes",
        "5 4 * * 0 '/a b/ainur-tui' backup verify newest --yes",
    ]
    units = schedule.systemd(wanted, ["/a b/ainur-tui"])
    assert 'ExecStart="/a b/ainur-tui" backup verify newest --yes' in units
    assert "OnCalendar=Sun *-*-* 04:05:00 UTC" in units
    assert units.count("[Timer]") == 2
    for wrong in ("2:30", "25:00", "someday 02:30"):
        with pytest.raises(Refused):
            schedule.moment(wrong)


def test_a_scheduled_backup_that_was_not_taken_is_a_signal() -> None:
    taken = listed(23) | {"created_at": "2026-11-24T02:30:20Z", "bytes": 3, "sha256": "0"}
    for due, value in ((NOW - 1800, 0.0), (NOW - 60, 60.0)):
        found = signals.readings([taken], "here", NOW, due)
        assert {one.signal: one.value for one in found}["backup.overdue"] == value
    assert signals.readings([], "here", NOW, NOW - 7200)[-1].value == 7200
