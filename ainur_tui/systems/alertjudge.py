"""The HTTP client of another judge of alerts: what it asks for before it answers."""

from __future__ import annotations

import base64
from pathlib import Path

from ainur_tui.config.systems import Judge
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.httptls import tls_context


def http_of(section: Judge, context: Context) -> HttpClient:
    """Raises :class:`ProbeFailure` where the file of its authority cannot be used."""
    token = None if section.token is None else context.secret(section.token)
    ca_file = None if section.ca_file is None else Path(section.ca_file).expanduser()
    try:
        tls_context(ca_file)
    except OSError as error:
        why = error.strerror if isinstance(error, FileNotFoundError) else "not a PEM certificate"
        raise ProbeFailure("internal", f"ca_file {clean(ca_file, 200)}: {why}") from None
    return HttpClient(
        section.url, clock=context.clock, redact=context.redact, ca_file=ca_file,
        headers={} if token is None else {"authorization": authorization(section.user, token)},
        deadline=section.timeout * 0.95,
    )  # fmt: skip


def authorization(user: str | None, token: Secret) -> Secret:
    """The value of the header: Basic (RFC 7617) for a user's password, else Bearer (RFC 6750)."""
    if user is None:
        return Secret(f"Bearer {token.reveal()}")
    pair = base64.b64encode(f"{user}:{token.reveal()}".encode()).decode()
    return Secret(f"Basic {pair}")
