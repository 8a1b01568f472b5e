"""A backup is complete and everywhere, or it never was: every stage is made to fail."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import json
import os
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import zstandard

from ainur_tui.config.types import Backup, Environment, Postgres, SecretSource, Storage
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Clock, Context, Tools
from ainur_tui.systems.postgres.backup import directory, names
from ainur_tui.systems.postgres.backup.catalogue import catalogue
from ainur_tui.systems.postgres.backup.probe import BackupsProbe
from ainur_tui.systems.postgres.system import connect
from ainur_tui.systems.storage.client import open_bucket
from ainur_tui.systems.system import System
from tests.systems.conftest import PASSWORD, Server, Store
from tests.systems.faulty import FaultyStore
from tests.systems.steps import WORLD as EMPTY
from tests.systems.steps import Step

WORLD = replace(EMPTY, usual_seconds=12.5)
OLDER = "ainur_backup_20200101_000000"


@dataclass
class Setting:
    """An environment with two places, in a folder and under a prefix of its own."""

    server: Server
    clock: Clock
    folder: Path
    section: Storage
    tools: dict[str, str]
    prefix: str

    @property
    def directory(self) -> Path:
        return self.folder / "backups"

    @property
    def recipients(self) -> list[str]:
        return []

    @property
    def identity(self) -> str | None:
        return None

    @property
    def scratch(self) -> str | None:
        return self.server.dsn().reveal()

    @property
    def environment(self) -> Environment:
        quoted = PASSWORD.replace("@", "%40").replace(":", "%3A").replace("\\", "%5C")
        return Environment(
            name="test",
            postgres=Postgres(dsn=self.server.dsn(password=quoted).reveal()),
            storage=self.section,
            backup=Backup(
                directory=str(self.directory),
                bucket="ainur-backups",
                prefix=self.prefix,
                scratch=self.scratch,
                recipients=self.recipients,
                identity=self.identity,
            ),
        )

    @property
    def context(self) -> Context:
        def resolve(source: SecretSource) -> Secret:
            assert isinstance(source, str)
            return Secret(source)

        def find(name: str) -> str | None:
            return self.tools.get(name) or str(self.server.bin / name)

        redact = Redactor([Secret(PASSWORD)])
        return Context("test", self.clock, redact, Tools(find, {"PATH": os.defpath}), resolve)

    def system(self) -> System:
        found = connect(self.environment, self.context)
        assert found is not None
        return found

    async def take(self, between: Callable[[str], None] | None = None, **params: str) -> Any:
        """Plan, do all steps, observe; ``between`` is called before the step of that name."""
        action = self.system().actions[0]
        plan = await action.plan("db", params, WORLD)
        assert plan.blocked is None, plan.blocked
        told = Step(self.clock)
        for step in action.steps(plan):
            if between is not None:
                between(step.name)
            await step.work(told)
        seen = await action.observe(plan)
        return told.kept["backup"], seen, plan

    async def objects(self) -> list[str]:
        bucket = open_bucket(self.section, "ainur-backups", self.context)
        assert await bucket.multipart.list(self.prefix) == []
        return [stored.key.removeprefix(self.prefix) for stored in await bucket.list(self.prefix)]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())

    async def nothing_is_left(self) -> None:
        assert self.files() == [f"{OLDER}.dump.zst", f"{OLDER}.json"]
        assert (self.directory / f"{OLDER}.dump.zst").read_bytes() == b"older"
        assert await self.objects() == []
        assert [row["id"] for row in await catalogue(self.environment, self.context)] == [OLDER]


@pytest.fixture
def setting(
    postgres: Server, s3: Store, clock: Clock, tmp_path: Path, request: pytest.FixtureRequest
) -> Setting:
    prefix = f"{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}/"
    return Setting(postgres, clock, tmp_path, s3.section, {}, prefix)


@pytest.fixture
def older(setting: Setting) -> Setting:
    """The setting with an older backup in its directory."""
    setting.directory.mkdir()
    (setting.directory / f"{OLDER}.dump.zst").write_bytes(b"older")
    manifest = {
        "id": OLDER, "created_at": "2020-01-01T00:00:00.000Z", "bytes": 5, "sha256": "0" * 64,
        "database": "ainur", "server_version": "18.6", "client_version": "18.6", "duration": 1.0,
        "lsn": None, "rows": {}, "schema_sha256": "0", "run": "r",
    }  # fmt: skip
    (setting.directory / f"{OLDER}.json").write_text(json.dumps(manifest))
    return setting


def tool(setting: Setting, body: str, version: str = "18.6") -> None:
    """A pg_dump that answers ``--version`` and then does ``body``."""
    path = setting.folder / "pg_dump"
    answer = f'case "$1" in --version) echo "pg_dump (PostgreSQL) {version}"; exit 0;; esac'
    path.write_text(f"#!/bin/sh\n{answer}\n{body}")
    path.chmod(0o755)
    setting.tools["pg_dump"] = str(path)


def content(path: str) -> tuple[bytes, int]:
    """Bytes and mode of a file."""
    return Path(path).read_bytes(), stat.S_IMODE(Path(path).stat().st_mode)


def listed(setting: Setting, archive: bytes) -> bytes:
    """The table of contents as pg_restore reads it."""
    return subprocess.run(
        [setting.server.bin / "pg_restore", "--list"], input=archive, capture_output=True,
        check=True,
    ).stdout  # fmt: skip


def rewrite(path: str, data: bytes) -> None:
    Path(path).write_bytes(data)


async def test_a_backup_is_where_it_says_and_what_it_says(setting: Setting) -> None:
    row, seen, plan = await setting.take()
    assert seen.state == "verified"
    assert plan.expected_seconds == 12.5
    assert row["state"] == "complete"
    assert row["rows"]["public.users"] == 20000
    assert row["rows"]['public.odd " name; DROP'] == 2
    local, remote = row["locations"]
    assert remote == f"s3://ainur-backups/{setting.prefix}{row['id']}.dump.zst"
    data, mode = content(local)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (row["bytes"], row["sha256"])
    assert mode == 0o600
    assert stat.S_IMODE(setting.directory.stat().st_mode) == 0o700
    archive = zstandard.ZstdDecompressor().stream_reader(data).read()
    assert b"TABLE DATA public users" in listed(setting, archive)
    assert await setting.objects() == [f"{row['id']}.dump.zst", f"{row['id']}.json"]
    assert await catalogue(setting.environment, setting.context) == [row]
    rewrite(local, data[:-1])
    [hurt] = await catalogue(setting.environment, setting.context)
    assert (hurt["state"], hurt["locations"], hurt["copies"]) == ("complete", [remote], 2)
    assert hurt["detail"].endswith("are cut or gone")
    rewrite(local, data)
    again = await catalogue(setting.environment, setting.context)
    assert again[0]["verified_at"] is None


async def test_two_in_one_second_have_two_names(setting: Setting) -> None:
    first, _, _ = await setting.take()
    second, _, _ = await setting.take()
    assert first["id"] != second["id"]
    assert [r["id"] for r in await catalogue(setting.environment, setting.context)] == [
        second["id"], first["id"],
    ]  # fmt: skip


async def test_the_password_is_in_no_argument_and_no_variable(setting: Setting) -> None:
    tool(
        setting,
        f'cd {setting.folder}; echo "$@" > argv; env > variables; cp "$PGPASSFILE" passed\n'
        f'echo "$PGPASSFILE" > where; exec {setting.server.bin}/pg_dump "$@"\n',
    )
    await setting.take()
    assert PASSWORD not in (setting.folder / "argv").read_text()
    assert "canary" not in (setting.folder / "variables").read_text()
    assert "c4n@ry" not in (setting.folder / "variables").read_text()
    assert (setting.folder / "passed").read_text() == "*:*:*:*:c4n@ry-pass\\:word\\\\1\n"
    passfile = setting.folder / (setting.folder / "where").read_text().strip()
    assert not passfile.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("printf PGDMP; head -c 3000000 /dev/urandom; echo 'lost c4n@ry-pass:word\\1' >&2; exit 1",
         "exit code 1"),
        ("printf PGDMP; head -c 3000000 /dev/urandom; kill -9 $$", "signal 9"),
        ("exit 0", "no archive"),
        ("echo 'no archive at all'", "no archive"),
    ],
)  # fmt: skip
async def test_a_dump_that_dies_leaves_nothing(older: Setting, body: str, words: str) -> None:
    tool(older, body)
    with pytest.raises(ActionFailure, match=words) as caught:
        await older.take()
    assert PASSWORD not in str(caught.value)
    await older.nothing_is_left()


@pytest.mark.parametrize("refused", [("PUT", "partNumber"), ("POST", "uploadId"), ("PUT", ".json")])
async def test_a_store_that_refuses_leaves_nothing(
    older: Setting, s3: Store, refused: tuple[str, str]
) -> None:
    with FaultyStore(s3.endpoint) as faulty:
        older.section = msgspec.structs.replace(s3.section, endpoint=faulty.endpoint)
        faulty.refuse(*refused)
        with pytest.raises(ActionFailure, match="503"):
            await older.take()
        assert faulty.refused
        await older.nothing_is_left()


async def test_a_full_disk_leaves_nothing(older: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, data: bytes) -> None:
        os.write(file, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(directory, "_write_all", full)
    with pytest.raises(ActionFailure, match="No space left"):
        await older.take()
    await older.nothing_is_left()


async def test_what_changed_on_its_way_is_no_backup(older: Setting) -> None:
    def spoil(step: str) -> None:
        if step.startswith("read it back"):
            newest = max(older.directory.glob("*.dump.zst"))
            data = bytearray(newest.read_bytes())
            data[len(data) // 2] ^= 1
            newest.write_bytes(data)

    with pytest.raises(ActionFailure, match="not what was written"):
        await older.take(spoil)
    await older.nothing_is_left()


async def test_half_the_size_of_the_last_is_suspicious(older: Setting) -> None:
    big = older.directory / f"{OLDER}.dump.zst"
    big.write_bytes(bytes(2 << 20))
    made = json.loads((older.directory / f"{OLDER}.json").read_text())
    (older.directory / f"{OLDER}.json").write_text(json.dumps(made | {"bytes": 2 << 20}))
    with pytest.raises(ActionFailure, match="less than half"):
        await older.take()
    assert older.files() == [big.name, f"{OLDER}.json"]
    _, seen, _ = await older.take(allow_smaller="true")
    assert seen.state == "verified"


async def test_a_stop_in_the_middle_leaves_nothing_and_nobody(older: Setting) -> None:
    tool(
        older,
        f"echo $$ > {older.folder}/pid\n"
        "printf PGDMP; head -c 3000000 /dev/urandom; sleep 60 & wait",
    )
    running = asyncio.create_task(older.take())
    for _ in range(500):
        if (older.folder / "pid").exists() and list(older.directory.glob("*.partial")):
            break
        await asyncio.sleep(0.01)
    pid = int((older.folder / "pid").read_text())
    children = psutil.Process(pid).children()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    _, alive = psutil.wait_procs(children, 2)
    assert not alive
    assert not psutil.pid_exists(pid)
    await older.nothing_is_left()


async def test_an_older_pg_dump_is_refused_before_anything_is_written(older: Setting) -> None:
    tool(older, "exit 1", "15.18")
    with pytest.raises(ActionFailure, match=r"pg_dump 15.18 cannot dump PostgreSQL 18.6"):
        await older.take()
    await older.nothing_is_left()


async def test_undo_takes_back_a_sealed_backup_of_this_run_only(older: Setting) -> None:
    action = older.system().actions[0]
    plan = await action.plan("db", {}, WORLD)
    steps = action.steps(plan)
    for step in steps:
        await step.work(Step(older.clock))
    for step in reversed(steps):
        if step.undo is not None:
            await step.undo()
    await older.nothing_is_left()
    assert (await action.observe(plan)).state == "failed"


async def test_only_a_bucket_needs_no_local_room(setting: Setting) -> None:
    environment = msgspec.structs.replace(
        setting.environment, backup=Backup(directory=None, bucket="ainur-backups", prefix="only/x-")
    )
    system = connect(environment, setting.context)
    assert system is not None
    action = system.actions[0]
    plan = await action.plan("db", {}, WORLD)
    told = Step(setting.clock)
    for step in action.steps(plan):
        await step.work(told)
    assert (await action.observe(plan)).state == "verified"
    assert told.kept["backup"]["locations"][0].startswith("s3://ainur-backups/only/x-ainur_")
    assert [r["state"] for r in await catalogue(environment, setting.context)] == ["complete"]
    assert list(setting.folder.iterdir()) == []


async def test_plans_are_refused_or_blocked_with_a_sentence(setting: Setting) -> None:
    action = setting.system().actions[0]
    for params in ({"nonsense": "1"}, {"allow_smaller": "perhaps"}):
        with pytest.raises(Refused) as caught:
            await action.plan("db", params, WORLD)
        assert caught.value.code == 64
    nowhere = msgspec.structs.replace(
        setting.environment, postgres=Postgres(dsn="postgresql://u@127.0.0.1:1/d", timeout=1)
    )
    system = connect(nowhere, setting.context)
    assert system is not None
    plan = await system.actions[0].plan("db", {}, WORLD)
    assert "nothing listens" in (plan.blocked or "")
    bare = connect(msgspec.structs.replace(nowhere, backup=None), setting.context)
    assert bare is not None
    assert "backup section" in (bare.actions[0].unavailable() or "")


async def test_the_catalogue_believes_only_what_it_can_prove(older: Setting) -> None:
    here = older.directory
    whole = gzip.compress(b"-- PostgreSQL database dump complete\n" * 1000)
    (here / "ainur_backup_20240101_020000.sql.gz").write_bytes(whole)
    (here / "ainur_backup_20240102_020000.sql.gz").write_bytes(whole[:-20])
    (here / "ainur_backup_20240103_020000.dump.zst").write_bytes(b"no manifest")
    (here / "ainur_backup_20240104_020000.dump.zst.partial").write_bytes(b"half")
    (here / "ainur_backup_20240105_020000.json").write_text("{")
    for name in ("20240103_020000.dump.zst", "20240105_020000.json"):
        os.utime(here / f"ainur_backup_{name}", (1.7e9, 1.7e9))
    for strange in ("ainur_backup_x; rm.sql.gz", "other.gz", "ainur_backup_20241399_999999.json"):
        (here / strange).write_bytes(b"x")
    (here / "ainur_backup_20240106_020000.dump.zst").symlink_to("/etc/passwd")
    (here / f"{OLDER}.dump.zst").write_bytes(b"changed")
    rows = await catalogue(older.environment, older.context)
    assert {row["id"][13:21]: row["state"] for row in rows} == {
        "20240101": "complete", "20240102": "partial", "20240103": "partial",
        "20240104": "running", "20240105": "partial", "20200101": "failed",
    }  # fmt: skip
    by_day = {row["id"][13:21]: row for row in rows}
    assert by_day["20240101"]["format"] == "plain gzip"
    assert by_day["20240103"]["sha256"] is None


async def test_the_table_of_backups(older: Setting) -> None:
    probe = next(p for p in older.system().probes if isinstance(p, BackupsProbe))
    table = (await probe.read()).tables[0]
    assert table.name == "backups"
    assert probe.interval >= 15
    assert [column.name for column in table.columns[:6]] == [
        "id", "created", "bytes", "state", "verified", "where",
    ]  # fmt: skip
    assert table.rows[0].cells[:4] == [OLDER, 1577836800.0, 5, "complete"]


@pytest.mark.parametrize(
    "name",
    ["../ainur_backup_20240101_020000.json", "ainur_backup_20240101_020000.json\n", "x.json",
     "ainur_backup_20240101_020000.json/../x", "ainur_backup_2024010１_020000.json"],
)  # fmt: skip
def test_hostile_names_are_none_of_ours(name: str) -> None:
    assert names.split(name) is None
