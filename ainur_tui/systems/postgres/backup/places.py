"""Where backups lie: a directory of this machine, a bucket, or both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from ainur_tui.config.types import Environment
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres.backup.bucket import BucketPlace
from ainur_tui.systems.postgres.backup.directory import DirectoryPlace
from ainur_tui.systems.postgres.backup.found import Found
from ainur_tui.systems.storage.client import open_bucket


class Place(Protocol):
    """A place for backups. Names are those of :mod:`.names`; sizes are bytes.

    Every method may raise ``ProbeFailure`` or ``OSError``.
    """

    @property
    def shown(self) -> str:
        """The place in one clean string."""

    def location(self, name: str) -> str:
        """The full path or URL of a name."""

    async def ready(self, expected: int) -> str:
        """Check that ``expected`` bytes can be written; what was found, as a sentence part."""

    async def receive(self, name: str, chunks: AsyncIterator[bytes], part: int) -> None:
        """Write a stream; when it fails nothing stays under ``name``."""

    async def digest(self, name: str) -> tuple[int, str]:
        """Size and SHA-256 of what is there, read back."""

    async def size(self, name: str) -> int | None:
        """The size of what is there, ``None`` when nothing is."""

    async def write(self, name: str, data: bytes) -> None:
        """Write something small under a name that is not taken."""

    async def read(self, name: str) -> bytes:
        """Read something small."""

    def chunks(self, name: str) -> AsyncIterator[bytes]:
        """What is there, from the first byte to the last."""

    async def sweep(self) -> int:
        """Remove what interrupted backups left more than a day ago; how many there were."""

    async def remove(self, name: str) -> None:
        """Remove a name and what an interrupted writing of it left."""

    async def entries(self) -> list[Found]:
        """Everything that is ours by name."""


def places_of(environment: Environment, context: Context) -> Sequence[Place]:
    """The places of the configuration; a bucket needs the storage section too.

    Raises ``SecretMissing`` when the store's credentials lead nowhere.
    """
    wanted = environment.backup
    if wanted is None:
        return ()
    places: list[Place] = []
    if wanted.directory:
        places.append(DirectoryPlace(Path(wanted.directory).expanduser(), context.clock))
    if wanted.bucket and environment.storage is not None:
        bucket = open_bucket(environment.storage, wanted.bucket, context)
        places.append(BucketPlace(bucket, wanted.prefix.lstrip("/"), context.clock))
    return tuple(places)
