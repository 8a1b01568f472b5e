"""What the service says of its own parts, and its summary, in either of its shapes."""

from __future__ import annotations

from itertools import islice
from typing import Any

from msgspec.structs import replace

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import leaves, pick, text
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.api.healthtree import COLUMNS, tree
from ainur_tui.systems.base import Clock, Probe, Sample

MOST_ROWS = 200
_SUMMARY = [
    Column(name="field", title="Field", limit=48),
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
            if isinstance(pick(found, "services"), dict):
                rows = list(islice(tree(found, self._redact), MOST_ROWS))
            else:
                missing = "/health/detailed answers without services"
            status, version = text(found, "status", 40), text(found, "version", 40)
            note = " · ".join(word for word in (status, version) if word) or None
        except ProbeFailure as failure:
            missing = str(failure)
        table = self._table("api.services", "Health of the API, by its own word", COLUMNS)
        return replace(table, rows=rows, note=note, missing=missing)

    async def _summary(self) -> Table:
        rows: list[Row] = []
        missing = note = None
        try:
            found = await self._client.summary(self.deadline * 0.4)
            note = f"{summary_shape(found)} shape"
            rows = [self._fact(path, value) for path, value in leaves(found)]
        except ProbeFailure as failure:
            missing = str(failure)
        table = self._table("api.summary", "Metrics summary", _SUMMARY)
        return replace(table, rows=rows[:MOST_ROWS], note=note, missing=missing)

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
