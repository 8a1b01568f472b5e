"""Objects on disk: a small record per object names the files that hold its bytes.

A record is written whole or not at all, so an object appears at once, and completing a multipart
upload moves no bytes: its parts stay the files they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from ainur_tui.demo.store.auth import S3Error

LONGEST_NAME = 240
SMALLEST_PART = 5 * 1024 * 1024
CHUNK = 256 * 1024


@dataclass
class Record:
    """What the store knows of an object (or of a part): ``files`` are (name, bytes)."""

    size: int
    etag: str
    modified: float
    files: list[tuple[str, int]]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Upload:
    """A multipart upload that has begun."""

    key: str
    begun: float
    headers: dict[str, str]
    parts: dict[int, Record] = field(default_factory=dict)


def _name(key: str) -> str:
    name = quote(key, safe="")
    if not key or len(name) > LONGEST_NAME:
        raise S3Error(400, "KeyTooLongError", "The key is empty or too long for this store.")
    return name


class Bucket:
    """One bucket: ``records`` by key, ``data`` files, multipart uploads (lost at a restart)."""

    def __init__(self, path: Path) -> None:
        self._records = path / "records"
        self._data = path / "data"
        self.path = path
        self.uploads: dict[str, Upload] = {}
        for folder in (self._records, self._data):
            folder.mkdir(parents=True, exist_ok=True)

    async def receive(self, body: AsyncIterator[bytes], sha256: str | None) -> Record:
        """Write a stream to a new file; raises :class:`S3Error` when its digest is another."""
        name, size = secrets.token_hex(12), 0
        etag = hashlib.md5(usedforsecurity=False)
        digest = hashlib.sha256() if sha256 else None
        path = self._data / name
        try:
            with path.open("wb") as file:
                async for chunk in body:
                    file.write(chunk)
                    etag.update(chunk)
                    size += len(chunk)
                    if digest:
                        digest.update(chunk)
            if digest and digest.hexdigest() != sha256:
                raise S3Error(400, "XAmzContentSHA256Mismatch", "The body is not what was signed.")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Record(size, etag.hexdigest(), time.time(), [(name, size)])

    def publish(self, key: str, record: Record, *, exclusive: bool = False) -> None:
        """Make the record the object of that key; 412 when ``exclusive`` and there is one."""
        path = self._records / _name(key)
        fresh = self._records / f".{secrets.token_hex(8)}"
        before = self._read(path)
        fresh.write_text(json.dumps(asdict(record)))
        if exclusive:
            try:
                os.link(fresh, path)
            except FileExistsError:
                self.forget(record)
                raise S3Error(
                    412, "PreconditionFailed", "At least one of the preconditions did not hold."
                ) from None
            finally:
                fresh.unlink()
        else:
            fresh.replace(path)
            if before:
                self.forget(before)

    def forget(self, record: Record) -> None:
        """Remove a record's bytes."""
        for name, _ in record.files:
            (self._data / name).unlink(missing_ok=True)

    @staticmethod
    def _read(path: Path) -> Record | None:
        with contextlib.suppress(FileNotFoundError):
            return Record(**json.loads(path.read_text()))
        return None

    def get(self, key: str) -> Record:
        """The object of that key; 404 when there is none."""
        record = self._read(self._records / _name(key))
        if record is None:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
        return record

    def delete(self, key: str) -> None:
        """Remove an object; fine when there is none."""
        record = self._read(self._records / _name(key))
        (self._records / _name(key)).unlink(missing_ok=True)
        if record:
            self.forget(record)

    def keys(self, prefix: str = "") -> list[str]:
        """All keys with that prefix, sorted."""
        names = (unquote(e.name) for e in os.scandir(self._records) if not e.name.startswith("."))
        return sorted(key for key in names if key.startswith(prefix))

    def read(self, record: Record, begin: int, end: int) -> Iterator[bytes]:
        """The object's bytes from ``begin`` to before ``end``."""
        for name, size in record.files:
            if begin < size and end > 0:
                with (self._data / name).open("rb") as file:
                    file.seek(begin)
                    left = min(end, size) - begin
                    while left > 0 and (chunk := file.read(min(CHUNK, left))):
                        left -= len(chunk)
                        yield chunk
            begin, end = max(0, begin - size), end - size

    def upload(self, upload_id: str) -> Upload:
        """The upload of that id; 404 when there is none."""
        if upload_id not in self.uploads:
            raise S3Error(404, "NoSuchUpload", "The specified upload does not exist.")
        return self.uploads[upload_id]

    def begin(self, key: str, headers: dict[str, str]) -> str:
        """Begin a multipart upload; its id."""
        _name(key)
        upload_id = secrets.token_urlsafe(24)
        self.uploads[upload_id] = Upload(key, time.time(), headers)
        return upload_id

    def add_part(self, upload_id: str, number: int, part: Record) -> None:
        """Keep a part; an earlier one of that number is replaced."""
        parts = self.upload(upload_id).parts
        if number in parts:
            self.forget(parts[number])
        parts[number] = part

    def complete(self, upload_id: str, wanted: list[tuple[int, str]], *, exclusive: bool) -> Record:
        """Make the parts, by number and ETag, one object."""
        upload = self.upload(upload_id)
        numbers = [number for number, _ in wanted]
        if not wanted or numbers != sorted(set(numbers)):
            raise S3Error(400, "InvalidPartOrder", "The parts must be listed in order.")
        for number, etag in wanted:
            if number not in upload.parts or upload.parts[number].etag != etag.strip('"'):
                raise S3Error(400, "InvalidPart", f"Part {number} was not found as listed.")
        parts = [upload.parts[number] for number in numbers]
        if any(part.size < SMALLEST_PART for part in parts[:-1]):
            raise S3Error(400, "EntityTooSmall", "A part but the last is below 5 MiB.")
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        files = [file for part in parts for file in part.files]
        size = sum(part.size for part in parts)
        record = Record(size, f"{etag}-{len(parts)}", time.time(), files, upload.headers)
        for number in set(upload.parts) - set(numbers):
            self.forget(upload.parts[number])
        del self.uploads[upload_id]
        self.publish(upload.key, record, exclusive=exclusive)
        return record

    def abort(self, upload_id: str) -> None:
        """Forget an upload and its parts."""
        for part in self.upload(upload_id).parts.values():
            self.forget(part)
        del self.uploads[upload_id]
