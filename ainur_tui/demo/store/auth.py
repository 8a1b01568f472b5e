"""AWS Signature Version 4, as far as a store needs it to know its clients."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from aiohttp import web

from ainur_tui.demo import credentials

PARTS = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)

KEY_FILES = (
    ("s3-access-key", "s3-secret-key"),
    ("storage_access_key_id", "storage_secret_access_key"),
)
"""Names of the two files; the first pair that is there counts."""


class S3Error(Exception):
    """An error answer: HTTP status, the code clients look for, and a sentence."""

    def __init__(self, http: int, code: str, text: str) -> None:
        super().__init__(text)
        self.http = http
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Credentials:
    """The one key pair the store knows."""

    access_key_id: str
    secret_access_key: str

    @classmethod
    def of(cls, directory: Path) -> Credentials:
        """Those in the miniature's ``secrets`` folder."""
        there = (pair for pair in KEY_FILES if (directory / "secrets" / pair[0]).exists())
        names = next(there, KEY_FILES[0])
        return cls(*(credentials.read(directory, name) for name in names))

    def check(self, request: web.Request) -> None:
        """Raise :class:`S3Error` unless the request is signed with the key pair."""
        header = request.headers.get("Authorization", "")
        found = PARTS.fullmatch(header.strip())
        if not found:
            raise S3Error(403, "AccessDenied", "Anonymous access is forbidden.")
        key, day, region, service, names, signature = found.groups()
        if key != self.access_key_id:
            raise S3Error(403, "InvalidAccessKeyId", "The access key id is not known.")
        scope = f"{day}/{region}/{service}/aws4_request"
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256",
                request.headers.get("x-amz-date", ""),
                scope,
                hashlib.sha256(_canonical(request, names).encode()).hexdigest(),
            )
        )
        derived = f"AWS4{self.secret_access_key}".encode()
        for word in (day, region, service, "aws4_request", text):
            derived = hmac.digest(derived, word.encode(), "sha256")
        if not hmac.compare_digest(derived.hex(), signature):
            raise S3Error(403, "SignatureDoesNotMatch", "The signature is not the expected one.")


def _canonical(request: web.Request, names: str) -> str:
    path, _, query = request.raw_path.partition("?")
    pairs = sorted(tuple(pair.partition("=")[::2]) for pair in query.split("&") if pair)
    again = [f"{_encode(name)}={_encode(value)}" for name, value in pairs]
    headers = [
        f"{name}:{' '.join(','.join(request.headers.getall(name, [])).split())}"
        for name in names.split(";")
    ]
    payload = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join((request.method, path, "&".join(sorted(again)), *headers, "", names, payload))


def _encode(text: str) -> str:
    return quote(unquote(text), safe="-_.~")
