"""Is the API up, as its users see it?"""

from __future__ import annotations

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration
from ainur_tui.systems.api.client import ApiClient, Health, unhealthy_services
from ainur_tui.systems.base import Clock, Probe, Sample

SKEW = 5.0
"""Seconds of difference between the clocks that are worth a word (S-35)."""
_MOSTLY_WORKS = frozenset({"blockchain", "chain", "node", "p2p"})
"""Services whose loss turns /health to 503 although most requests still work."""


class HealthProbe(Probe):
    """``GET /health`` through the public URL; where it is unwell, why, by ``/health/detailed``."""

    name = "api.health"
    target = "api"
    signals = (
        Signal(
            name="api.up", title="API", unit="bool", worse="below", fail=1.0, vital=True,
            origin="guide", trouble="API not healthy",
        ),
        Signal(name="api.health.seconds", title="Health answer", unit="s"),
        Signal(name="api.uptime", title="Uptime", unit="s"),
    )  # fmt: skip

    def __init__(self, api: Api, client: ApiClient, clock: Clock, redact: Redactor) -> None:
        self.interval = api.interval
        self.deadline = api.timeout
        self._client = client
        self._clock = clock
        self._redact = redact

    async def read(self) -> Sample:
        began = self._clock.monotonic()
        health = await self._client.health()
        note = None
        if not health.well:
            left = self.deadline * 0.9 - (self._clock.monotonic() - began)
            note = await self._why(health, min(left, 1.0))
        elif (skew := health.answer.skew) is not None and abs(skew) > SKEW:
            side = "ahead of" if skew > 0 else "behind"
            note = f"its clock is {duration(abs(skew))} {side} ours"
        at, source = health.answer.at, f"GET {self._client.peer}/health"
        readings = [
            Reading(
                target="api", signal="api.up", value=1.0 if health.well else 0.0, source=source,
                observed_at=at, note=note,
            ),
            Reading(
                target="api", signal="api.health.seconds", value=health.answer.seconds,
                source=source, observed_at=at,
            ),
            Reading(
                target="api", signal="api.uptime", value=health.uptime.value, source=source,
                observed_at=at, note=health.uptime.reason or _version(health),
            ),
        ]  # fmt: skip
        return Sample(readings=readings)

    async def _why(self, health: Health, deadline: float) -> str:
        said = f"{health.answer.status}: {clean(health.status, 40)}"
        if deadline < 0.1:
            return said
        try:
            bad = unhealthy_services(await self._client.detailed(deadline))
        except ProbeFailure:
            return said
        if not bad:
            return said
        named = "; ".join(f"{clean(name, 40)}: {words}" for name, words in bad[:4])
        words = self._redact(f"{health.answer.status}: {named}")
        if {name.lower() for name, _ in bad} <= _MOSTLY_WORKS:
            words += " (most requests still work)"
        return words


def _version(health: Health) -> str | None:
    return f"version {health.version}" if health.version else None
