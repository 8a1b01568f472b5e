"""The record of incidents: rows are added, never changed, and on the disk before a call returns.

Apart from the history, whose loss costs charts: this one is what a post-mortem rests on (F-77).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from ainur_tui.engine.historyfile import set_aside
from ainur_tui.model.incident import Entry

T = TypeVar("T")

VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL, key TEXT NOT NULL,
  body BLOB NOT NULL, UNIQUE (incident, key));
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'entries are only added'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_kept BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'entries are only added'); END;
"""
_encode = msgspec.json.Encoder()
_decode = msgspec.json.Decoder(Entry)


class Unwritable(Exception):
    """The record cannot be written; the text says why."""


class IncidentStore:
    """``path`` is the database. One thread owns it, so that the loop never waits for a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="incidents")

    async def open(self, *, writable: bool) -> tuple[list[Entry], str | None]:
        """All entries by number, and what a person should know. A file that is damaged or of a
        newer version is set aside under another name; ``writable=False`` changes nothing."""
        return await self._in_thread(lambda: self._open(writable=writable))

    async def add(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that were new, with their numbers: all of them are on the disk now, or none.
        Raises Unwritable."""
        try:
            # Shielded: what has begun to be written is known to be written, or not.
            return await asyncio.shield(self._in_thread(lambda: self._add(entries)))
        except (sqlite3.Error, OSError) as error:
            raise Unwritable(f"the record of incidents cannot be written: {error}") from error

    async def close(self) -> None:
        """Let go of the file."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()

    def _open(self, *, writable: bool) -> tuple[list[Entry], str | None]:
        if not writable:
            return self._look(), None
        notice = None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._connect()
                return self._all(), None
            except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._close()
                kept = set_aside(self._path)
                notice = f"The record of incidents cannot be read ({error}); it is kept as {kept}"
                self._connect()
                return [], notice
        except (OSError, sqlite3.Error) as error:
            return [], f"the record of incidents cannot be written: {error}"

    def _connect(self) -> None:
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(self._path, flags, 0o600))
        self._db = db = sqlite3.connect(self._path, timeout=2.0, check_same_thread=False)
        if db.execute("PRAGMA user_version").fetchone()[0] > VERSION:
            raise sqlite3.DatabaseError("it is of a newer version")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.commit()

    def _look(self) -> list[Entry]:
        if not self._path.exists():
            return []
        try:
            self._db = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=2.0,
                                       check_same_thread=False)  # fmt: skip
            return self._all()
        except (sqlite3.Error, msgspec.DecodeError):
            return []

    def _all(self) -> list[Entry]:
        rows = self._connection().execute("SELECT seq, body FROM entry ORDER BY seq")
        return [replace(_decode.decode(body), seq=seq) for seq, body in rows]

    def _add(self, entries: Sequence[Entry]) -> list[Entry]:
        db, new = self._connection(), []
        with db:
            for entry in entries:
                done = db.execute(
                    "INSERT OR IGNORE INTO entry (incident, key, body) VALUES (?, ?, ?)",
                    (entry.incident, entry.key, _encode.encode(entry)),
                )
                if done.rowcount and done.lastrowid:
                    new.append(replace(entry, seq=done.lastrowid))
        return new

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise OSError("it is not open")
        return self._db
