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

from ainur_tui.engine.history.file import set_aside
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
        """All entries by number, and what a person should know. A file that is damaged is set aside
        under another name, one of a newer version is left alone and nothing is written;
        ``writable=False`` changes nothing."""
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
                self._db = self._connect()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                kept = set_aside(self._path)
                notice = f"The record of incidents cannot be read ({error}); it is kept as {kept}"
                self._db = self._connect()
        except (OSError, sqlite3.Error) as error:
            return [], f"the record of incidents cannot be written: {error}"
        entries, bad = self._all()
        if bad:
            notice = f"{bad} entries of the record of incidents cannot be read and are left out"
        return entries, notice

    def _connect(self) -> sqlite3.Connection:
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(self._path, flags, 0o600))
        db = sqlite3.connect(self._path, timeout=2.0, check_same_thread=False)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:  # it may hold an incident that goes on: it is left as it is
                raise sqlite3.OperationalError(
                    f"{self._path} is of a newer version; run that one, or move the file away"
                )
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.executescript(_SCHEMA)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.commit()
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _look(self) -> list[Entry]:
        if not self._path.exists():
            return []
        try:
            self._db = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=2.0,
                                       check_same_thread=False)  # fmt: skip
            return self._all()[0]
        except sqlite3.Error:
            return []

    def _all(self) -> tuple[list[Entry], int]:
        """The entries, and how many there are that cannot be read."""
        entries, bad = [], 0
        for seq, body in self._connection().execute("SELECT seq, body FROM entry ORDER BY seq"):
            try:
                entries.append(replace(_decode.decode(body), seq=seq))
            except msgspec.MsgspecError:
                bad += 1
        return entries, bad

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
