"""Backups in a bucket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres.backup import names
from ainur_tui.systems.postgres.backup.found import Found
from ainur_tui.systems.storage.client import Bucket

_STRAGGLER = 24 * 3600.0
"""Seconds after which an unfinished upload is nobody's any more."""
_LARGEST_SMALL = 4 << 20


class BucketPlace:
    """Objects ``<prefix><name>``; each appears whole or not at all."""

    def __init__(self, bucket: Bucket, prefix: str, clock: Clock) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._clock = clock

    @property
    def shown(self) -> str:
        return clean(f"s3://{self._bucket.name}/{self._prefix}", 200)

    def location(self, name: str) -> str:
        return clean(f"s3://{self._bucket.name}/{self._prefix}{name}")

    async def ready(self, expected: int) -> str:
        del expected  # a bucket has no size
        await self._bucket.first()
        gone = 0
        with suppress(ProbeFailure):  # a store that cannot list uploads has none we could see
            gone = await self.sweep()
        swept = f", {gone} abandoned uploads removed" if gone else ""
        return f"{self.shown} answers{swept}"

    async def sweep(self) -> int:
        gone = 0
        for upload in await self._bucket.multipart.list(self._prefix + names.STEM):
            if self._clock.now() - upload.at > _STRAGGLER:
                await self._bucket.multipart.abort(upload)
                gone += 1
        return gone

    def chunks(self, name: str) -> AsyncIterator[bytes]:
        return self._bucket.chunks(self._prefix + name)

    async def receive(self, name: str, chunks: AsyncIterator[bytes], part: int) -> None:
        try:
            await self._bucket.upload(self._prefix + name, chunks, part)
        finally:
            # After a success too: where the answer to its beginning was lost there are two.
            await self._abort(name)

    async def _abort(self, name: str) -> None:
        """Abort what is left of the upload of this very name (S-41)."""
        with suppress(ProbeFailure):
            for upload in await self._bucket.multipart.list(self._prefix + name):
                if upload.key == self._prefix + name:
                    await self._bucket.multipart.abort(upload)

    async def digest(self, name: str) -> tuple[int, str]:
        return await self._bucket.digest(self._prefix + name)

    async def size(self, name: str) -> int | None:
        found = await self._bucket.head(self._prefix + name)
        return found.size if found else None

    async def write(self, name: str, data: bytes) -> None:
        await self._bucket.put(self._prefix + name, data, fresh=True)

    async def read(self, name: str) -> bytes:
        return await self._bucket.get(self._prefix + name, _LARGEST_SMALL)

    async def remove(self, name: str) -> None:
        await self._abort(name)
        if await self._bucket.head(self._prefix + name) is not None:
            await self._bucket.delete(self._prefix + name)

    async def entries(self) -> list[Found]:
        found = []
        for stored in await self._bucket.list(self._prefix + names.STEM):
            parts = names.split(stored.key.removeprefix(self._prefix))
            if parts is not None:
                found.append(Found(*parts, stored.size, stored.modified, stored.tag))
        return found
