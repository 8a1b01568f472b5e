"""One bucket of an S3-compatible store, with a deadline around every call."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ainur_tui.config.types import Storage
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.storage.errors import failure
from ainur_tui.systems.storage.multipart import Multipart
from ainur_tui.systems.storage.ranges import Ranges
from ainur_tui.systems.storage.signed import Signed

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import RetryConfig, S3Store

T = TypeVar("T")

_TRIES = 100
_PAUSE = timedelta(seconds=5)
"""The longest between two tries of one part."""
_PART_DEADLINE = timedelta(seconds=120)
_PARTS_AT_ONCE = 3


class Stored(NamedTuple):
    """An object as the store lists it: key, bytes, epoch seconds, entity tag."""

    key: str
    size: int
    modified: float
    tag: str


class Bucket:
    """Reads and writes objects of one bucket.

    Every method raises :class:`~ainur_tui.model.failure.ProbeFailure`. ``deadline`` (seconds)
    bounds the small calls; a transfer is bounded by the part instead.
    """

    def __init__(
        self, section: Storage, name: str, keys: tuple[Secret, Secret], redact: Redactor
    ) -> None:
        self.name = name
        self.deadline = section.timeout
        self._section = section
        self._keys = keys
        self._redact = redact

    def __repr__(self) -> str:
        return f"Bucket({self.name})"

    @cached_property
    def _store(self) -> S3Store:
        return self._open(timedelta(seconds=self.deadline), {"max_retries": 0})

    @cached_property
    def _transfer(self) -> S3Store:
        # A part is sent again by itself, the others stay where they are: hours of an upload are not
        # lost to a minute of trouble.
        patience = timedelta(seconds=self._section.patience)
        retry: RetryConfig = {
            "max_retries": _TRIES, "retry_timeout": patience, "backoff": {"max_backoff": _PAUSE},
        }  # fmt: skip
        return self._open(_PART_DEADLINE, retry)

    @cached_property
    def signed(self) -> Signed:
        """What the client library has no request for."""
        return Signed(self._section, self.name, self._keys, self._redact)

    @property
    def multipart(self) -> Multipart:
        """The unfinished uploads of this bucket."""
        return Multipart(self.signed)

    def _open(self, timeout: timedelta, retry: RetryConfig) -> S3Store:
        from obstore.store import S3Store

        endpoint = self._section.endpoint.rstrip("/")
        return S3Store(
            self.name,
            endpoint=endpoint,
            access_key_id=self._keys[0].reveal(),
            secret_access_key=self._keys[1].reveal(),
            region=self._section.region,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=min(5.0, self.deadline)),
                "timeout": timeout,
            },
            retry_config=retry,
        )

    async def first(self) -> Stored | None:
        """The first object, the cheapest question that needs the bucket."""
        import obstore

        async def ask() -> Stored | None:
            async for chunk in obstore.list(self._store, chunk_size=1):
                return _stored(chunk[0]) if chunk else None
            return None

        return await self._within(ask())

    async def page(self, after: str | None, most: int = 1000) -> list[Stored]:
        """At most ``most`` objects, in the order of keys, from the first behind ``after`` on."""
        import obstore

        async def ask() -> list[Stored]:
            async for chunk in obstore.list(self._store, offset=after, chunk_size=most):
                return [_stored(meta) for meta in chunk]
            return []

        return await self._within(ask())

    async def list(self, prefix: str, most: int = 20_000) -> list[Stored]:
        """At most ``most`` objects whose key begins with ``prefix``, in the order of keys.

        The client library lists whole folders; the offset skips what sorts before the prefix.
        """
        import obstore

        folder, _, stem = prefix.rpartition("/")

        async def ask() -> list[Stored]:
            found: list[Stored] = []
            offset = prefix[:-1] if stem else None
            async for chunk in obstore.list(self._store, prefix=folder or None, offset=offset):
                found += [_stored(meta) for meta in chunk if meta["path"].startswith(prefix)]
                if len(found) >= most or (found and not chunk[-1]["path"].startswith(prefix)):
                    break
            return found[:most]

        return await self._within(ask())

    async def head(self, key: str) -> Stored | None:
        """The object's size as the store has it now; ``None`` when it is not there."""
        import obstore

        try:
            return _stored(await self._within(obstore.head_async(self._store, key)))
        except ProbeFailure as error:
            if error.kind == "missing":
                return None
            raise

    async def get(self, key: str, limit: int = 1 << 20) -> bytes:
        """A small object whole; larger than ``limit`` bytes is ``too large``."""
        import obstore

        async def ask() -> bytes:
            found = await obstore.get_async(self._store, key)
            if found.meta["size"] > limit:
                raise ProbeFailure("too large", f"{self._where} holds more than {limit} bytes")
            return bytes(await found.bytes_async())

        return await self._within(ask())

    async def put(self, key: str, data: bytes, *, fresh: bool = False) -> None:
        """Write a small object; with ``fresh`` only where none of that name is."""
        import obstore

        mode = "create" if fresh else "overwrite"
        await self._within(obstore.put_async(self._store, key, data, mode=mode))  # type: ignore[arg-type]

    async def delete(self, key: str) -> None:
        """Remove one object; one that is not there is no error."""
        import obstore

        try:
            await self._within(obstore.delete_async(self._store, key))
        except ProbeFailure as error:
            if error.kind != "missing":
                raise

    async def upload(self, key: str, chunks: AsyncIterator[bytes], part: int) -> None:
        """Write an object of unknown length in parts of ``part`` bytes.

        Parts that fail are sent again, each by itself, while ``storage.patience`` lasts. When
        ``chunks`` raises, or a part is refused for good, the upload is aborted and nothing appears
        under ``key``.
        """
        import obstore

        try:
            await obstore.put_async(
                self._transfer,
                key,
                chunks,
                use_multipart=True,
                chunk_size=part,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except Exception as error:
            raise failure(error, self._where, self._redact) from None

    async def digest(self, key: str) -> tuple[int, str]:
        """Read an object back and return its size and SHA-256 as they are at the far end."""
        seen, size = hashlib.sha256(), 0
        async for chunk in self.chunks(key):
            await asyncio.to_thread(seen.update, chunk)
            size += len(chunk)
        return size, seen.hexdigest()

    async def chunks(self, key: str) -> AsyncIterator[bytes]:
        """An object from its first byte to its last, in pieces of 1 MiB, however slowly it is
        read. Another object of that name, put there meanwhile, is a failure."""
        found = await self.head(key)
        if found is None:
            raise ProbeFailure("missing", f"{self._where}: there is no {clean(key)}")
        ranges = Ranges(self._transfer, key, found.size, found.tag, self._where, self._redact)
        async for piece in ranges.pieces():
            yield piece

    @property
    def _where(self) -> str:
        return f"bucket {self.name}"

    async def _within(self, call: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(call, self.deadline)
        except Exception as error:
            raise failure(error, self._where, self._redact) from None


def open_bucket(section: Storage, name: str, context: Context) -> Bucket:
    """A bucket with the credentials of the section. Raises ``SecretMissing``."""
    keys = (context.secret(section.access_key_id), context.secret(section.secret_access_key))
    return Bucket(section, name, keys, context.redact)


def _stored(found: ObjectMeta) -> Stored:
    at = found["last_modified"].timestamp()
    return Stored(found["path"], found["size"], at, found["e_tag"] or "")
