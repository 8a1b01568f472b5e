"""One backup as it is made: check, dump, verify, manifest; and taking it all back."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import replace

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, rfc3339, size
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres import queries
from ainur_tui.systems.postgres.backup import catalogue, custody, dump, manifest, names
from ainur_tui.systems.postgres.backup.begun import Begun
from ainur_tui.systems.postgres.backup.beside import Beside, Document
from ainur_tui.systems.postgres.backup.locale import locale_of
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.pump import Progress, Written, stream_to
from ainur_tui.systems.postgres.client import Database, major_of, version_text

_LEAST_PART = 8 << 20
_MOST_PARTS = 9000
LONGEST = 12 * 3600.0
_TELL_EVERY = 1.0
_MEBIBYTE = 1 << 20
_LAST = bytes(5)
"""How the rows of every table end in an archive, the last one's too: a length of zero."""


class Job:
    """The state that the steps of one backup share. Every step raises ``ActionFailure``."""

    def __init__(
        self,
        backup: str,
        context: Context,
        database: Database,
        places: Sequence[Place],
        *,
        allow_smaller: bool,
        recipients: Sequence[str] = (),
        document: Document | None = None,
    ) -> None:
        self._beside = Beside(document)
        self._id = backup
        self._recipients = recipients
        self._data = backup + (names.SEALED if recipients else names.DATA)
        self._context = context
        self._database = database
        self._places = places
        self._allow_smaller = allow_smaller
        self._begun_here = Begun(context.state)
        self._begun = False
        self._part = _LEAST_PART
        self._total = 0
        self._last: int | None = None
        self._dumper: dump.Dumper | None = None
        self._manifest: manifest.Manifest | None = None

    async def check(self, step: StepContext) -> str:
        """The tool, the room, and that nothing of this id is there yet."""
        async with self._told(step):
            self._dumper = await dump.find_dumper(self._context.tools)
            async with self._database.short() as connection:
                self._total = int((await connection.fetch(queries.SIZE))[0]["size"])
                self._dumper.check(major_of(connection), version_text(connection))
            self._part = max(_LEAST_PART, -(-self._total // _MOST_PARTS // _MEBIBYTE) * _MEBIBYTE)
            swept = await self._tidy()
            listing = await catalogue.read(self._places, self._context.clock)
            if any(row["id"] == self._id for row in listing.rows):
                raise ActionFailure(f"{self._id} exists already")
            self._last = catalogue.newest_bytes(listing.rows, self._database.address.database)
            expected = 2 * self._last if self._last else self._total
            found = [await place.ready(expected) for place in self._places]
        return "; ".join([f"pg_dump {self._dumper.version}", *found, *swept])

    async def _tidy(self) -> list[str]:
        """Remove what runs of this engine left when they were killed; what is sealed stays."""
        swept = []
        for backup in self._begun_here.left():
            for place in self._places:
                if await place.size(backup + names.MANIFEST) is None:
                    for suffix in (*names.DATAS, names.CONFIG):
                        await place.remove(backup + suffix)
            self._begun_here.forget(backup)
            swept.append(f"what was left of {backup} is removed")
        return swept

    async def dump(self, step: StepContext) -> str:
        """One snapshot: dumped to every place, and counted at the same time."""
        if self._dumper is None:
            raise ActionFailure("nothing was checked before the dump")
        clock, progress = self._context.clock, Progress()
        began = clock.monotonic()
        self._begun_here.note(self._id)
        self._begun = True
        telling = asyncio.create_task(self._tell(step, progress, began))
        try:
            async with self._told(step), asyncio.timeout(LONGEST):
                with self._database.address.libpq() as variables:
                    async with dump.snapshot(self._database) as snapshot:
                        self._dumper.check(snapshot.major, snapshot.server_version)
                        counting = asyncio.create_task(dump.measure(snapshot.connection))
                        try:
                            argv = self._dumper.argv(snapshot.name)
                            written = await self._stream(argv, variables, progress)
                            schema, rows = await counting
                            held = snapshot.connection
                            locale, roles = await locale_of(held), await dump.roles_of(held)
                            if rows and progress.tail != _LAST:
                                raise ActionFailure(
                                    "pg_dump ended well, but its archive ends in the middle"
                                )
                        finally:
                            counting.cancel()
                            await asyncio.gather(counting, return_exceptions=True)
        finally:
            telling.cancel()
        seconds = clock.monotonic() - began
        self._manifest = manifest.Manifest(
            id=self._id, created_at=rfc3339(snapshot.at) or "", bytes=written.size,
            sha256=written.sha256, database=snapshot.database,
            server_version=snapshot.server_version, client_version=self._dumper.version,
            duration=round(seconds, 3), lsn=snapshot.lsn, rows=rows, schema_sha256=schema,
            run=step.run_id, host=custody.host(), operator=custody.account(),
            command=shlex.join(self._dumper.argv(snapshot.name)), database_bytes=self._total,
            locale=locale, roles=roles,
            format=manifest.SEALED_FORMAT if self._recipients else manifest.FORMAT,
        )  # fmt: skip
        return (
            f"{size(progress.read)} read, {size(written.size)} written to "
            f"{len(self._places)} places in {duration(seconds)}"
        )

    async def _stream(
        self, argv: list[str], variables: dict[str, str], progress: Progress
    ) -> Written:
        return await stream_to(
            self._places,
            self._data,
            argv,
            env=self._context.tools.environment | variables,
            part=self._part,
            progress=progress,
            recipients=self._recipients,
            redact=self._context.redact,
        )

    async def verify(self, step: StepContext) -> str:
        """What lies at the far ends, read back and compared."""
        made = self._made()
        async with self._told(step):
            if self._last and made.bytes < self._last / 2 and not self._allow_smaller:
                raise ActionFailure(
                    f"{size(made.bytes)} are less than half of the last backup's "
                    f"{size(self._last)}; allow_smaller=true accepts that"
                )
            await asyncio.gather(*(self._compare(place, made) for place in self._places))
        return f"size and SHA-256 {made.sha256[:12]}… are the same in {len(self._places)} places"

    async def _compare(self, place: Place, made: manifest.Manifest) -> None:
        name = self._data
        there = await place.size(name)
        if there != made.bytes:
            raise ActionFailure(
                f"{place.location(name)} holds {there} bytes, {made.bytes} were written"
            )
        if await place.digest(name) != (made.bytes, made.sha256):
            raise ActionFailure(f"{place.location(name)} is not what was written")

    async def seal(self, step: StepContext) -> str:
        """The manifest, last: from here on it is a backup."""
        async with self._told(step):
            at = self._context.clock.now()
            await self._beside.keep(self._id, at, self._places)
            made = replace(self._made(), config=self._beside.kept)
            data = manifest.encode(made)
            for place in self._places:
                await place.write(self._id + names.MANIFEST, data)
        self._begun_here.forget(self._id)
        where = [place.location(self._data) for place in self._places]
        step.keep(backup=manifest.row(self._id, "complete", manifest=made, locations=where))
        return f"{self._id} is complete; {self._beside.told}"

    async def discard(self) -> None:
        """Take back what this job wrote, manifests first; older backups are never touched.

        Raises :class:`ActionFailure` naming what could not be removed.
        """
        if not self._begun:
            return
        left = []
        for place in self._places:
            for name in (self._id + names.MANIFEST, self._data, self._id + names.CONFIG):
                try:
                    await place.remove(name)
                except Exception as error:
                    left.append(f"{place.location(name)}: {words(error)}")
        if left:
            raise ActionFailure(f"could not be removed: {'; '.join(left)}")
        self._begun_here.forget(self._id)

    def _made(self) -> manifest.Manifest:
        if self._manifest is None:
            raise ActionFailure("there is no dump")
        return self._manifest

    @asynccontextmanager
    async def _told(self, step: StepContext) -> AsyncIterator[None]:
        """Make every failure a sentence, and leave nothing half done behind."""
        try:
            yield
        except BaseException as error:
            step.keep(backup=manifest.row(self._id, "failed"))
            left = await asyncio.shield(self._quietly_discard())
            if not isinstance(error, Exception):
                raise
            raise ActionFailure(f"{words(error)}{left}") from None

    async def _quietly_discard(self) -> str:
        try:
            await self.discard()
        except ActionFailure as error:
            return f"; {error}"
        return ""

    async def _tell(self, step: StepContext, progress: Progress, began: float) -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY)
            seconds = self._context.clock.monotonic() - began
            step.progress(
                f"{size(progress.read)} read, {size(progress.written)} written, {duration(seconds)}"
            )


def words(error: Exception) -> str:
    if isinstance(error, ActionFailure | ProbeFailure):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"it took longer than {duration(LONGEST)}"
    if isinstance(error, OSError):
        return clean(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), 300)
    return clean(f"{type(error).__name__}: {error}", 300)
