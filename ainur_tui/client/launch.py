"""Starting the engine so that neither this process nor its terminal can take it along."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from ainur_tui.model.text import decode

LOCK_WAIT = 1.0
"""Seconds an engine that is just leaving gets before another is started."""
_TAIL = 4096

# A session of its own by setsid, then a second fork: the engine is nobody's child and can never
# get a controlling terminal. A small interpreter does it, for our own process may have threads.
_DETACH = "import os, sys; os.fork() and os._exit(0); os.execvp(sys.argv[1], sys.argv[1:])"


class LaunchFailed(Exception):
    """The engine does not answer; the text has the last line of its log."""


def start_engine(argv: list[str], log: Path) -> None:
    """Start it detached, its words going to ``log``; returns at once.

    Does nothing when one started this way still runs: it holds the lock beside the log for its
    whole life. Raises ``OSError``.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(log.with_name("engine.start"), flags, 0o600)
    try:
        if not _lock(lock):
            return
        words = os.open(log, flags | os.O_APPEND, 0o600)
        try:
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _DETACH, *argv],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
                pass_fds=[lock],
            )
        finally:
            os.close(words)
        child.wait()
    finally:
        os.close(lock)


async def launch(argv: list[str], log: Path, socket: Path, deadline: float = 15.0) -> None:
    """Start it and wait until it answers.

    Raises LaunchFailed after ``deadline`` seconds, ``OSError`` when it cannot be started at all.
    """
    await asyncio.to_thread(start_engine, argv, log)
    end = time.monotonic() + deadline
    while not await answers(socket):
        if time.monotonic() > end:
            said = last_line(log)
            words = f"; the last line of its log: {said}" if said else f"; its log is {log}"
            raise LaunchFailed(f"the engine does not answer after {deadline:g} s{words}")
        await asyncio.sleep(0.05)


async def answers(socket: Path) -> bool:
    """Whether somebody takes connections there."""
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True


def last_line(log: Path) -> str:
    """The last words of the log, safe to show."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = [line for line in file.read().splitlines() if line.strip()]
    except OSError:
        return ""
    return decode(lines[-1], 300) if lines else ""


def _lock(handle: int) -> bool:
    end = time.monotonic() + LOCK_WAIT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
