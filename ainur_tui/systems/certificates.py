"""The certificate that a host shows to whoever comes now: a handshake, and nothing is sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ainur_tui.model.table import Tone
from ainur_tui.model.text import clean
from ainur_tui.systems.httpfailures import connection_failure, refusal
from ainur_tui.systems.httptls import tls_context

DAY = 86400.0
SOON, URGENT = 21.0, 7.0
"""Days left at which a certificate that should have been renewed is worth a word, and a shout."""


def urgency(days: float | None) -> Tone:
    """How loud the days that are left are to be told; ``None`` is not known."""
    if days is None or days >= SOON:
        return "none"
    return "fail" if days < URGENT else "warn"


@dataclass(frozen=True)
class Certificate:
    """Who issued it, for which names, when it begins and ends (epoch seconds), its number."""

    issuer: str
    names: tuple[str, ...]
    begins: float
    ends: float
    number: str


@dataclass(frozen=True)
class Shown:
    """A host's certificate, ``None`` where only its being refused is known, and why a browser
    refuses it, ``None`` where it does not."""

    certificate: Certificate | None
    refused: str | None = None


@dataclass(frozen=True)
class Host:
    """Where to look. ``authority`` is the file of the only one that is trusted, if there is one."""

    name: str
    port: int
    authority: Path | None = None

    @classmethod
    def of(cls, url: str, authority: Path | None) -> Host | None:
        """The host of an address, or ``None`` where it is not asked over TLS."""
        parts = urlsplit(url)
        if parts.scheme.lower() != "https" or not parts.hostname:
            return None
        return cls(parts.hostname, parts.port or 443, authority)


async def shown(host: Host) -> Shown:
    """Look as a browser does that was not there before, for as long as the caller allows. What it
    would refuse is read all the same, if a known authority signed it. Raises ProbeFailure where
    there is no handshake at all."""
    try:
        return Shown(await _handshake(host, tls_context(host.authority)))
    except ssl.SSLCertVerificationError as error:
        why = refusal(error)
    except OSError as error:
        raise connection_failure(error, f"{host.name}:{host.port}") from None
    try:
        return Shown(await _handshake(host, tls_context(host.authority, reading=True)), why)
    except OSError:
        return Shown(None, why)


async def _handshake(host: Host, context: ssl.SSLContext) -> Certificate | None:
    _, writer = await asyncio.open_connection(
        host.name, host.port, ssl=context, server_hostname=host.name
    )
    try:
        return read(writer.get_extra_info("peercert") or {})
    finally:
        writer.transport.abort()


def read(told: Mapping[str, Any]) -> Certificate | None:
    """A certificate as :meth:`ssl.SSLSocket.getpeercert` decodes it; ``None`` where it is empty."""
    if not told.get("notAfter"):
        return None
    issuer = {name: value for part in told.get("issuer", ()) for name, value in part}
    by = [issuer.get("organizationName", ""), issuer.get("commonName", "")]
    return Certificate(
        issuer=clean(" ".join(by[1:] if by[0] in by[1] else filter(None, by)), 60) or "not told",
        names=tuple(clean(name, 100) for _, name in told.get("subjectAltName", ())),
        begins=float(ssl.cert_time_to_seconds(told["notBefore"])),
        ends=float(ssl.cert_time_to_seconds(told["notAfter"])),
        number=clean(told.get("serialNumber", ""), 60),
    )
