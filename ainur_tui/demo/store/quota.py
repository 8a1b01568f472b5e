"""The fault ``storage-full-of-uploads``: begun and forgotten uploads use the account's quota up.

No listing of objects shows their parts, so the buckets look as empty as ever. It is over as soon
as there is room again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from ainur_tui.demo.store.auth import S3Error
from ainur_tui.demo.store.disk import Bucket
from ainur_tui.demo.switches import Switches

TICK = 0.2
DAY = 86400.0
STRAYS, PART = 6, 4 << 20
PLACE = "ainur-agents-prod"


class Quota:
    """``limit`` is in bytes of all buckets together; ``None``: there is none."""

    def __init__(self, buckets: Mapping[str, Bucket]) -> None:
        self._buckets = buckets
        self._strays: list[str] = []
        self.limit: int | None = None

    async def follow(self, switches: Switches) -> None:
        """Until cancelled."""
        while True:
            wanted = switches.on("storage-full-of-uploads")
            if wanted and self.limit is None:
                await self._fill()
            elif not wanted and self.limit is not None:
                self._empty()
            await asyncio.sleep(TICK)

    def check(self, request: web.Request) -> None:
        """Raise :class:`S3Error` for what brings bytes when there is no room for any."""
        if self.limit is None or request.method != "PUT" or self._used() < self.limit:
            return
        raise S3Error(403, "QuotaExceeded", f"The quota of {self.limit >> 20} MiB is used up.")

    async def _fill(self) -> None:
        async def zeros() -> AsyncIterator[bytes]:
            yield bytes(PART)

        bucket = self._buckets[PLACE]
        for number in range(STRAYS):
            stray = bucket.begin(f"agents/imported-{number + 1:02}.wasm", {})
            bucket.uploads[stray].begun = time.time() - (number + 2) * DAY
            bucket.add_part(stray, 1, await bucket.receive(zeros(), None))
            self._strays.append(stray)
        # A small object that happens to be there now, and is gone later, makes no room.
        self.limit = self._used() - PART

    def _empty(self) -> None:
        bucket = self._buckets[PLACE]
        for stray in bucket.uploads.keys() & set(self._strays):
            bucket.abort(stray)
        self._strays.clear()
        self.limit = None

    def _used(self) -> int:
        data = (bucket.path / "data" for bucket in self._buckets.values())
        return sum(entry.stat().st_size for folder in data for entry in os.scandir(folder))
