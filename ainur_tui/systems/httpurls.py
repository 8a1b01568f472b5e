"""Which addresses may be called: checks on base URLs, paths and redirects (S-15)."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urljoin, urlsplit

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean

_PATH = re.compile(r"(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]*)*")


def segment(text: str) -> str:
    """One segment of a path, whatever it holds."""
    return quote(text, safe="")


def peer_of(base: str) -> str:
    """Host and port of an address, for messages; never a user name or password."""
    try:
        return clean(urlsplit(base).netloc.rpartition("@")[2], 80)
    except ValueError:
        return ""


def problem_with(base: str, *, credentials: bool) -> str | None:
    """Why ``base`` cannot be called, as a sentence part, or ``None``.

    With ``credentials`` plain http is accepted only to this machine or a private network's names.
    """
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the configured address is not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return f"the configured address is not an http or https URL: {peer_of(base)}"
    if "@" in parts.netloc:
        return "the configured address holds a user name or password; use a secret instead"
    if credentials and parts.scheme == "http" and not _private(host):
        return f"a credential would go to {clean(host, 60)} unencrypted; use https"
    return None


def check_path(path: str) -> None:
    """Raise :class:`ProbeFailure` ``internal`` for a path that could lead out of its place."""
    if not _PATH.fullmatch(path) or ".." in path or "//" in path or "%2f" in path.lower():
        raise ProbeFailure("internal", f"not a path: {clean(path, 80)}")


def redirected(url: str, where: str) -> str:
    """The address a redirect leads to; raises ``bad answer`` for one that is not followed."""
    try:
        old, new = urlsplit(url), urlsplit(urljoin(url, where))
        ports = (old.port, new.port)
    except ValueError:
        raise ProbeFailure("bad answer", "redirects to what is not a URL") from None
    if "@" in new.netloc or new.hostname != old.hostname:
        host = clean(new.hostname or "nowhere", 80)
        raise ProbeFailure("bad answer", f"redirects to another host ({host}); not followed")
    upgrade = old.scheme == "http" and new.scheme == "https"
    if new.scheme != old.scheme and not upgrade:
        raise ProbeFailure("bad answer", f"redirects from {old.scheme} down; not followed")
    if ports[0] != ports[1] and not upgrade:
        raise ProbeFailure("bad answer", "redirects to another port; not followed")
    return new.geturl()


def _private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".internal")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
