"""Requests that the client library has none for, signed here (AWS Signature Version 4, empty bodies
only)."""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import quote, urlsplit

from ainur_tui.config.types import Storage
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.storage.errors import kind_of

_EMPTY = hashlib.sha256(b"").hexdigest()
_LARGEST = 4 << 20
_CODE = re.compile(r"<Code>(\w{1,80})</Code>")


class Signed:
    """Asks one bucket."""

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

    async def ask(self, method: str, key: str, query: dict[str, str]) -> str:
        """The answer's text. Raises ``ProbeFailure``, *missing* where there is no such
        thing."""
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
            found = _CODE.search(answer.text)
            code = found[1] if found else ""
            detail = f"bucket {self._bucket}: {answer.status_code} {code}".rstrip()
            raise ProbeFailure(kind_of(answer.status_code, code), detail)
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
