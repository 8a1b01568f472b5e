"""TLS: verification that is never off, and when the peer's certificate ends."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import Any


@functools.cache
def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A verifying context on the system's authorities, or on ``ca_file`` alone.

    Where the system has none, certifi's are used.
    """
    if ca_file is not None:
        return ssl.create_default_context(cafile=str(ca_file))
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not any(path for path in (paths.cafile, paths.capath)):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def certificate_expiry(stream: Any) -> float | None:
    """Epoch seconds at which the certificate of an httpcore network stream ends, if it has one."""
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = tls.getpeercert() if tls is not None else None
    until = certificate.get("notAfter") if certificate else None
    return float(ssl.cert_time_to_seconds(until)) if isinstance(until, str) else None
