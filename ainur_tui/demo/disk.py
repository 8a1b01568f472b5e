"""The fault ``disk-filling``: the backups' disk is a small one, and old backups fill it.

A disk of its own (a tmpfs) lies over ``DIR/backups`` while the fault is on, with what was there and
with copies of the newest backup as they would have been taken every other day. It takes the right
to mount; whoever lacks it is told so in words. What is taken or removed meanwhile stays so.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ainur_tui.demo import credentials
from ainur_tui.demo.switches import Switches

TICK = 0.2
FULL = 0.98
MANY, APART = 40, timedelta(days=2)
SOURCE = "ainur-demo"
"""By this name we know a disk of ours: no other is ever unmounted."""
LAID = ".laid.json"
"""On that disk: which of its files are of the fault's making, and which it was given."""
PAGE = 4096
DATA, MANIFEST = ".dump.zst", ".json"
ID = "ainur_backup_%Y%m%d_%H%M%S"
NOSUID_NODEV_NOEXEC, DETACH_NOFOLLOW = 2 | 4 | 8, 2 | 8


class Disk:
    """Fills while the switch is on; it is over when the old backups are removed."""

    def __init__(self, directory: Path, _port: int) -> None:
        self._directory = directory
        self._filled = False

    async def follow(self, switches: Switches) -> None:
        """Until cancelled; then the disk is gone. Without a backup there is nothing to fill with:
        it waits for the first."""
        try:
            while True:
                wanted = switches.on("disk-filling")
                if wanted and not self._filled and newest(self._directory) is not None:
                    with suppress(OSError):  # the switch has told why, before
                        await asyncio.to_thread(fill, self._directory)
                    self._filled = True
                elif not wanted and self._filled:
                    release(self._directory)
                    self._filled = False
                await asyncio.sleep(TICK)
        finally:
            release(self._directory)


def hindrance(directory: Path) -> str | None:
    """The sentence why the fault cannot bite here (tried out), or ``None``."""
    if sys.platform != "linux":
        return "only Linux has the small disk that it fills"
    if newest(directory) is None:
        return "take a backup first (run backup db): it fills the disk with older ones of its kind"
    place = tempfile.mkdtemp(dir=directory / "run")
    try:
        _mount(place, PAGE)
        _unmount(place)
    except OSError as error:
        return f"this account may mount no disk that could fill ({error.strerror}); root may"
    finally:
        os.rmdir(place)
    return None


def newest(directory: Path) -> Path | None:
    """The manifest of the newest backup whose data are there."""
    there = sorted((directory / "backups").glob(f"ainur_backup_*{DATA}"), reverse=True)
    manifests = (path.with_name(path.name.removesuffix(DATA) + MANIFEST) for path in there)
    return next((path for path in manifests if path.exists()), None)


def fill(directory: Path) -> None:
    """Mount the disk, bring what is there, lay the old backups beside it. Raises ``OSError``."""
    manifest, backups = newest(directory), directory / "backups"
    if manifest is None or mounted(backups):
        return
    about: dict[str, Any] = json.loads(manifest.read_text())
    data = manifest.with_name(about["id"] + DATA)
    with _held(backups) as below:
        brought = sorted(path.name for path in below.iterdir())
        needed = sum(_pages(below / name) for name in brought) + 2 * PAGE
        needed += MANY * (_pages(data) + PAGE)
        _mount(str(backups), int(needed / FULL))
        for name in brought:
            shutil.copy2(below / name, backups / name)
        laid = [name for number in range(1, MANY + 1) for name in _lay(backups, about, number)]
    (backups / LAID).write_text(json.dumps({"laid": laid, "brought": brought}))


def release(directory: Path) -> None:
    """Unmount the disk, if it is ours, and have the folder below as people left it."""
    backups = directory / "backups"
    if not mounted(backups):
        return
    with _held(backups) as disk:
        _unmount(str(backups))
        names = {path.name for path in disk.iterdir()} - {LAID}
        told = json.loads((disk / LAID).read_text()) if (disk / LAID).exists() else {}
        for name in names - {*told.get("laid", names), *told.get("brought", ())}:
            shutil.copy2(disk / name, backups / name)
        for name in set(told.get("brought", ())) - names:
            (backups / name).unlink(missing_ok=True)


def mounted(place: Path) -> bool:
    """Whether a disk of ours lies over ``place``."""
    with suppress(OSError):
        where = os.path.realpath(place)
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            point, source = line.split()[4], line.partition(" - ")[2].split()[1]
            if source == SOURCE and point.encode().decode("unicode_escape") == where:
                return True
    return False


def _lay(backups: Path, about: dict[str, Any], number: int) -> list[str]:
    """A copy of a backup as an older one: the data, then the manifest, of that moment."""
    at = datetime.fromisoformat(about["created_at"]).astimezone(UTC) - number * APART
    name = at.strftime(ID)
    old = about | {"id": name, "created_at": at.isoformat(), "config": None}
    shutil.copyfile(backups / (about["id"] + DATA), backups / (name + DATA))
    credentials.write(backups / (name + MANIFEST), json.dumps(old))
    for suffix in (DATA, MANIFEST):
        os.utime(backups / (name + suffix), (at.timestamp(), at.timestamp()))
    return [name + DATA, name + MANIFEST]


def _pages(path: Path) -> int:
    return -(-path.stat().st_size // PAGE) * PAGE


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """The folder itself, whatever is mounted over it or taken away from it meanwhile."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _mount(place: str, octets: int) -> None:
    options = f"size={octets},mode=0700".encode()
    kind, source = b"tmpfs", SOURCE.encode()
    _call("mount", source, os.fsencode(place), kind, NOSUID_NODEV_NOEXEC, options)


def _unmount(place: str) -> None:
    _call("umount2", os.fsencode(place), DETACH_NOFOLLOW)


def _call(name: str, *words: bytes | int) -> None:
    """A call of the C library: mount(8) may not be there. Raises ``OSError``."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
