"""The writing end of the record: fsynced before a call returns (S-36, F-36)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ainur_tui.config import safefile
from ainur_tui.engine import record
from ainur_tui.model.journal import EntryKind, JournalEntry, JournalVerdict
from ainur_tui.model.secret import Redactor
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.base import Clock

T = TypeVar("T")


class JournalUnwritable(Exception):
    """The record cannot be written; the text says why."""


class Journal:
    """Append-only; only the engine that holds the environment's lock may write to it.

    ``problem`` is the sentence why it cannot be written at present, or ``None``. Every append
    tries anew, so that a disk that has room again needs no restart.
    """

    def __init__(
        self, path: Path, head: Path, *, clock: Clock, redact: Redactor, host: str = ""
    ) -> None:
        self.path = path
        self.head = head
        self.problem: str | None = None
        self._clock = clock
        self._redact = redact
        self._host = host
        self._last: tuple[int, str] | None = None
        # One thread of its own: appends keep their order and a slow disk stops no event loop.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def open(self) -> str | None:
        """Make the file ready for appending.

        Returns a sentence when an unfinished tail was set aside, entries had been cut off, or it
        cannot be written (which is a state, not an error).
        """
        try:
            _, found = await self._in_thread(self._prepare)
            if found:
                await self.append("engine", "", detail={"found": found})
        except (JournalUnwritable, OSError) as error:
            self.problem = f"the journal cannot be written: {error}"
            return self.problem
        return found

    async def append(
        self,
        kind: EntryKind,
        id: str,  # the field's name on the wire
        *,
        operator: str = "",
        tty: str = "",
        action: str = "",
        target: str = "",
        state: str = "",
        detail: dict[str, Any] | None = None,
    ) -> JournalEntry:
        """Write one entry; it is on the disk when this returns. Raises JournalUnwritable."""
        fields = record.plain(
            {
                "at": rfc3339(self._clock.now()),
                "kind": kind,
                "id": id,
                "operator": operator,
                "host": self._host,
                "tty": tty,
                "action": action,
                "target": target,
                "state": state,
            },
            self._redact,
        ) | {"detail": record.plain(detail or {}, self._redact)}
        try:
            # Shielded: a caller that goes away must not leave us in doubt about the last number.
            entry = await asyncio.shield(self._in_thread(lambda: self._append(fields)))
        except OSError as error:
            self.problem = f"the journal cannot be written: {error.strerror or error}"
            raise JournalUnwritable(self.problem) from error
        return entry

    async def entries(self, after: int = 0, limit: int = 1000) -> list[JournalEntry]:
        """The newest ``limit`` entries numbered above ``after``, oldest first."""
        return await self._in_thread(lambda: record.read(self.path, after, limit))

    async def of_actions(self, names: Collection[str]) -> list[JournalEntry]:
        """All entries about these actions, oldest first."""
        return await self._in_thread(lambda: record.of_actions(self.path, names))

    async def verify(self) -> JournalVerdict:
        """Check the whole chain against its anchor."""
        return await self._in_thread(lambda: record.verify(self.path, self.head))

    def close(self) -> None:
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _prepare(self) -> tuple[tuple[int, str], str | None]:
        """Find where to go on. What was cut off stays visible: the numbers go on after the
        anchor, so that the gap is in the chain for ever."""
        for folder in (self.path.parent, self.head.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines, torn = record.whole_lines(self.path)
        anchor = record.anchor_of(self.head)
        found: list[str] = []
        if torn:
            aside = self.path.with_name(f"{self.path.name}.torn")
            with aside.open("ab") as file:
                file.write(torn + b"\n")
                os.fsync(file.fileno())
            os.truncate(self.path, self.path.stat().st_size - len(torn))
            found.append(f"an unfinished entry of {len(torn)} bytes was set aside in {aside.name}")
        last = self._newest(lines)
        if anchor is not None and anchor[0] > last[0]:
            found.append(f"entries {last[0] + 1} to {anchor[0]} were cut off")
            last = anchor
        elif anchor is None and lines:
            found.append("the anchor was missing")
        self._last = last
        if anchor is None:
            safefile.replace(self.head, json.dumps({"seq": last[0], "hash": last[1]}).encode())
        return last, "the journal was damaged: " + "; ".join(found) if found else None

    def _newest(self, lines: list[bytes]) -> tuple[int, str]:
        for line in reversed(lines):
            fields = record.fields_of(line)
            if fields and isinstance(fields.get("seq"), int) and "hash" in fields:
                return fields["seq"], str(fields["hash"])
        return 0, record.FIRST

    def _append(self, fields: dict[str, Any]) -> JournalEntry:
        seq, prev = self._last or self._prepare()[0]
        fields = {"seq": seq + 1, **fields, "prev": prev}
        fields["hash"] = record.digest(fields)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        handle = os.open(self.path, flags, 0o600)
        before = os.fstat(handle).st_size
        try:
            data = json.dumps(fields).encode() + b"\n"
            if os.write(handle, data) != len(data):
                raise OSError("no room for the entry")
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)
            raise
        finally:
            os.close(handle)
        if before == 0:
            safefile.sync(self.path.parent)
        self._last = (fields["seq"], fields["hash"])
        safefile.replace(self.head, json.dumps({"seq": seq + 1, "hash": fields["hash"]}).encode())
        self.problem = None
        return msgspec.convert(fields, JournalEntry)
