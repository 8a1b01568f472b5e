"""One environment of the trials: its folder, its world, its engines one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

from ainur_tui.client.errors import Disconnected
from ainur_tui.client.remote import Remote
from ainur_tui.engine import record
from ainur_tui.model.journal import JournalEntry
from tests.engine.engines import hello, paths
from tests.faults.nursery import Engine, Nursery
from tests.faults.platform import Platform
from tests.faults.unit import systemctl
from tests.helpers import processes_of


class Lane:
    """One environment with its world; its trials follow one another on one record. ``database``
    is the DSN of one to back up and the folder of its programs, where there is one."""

    def __init__(
        self, folder: Path, world: Platform, engines: Nursery, database: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.world = world
        self.database = database
        systemctl(folder / "bin", world.url)
        self._engines = engines
        self._engine: Engine | None = None
        self._remote: Remote | None = None

    @property
    def dead(self) -> bool:
        return self._engine is None or self._engine.dead

    async def connected(self) -> Remote:
        """A connection to the engine that runs, or to a new one."""
        if self._remote is None:
            self._remote = await self._start()
        return self._remote

    async def _start(self) -> Remote:
        self._engine = await self._engines.engine(str(self.folder), self.world.url, *self.database)
        async with asyncio.timeout(120):
            while True:
                with contextlib.suppress(OSError, TimeoutError, Disconnected):
                    return await Remote.open(paths(self.folder).socket, hello())
                if self._engine.dead:
                    raise AssertionError(f"the engine ended: {self.last_words()}")
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """At once, as a power cut would."""
        if self._engine is not None:
            self._engine.kill()

    async def killed(self) -> None:
        """Wait until it is dead and what it sent last has reached the world or not."""
        while not self.dead or processes_of(self.folder):  # noqa: ASYNC110 - others' processes
            await asyncio.sleep(0.01)
        if self._remote is not None:
            await self._remote.close()
            self._remote = None
        await self.world.settled()

    @property
    def effects(self) -> list[str]:
        """What changed: the world, and the files of backups and of a saved configuration."""
        files = sorted(self.folder.glob("backups/*")) + sorted(self.folder.glob("saved.json"))
        return [*self.world.effects, *(f"file {path.name}" for path in files)]

    def anew(self, rng: random.Random) -> None:
        """A world in which nothing has happened for hours."""
        self.world.anew(rng)
        for path in [*self.folder.glob("backups/*"), *self.folder.glob("saved.json")]:
            path.unlink()

    def entries(self, id: str | None = None) -> list[JournalEntry]:
        found = record.read(paths(self.folder).journal, limit=10_000)
        return [entry for entry in found if id is None or entry.id == id]

    def tear(self, rng: random.Random) -> None:
        """Half a line at the end of the record."""
        journal = paths(self.folder).journal
        lines = record.whole_lines(journal)[0] if journal.exists() else []
        if line := lines[-1] if lines else b"":
            with journal.open("ab") as file:
                file.write(line[: rng.randrange(1, len(line))])

    def last_words(self) -> str:
        """The end of the engine's log."""
        log = paths(self.folder).log
        return log.read_text()[-2000:] if log.exists() else "no log"

    def has(self, words: str) -> list[str]:
        """The files that hold these words."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return [path.name for path in files if words.encode() in path.read_bytes()]
