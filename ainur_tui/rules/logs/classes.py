"""The guide's classes of errors (G-023 to G-026), told from the words of a line."""

from __future__ import annotations

import re
from collections.abc import Mapping

CLASSES: tuple[str, ...] = ("db-timeout", "storage-failure", "wasm-timeout", "auth-failure")

_LATE = r"(?:time[d -]?out|timed out|deadline exceeded|too slow)"
_HURT = (
    rf"(?:{_LATE}|fail|error|denied|refused|unavailable|unreachable|slow ?down|reset by peer"
    r"|no ?such ?(?:bucket|key)|cannot|could not|unable|5\d\d)"
)
WORDS = (
    "time|deadline|fail|error|denied|refus|unavail|unreach|slow|reset|no ?such|cannot|could not"
    "|unable|many|slots|exhaust|auth|token|credential|jwt|signature|password|login|pg_hba|wasm"
    "|not exist"
)
"""One of these is in every line of a class: a cheap first look."""
_ANY = re.compile(WORDS, re.IGNORECASE)
_CHECKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "auth-failure",
        re.compile(
            r"(?:password )?authentication failed|no pg_hba\.conf entry|role \S+ does not exist"
            r"|\bunauthori[sz]ed\b|\bunauthenticated\b|not authenticated"
            r"|auth\w*\b.{0,30}\b(?:fail|reject|denied|invalid|error)"
            r"|invalid (?:\w+ ){0,2}(?:token|credential|password|signature|api[ _-]?key)"
            r"|(?:token|session|jwt|refresh token)\b.{0,20}\b(?:expired|invalid|revoked|malformed)"
            r"|log-?in (?:failed|rejected)|failed (?:to )?(?:log-?in|authenticate)"
            r"|failed (?:password|publickey) for|authentication failure",
            re.IGNORECASE,
        ),
    ),
    (
        "wasm-timeout",
        re.compile(
            rf"(?:wasm|wasmtime|wazero|agent)\b.{{0,80}}\b(?:execut|invo|run|call|task)\w*.{{0,80}}"
            rf"{_LATE}|(?:wasm|wasmtime|wazero)\b.{{0,40}}{_LATE}"
            rf"|{_LATE}.{{0,80}}\b(?:wasm|wasmtime|wazero)\b"
            r"|(?:wasm|wasmtime|wazero)\b.{0,80}\b(?:out of fuel|fuel exhausted|interrupted)",
            re.IGNORECASE,
        ),
    ),
    (
        "storage-failure",
        re.compile(
            rf"\b(?:r2|s3|bucket|object store|storage|putobject|getobject|headobject|upload)"
            rf"\b.{{0,120}}{_HURT}|{_HURT}.{{0,120}}\b(?:r2|s3|bucket|object store|storage"
            r"|putobject|getobject|upload(?:ing)?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "db-timeout",
        re.compile(
            rf"\b(?:database|db|postgres\w*|pgx\w*|sql|query|connection pool|pool|ping)\b.{{0,120}}"
            rf"{_LATE}|{_LATE}.{{0,120}}\b(?:database|db|postgres\w*|pgx\w*|sql|query|pool)\b"
            rf"|:5432\b.{{0,60}}{_LATE}|too many clients|remaining connection slots"
            r"|(?:connection pool|pool|connections)\b.{0,20}\bexhausted"
            r"|due to (?:statement|lock|idle-in-transaction|transaction) timeout",
            re.IGNORECASE,
        ),
    ),
)
_MORE = ("error", "err", "cause", "reason", "detail")
_LOOKED_AT = 1000


def classify(
    message: str, fields: Mapping[str, str] | None = None, level: str | None = None
) -> str | None:
    """The class of error a line belongs to, or ``None``.

    Looks at the message and at fields such as ``error``; lines of level debug and info are no
    errors, whatever they say.
    """
    if level in {"info", "debug"}:
        return None
    text = message[:_LOOKED_AT]
    if fields:
        if fields.get("status") == "401":
            return "auth-failure"
        for name in _MORE:
            if more := fields.get(name):
                text += f" · {more[:_LOOKED_AT]}"
    if _ANY.search(text) is None:
        return None
    return next((name for name, pattern in _CHECKS if pattern.search(text)), None)
