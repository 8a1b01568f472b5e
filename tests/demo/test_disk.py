"""The small disk of the backups: filled, given back as people left it, and never left mounted."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ainur_tui.demo import disk
from ainur_tui.demo.dbfaults import cancel
from ainur_tui.demo.switches import Switches
from tests.helpers import until

ID = "ainur_backup_20261130_010000"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A miniature's directory with one backup."""
    for name in ("run", "backups"):
        (tmp_path / name).mkdir()
    (tmp_path / "backups" / f"{ID}.dump.zst").write_bytes(os.urandom(50_000))
    about = {"id": ID, "created_at": datetime(2026, 11, 30, 1, tzinfo=UTC).isoformat(), "config": 1}
    (tmp_path / "backups" / f"{ID}.json").write_text(json.dumps(about))
    yield tmp_path
    disk.release(tmp_path)


@pytest.fixture
def mounting(directory: Path) -> Path:
    if why := disk.hindrance(directory):
        pytest.skip(why)
    return directory


def names(directory: Path) -> set[str]:
    return {path.name for path in (directory / "backups").iterdir()}


def used(directory: Path) -> float:
    found = shutil.disk_usage(directory / "backups")
    return found.used / found.total


def test_old_backups_fill_it_and_room_made_is_room(mounting: Path) -> None:
    disk.fill(mounting)
    assert 0.97 < used(mounting) < 1.0
    made = sorted(name for name in names(mounting) if name.endswith(".dump.zst"))
    assert len(made) == 1 + disk.MANY
    assert made[-1].startswith(ID)
    oldest = mounting / "backups" / made[0].replace(".dump.zst", ".json")
    assert json.loads(oldest.read_text())["id"] == oldest.stem
    for name in made[:25]:
        (mounting / "backups" / name).unlink()
    assert used(mounting) < 0.5
    assert not disk.hindrance(mounting)


def test_what_people_did_meanwhile_stays(mounting: Path) -> None:
    backups = mounting / "backups"
    (backups / "old").write_text("was there")
    disk.fill(mounting)
    (backups / "old").unlink()
    (backups / "new").write_text("taken meanwhile")
    disk.release(mounting)
    assert not disk.mounted(backups)
    assert names(mounting) == {f"{ID}.dump.zst", f"{ID}.json", "new"}
    assert (backups / "new").read_text() == "taken meanwhile"


async def test_the_switch_fills_it_and_the_end_unmounts_it(mounting: Path) -> None:
    switches = Switches(mounting)
    switches.set("disk-filling", on=True)
    following = asyncio.create_task(disk.Disk(mounting, 0).follow(switches))
    await asyncio.to_thread(until, lambda: used(mounting) > 0.97, 10, "the disk is full")
    await cancel(following)
    assert not disk.mounted(mounting / "backups")
    assert names(mounting) == {f"{ID}.dump.zst", f"{ID}.json"}


def test_what_a_killed_one_left_is_cleared_and_nobody_elses(mounting: Path) -> None:
    disk.fill(mounting)  # and the process that did it is gone
    disk.release(mounting)
    assert not disk.mounted(mounting / "backups")
    backups = str(mounting / "backups")
    subprocess.run(["mount", "-t", "tmpfs", "somebody", backups], check=True)
    try:
        disk.release(mounting)
        assert os.path.ismount(backups)
    finally:
        subprocess.run(["umount", backups], check=True)


def test_without_the_right_or_a_backup_it_says_so(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(disk, "_mount", denied)
    assert "may mount no disk" in (disk.hindrance(directory) or "")
    (directory / "backups" / f"{ID}.json").unlink()
    assert "take a backup first" in (disk.hindrance(directory) or "")
