"""Unfinished multipart uploads: invisible objects that cost money until they are aborted (S-41).

The client library uploads, but cannot list what an interrupted upload left behind.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import NamedTuple

from ainur_tui.systems.storage.signed import Signed

_UPLOAD = re.compile(r"<Upload>(.*?)</Upload>", re.DOTALL)
_FIELD = r"<{0}>([^<]*)</{0}>"


class Upload(NamedTuple):
    """An upload that was begun and neither completed nor aborted. ``at`` is epoch seconds."""

    key: str
    id: str
    at: float


class Multipart:
    """Lists and aborts the unfinished uploads of one bucket."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed

    async def list(self, prefix: str) -> list[Upload]:
        """The unfinished uploads whose key begins with ``prefix`` (at most 1,000)."""
        text = await self._signed.ask("GET", "", {"prefix": prefix, "uploads": ""})
        found = (_upload(entry) for entry in _UPLOAD.findall(text))
        return [upload for upload in found if upload and upload.key.startswith(prefix)]

    async def abort(self, upload: Upload) -> None:
        """Throw away the parts of an upload."""
        await self._signed.ask("DELETE", upload.key, {"uploadId": upload.id})


def _upload(entry: str) -> Upload | None:
    found = {
        name: re.search(_FIELD.format(name), entry) for name in ("Key", "UploadId", "Initiated")
    }
    key, identity, at = found["Key"], found["UploadId"], found["Initiated"]
    if key is None or identity is None or at is None:
        return None
    try:
        moment = datetime.fromisoformat(at[1].replace("Z", "+00:00"))
    except ValueError:
        return None
    return Upload(unescape(key[1]), unescape(identity[1]), moment.timestamp())
