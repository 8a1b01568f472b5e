"""CAA: which authorities a name's owner lets issue certificates for it (RFC 8659)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.resolvers import DEADLINE, public_hosts

KNOWN = {
    "let's encrypt": "letsencrypt.org", "google trust": "pki.goog", "digicert": "digicert.com",
    "amazon": "amazon.com", "sectigo": "sectigo.com", "zerossl": "sectigo.com",
    "globalsign": "globalsign.com", "ssl.com": "ssl.com",
}  # fmt: skip
"""Part of an issuer's name, and what CAA records call it (their practice statements)."""


async def issuers(
    host: str, deadline: float, servers: Iterable[str] = (), port: int = 53
) -> frozenset[str] | None:
    """Who may issue by the nearest name above ``host`` that has CAA records (§3); ``None``: nobody
    says, so all may. Asks ``servers``, or this machine's. Raises ProbeFailure, never guesses."""
    from dns.asyncresolver import Resolver
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    labels = host.rstrip(".").split(".")
    try:
        client = Resolver(configure=not servers)
        if servers:
            client.nameservers, client.port = list(servers), port
        client.lifetime = deadline
        for first in range(len(labels)):
            try:
                rows = list(await client.resolve(".".join(labels[first:]), "CAA", search=False))
            except (NXDOMAIN, NoAnswer):
                continue
            named = [row for row in rows if row.tag == b"issue"]
            # Without an `issue` the set restricts nothing but wildcards or tells where to report.
            return frozenset(_domain(row.value) for row in named) if named else None
    except (DNSException, OSError, ValueError) as error:
        raise ProbeFailure("dns", f"no CAA answer ({clean(type(error).__name__, 40)})") from None
    return None


def lets(allowed: frozenset[str] | None, issuer: str) -> bool | None:
    """Whether an issuer may issue again; ``None`` where it goes by a name that is not known."""
    if allowed is None:
        return True
    domain = next((one for part, one in KNOWN.items() if part in issuer.lower()), None)
    return None if domain is None and any(allowed) else domain in allowed


def words(allowed: frozenset[str] | None) -> str:
    """Who may issue, as a sentence part."""
    if allowed is None:
        return "every authority may issue (no CAA)"
    named = ", ".join(sorted(filter(None, allowed)))
    return f"only {named} may issue (CAA)" if named else "nobody may issue (CAA)"


def _domain(value: bytes) -> str:
    """The issuer's domain without its parameters (§4.2); empty: nobody may."""
    return clean(value.decode("ascii", "replace").partition(";")[0].strip().lower(), 100)


async def examine(environment: Environment, context: Context) -> list[Examined]:
    """What ``doctor`` says of each public name."""
    del context
    return list(await asyncio.gather(*map(_examined, public_hosts(environment))))


async def _examined(host: str) -> Examined:
    name = clean(host, 80)
    try:
        return Examined(name, "ok", words(await issuers(host, DEADLINE)))
    except ProbeFailure as failure:
        return Examined(name, "note", failure.detail)
