"""What is kept beside a backup, and how a restored database may differ from the one it was of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ainur_tui.config.types import Backup, Environment, Postgres
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.postgres.backup import manifest, names
from ainur_tui.systems.postgres.backup.beside import Beside
from ainur_tui.systems.postgres.backup.directory import DirectoryPlace
from ainur_tui.systems.postgres.backup.locale import differences
from ainur_tui.systems.postgres.backup.server import Server as Restoring
from ainur_tui.systems.postgres.system import connect
from tests.systems.conftest import Server
from tests.systems.postgres.test_backup import WORLD
from tests.systems.web import RealClock

BACKUP = "ainur_backup_20261124_020000"
PLAIN = {"encoding": "UTF8", "collate": "C", "ctype": "C", "provider": "libc"}


async def test_the_configuration_lies_beside_and_its_failure_costs_nothing(tmp_path: Path) -> None:
    place = DirectoryPlace(tmp_path, RealClock())

    async def made(at: float) -> tuple[bytes, list[str]]:
        return b"{}%d" % at, ["2 secrets by name"]

    async def down(at: float) -> tuple[bytes, list[str]]:
        raise ProbeFailure("timeout", "the platform")

    for document, words in ((None, "no section fly"), (down, "does not answer in time")):
        beside = Beside(document)
        await beside.keep(BACKUP, 1.0, [place])
        assert beside.kept is None
        assert words in beside.told
    beside = Beside(made)
    await beside.keep(BACKUP, 7.0, [place])
    assert beside.kept is not None
    assert beside.kept.name == BACKUP + names.CONFIG
    assert (
        beside.kept.sha256 == hashlib.sha256((tmp_path / beside.kept.name).read_bytes()).hexdigest()
    )
    assert [found.suffix for found in await place.entries()] == [names.CONFIG]
    assert names.split(beside.kept.name) == (BACKUP, names.CONFIG)
    found = manifest.Manifest(
        id=BACKUP, created_at="2026-11-24T02:00:00Z", bytes=1, sha256="s", database="ainur",
        server_version="18.6", client_version="18.6", duration=1.0, lsn=None, rows={},
        schema_sha256="s", run="r", config=beside.kept, locale=PLAIN, roles=["ainur_app"],
    )  # fmt: skip
    again = manifest.decode(manifest.encode(found), BACKUP)
    assert again == found
    row = manifest.row(BACKUP, "complete", manifest=again)
    assert (row["config"], row["config_holds"]) == (beside.kept.name, ["2 secrets by name"])
    assert (row["locale"], row["roles"]) == (PLAIN, ["ainur_app"])


def test_what_sorts_otherwise_is_told() -> None:
    assert differences(PLAIN, dict(PLAIN)) == []
    assert differences({}, PLAIN) == differences(PLAIN, {}) == []
    told = differences(PLAIN, PLAIN | {"collate": "en_US.UTF-8", "version": "2.36"})
    assert told[0] == "collate is en_US.UTF-8, was C: text sorts and compares otherwise"
    assert told[1].startswith("version is 2.36, was not set")


async def test_a_new_database_has_the_locale_of_the_backup_where_the_server_has_it(
    postgres: Server,
) -> None:
    server = Restoring(postgres.dsn(), Redactor(), 10.0)
    latin = {"encoding": "LATIN1", "collate": "C", "ctype": "C", "provider": "libc"}
    for like, wanted in (
        (latin, latin),
        (latin | {"collate": "xx_YY.nothing' ; --"}, None),
        (latin | {"provider": "icu"}, None),
        ({}, None),
    ):
        await server.create("ainur_locale_test", like)
        try:
            found = await server.locale("ainur_locale_test")
            plain = await server.locale("ainur")
            assert {name: found[name] for name in latin} == (
                wanted or {name: plain[name] for name in latin}
            )
            assert bool(differences(like, found)) is (bool(like) and wanted is None)
        finally:
            await server.drop("ainur_locale_test")


async def test_a_name_that_is_none_is_refused(postgres: Server) -> None:
    server = Restoring(postgres.dsn(), Redactor(), 10.0)
    with pytest.raises(ActionFailure, match="a-z"):
        await server.create("no name", PLAIN)


async def test_what_a_role_may_not_do_is_said_with_what_mends_it(
    postgres: Server, tmp_path: Path
) -> None:
    watcher = Restoring(postgres.dsn("watcher"), Redactor(), 10.0)
    said = await watcher.lacks("databases", "roles", key="backup.scratch")
    assert said is not None
    assert "ALTER ROLE watcher CREATEDB CREATEROLE" in said
    assert "backup.scratch" in said
    assert await Restoring(postgres.dsn(), Redactor(), 10.0).lacks("databases", "roles") is None
    setting = Environment(
        name="test", postgres=Postgres(dsn=postgres.dsn("watcher").reveal()),
        backup=Backup(directory=str(tmp_path), scratch=postgres.dsn("watcher").reveal()),
    )  # fmt: skip
    tools = Tools(lambda name: str(postgres.bin / name))
    system = connect(
        setting, Context("test", RealClock(), Redactor(), tools, lambda s: Secret(str(s)))
    )
    assert system is not None
    acts = {one.spec.name: one for one in system.actions}
    blocked = (await acts["backup"].plan("db", {}, WORLD)).blocked or ""
    assert "watcher may not read" in blocked
    assert "GRANT pg_read_all_data TO watcher" in blocked
    beside = manifest.Manifest(
        id=BACKUP, created_at="2026-11-24T02:00:00Z", bytes=4, sha256="s", database="ainur",
        server_version="18.6", client_version="18.6", duration=1.0, lsn=None, rows={"a": 1},
        schema_sha256="s", run="r",
    )  # fmt: skip
    (tmp_path / (BACKUP + names.DATA)).write_bytes(b"data")
    (tmp_path / (BACKUP + names.MANIFEST)).write_bytes(manifest.encode(beside))
    for name, params, key in (
        ("restore", {"id": BACKUP, "into": "fresh"}, "backup.admin"),
        ("verify", {"id": BACKUP}, "backup.scratch"),
    ):
        blocked = (await acts[name].plan("db", params, WORLD)).blocked or ""
        assert "may not make databases: ALTER ROLE watcher CREATEDB" in blocked
        assert key in blocked
    assert system.close is not None
    await system.close()
