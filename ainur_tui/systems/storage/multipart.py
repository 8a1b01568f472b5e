"""Unfinished multipart uploads: invisible objects that cost money until they are aborted (S-41).

The client library uploads, but cannot list what an interrupted upload left behind; these two
requests are signed here (AWS Signature Version 4, empty bodies only).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from datetime import UTC, datetime
from functools import cached_property
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from ainur_tui.config.types import Storage
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret

_EMPTY = hashlib.sha256(b"").hexdigest()
_UPLOAD = re.compile(r"<Upload>(.*?)</Upload>", re.DOTALL)
_FIELD = r"<{0}>([^<]*)</{0}>"
_LARGEST = 4 << 20


class Upload(NamedTuple):
    """An upload that was begun and neither completed nor aborted. ``at`` is epoch seconds."""

    key: str
    id: str
    at: float


class Multipart:
    """Lists and aborts the unfinished uploads of one bucket."""

    def __init__(
        self, section: Storage, bucket: str, keys: tuple[Secret, Secret], redact: Redactor
    ) -> None:
        self._endpoint = section.endpoint.rstrip("/")
        self._region = section.region
        self._deadline = section.timeout
        self._bucket = bucket
        self._keys = keys
        self._redact = redact

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Read once: the certificates of all authorities take longer than a request."""
        import httpx

        return httpx.create_ssl_context(trust_env=False)

    async def list(self, prefix: str) -> list[Upload]:
        """The unfinished uploads whose key begins with ``prefix`` (at most 1,000)."""
        text = await self._ask("GET", "", {"prefix": prefix, "uploads": ""})
        found = (_upload(entry) for entry in _UPLOAD.findall(text))
        return [upload for upload in found if upload and upload.key.startswith(prefix)]

    async def abort(self, upload: Upload) -> None:
        """Throw away the parts of an upload."""
        await self._ask("DELETE", upload.key, {"uploadId": upload.id})

    async def _ask(self, method: str, key: str, query: dict[str, str]) -> str:
        import httpx

        path = f"{urlsplit(self._endpoint).path}/{quote(self._bucket)}"
        path += f"/{quote(key)}" if key else ""
        asked = "&".join(
            f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(query.items())
        )
        parts = urlsplit(self._endpoint)
        url = f"{parts.scheme}://{parts.netloc}{path}?{asked}"
        headers = self._sign(method, parts.netloc, path, asked, datetime.now(UTC))
        try:
            async with httpx.AsyncClient(
                timeout=self._deadline, trust_env=False, verify=self._tls
            ) as client:
                answer = await client.request(method, url, headers=headers)
        except httpx.TimeoutException:
            raise ProbeFailure("timeout", f"bucket {self._bucket}") from None
        except httpx.HTTPError as error:
            detail = f"bucket {self._bucket}: {self._redact(type(error).__name__)}"
            raise ProbeFailure("unreachable", detail) from None
        if answer.status_code >= 300:
            raise ProbeFailure("bad answer", f"bucket {self._bucket}: {answer.status_code}")
        return answer.text[:_LARGEST]

    def _sign(self, method: str, host: str, path: str, query: str, now: datetime) -> dict[str, str]:
        moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        names = "host;x-amz-content-sha256;x-amz-date"
        canonical = (
            f"{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{_EMPTY}\n"
            f"x-amz-date:{moment}\n\n{names}\n{_EMPTY}"
        )
        scope = f"{day}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signed = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        key = f"AWS4{self._keys[1].reveal()}".encode()
        for step in (day, self._region, "s3", "aws4_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        signature = hmac.new(key, signed.encode(), "sha256").hexdigest()
        credential = f"{self._keys[0].reveal()}/{scope}"
        return {
            "x-amz-content-sha256": _EMPTY,
            "x-amz-date": moment,
            "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, "
            f"SignedHeaders={names}, Signature={signature}",
        }


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
