"""The HTTP API of Prometheus (v1), as much of it as alerts need."""

from __future__ import annotations

import math
from typing import Any

from ainur_tui.config.types import Prometheus
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.alertlabels import texts
from ainur_tui.systems.answers import object_of, pick
from ainur_tui.systems.base import Clock
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.system import SeriesIndex

LARGE = 16 << 20
"""Bytes an answer may have: a large Prometheus has tens of thousands of names."""
MOST_SERIES = 1000
Series = tuple[dict[str, str], float]
"""Labels and value."""


class PrometheusClient(SeriesIndex):
    """Raises :class:`ProbeFailure`; what it says of a query stands in the failure's words."""

    def __init__(
        self, section: Prometheus, token: Secret | None, *, clock: Clock, redact: Redactor
    ) -> None:
        headers = {"authorization": Secret(f"Bearer {token.reveal()}")} if token else None
        self._http = HttpClient(
            section.url, clock=clock, redact=redact, headers=headers,
            deadline=section.timeout * 0.95,
        )  # fmt: skip
        self.close = self._http.close
        self.peer = self._http.peer

    async def query(self, expr: str) -> list[Series]:
        """The series of an expression now; a plain number counts as one series without labels."""
        data = await self._get("/api/v1/query", {"query": expr})
        result = pick(data, "result")
        match pick(data, "resultType"):
            case "vector" if isinstance(result, list):
                rows = [(pick(row, "metric"), pick(row, "value")) for row in result[:MOST_SERIES]]
            case "scalar":
                rows = [({}, result)]
            case kind:
                raise ProbeFailure("bad answer", f"a {clean(kind, 40)} where series belong")
        found = [(texts(labels), _value(value)) for labels, value in rows]
        return [(labels, value) for labels, value in found if value is not None]

    async def rule_groups(self) -> list[dict[str, Any]]:
        """Every group of alerting rules with its state, as it came."""
        data = await self._get("/api/v1/rules", {"type": "alert"})
        groups = pick(data, "groups")
        if not isinstance(groups, list):
            raise ProbeFailure("bad answer", "JSON, but no groups of rules")
        return [group for group in groups if isinstance(group, dict)]

    async def exists(self, selector: str) -> bool:
        """Whether there is a series of it now."""
        return bool(await self.query(f"count({selector})"))

    async def names(self) -> list[str]:
        """The names of all metrics."""
        data = await self._get("/api/v1/label/__name__/values", {})
        return [clean(name, 200) for name in data] if isinstance(data, list) else []

    async def _get(self, path: str, params: dict[str, str]) -> Any:
        answer = object_of(await self._http.get(path, params=params, limit=LARGE))
        if answer.get("status") != "success":
            raise ProbeFailure("bad answer", clean(answer.get("error", "no success"), 200))
        return answer.get("data")


def _value(found: Any) -> float | None:
    try:
        value = float(found[1])
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return None if math.isnan(value) else value
