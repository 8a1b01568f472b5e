"""From a place into a database: fetched, hashed and decompressed while pg_restore reads it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.units import size
from ainur_tui.systems import process
from ainur_tui.systems.base import Context, StepContext
from ainur_tui.systems.postgres.backup import manifest, names
from ainur_tui.systems.postgres.backup.manifest import Manifest
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.server import Server

_PIECE = 128 << 10
"""Bytes decompressed at once: what they may grow to is held in memory."""
_TELL_EVERY = 64 << 20


class Disproved(ActionFailure):
    """The data are not what the manifest says: this is no backup."""


async def sealed_in(places: Sequence[Place], backup: str) -> list[tuple[Place, Manifest]]:
    """The places that hold a manifest of that backup. Raises ``ProbeFailure`` or ``OSError``."""
    found = []
    for place in places:
        if await place.size(backup + names.MANIFEST) is not None:
            made = manifest.decode(await place.read(backup + names.MANIFEST), backup)
            if made is not None and await place.size(backup + names.DATA) is not None:
                found.append((place, made))
    return found


def reading(
    place: Place, made: Manifest, step: StepContext, digest: hashlib._Hash
) -> AsyncIterator[bytes]:
    """The data of a backup as they come, each byte also given to ``digest``."""

    async def pieces() -> AsyncIterator[bytes]:
        seen = told = 0
        async for chunk in place.chunks(made.id + names.DATA):
            await asyncio.to_thread(digest.update, chunk)
            seen += len(chunk)
            if seen - told >= _TELL_EVERY:
                told = seen
                step.progress(f"{size(seen)} of {size(made.bytes)} fetched from {place.shown}")
            for start in range(0, len(chunk), _PIECE):
                yield chunk[start : start + _PIECE]

    return pieces()


async def pour(
    place: Place,
    made: Manifest,
    server: Server,
    into: str,
    *,
    step: StepContext,
    context: Context,
    options: Sequence[str] = (),
) -> None:
    """Restore a backup into an empty database.

    The last piece is withheld until the whole was compared with the manifest's SHA-256. Raises
    :class:`Disproved` when it differs, :class:`ActionFailure` when pg_restore does not do it.
    """
    program = context.tools.find("pg_restore")
    if program is None:
        raise ActionFailure("pg_restore is not found: install it or add its folder to tools.path")
    argv = [program, "--format=custom", "--exit-on-error", "--no-password", *options,
            f"--dbname={into}"]  # fmt: skip
    digest = hashlib.sha256()
    with server.address.libpq() as variables:
        env: Mapping[str, str] = context.tools.environment | variables
        async with process.sink(argv, env=env, redact=context.redact) as child:
            held, taken = b"", True
            async for plain in _plain(reading(place, made, step, digest), place, made):
                taken = taken and await child.give(held)
                held = plain
            if digest.hexdigest() != made.sha256:
                raise Disproved(f"{place.location(made.id + names.DATA)} is not what was written")
            taken = taken and await child.give(held)
            ended = await child.finish()
            if ended.code != 0 or not taken:
                raise ActionFailure(f"pg_restore ended with {ended.code}: {ended.stderr}")


async def _plain(
    chunks: AsyncIterator[bytes], place: Place, made: Manifest
) -> AsyncIterator[bytes]:
    import zstandard

    engine = zstandard.ZstdDecompressor().decompressobj()
    where = place.location(made.id + names.DATA)
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
