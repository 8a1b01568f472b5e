"""The endpoints of the API service that are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.answers import Answer, Picked, number, object_of, pick, text
from ainur_tui.systems.base import Clock
from ainur_tui.systems.http import ANEW, HttpClient
from ainur_tui.systems.httpfailures import said
from ainur_tui.systems.prometheus_text import Scrape, parse

HEALTHY = frozenset({"healthy", "ok", "up", "pass"})
PIN = "fly-force-instance-id"
"""The header that makes the platform's edge send a request to one machine."""
PROFILER = "/debug/pprof/"
"""The index of Go's profiler."""
_SPOKEN = frozenset({200, 503})
_ANY = frozenset(range(200, 600))


@dataclass(frozen=True)
class Health:
    """What ``GET /health`` said. ``uptime`` is in seconds."""

    answer: Answer
    status: str
    uptime: Picked
    version: str | None

    @property
    def well(self) -> bool:
        """Whether it answered 200 and calls itself healthy."""
        return self.answer.status == 200 and self.status in HEALTHY


class ApiClient:
    """Reads the service through its public URL. Failures are :class:`ProbeFailure`."""

    def __init__(self, api: Api, *, clock: Clock, redact: Redactor) -> None:
        self._http = HttpClient(
            api.url, clock=clock, redact=redact, deadline=api.timeout * 0.95, ca_file=api.authority
        )
        self._redact = redact
        self.peer = self._http.peer

    async def health(self, machine: str | None = None, deadline: float | None = None) -> Health:
        """``GET /health``, of one ``machine`` when given, else as somebody who comes now.

        A 503 without the service's own JSON is the platform's, and raises ``unavailable``.
        """
        answer = await self._http.get(
            "/health", headers=_pinned(machine) or ANEW, expect=_SPOKEN, deadline=deadline
        )
        try:
            found = object_of(answer)
            status = text(found, "status", 40)
            if status is None:
                raise ProbeFailure("bad answer", "the JSON of /health has no status")
        except ProbeFailure:
            if answer.status == 503:
                words = self._redact(said(answer.body))
                raise ProbeFailure("unavailable", f"503 to GET /health: {words}") from None
            raise
        uptime = number(found, "uptime")
        if uptime.value is None and "uptime_seconds" in found:
            uptime = number(found, "uptime_seconds")
        return Health(answer, status.lower(), uptime, text(found, "version", 40))

    async def detailed(self, deadline: float | None = None) -> dict[str, Any]:
        """``GET /health/detailed``; 503 carries the same JSON."""
        answer = await self._http.get("/health/detailed", expect=_SPOKEN, deadline=deadline)
        return object_of(answer)

    async def summary(self, deadline: float | None = None) -> dict[str, Any]:
        """``GET /metrics/summary``, in whichever shape."""
        return object_of(await self._http.get("/metrics/summary", deadline=deadline))

    async def metrics(
        self, wanted: frozenset[str], machine: str | None = None, deadline: float | None = None
    ) -> tuple[Scrape, Answer]:
        """``GET /metrics``, of one ``machine`` when given; only the ``wanted`` names are kept."""
        answer = await self._http.get("/metrics", headers=_pinned(machine), deadline=deadline)
        return parse(answer.body, wanted), answer

    async def profiler(self) -> Answer:
        """``GET /debug/pprof/``, whatever it answers: only the own network should reach it."""
        return await self._http.get(PROFILER, expect=_ANY)

    async def close(self) -> None:
        """Close the pool."""
        await self._http.close()


def unhealthy_services(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and what it says, of every service of ``/health/detailed`` that is not healthy."""
    services = pick(found, "services")
    if not isinstance(services, dict):
        return []
    bad = []
    for name, service in services.items():
        status = (text(service, "status", 40) or "").lower()
        if status not in HEALTHY:
            bad.append((str(name), text(service, "message", 160) or status or "not healthy"))
    return bad


def _pinned(machine: str | None) -> dict[str, str] | None:
    return {PIN: machine} if machine else None
