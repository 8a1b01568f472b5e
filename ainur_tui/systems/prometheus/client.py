"""The HTTP API of Prometheus (v1), as much of it as alerts and saved queries need."""

from __future__ import annotations

import math
from typing import Any

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.alertlabels import texts
from ainur_tui.systems.answers import object_of, pick
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.seriesindex import Past, Series, SeriesIndex

LARGE = 16 << 20
"""Bytes an answer may have: a large Prometheus has tens of thousands of names."""
MOST_SERIES = 1000


class PrometheusClient(SeriesIndex):
    """Raises :class:`ProbeFailure`; what it says of a query stands in the failure's words."""

    def __init__(self, http: HttpClient, deadline: float) -> None:
        self._http = http
        self._deadline = f"{deadline:g}"
        self.close = http.close
        self.peer = http.peer

    async def query(self, expr: str) -> list[Series]:
        """The series of an expression now; a plain number counts as one series without labels."""
        asked = {"query": expr, "timeout": self._deadline}
        data = await self._get("/api/v1/query", asked)
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

    async def past(self, expr: str, start: float, end: float, step: float) -> list[Past]:
        """The values of an expression every ``step`` seconds; a step without one is left out."""
        asked = {"query": expr, "timeout": self._deadline, "start": f"{start:.3f}",
                 "end": f"{end:.3f}", "step": f"{step:g}"}  # fmt: skip
        result = pick(await self._get("/api/v1/query_range", asked), "result")
        if not isinstance(result, list):
            raise ProbeFailure("bad answer", "JSON, but no series")
        found = []
        for row in result[:MOST_SERIES]:
            values = pick(row, "values")
            points = [(float(one[0]), value) for one in (values if isinstance(values, list) else ())
                      if (value := _value(one)) is not None]  # fmt: skip
            found.append((texts(pick(row, "metric")), points))
        return found

    async def targets(self) -> list[dict[str, Any]]:
        """Everything it scrapes with how that went last, as it came."""
        found = pick(await self._get("/api/v1/targets", {"state": "active"}), "activeTargets")
        if not isinstance(found, list):
            raise ProbeFailure("bad answer", "JSON, but no targets")
        return [one for one in found if isinstance(one, dict)]

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

    async def alertmanagers(self) -> int:
        """How many Alertmanagers it tells what fires."""
        found = pick(await self._get("/api/v1/alertmanagers", {}), "activeAlertmanagers")
        return len(found) if isinstance(found, list) else 0

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
