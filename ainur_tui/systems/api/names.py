"""Where the public names lead: what they resolve to, and whether the platform agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Api, Frontend
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import text
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.dns import Resolver, is_address, unresolvable
from ainur_tui.systems.fly.client import FlyClient

INTERVAL = 60.0
MOST = 30
FRONTEND = "frontend"
_COLUMNS = [
    Column(name="name", title="Name", limit=50),
    Column(name="serves", title="Serves", rank=3, limit=16),
    Column(name="took", title="Answer", unit="s", rank=4),
    Column(name="addresses", title="Leads to", limit=60),
    Column(name="platform", title="Platform", rank=2, limit=60),
]


@dataclass(frozen=True)
class Found:
    """What a name leads to and how long that took to learn (seconds), or why it is not known."""

    addresses: Sequence[str] = ()
    seconds: float | None = None
    problem: str | None = None


class NamesProbe(Probe):
    """Names of the API, the frontend and the app's certificates. A name that does not resolve
    costs its own row: whether the API is well is told by those who call it."""

    name = "api.names"
    target = "api"
    signals = ()

    def __init__(
        self,
        api: Api,
        frontend: Frontend | None,
        platform: FlyClient | None,
        clock: Clock,
        resolver: Resolver,
    ) -> None:
        self.interval = max(api.interval, INTERVAL)
        self.deadline = api.timeout
        self._named = {_host(api.url): "API"}
        if frontend is not None and not is_placeholder(frontend.url):
            self._named.setdefault(_host(frontend.url), FRONTEND)
        self._platform = platform
        self._clock = clock
        self._resolver = resolver
        self._before: dict[str, list[str]] = {}

    async def read(self) -> Sample:
        names, ours, note = await self._platforms()
        hosts = list(names)[:MOST]
        rows, events = [], []
        for host, found in zip(
            hosts, await asyncio.gather(*(self._look(host) for host in hosts)), strict=True
        ):
            # A frontend may be served from anywhere; what has the app's certificate may not.
            rows.append(_row(host, names[host], found, None if names[host] == FRONTEND else ours))
            events += self._moved(host, found.addresses)
        table = Table(
            name="api.dns", target="api", title="Names and addresses", columns=_COLUMNS, rows=rows,
            observed_at=self._clock.now(), source="this machine's resolver",
            interval=self.interval, note=note,
        )  # fmt: skip
        return Sample(tables=[table], events=events)

    async def _platforms(self) -> tuple[Mapping[str, str], Collection[str], str | None]:
        """Names with what they serve, the app's own addresses, and why those are not known."""
        names = dict(self._named)
        if self._platform is None:
            return names, (), None
        try:
            async with asyncio.timeout(self.deadline * 0.4):
                for row in await self._platform.certificates():
                    if host := text(row, "hostname", 253):
                        names[host] = "certificate" if host not in names else f"{names[host]}, TLS"
                rows = await self._platform.addresses()
        except (ProbeFailure, TimeoutError) as failure:
            why = str(failure) or "no answer in time"
            return names, (), f"the app's addresses are not known: {clean(why, 80)}"
        return names, {ip for row in rows if (ip := text(row, "ip", 60))}, None

    async def _look(self, host: str) -> Found:
        if is_address(host):
            return Found([host])
        if why := unresolvable(host):
            return Found(problem=why)
        began = self._clock.monotonic()
        try:
            addresses = await self._resolver.addresses(host, self.deadline * 0.5)
        except ProbeFailure as failure:
            return Found(problem=clean(str(failure), 120))
        return Found(addresses, self._clock.monotonic() - began)

    def _moved(self, host: str, addresses: Sequence[str]) -> list[Event]:
        """An event when a name leads somewhere else altogether: who answers with some of many
        addresses each time has not moved."""
        before = self._before.get(host, [])
        if addresses:
            self._before[host] = list(addresses)
        if not addresses or not before or set(before) & set(addresses):
            return []
        now = self._clock.now()
        words = f"{host} leads to {', '.join(addresses)}, before to {', '.join(before)}"
        return [Event(key=f"dns:{host}:{now:.0f}", at=now, kind="setting", target="api",
                      text=clean(words, 200))]  # fmt: skip


def _row(host: str, serves: str, found: Found, ours: Collection[str] | None) -> Row:
    tone: Tone = "none"
    agrees = "—"
    if found.problem is not None:
        tone = "quiet" if unresolvable(host) else "fail"
    elif ours:
        strangers = [ip for ip in found.addresses if ip not in ours]
        agrees = f"not its address: {', '.join(strangers)}" if strangers else "agrees"
        tone = "warn" if strangers else "none"
    leads = found.problem or ", ".join(found.addresses)
    detail = {"the platform's addresses": ", ".join(sorted(ours))} if ours else {}
    return Row(
        key=host, cells=[host, serves, found.seconds, leads, agrees], tone=tone, detail=detail
    )


def _host(url: str) -> str:
    try:
        return clean((urlsplit(url).hostname or "").rstrip("."), 253)
    except ValueError:
        return ""
