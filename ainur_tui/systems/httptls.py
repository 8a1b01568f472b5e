"""TLS: verification that is never off."""

from __future__ import annotations

import functools
import os
import ssl
from pathlib import Path

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h: all is verified but the dates."""


@functools.cache
def tls_context(ca_file: Path | None = None, *, reading: bool = False) -> ssl.SSLContext:
    """A verifying context on the system's authorities, or on ``ca_file`` alone.

    Where the system has none, certifi's are used. For ``reading`` what a certificate says, its
    dates and names may be wrong, its authority may not: nothing is to be sent over such a
    connection. Raises :class:`ProbeFailure` where ``ca_file`` cannot be used.
    """
    context = _on_system() if ca_file is None else _on(ca_file)
    if reading:
        context.check_hostname = False
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    return context


def _on_system() -> ssl.SSLContext:
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not any(path for path in (paths.cafile, paths.capath)):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _on(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        why = "holds no certificate in PEM form"
    except OSError as error:
        why = f"cannot be read ({os.strerror(error.errno or 0).lower()})"
    raise ProbeFailure("internal", f"{ca_file} {why}; name your authority's PEM file")


def unusable(environment: Environment) -> list[str]:
    """The sentence why, for each file of an authority that cannot be used."""
    found = []
    for name in ("api", "frontend", "prometheus", "alertmanager"):
        part = getattr(environment, name)
        if part is None or part.authority is None:
            continue
        try:
            tls_context(part.authority)
        except ProbeFailure as failure:
            found.append(f"environment.{environment.name}.{name}.ca_file: {failure.detail}")
    return found
