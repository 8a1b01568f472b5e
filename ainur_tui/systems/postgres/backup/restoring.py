"""From a place into a database: fetched, hashed, decompressed and loaded as it comes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.units import size
from ainur_tui.systems import piping
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres.backup import indexes, loading, manifest, names
from ainur_tui.systems.postgres.backup.archive import Archive, well
from ainur_tui.systems.postgres.backup.channel import Broken, Channel, ended
from ainur_tui.systems.postgres.backup.lanes import together
from ainur_tui.systems.postgres.backup.manifest import Manifest
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.sealing import opened
from ainur_tui.systems.postgres.backup.server import Server

_PIECE = 128 << 10
"""Bytes decompressed at once: what they may grow to is held in memory."""
_TELL_EVERY = 64 << 20
_HEAD = 16 << 20
"""Bytes of an archive that hold its table of contents, whatever the number of tables."""
_SETTINGS = """
SET synchronous_commit = off; SET lock_timeout = 0; SET maintenance_work_mem = '256MB'
"""
_SHOWN = ("--file=-", "--list")
_JOBS = max(2, min(4, os.cpu_count() or 2))
_SESSION = (
    "-c synchronous_commit=off -c maintenance_work_mem=256MB -c max_parallel_maintenance_workers=2"
)
"""For the building of indexes, in the sessions of the restore alone."""


NO_IDENTITY = "it is encrypted: give backup.identity, which opens it"


class Disproved(ActionFailure):
    """The data are not what the manifest says: this is no backup."""


async def sealed_in(places: Sequence[Place], backup: str) -> list[tuple[Place, Manifest]]:
    """The places that hold a manifest of that backup. Raises ``ProbeFailure`` or ``OSError``."""
    found = []
    for place in places:
        if await place.size(backup + names.MANIFEST) is not None:
            made = manifest.decode(await place.read(backup + names.MANIFEST), backup)
            if made is not None and await place.size(made.data) is not None:
                found.append((place, made))
    return found


@dataclass
class Pouring:
    """One backup on its way from a place into an empty database of a server.

    ``options`` are pg_restore's; ``passing``: the database is dropped soon, its tables may do
    without the WAL.
    """

    place: Place
    made: Manifest
    server: Server
    into: str
    step: StepContext
    context: Context
    options: Sequence[str] = ()
    passing: bool = False
    identity: Secret | None = None

    async def pour(self) -> None:
        """Restore: the schema, then the rows as they come, then the indexes side by side.

        Raises :class:`Disproved` when the data are not the manifest's, :class:`ActionFailure` or
        ``ProbeFailure`` when they cannot be restored.
        """
        digest = hashlib.sha256()
        try:
            await self._pour(digest)
        except Disproved:
            raise
        except (ActionFailure, ProbeFailure):
            # A wrong byte may fail anywhere below: what the data are is asked before whose fault.
            found = await self.place.digest(self.made.data)
            if found != (self.made.bytes, self.made.sha256):
                raise self._other() from None
            raise
        if digest.hexdigest() != self.made.sha256:
            raise self._other()

    def _other(self) -> Disproved:
        where = self.place.location(self.made.data)
        return Disproved(f"{where} is not what was written")

    async def _pour(self, digest: hashlib._Hash) -> None:
        program = self.context.tools.find("pg_restore")
        if program is None:
            raise ActionFailure(
                "pg_restore is not found: install it or add its folder to tools.path"
            )
        chunks = self._chunks(digest)
        if self.made.sealed:
            if self.identity is None:
                raise ActionFailure(NO_IDENTITY)
            chunks = opened(chunks, self.identity)
        plain = _plain(chunks, self.place, self.made)
        with (
            tempfile.NamedTemporaryFile(prefix="ainur-restore-") as head,
            tempfile.NamedTemporaryFile(prefix="ainur-restore-") as left,
            self.server.address.libpq() as variables,
        ):
            env = self.context.tools.environment | variables
            env["PGOPTIONS"] = f"{env.get('PGOPTIONS', '')} {_SESSION}".strip()
            archive = Archive(program, head.name, self.options, env, self.context.redact)
            first = await _first(plain, _HEAD)
            await asyncio.to_thread(head.write, first)
            head.flush()
            await archive.apply("pre-data", self.into)
            if self.passing:
                await self.server.unlogged(self.into)
            script, listing = [await archive.shown("post-data", how) for how in _SHOWN]
            wanted = indexes.builds(script, listing, self.made.rows)
            await self._rows(archive, first, plain, wanted)
            await asyncio.to_thread(left.write, indexes.without(wanted, listing))
            left.flush()
            how = (f"--use-list={left.name}", f"--jobs={_JOBS}")
            await archive.apply("post-data", self.into, *how)

    async def _rows(
        self,
        archive: Archive,
        first: bytes,
        plain: AsyncIterator[bytes],
        wanted: Sequence[indexes.Build],
    ) -> None:
        argv = [*archive.argv("data"), "--file=-"]
        async with AsyncExitStack() as open_:
            script = Channel()
            reading = await open_.enter_async_context(ended())
            child = await open_.enter_async_context(
                piping.sink(argv, env=archive.env, redact=archive.redact, output=True)
            )
            open_.callback(script.fail, Broken("nobody loads any more"))
            reading.append(asyncio.create_task(asyncio.to_thread(script.drain, child.output)))
            sessions = [
                await open_.enter_async_context(self.server.session(self.into))
                for _ in range(_JOBS)
            ]
            for session in sessions:
                await session.execute(_SETTINGS)

            async def giving() -> None:
                taken = await child.give(first)
                async for piece in plain:
                    taken = taken and await child.give(piece)
                child.close()

            async def ending() -> None:
                await asyncio.shield(reading[0])
                await script.end()

            rows = loading.load(aiter(script), sessions, lasting=not self.passing)
            await together(giving(), ending(), rows)
            well(await child.finish())
            self.step.progress("the rows are in, building indexes and constraints")
            await indexes.build(wanted, sessions)

    async def _chunks(self, digest: hashlib._Hash) -> AsyncIterator[bytes]:
        """The data of the backup as they come, each byte also given to ``digest``."""
        seen = told = 0
        async for chunk in self.place.chunks(self.made.data):
            await asyncio.to_thread(digest.update, chunk)
            seen += len(chunk)
            if seen - told >= _TELL_EVERY:
                told = seen
                of = size(self.made.bytes)
                self.step.progress(f"{size(seen)} of {of} fetched from {self.place.shown}")
            for start in range(0, len(chunk), _PIECE):
                yield chunk[start : start + _PIECE]


async def _first(plain: AsyncIterator[bytes], enough: int) -> bytes:
    found = bytearray()
    async for piece in plain:
        found += piece
        if len(found) >= enough:
            break
    return bytes(found)


async def _plain(
    chunks: AsyncIterator[bytes], place: Place, made: Manifest
) -> AsyncIterator[bytes]:
    import zstandard

    engine = zstandard.ZstdDecompressor().decompressobj()
    where = place.location(made.data)
    async for chunk in chunks:
        try:
            yield await asyncio.to_thread(engine.decompress, chunk)
        except zstandard.ZstdError:
            raise Disproved(f"{where} is damaged: it does not decompress") from None
    if not engine.eof:
        raise Disproved(f"{where} is cut: its end is missing")


def difference(made: Manifest, rows: Mapping[str, int], schema: str | None) -> str | None:
    """What a restored database lacks of the one that was backed up; ``schema`` none: not asked."""
    for name in sorted(made.rows.keys() | rows.keys()):
        if made.rows.get(name) != rows.get(name):
            was, found = made.rows.get(name, "no table"), rows.get(name, "no table")
            return f"{name}: {was} at backup time, {found} restored"
    if schema is not None and schema != made.schema_sha256:
        return "the restored schema is not the one that was backed up"
    return None
