"""What the service says of its own parts, and its summary, in either of its shapes."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.table import Cell, Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import leaves, number, pick, text
from ainur_tui.systems.api.client import HEALTHY, ApiClient
from ainur_tui.systems.base import Clock, Probe, Sample

MOST_ROWS = 200
_COLUMNS = [
    Column(name="service", title="Service", rank=0, limit=24),
    Column(name="status", title="Status", rank=1, limit=12),
    Column(name="response", title="Answer", unit="s", rank=2),
    Column(name="message", title="Message", rank=3, limit=80),
]
_SUMMARY = [
    Column(name="field", title="Field", rank=0, limit=48),
    Column(name="value", title="Value", unit="", rank=1),
    Column(name="text", title="", rank=2, limit=60),
]


class ServicesProbe(Probe):
    """``GET /health/detailed`` and ``GET /metrics/summary``; services we do not know are shown."""

    name = "api.services"
    target = "api"
    signals = ()

    def __init__(self, api: Api, client: ApiClient, clock: Clock, redact: Redactor) -> None:
        self.interval = max(api.interval, 5.0)
        self.deadline = api.timeout
        self._client = client
        self._clock = clock
        self._redact = redact

    async def read(self) -> Sample:
        """Never fails: these are tables, and the API's state is told by its own signals."""
        return Sample(tables=[await self._services(), await self._summary()])

    async def _services(self) -> Table:
        rows: list[Row] = []
        missing = note = None
        try:
            found = await self._client.detailed(self.deadline * 0.5)
            services = pick(found, "services")
            if isinstance(services, dict):
                rows = [self._row(name, service) for name, service in services.items()]
            else:
                missing = "/health/detailed answers without services"
            status, version = text(found, "status", 40), text(found, "version", 40)
            note = " · ".join(word for word in (status, version) if word) or None
        except ProbeFailure as failure:
            missing = str(failure)
        table = self._table("api.services", "Services of the API", _COLUMNS)
        return replace(table, rows=rows[:MOST_ROWS], note=note, missing=missing)

    async def _summary(self) -> Table:
        rows: list[Row] = []
        missing = note = None
        try:
            found = await self._client.summary()
            note = f"{summary_shape(found)} shape"
            rows = [self._fact(path, value) for path, value in leaves(found)]
        except ProbeFailure as failure:
            missing = str(failure)
        table = self._table("api.summary", "Metrics summary", _SUMMARY)
        return replace(table, rows=rows[:MOST_ROWS], note=note, missing=missing)

    def _row(self, name: str, service: Any) -> Row:
        status = text(service, "status", 40) or "unknown"
        took = number(service, "response_time_ms").value
        message = self._redact(text(service, "message", 300) or "")
        tone: Tone = "ok" if status.lower() in HEALTHY else "fail"
        label = clean(name, 60)
        cells: list[Cell] = [label, status, None if took is None else took / 1000, message]
        return Row(
            key=label,
            cells=cells,
            tone="warn" if status == "unknown" else tone,
            detail={
                clean(path, 60): self._redact(clean(value, 300)) for path, value in leaves(service)
            },
        )

    def _fact(self, path: str, value: Any) -> Row:
        """A number, or the text that stands where one belongs ("N/A …" is unknown, never 0)."""
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        words = "" if plain else self._redact(clean(value, 160))
        label = clean(path, 80)
        return Row(
            key=label,
            cells=[label, float(value) if plain else None, words],
            tone="quiet" if words.upper().startswith("N/A") else "none",
        )

    def _table(self, name: str, title: str, columns: list[Column]) -> Table:
        return Table(
            name=name,
            target="api",
            title=title,
            columns=columns,
            rows=[],
            observed_at=self._clock.now(),
            source=f"GET {self._client.peer}",
            interval=self.interval,
        )


def summary_shape(found: Any) -> str:
    """Which of the two known shapes a summary has: the repository's, the guide's, or neither."""
    if isinstance(pick(found, "counters"), dict) or isinstance(pick(found, "gauges"), dict):
        return "repository"
    if isinstance(pick(found, "http"), dict) or isinstance(pick(found, "agents"), dict):
        return "guide"
    return "unknown"
