"""The file of the history: made, checked, and set aside when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from ainur_tui.engine.history.store import VERSION, Store

_CHECKED_WHOLE = 64 << 20
"""Bytes up to which a file is checked through and through when it is opened."""


def opened(path: Path | None, *, writable: bool, damaged: bool = False) -> tuple[Store, str | None]:
    """The store at ``path`` and what a person should know. Never fails for want of a file."""
    if path is None:
        return Store(sqlite3.connect(":memory:")), None
    if not writable:
        return _read_only(path)
    notice = None
    try:
        if path.is_symlink():
            raise PermissionError("it is a link")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        reason = "damaged" if damaged else _fault(path)
        if reason:
            notice = f"The history was {reason}; it is kept as {set_aside(path)}, a new one begins"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        return Store(sqlite3.connect(path, timeout=5.0)), notice
    except (OSError, sqlite3.Error) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return (
            Store(sqlite3.connect(":memory:")),
            f"History is kept in memory only: {path} cannot be used ({said})",
        )


def _read_only(path: Path) -> tuple[Store, str | None]:
    try:
        if path.exists() and _fault(path) is None:
            connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2.0)
            connection.execute("SELECT count(*) FROM kv").fetchone()
            return Store(connection, writable=False), None
    except (OSError, sqlite3.Error):
        pass
    return Store(sqlite3.connect(":memory:")), None


def _fault(path: Path) -> str | None:
    """What is wrong with an existing file, in a word or two."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] > VERSION:
            return "of a newer version"
        if path.stat().st_size <= _CHECKED_WHOLE:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            return None if found == "ok" else "damaged"
        connection.execute("SELECT count(*) FROM series").fetchone()
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError:
        return "damaged"
    finally:
        connection.close()
    return None


def set_aside(path: Path) -> str:
    """Give a database and what belongs to it another name, which is returned."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{path.name}.bad-{stamp}"
    for count in range(1, 100):
        if not path.with_name(name).exists():
            break
        name = f"{path.name}.bad-{stamp}-{count}"
    for ending in ("-wal", "-shm", ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(path.with_name(name + ending))
    return name
