"""What PostgreSQL's and the network's errors mean, in sentences."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ainur_tui.model.failure import FailureKind, ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_BY_STATE: dict[str, tuple[FailureKind, str]] = {
    "53300": ("exhausted", "every connection the server allows is in use"),
    "42501": ("forbidden", ""),
    "3D000": ("missing", ""),
    "57P03": ("unavailable", ""),
    "57P01": ("unavailable", "the server is shutting down or ended our session"),
    "57P02": ("unavailable", "the server crashed and is recovering"),
    "57014": ("timeout", "the server cancelled our query"),
    "55P03": ("timeout", "a lock was not free in time"),
    "55000": ("missing", ""),
    "0A000": ("missing", ""),
    "42P01": ("missing", ""),
    "42703": ("missing", ""),
    "42883": ("missing", ""),
}
_BY_CLASS: dict[str, FailureKind] = {"28": "auth", "53": "exhausted", "08": "unavailable"}
_BY_ERRNO: dict[int, FailureKind] = {
    errno.ECONNREFUSED: "refused",
    errno.ENOENT: "refused",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.ECONNRESET: "unavailable",
    errno.EPIPE: "unavailable",
    errno.EACCES: "forbidden",
}
_LOST = {"InterfaceError", "InternalClientError", "ProtocolError"}
"""The driver's words for a connection that ended while it was about to use it."""
_ERRNO = re.compile(r"\[Errno (\d+)\]")


def is_ours(error: BaseException) -> bool:
    """Whether an error comes from the driver or the network, not from the caller's own code."""
    return isinstance(error, OSError) or type(error).__module__.startswith("asyncpg")


def failure(error: BaseException, where: str, redact: Redactor) -> ProbeFailure:
    """Turn an error met while talking to PostgreSQL into a failure with one clean sentence."""
    if isinstance(error, ProbeFailure):
        return error
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        kind, words = _BY_STATE.get(state, (_BY_CLASS.get(state[:2], "bad answer"), ""))
        words = words or clean(redact(str(error).partition("\n")[0]), 200)
        return ProbeFailure(kind, f"{where}: {words} ({clean(state, 8)})")
    if isinstance(error, TimeoutError):
        return ProbeFailure("timeout", where)
    if isinstance(error, socket.gaierror):
        return ProbeFailure("dns", where)
    if isinstance(error, ssl.SSLError):
        return ProbeFailure("tls", f"{where}: {clean(redact(str(error)), 200)}")
    said = clean(redact(str(error)), 200)
    if isinstance(error, ValueError):
        return ProbeFailure("internal", f"{where}: {said}")
    dropped = isinstance(error, ConnectionError) and error.errno is None
    if dropped or type(error).__name__ in _LOST:
        return ProbeFailure("unavailable", f"{where}: the connection is lost ({said})")
    if isinstance(error, OSError):
        found = _ERRNO.search(str(error))  # several addresses: one error that quotes the others
        number = error.errno or (int(found[1]) if found else 0)
        return ProbeFailure(_BY_ERRNO.get(number, "unreachable"), where)
    return ProbeFailure("bad answer", f"{where}: {said}")


@asynccontextmanager
async def lent(
    opening: Awaitable[Connection[Record]], where: str, redact: Redactor
) -> AsyncIterator[Connection[Record]]:
    """A connection for the length of a block, ended with it. What the server or the network says,
    while it opens or within the block, is raised as :class:`ProbeFailure`; our own errors are
    not touched."""
    try:
        connection = await opening
    except Exception as error:
        raise failure(error, where, redact) from None
    try:
        yield connection
    except Exception as error:
        if not is_ours(error):
            raise
        raise failure(error, where, redact) from None
    finally:
        connection.terminate()
