"""What is kept beside each backup: the configuration of the service, by names and digests only."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.postgres.backup import names
from ainur_tui.systems.postgres.backup.places import Place

Document = Callable[[float], Awaitable[tuple[bytes, list[str]]]]
"""Makes the document of a moment (epoch seconds), with what is in it in words; raises
``ProbeFailure``."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The document as the manifest names it; ``holds`` says what is in it."""

    name: str
    sha256: str
    holds: list[str] = []


class Beside:
    """Writes the document of a backup to its places. ``kept`` is what was written, ``told`` how it
    went: without it the backup of the database is none the worse."""

    def __init__(self, document: Document | None) -> None:
        self._document = document
        self.kept: Kept | None = None
        self.told = "no configuration is kept beside it: no section fly"

    async def keep(self, backup: str, at: float, places: Sequence[Place]) -> None:
        if self._document is None:
            return
        name = backup + names.CONFIG
        try:
            data, holds = await self._document(at)
            for place in places:
                await place.write(name, data)
        except (ProbeFailure, OSError) as failure:
            self.told = f"no configuration is kept beside it: {clean(failure, 160)}"
            return
        self.kept = Kept(name=name, sha256=hashlib.sha256(data).hexdigest(), holds=holds)
        self.told = f"its configuration is {name}"
