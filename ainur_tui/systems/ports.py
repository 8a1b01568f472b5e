"""Which ports answer on the hosts of the configuration, from here and from a machine elsewhere, and
which listen on this machine for others: compared with what is meant to be reachable."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import psutil

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.elsewhere import dialled
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.postgres.dsn import parse

PUBLIC = {22: "SSH", 80: "HTTP", 443: "HTTPS", 8080: "HTTP", 30333: "the node's peers"}
INTERNAL = {
    2375: "Docker", 3000: "Grafana", 5432: "PostgreSQL", 6379: "Redis", 9090: "Prometheus",
    9093: "Alertmanager", 9615: "the node's metrics", 9933: "the node's RPC",
    9944: "the node's RPC",
}  # fmt: skip
"""Ports that only the own network is meant to reach."""
DEADLINE = 2.0

Dial = Callable[[str, int], Awaitable[bool]]


async def exposures(environment: Environment, context: Context) -> list[Examined]:
    """All hosts of the configuration as they are seen, then from where, then this machine itself.
    Raises SecretMissing where the database's address leads nowhere."""
    names = hosts(environment, context)
    from_there, told = await _from_elsewhere(environment.outside, names, context)
    found = await asyncio.gather(
        *(outside(one, dial, from_there.get(one), environment.outside or "") for one in names)
    )
    return [*found, told, inside(_listening)]


async def _from_elsewhere(
    place: str | None, names: Sequence[str], context: Context
) -> tuple[dict[str, list[int]], Examined]:
    """The ports of each public host that answer there, and the sentence about that look."""
    if place is None:
        words = "seen from this machine only: give `outside`, a host elsewhere reached by ssh"
        return {}, Examined("elsewhere", "note", words)
    asked = [(one, port) for one in names if _public(one) for port in PUBLIC | INTERNAL]
    if not asked:
        return {}, Examined(clean(place, 60), "note", "there is no public host to look at")
    try:
        answers = await dialled(place, asked, context)
    except ProbeFailure as failure:
        words = f"it could not look, so all is as seen from here: {failure}"
        return {}, Examined(clean(place, 60), "warn", words)
    found: dict[str, list[int]] = {one: [] for one, _ in asked}
    for (one, port), open in answers.items():
        if open:
            found[one].append(port)
    return found, Examined(clean(place, 60), "ok", f"dialled {len(asked)} ports from there")


def hosts(environment: Environment, context: Context) -> list[str]:
    """The hosts that the configuration names, each once."""
    urls = [part.url for part in (environment.api, environment.frontend) if part is not None]
    urls += environment.node.rpc if environment.node is not None else []
    names = [urlsplit(url).hostname for url in urls]
    if environment.postgres is not None:
        names += parse(context.secret(environment.postgres.dsn)).host.split(",")
    return list(dict.fromkeys(name for name in names if name))


async def outside(
    host: str, dial: Dial, there: Sequence[int] | None = None, place: str = ""
) -> Examined:
    """Which of the known ports of a host answer. What is open to the world is judged by what
    answers ``there``, elsewhere at ``place``, where that is known."""
    name = clean(host, 60)
    if not _public(host):
        return Examined(name, "note", "is of this machine or a private network: not asked")
    known = PUBLIC | INTERNAL
    answers = await asyncio.gather(*(dial(host, port) for port in known))
    here = [port for port, open in zip(known, answers, strict=True) if open]
    if there is None:
        return _judged(name, here)
    found = _judged(name, there)
    only = [_shown(port) for port in here if port not in there]
    words = f"from {clean(place, 60)} {found.words}"
    return replace(found, words=f"{words}; only from here: {', '.join(only)}" if only else words)


def inside(listening: Callable[[], Iterable[tuple[str, int]]]) -> Examined:
    """Which ports of this machine listen for others than itself."""
    name = "this machine"
    try:
        ports = {port for address, port in listening() if not _loopback(address)}
    except psutil.AccessDenied:
        return Examined(name, "note", "this user may not see what listens here")
    return _judged(name, sorted(ports))


def _judged(name: str, ports: Sequence[int]) -> Examined:
    wrong = [f"{port} ({INTERNAL[port]})" for port in ports if port in INTERNAL]
    if wrong:
        words = f"open to others: {', '.join(wrong)}; close them but for the own network"
        return Examined(name, "warn", words)
    said = ", ".join(map(_shown, ports))
    return Examined(name, "ok", f"open: {said}" if said else "no known port is open")


def _shown(port: int) -> str:
    known = (PUBLIC | INTERNAL).get(port)
    return f"{port} ({known})" if known else str(port)


def _public(host: str) -> bool:
    """Whether strangers can reach such a host; a name is looked up by the one who dials."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_global
    return "." in host and not host.endswith((".internal", ".local", ".localdomain"))


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _listening() -> Iterable[tuple[str, int]]:
    return [
        (one.laddr.ip, one.laddr.port)
        for one in psutil.net_connections("tcp")
        if one.laddr and one.status == psutil.CONN_LISTEN
    ]


async def dial(host: str, port: int) -> bool:
    """Whether a port takes a connection; nothing is sent."""
    try:
        async with asyncio.timeout(DEADLINE):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
