"""Where the public names lead by several resolvers: a change of DNS is done when all agree (G-152).

Only ``doctor`` and the last stages of a recovery ask; nothing here runs by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.dns import Resolver, is_address, unresolvable
from ainur_tui.systems.examined import Examined

DEADLINE = 5.0
OURS = "this machine"
Heard = Mapping[str, frozenset[str] | str]
"""By resolver: the addresses, none where it knows no such name, or why it did not answer."""


async def heard(host: str, servers: Sequence[str], *, port: int = 53) -> Heard:
    """What this machine's resolver and each of ``servers`` (addresses) say of a name."""
    names = [OURS, *servers]
    told = await asyncio.gather(_ours(host), *(_theirs(host, one, port) for one in servers))
    return dict(zip(names, told, strict=True))


async def _ours(host: str) -> frozenset[str] | str:
    try:
        return frozenset(await Resolver().addresses(host, DEADLINE))
    except ProbeFailure as failure:
        return clean(str(failure), 120)


async def _theirs(host: str, server: str, port: int) -> frozenset[str] | str:
    from dns.asyncresolver import Resolver as Client
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    async def of(kind: str) -> set[str]:
        client = Client(configure=False)
        client.nameservers, client.port, client.lifetime = [server], port, DEADLINE
        try:
            answer = await client.resolve(host, kind, search=False)
        except (NXDOMAIN, NoAnswer):
            return set()
        return {str(row.address) for row in answer if hasattr(row, "address")}

    try:
        four, six = await asyncio.gather(of("A"), of("AAAA"))
    except (DNSException, OSError, ValueError) as error:
        return f"no answer ({clean(type(error).__name__, 40)})"
    return frozenset(four | six)


def disagreement(found: Heard) -> str | None:
    """Who says something else than the others, in words; ``None`` while every two that answered
    have an address in common, which is all that a name of many addresses lets one ask."""
    said = {name: one for name, one in found.items() if isinstance(one, frozenset)}
    answers = list(said.values())
    if all(one & other for one in answers for other in answers) or len(set(answers)) < 2:
        return None
    parts = (
        f"{name} says {', '.join(sorted(one)) or 'no such name'}" for name, one in said.items()
    )
    return "; ".join(parts)


def words(found: Heard) -> str:
    """What was heard, as a sentence part."""
    silent = [f"{name}: {one}" for name, one in found.items() if isinstance(one, str)]
    said = {name: one for name, one in found.items() if isinstance(one, frozenset)}
    if differs := disagreement(found):
        return "; ".join([f"resolvers disagree: {differs}", *silent])
    addresses = sorted(frozenset().union(*said.values()))
    leads = f"leads to {', '.join(addresses[:6])}" if addresses else "is no name that is known"
    by = f" by {', '.join(said)}" if said else ""
    return "; ".join([f"{leads}{by}" if said else "nobody tells where it leads", *silent])


def public_hosts(environment: Environment) -> list[str]:
    """The names that users reach, each once."""
    urls = [part.url for part in (environment.api, environment.frontend) if part is not None]
    hosts = [(urlsplit(url).hostname or "").rstrip(".") for url in urls]
    return [
        host
        for host in dict.fromkeys(hosts)
        if host and not is_address(host) and "." in host and not unresolvable(host)
    ]


async def examine(environment: Environment, context: Context) -> list[Examined]:
    """What ``doctor`` says of each public name."""
    del context
    hosts = public_hosts(environment)
    each = await asyncio.gather(*(heard(host, environment.resolvers) for host in hosts))
    return [_judged(clean(host, 80), found) for host, found in zip(hosts, each, strict=True)]


def _judged(host: str, found: Heard) -> Examined:
    said = [one for one in found.values() if isinstance(one, frozenset)]
    wrong = disagreement(found) is not None or (bool(said) and not any(said))
    return Examined(host, "warn" if wrong else "ok" if said else "note", words(found))
