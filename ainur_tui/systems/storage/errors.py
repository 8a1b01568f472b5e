"""What an object store's errors mean, in sentences."""

from __future__ import annotations

import re

from ainur_tui.model.failure import FailureKind, ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([^<]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})</Message>")
_IN_TEXT: tuple[tuple[str, FailureKind, str], ...] = (
    ("ConnectionRefused", "refused", ""),
    ("dns error", "dns", ""),
    ("failed to lookup", "dns", ""),
    ("TimedOut", "timeout", ""),
    ("kind: Timeout", "timeout", ""),
    ("timed out", "timeout", ""),
    ("certificate", "tls", ""),
    ("Unreachable", "unreachable", ""),
    ("ConnectionReset", "unavailable", "it closed the connection"),
    ("IncompleteMessage", "unavailable", "it closed the connection"),
    ("kind: Connect", "unreachable", "no connection"),
)
_FULL = {"QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"}
"""By the codes of Ceph and MinIO: there is no room left, whoever asks."""


def failure(error: BaseException, where: str, redact: Redactor) -> ProbeFailure:
    """Turn an error of the client library into a failure with one clean sentence part."""
    if isinstance(error, ProbeFailure):
        return error
    if isinstance(error, TimeoutError):
        return ProbeFailure("timeout", where)
    text = str(error)
    status, code, message = (p.search(text) for p in (_STATUS, _CODE, _MESSAGE))
    if status is None:
        for mark, kind, words in _IN_TEXT:
            if mark in text:
                return ProbeFailure(kind, f"{where}, {words}" if words else where)
        first = text.partition("\n")[0]
        return ProbeFailure("bad answer", f"{where}: {clean(redact(first), 200)}")
    said = " ".join(found[1] for found in (code, message) if found)
    detail = f"{where}: {status[1]} {clean(redact(said), 200)}".rstrip()
    return ProbeFailure(kind_of(int(status[1]), code[1] if code else ""), detail)


def kind_of(status: int, code: str) -> FailureKind:
    """What an answer's status and its code mean."""
    if status == 401 or code in {"InvalidAccessKeyId", "SignatureDoesNotMatch"}:
        return "auth"
    if code in _FULL:
        return "unavailable"
    if status == 403:
        return "forbidden"
    if status == 404:
        return "missing"
    if status == 429 or code == "SlowDown":
        return "rate limited"
    return "unavailable" if status >= 500 else "bad answer"
