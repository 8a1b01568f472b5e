"""Backups in a directory of this machine."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from ainur_tui.config import safefile
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import size as shown_size
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres.backup import names
from ainur_tui.systems.postgres.backup.found import Found

_READ = 1 << 20
_STRAGGLER = 24 * 3600.0
_LARGEST_SMALL = 4 << 20


class DirectoryPlace:
    """Files of mode 0600 in a directory of mode 0700; each appears whole or not at all."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @property
    def shown(self) -> str:
        return clean(str(self._directory), 200)

    def location(self, name: str) -> str:
        return clean(str(self._directory / name))

    async def ready(self, expected: int) -> str:
        return await asyncio.to_thread(self._ready, expected)

    def _ready(self, expected: int) -> str:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self._directory.stat()
        mode = found.st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise ProbeFailure("forbidden", f"everybody may write to {self.shown}")
        if not os.access(self._directory, os.W_OK | os.X_OK):
            raise ProbeFailure("forbidden", f"{self.shown} may not be written to")
        free = shutil.disk_usage(self._directory).free
        if free < expected:
            raise ProbeFailure(
                "unavailable",
                f"{self.shown} has {shown_size(free)} free, {shown_size(expected)} may be needed",
            )
        loose = f", others may look into it: chmod 700 {self.shown}" if mode & 0o077 else ""
        foreign = f", it is owned by uid {found.st_uid}" if found.st_uid != os.geteuid() else ""
        return f"{self.shown} has {shown_size(free)} free{loose}{foreign}"

    async def receive(self, name: str, chunks: AsyncIterator[bytes], part: int) -> None:
        del part  # files have no parts
        partial = self._directory / (name + names.PARTIAL)
        try:
            file = await asyncio.to_thread(_create, partial)
            try:
                async for chunk in chunks:
                    await asyncio.to_thread(_write_all, file, chunk)
                await asyncio.to_thread(os.fsync, file)
            finally:
                os.close(file)
            await asyncio.to_thread(self._publish, partial, name)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def _publish(self, partial: Path, name: str) -> None:
        try:
            os.link(partial, self._directory / name)  # unlike a rename it never replaces
            partial.unlink()
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.ENOTSUP} or (self._directory / name).exists():
                raise
            partial.rename(self._directory / name)  # a file system without hard links
        safefile.sync(self._directory)

    async def digest(self, name: str) -> tuple[int, str]:
        return await asyncio.to_thread(_digest, self._directory / name)

    async def size(self, name: str) -> int | None:
        try:
            found = (self._directory / name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    async def write(self, name: str, data: bytes) -> None:
        async def once() -> AsyncIterator[bytes]:
            yield data

        await self.receive(name, once(), 0)

    async def read(self, name: str) -> bytes:
        return await asyncio.to_thread(_read_small, self._directory / name)

    async def chunks(self, name: str) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(_open, self._directory / name)
        try:
            while chunk := await asyncio.to_thread(os.read, file, _READ):
                yield chunk
        finally:
            os.close(file)

    async def sweep(self) -> int:
        gone = 0
        for found in await self.entries():
            if (
                found.suffix.endswith(names.PARTIAL)
                and self._clock.now() - found.modified > _STRAGGLER
            ):
                (self._directory / found.name).unlink(missing_ok=True)
                gone += 1
        return gone

    async def remove(self, name: str) -> None:
        for path in (self._directory / name, self._directory / (name + names.PARTIAL)):
            path.unlink(missing_ok=True)

    async def entries(self) -> list[Found]:
        return await asyncio.to_thread(self._entries)

    def _entries(self) -> list[Found]:
        found = []
        with suppress(FileNotFoundError), os.scandir(self._directory) as entries:
            for entry in entries:
                parts = names.split(entry.name)
                if parts is None or not entry.is_file(follow_symlinks=False):
                    continue
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    tag = f"{status.st_ino}-{status.st_mtime_ns}"
                    found.append(Found(*parts, status.st_size, status.st_mtime, tag, entry.path))
        return found


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)


def _digest(path: Path) -> tuple[int, str]:
    seen, size = hashlib.sha256(), 0
    with os.fdopen(_open(path), "rb", buffering=0) as file:
        while chunk := file.read(_READ):
            seen.update(chunk)
            size += len(chunk)
    return size, seen.hexdigest()


def _read_small(path: Path) -> bytes:
    with os.fdopen(_open(path), "rb") as file:
        return file.read(_LARGEST_SMALL)
