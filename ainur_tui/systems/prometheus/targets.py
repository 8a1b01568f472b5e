"""What a Prometheus scrapes, and what it cannot: a rule over series that are gone never fires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ainur_tui.config.types import Prometheus
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.systems.alertlabels import moment, texts
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.prometheus.client import PrometheusClient
from ainur_tui.systems.prometheus.probes import NAME

MOST = 1000
_COLUMNS = [
    Column(name="job", title="Job", rank=1, limit=24),
    Column(name="instance", title="Instance", limit=48),
    Column(name="state", title="State", limit=8),
    Column(name="scraped", title="Scraped", unit="age", rank=2),
    Column(name="took", title="Took", unit="s", rank=3),
    Column(name="error", title="Error", rank=1, limit=80),
]
_TONES: dict[str, Tone] = {"up": "ok", "down": "fail"}
_DEAF = Row(
    key="alertmanager", tone="warn",
    cells=["alertmanager", "", "none", None, None, "add alerting.alertmanagers to it"],
    detail={"trouble": "it tells no Alertmanager: what fires there calls nobody by that way"},
)  # fmt: skip


class TargetsProbe(Probe):
    """``GET /api/v1/targets``: one row a target, those it cannot scrape first."""

    name = f"{NAME}.targets"
    target = NAME
    signals = ()

    def __init__(self, section: Prometheus, client: PrometheusClient, clock: Clock) -> None:
        self.interval = section.interval
        self.deadline = section.timeout
        self._client = client
        self._clock = clock

    async def read(self) -> Sample:
        missing, found, told = None, [], 1
        try:
            found = await self._client.targets()
            told = await self._client.alertmanagers()
        except ProbeFailure as failure:
            if failure.kind != "missing":
                raise
            missing = "it is a store that scrapes nothing itself"
        rows = sorted((_row(one) for one in found[:MOST]), key=lambda r: (r.tone != "fail", r.key))
        rows += [] if told else [_DEAF]
        down = sum(one.get("health") == "down" for one in found)
        first = f", the first {MOST} are shown" if len(found) > MOST else ""
        table = Table(
            name=self.name, target=NAME, title="What Prometheus scrapes", columns=_COLUMNS,
            rows=rows, observed_at=self._clock.now(), interval=self.interval,
            source=f"GET {self._client.peer}/api/v1/targets",
            note=f"{down} of {len(found)} cannot be scraped{first}",
            missing=missing or (None if found else "it scrapes nothing: add scrape_configs to it"),
        )  # fmt: skip
        return Sample(tables=[table])


def _row(one: Mapping[str, Any]) -> Row:
    labels = texts(one.get("labels"))
    job, instance = labels.pop("job", ""), labels.pop("instance", "")
    health = clean(one.get("health", "unknown"), 20)
    took = one.get("lastScrapeDuration")
    url = clean(one.get("scrapeUrl", ""), 200)
    detail = labels | {"address": url}
    if health == "down":
        detail["trouble"] = f"it cannot scrape {job} {instance}: rules over its series see nothing"
    return Row(
        key=f"{job} {instance} {url}", tone=_TONES.get(health, "quiet"),
        cells=[job, instance, health, moment(one.get("lastScrape")),
               float(took) if isinstance(took, int | float) else None,
               clean(one.get("lastError") or "", 300)],
        detail=detail,
    )  # fmt: skip
