"""The engine as a process: its folders, its lock, its log, systemd, and when to leave."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock

IDLE = 600.0
"""Seconds without clients and without work after which an engine leaves."""
LOG_BYTES = 512 * 1024


class Unsafe(Exception):
    """A folder is not ours alone; the text says what to do about it."""


class AlreadyRuns(Exception):
    """Another engine holds this environment's lock."""


def private(folder: Path) -> int | None:
    """Make a folder that is ours alone (0700).

    Returns the group that may come in (team mode): an administrator says so by a setgid folder
    the group may enter, mode 2750. Any other rights of others are taken away.
    Raises Unsafe when others could put something in our place.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise Unsafe(f"{folder} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise Unsafe(f"{folder} is not a folder (or a link to one); remove it")
    if found.st_uid not in {os.geteuid(), 0}:
        raise Unsafe(f"{folder} belongs to another user; choose another or remove it")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unsafe(f"others may write to {folder}; chmod go-w it")
    team = bool(found.st_mode & stat.S_ISGID and found.st_mode & stat.S_IXGRP)
    if found.st_uid == os.geteuid():
        kept = stat.S_IMODE(found.st_mode) & ~stat.S_IRWXO
        folder.chmod(kept if team else kept & ~stat.S_IRWXG)
    return found.st_gid if team else None


@contextmanager
def only_one(lock: Path, pid: Path) -> Iterator[None]:
    """Hold the environment's lock; the kernel frees it when we die. Raises AlreadyRuns."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRuns("an engine runs for this environment already") from None
        pid.write_text(f"{os.getpid()}\n")
        yield
        pid.unlink(missing_ok=True)
    finally:
        os.close(handle)


class _Redacted(logging.Formatter):
    """One safe line a record: neither secrets nor control characters reach the log (S-11)."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        return "\n".join(clean(self._redact(line)) for line in lines)


def log_to(path: Path, redact: Redactor) -> RotatingFileHandler:
    """Send the program's log to a small rotated file."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(_Redacted(redact))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("ainur_tui").setLevel(logging.INFO)
    path.chmod(0o600)
    return handler


def tell_systemd(words: str, variables: Mapping[str, str] = os.environ) -> bool:
    """``sd_notify``: ``READY=1``, ``STOPPING=1``. False when nobody asked for it."""
    address = variables.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(words.encode(), address.replace("@", "\0", 1))
    return True


class Idle:
    """Counts the time nobody needs us. ``leaves_at`` (epoch seconds) is told to clients."""

    def __init__(self, clock: Clock, busy: Callable[[], bool], seconds: float = IDLE) -> None:
        self._clock = clock
        self._busy = busy
        self._seconds = seconds
        self._since: float | None = None
        self.leaves_at: float | None = None

    def is_over(self) -> bool:
        """Whether it is time to leave."""
        now = self._clock.monotonic()
        if self._busy():
            self._since = self.leaves_at = None
            return False
        if self._since is None:
            self._since = now
            self.leaves_at = self._clock.now() + self._seconds
        return now - self._since >= self._seconds

    async def over(self, every: float = 1.0) -> None:
        """Wait until it is."""
        while not self.is_over():  # noqa: ASYNC110 - time itself is what is waited for
            await asyncio.sleep(every)
