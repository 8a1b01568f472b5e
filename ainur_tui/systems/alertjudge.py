"""The HTTP client of another judge of alerts: what it asks for before it answers."""

from __future__ import annotations

import base64

from ainur_tui.config.systems import Judge
from ainur_tui.model.secret import Secret
from ainur_tui.systems.base import Context
from ainur_tui.systems.http import HttpClient


def http_of(section: Judge, context: Context) -> HttpClient:
    """Calls it with its token, if it has one; only its own authority counts, where one is named."""
    token = None if section.token is None else context.secret(section.token)
    return HttpClient(
        section.url, clock=context.clock, redact=context.redact, ca_file=section.authority,
        headers={} if token is None else {"authorization": authorization(section.user, token)},
        deadline=section.timeout * 0.95,
    )  # fmt: skip


def authorization(user: str | None, token: Secret) -> Secret:
    """The value of the header: Basic (RFC 7617) for a user's password, else Bearer (RFC 6750)."""
    if user is None:
        return Secret(f"Bearer {token.reveal()}")
    pair = base64.b64encode(f"{user}:{token.reveal()}".encode()).decode()
    return Secret(f"Basic {pair}")
