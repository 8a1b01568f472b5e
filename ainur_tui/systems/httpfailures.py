"""Why an HTTP exchange failed, from the exception's causes or the answer's status."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import msgspec

from ainur_tui.model.failure import FailureKind, ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration

LONGEST_PAUSE = 3600.0
"""Seconds: a Retry-After beyond this is taken as this."""

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_CERTIFICATE = {  # X509_V_ERR_… of OpenSSL's x509_vfy.h
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate comes from an unknown authority (self-signed root)",
    20: "certificate chain incomplete, or of an unknown authority",
    21: "certificate chain incomplete, or of an unknown authority",
    23: "its certificate was revoked",
    62: "its certificate is for another host",
    64: "its certificate is for another address",
}
_STATUS: dict[int, FailureKind] = {
    401: "auth", 403: "forbidden", 404: "missing", 407: "auth", 408: "timeout", 410: "missing",
    413: "internal", 429: "rate limited", 504: "timeout",
}  # fmt: skip


class HttpFailure(ProbeFailure):
    """An answer came, with a status that was not asked for."""

    def __init__(
        self, kind: FailureKind, detail: str, status: int, *, retry_after: float | None = None
    ) -> None:
        super().__init__(kind, detail, retry_after=retry_after)
        self.status = status


def status_kind(status: int) -> FailureKind:
    """The kind of failure an unexpected status stands for."""
    if status in _STATUS:
        return _STATUS[status]
    return "unavailable" if status >= 500 or status == 409 else "bad answer"


def said(body: bytes, limit: int = 160) -> str:
    """What an error's body says, as one clean line: its ``error`` or ``message``, or its text."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if isinstance(found, dict):
        for key in ("error", "message", "detail", "status"):
            if isinstance(found.get(key), str) and found[key]:
                return clean(found[key], limit)
    text = body[:4096].decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.S | re.I)
    return clean(" ".join(text.split()), limit)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110 §10.2.3: seconds or a date)."""
    if not value:
        return None
    if value.strip().isdecimal() and len(value) < 10:
        seconds = float(value)
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def refusal(error: ssl.SSLCertVerificationError) -> str:
    """Why a certificate is refused, as a sentence part."""
    known = _CERTIFICATE.get(error.verify_code)
    return known or f"its certificate is not accepted ({clean(error.verify_message, 80)})"


def connection_failure(error: BaseException, peer: str) -> ProbeFailure:
    """The failure of a connection to ``peer`` (host and port), by the root of ``error``."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ProbeFailure("tls", f"{refusal(cause)} ({peer})")
        if isinstance(cause, ssl.SSLError):
            return ProbeFailure("tls", _handshake(cause, peer))
        if isinstance(cause, socket.gaierror):
            return ProbeFailure("dns", peer)
    for cause in causes:
        if isinstance(cause, ConnectionRefusedError):
            return ProbeFailure("refused", f"{peer} refuses the connection")
        if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            return ProbeFailure("unreachable", peer)
        if isinstance(cause, TimeoutError):
            return ProbeFailure("unreachable", f"no connection to {peer}")
    if any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes):
        return ProbeFailure("bad answer", f"{peer} closed the connection without an answer")
    if type(error).__name__ == "RemoteProtocolError":
        return ProbeFailure("bad answer", f"{peer} broke off, or does not speak HTTP")
    if type(error).__name__ in {"ReadError", "WriteError", "CloseError"}:
        return ProbeFailure("bad answer", f"{peer} broke the connection off")
    return ProbeFailure("unreachable", f"no connection to {peer}")


def timeout_failure(
    phase: str, call: str, peer: str, seconds: float, received: int
) -> ProbeFailure:
    """The failure of a call whose total deadline ran out in ``phase``."""
    after = duration(seconds)
    match phase:
        case "connect":
            return ProbeFailure("unreachable", f"no connection to {peer} within {after}")
        case "tls":
            return ProbeFailure("timeout", f"TLS handshake with {peer} unfinished after {after}")
        case "body":
            return ProbeFailure(
                "timeout", f"the answer to {call} was unfinished after {after} ({received} bytes)"
            )
        case _:
            return ProbeFailure("timeout", f"no answer to {call} within {after}")


def _handshake(error: ssl.SSLError, peer: str) -> str:
    reason = (error.reason or "").upper()
    if "VERSION" in reason or "PROTOCOL" in reason:
        return f"{peer} speaks only a TLS version that is too old, or no TLS"
    return f"the handshake with {peer} fails ({reason.replace('_', ' ').lower() or 'no reason'})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what caused it, and the members of groups, outermost first."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            pending.extend(one.exceptions)
        pending.extend(cause for cause in (one.__cause__, one.__context__) if cause is not None)
