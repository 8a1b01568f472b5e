"""Following a log file through rotation, truncation and rewriting (F-38 to F-40, F-55, F-56)."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.rules.logs.lines import parse
from ainur_tui.systems.base import Clock
from ainur_tui.systems.lines import KEPT, LineCutter
from ainur_tui.systems.logsource import Earlier, RawBatch, RawLine

FIRST_LINES = 200
POLL = 0.2
BEAT = 0.8
GRACE = 2.0
"""Seconds a renamed file is still read, and a missing one is waited for."""
CHUNK = 256 * 1024
BACKLOG = 1024 * 1024 * 1024
"""Bytes we may be behind before lines are counted instead of read."""
LOOK_BACK = 1024 * 1024
HEAD = 1024
FOOT = 64


class _File:
    """An open log file: where we are in it, and what its known bytes looked like."""

    def __init__(self, path: Path, start: int | None = 0) -> None:
        self.fd = open_log(path)
        found = os.fstat(self.fd)
        self.identity = (found.st_dev, found.st_ino)
        self.offset = found.st_size if start is None else start
        self.cutter = LineCutter()
        self.head = b""
        self.foot = b""
        self.seen = (-1, -1)
        self.remember()

    def read(self, most: int = CHUNK) -> bytes:
        data = os.pread(self.fd, min(most, CHUNK), self.offset)
        self.offset += len(data)
        return data

    def remember(self) -> None:
        """Keep the first bytes and those just before the offset as a fingerprint."""
        if len(self.head) < HEAD:
            self.head = os.pread(self.fd, min(HEAD, self.offset), 0)
        start = max(0, self.offset - FOOT)
        self.foot = os.pread(self.fd, self.offset - start, start)

    def changed(self) -> bool:
        found = os.fstat(self.fd)
        now = (found.st_size, found.st_mtime_ns)
        changed, self.seen = now != self.seen, now
        return changed

    def rewritten(self) -> bool:
        """Whether what we have read is no longer what the file holds."""
        if self.seen[0] < self.offset:
            return True
        before = os.pread(self.fd, len(self.foot), self.offset - len(self.foot))
        return before != self.foot or os.pread(self.fd, len(self.head), 0) != self.head

    def rewind(self) -> None:
        self.offset, self.cutter, self.head, self.foot = 0, LineCutter(), b"", b""

    def close(self) -> None:
        os.close(self.fd)


def open_log(path: Path) -> int:
    """A descriptor of a regular file, not through a link (F-38); raises :class:`ProbeFailure`."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ProbeFailure("missing", f"no file {clean(path)}") from None
    except PermissionError:
        raise ProbeFailure("forbidden", f"{clean(path)} is not readable for us") from None
    except OSError as error:
        what = "is a symbolic link" if path.is_symlink() else clean(error.strerror)
        raise ProbeFailure("bad answer", f"{clean(path)} {what}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise ProbeFailure("bad answer", f"{clean(path)} is not a regular file")
    return fd


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _last_lines(file: _File, size: int, most: int | None = None) -> tuple[list[str], int]:
    """The whole lines within the last ``size`` bytes (the last ``most`` of them), and where the
    first of them begins.

    A last line still being written stays with the file's cutter.
    """
    start = max(0, file.offset - size)
    data = os.pread(file.fd, file.offset - start, start)
    cut = 0 if not start else data.find(b"\n") + 1 or len(data)
    if most is not None:
        end = data.rfind(b"\n", cut)
        while most and end >= cut:
            most, end = most - 1, data.rfind(b"\n", cut, end)
        cut = max(cut, end + 1)
    return file.cutter.feed(data[cut:]), start + cut


def newer(lines: list[str], since: float) -> tuple[list[str], bool]:
    """Lines after ``since``, and whether an older one was seen (so that none is missing)."""
    for index in range(len(lines) - 1, -1, -1):
        parsed = parse(lines[index], 0.0)
        if parsed.dated and parsed.at <= since:
            return lines[index + 1 :], True
    return lines, False


def _first(file: _File, clock: Clock, resume: float | None) -> tuple[RawBatch, int]:
    """The first batch, and where its lines begin."""
    lines, start = _last_lines(file, LOOK_BACK, FIRST_LINES if resume is None else None)
    written = os.fstat(file.fd).st_mtime
    if resume is None:
        return RawBatch(_dated(lines, written)), start
    fresh, joined = newer(lines, min(resume, clock.now()))
    if joined or (start == 0 and not lines):
        return RawBatch(_dated(fresh, written)), start
    dated = any(parse(line, 0.0).dated for line in lines[:50])
    return RawBatch(_dated(fresh if dated else [], written), None, resume), start


def _dated(lines: list[str], written: float) -> list[RawLine]:
    """Lines of the past: one without a time has that of the line before, or the file's."""
    found = []
    at = written
    for line in lines:
        parsed = parse(line, at)
        if parsed.dated:
            at = parsed.at
        if line:
            found.append(RawLine(at, line.lstrip("\0")))
    return found


def _raw(lines: list[str], at: float) -> list[RawLine]:
    return [RawLine(at, line.lstrip("\0")) for line in lines if line]


async def _skip(file: _File) -> int:
    """Leave out a backlog but for its last part; returns how many lines that were."""
    count = 0
    target = file.seen[0] - LOOK_BACK
    while file.offset < target and (data := file.read(target - file.offset)):
        count += data.count(b"\n")
        await asyncio.sleep(0)
    data = os.pread(file.fd, KEPT, file.offset)
    file.offset += data.find(b"\n") + 1
    file.cutter = LineCutter()
    return count + (b"\n" in data)


async def _drain(file: _File, clock: Clock) -> AsyncIterator[RawBatch]:
    """Everything the file had when last looked at, chunk by chunk."""
    dropped = 0
    since = clock.now()
    if file.seen[0] - file.offset > BACKLOG:
        dropped = await _skip(file)
    while file.offset < file.seen[0] and (data := file.read()):
        lines = _raw(file.cutter.feed(data), clock.now())
        file.remember()
        if lines or dropped:
            yield RawBatch(lines, dropped, since if dropped else None)
            dropped = 0
        await asyncio.sleep(0)


async def follow(
    path: Path, clock: Clock, *, resume: float | None = None,
    began: Callable[[Earlier], None] = lambda _: None,
) -> AsyncIterator[RawBatch]:  # fmt: skip
    """Yield the last lines of ``path``, then what is written to it, for ever.

    At least once a second a batch comes, empty when nothing is new. ``resume`` (epoch seconds)
    leaves out lines that carry a time up to it. ``began`` is told where the first line begins.
    Where bytes may be lost (truncation, rewriting)
    a batch has ``dropped=None`` and ``gap_since``. Raises :class:`ProbeFailure` when the file is
    missing for two seconds, not readable, or no regular file (links are not followed).
    """
    file = _File(path, None)
    old: tuple[_File, float] | None = None
    missing_since: float | None = None
    try:
        batch, start = _first(file, clock, resume)
        began(Earlier(path, file.identity, start))
        yield batch
        checked = clock.now()
        last_beat = clock.monotonic()
        while True:
            busy = False
            if old is not None:
                old[0].changed()
                async for batch in _drain(old[0], clock):
                    yield batch
                if clock.monotonic() >= old[1]:
                    if last := old[0].cutter.flush():
                        yield RawBatch(_raw(last, clock.now()))
                    old[0].close()
                    old = None
            if file.changed():
                if file.rewritten():
                    file.rewind()
                    yield RawBatch((), None, checked)
                async for batch in _drain(file, clock):
                    busy = True
                    yield batch
            checked = clock.now()
            identity = _identity(path)
            if identity is None:
                missing_since = missing_since or clock.monotonic()
                if clock.monotonic() - missing_since >= GRACE:
                    raise ProbeFailure("missing", f"{clean(path)} was removed")
            else:
                missing_since = None
                if identity != file.identity and old is None:
                    replacement = _File(path)
                    old, file = (file, clock.monotonic() + GRACE), replacement
                    continue
            if busy or clock.monotonic() - last_beat >= BEAT:
                last_beat = clock.monotonic()
                if not busy:
                    yield RawBatch()
            await asyncio.sleep(POLL)
    finally:
        file.close()
        if old is not None:
            old[0].close()
