"""Files that secrets depend on: regular, ours, not for others to write (S-18), never half there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

LIMIT = 1 << 20
"""Bytes; nobody's configuration or secret is larger."""


class Unreadable(Exception):
    """The file cannot be read; the text says why and what to do."""


@dataclass(frozen=True)
class Content:
    """A file's bytes and who may touch it. ``loose`` is the sentence why others may change it."""

    data: bytes
    mode: int
    loose: str | None

    @property
    def private(self) -> bool:
        """Whether only its owner may read it."""
        return not self.mode & 0o077


def read(path: Path, limit: int = LIMIT) -> Content:
    """Read a regular file of at most ``limit`` bytes without following a final symbolic link or
    waiting on a pipe. Raises :class:`Unreadable`.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(_why(path, error)) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise Unreadable("is not a regular file; name a file")
    with open(handle, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit >> 20} MiB; this cannot be the right file")
    return Content(data, stat.S_IMODE(status.st_mode), _loose(path, status))


def create(path: Path, data: bytes) -> None:
    """Write a new file for its owner alone. Raises OSError, FileExistsError where one is."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as file:
        file.write(data)


def replace(path: Path, data: bytes) -> None:
    """Put a file for its owner alone in the place of what was there, in one piece and on the disk
    when this returns. Raises OSError; then what was there is as before."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """Have the names in a folder on the disk, as its files already are. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _loose(path: Path, status: os.stat_result) -> str | None:
    trusted = {os.geteuid(), 0}
    if status.st_uid not in trusted:
        return "belongs to another user; chown it to yourself"
    if status.st_mode & 0o022:
        return f"may be written by others (mode {stat.S_IMODE(status.st_mode):04o}); chmod go-w it"
    folder = path.absolute().parent
    above = folder.stat()
    if above.st_uid not in trusted or (above.st_mode & 0o022 and not above.st_mode & stat.S_ISVTX):
        return f"stands in {folder}, where others may replace it; chmod go-w that folder"
    return None


def _why(path: Path, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return f"is a symbolic link; name the file itself, {path.resolve()}"
    if error.errno == errno.ENOENT:
        return "does not exist"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "may not be read by you; check its owner and mode"
    return f"cannot be read ({os.strerror(error.errno or 0)})"
