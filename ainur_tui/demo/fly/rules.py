"""Alerting rules of the platform's Prometheus, evaluated over the ``/metrics`` of its machines."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from ainur_tui.demo.fly.http import Routes
from ainur_tui.demo.fly.machines import Json, iso
from ainur_tui.demo.fly.platform import Platform

APP = "zerostate-api"
EVALUATED_EVERY = 2.0
PATIENCE = 1.5
"""Seconds a machine has to answer a scrape."""
WINDOW = 10.0
_REQUESTS = re.compile(r'^ainur_api_requests_total\{[^}]*status="(\d)[^}]*\} (\S+)$', re.MULTILINE)

Scrape = dict[str, tuple[float, float] | None]
"""By machine: requests and those answered with a 5xx, since its start; ``None``: no answer."""
Series = list[tuple[dict[str, str], float]]


@dataclass(frozen=True)
class Rule:
    """An alerting rule: ``value`` gives the series that fulfil ``expr``, from all scrapes of the
    last :data:`WINDOW`, oldest first. ``hold`` is in seconds."""

    name: str
    expr: str
    hold: float
    labels: dict[str, str]
    summary: str
    value: Callable[[Sequence[Scrape]], Series]


def unanswered(scrapes: Sequence[Scrape]) -> Series:
    """Machines that did not answer the newest scrape."""
    away = [id for id, told in scrapes[-1].items() if told is None]
    return [({"instance": id, "target": f"api/machine/{id}"}, 0.0) for id in away]


def failing(scrapes: Sequence[Scrape]) -> Series:
    """The share of requests that failed over the window, where that is more than a twentieth."""
    asked = failed = 0.0
    for before, after in pairwise(scrapes):
        for id, now in after.items():
            then = before.get(id)
            if now is not None and then is not None and now[0] >= then[0]:
                asked += now[0] - then[0]
                failed += now[1] - then[1]
    share = failed / asked if asked else 0.0
    return [({}, share)] if share > 0.05 else []


_OF_API = '{app="zerostate-api"'
RULES = (
    Rule("InstanceDown", f"up{_OF_API}}} == 0", 10.0, {"severity": "warning"},
         "a machine of the API does not answer its scrape", unanswered),
    Rule("ServerErrors",
         f'sum(rate(ainur_api_requests_total{_OF_API},status=~"5.."}}[10s])) / '
         f"sum(rate(ainur_api_requests_total{_OF_API}}}[10s])) > 0.05",
         4.0, {"severity": "warning", "target": "api"},
         "more than 5 % of requests to the API fail", failing),
)  # fmt: skip


class RulesApi(Routes):
    """``/rules`` and ``/alerts`` of a Prometheus, with what :meth:`evaluate` found last."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._scrapes: deque[Scrape] = deque(maxlen=1 + int(WINDOW / EVALUATED_EVERY))
        self._active: dict[str, list[Json]] = {rule.name: [] for rule in RULES}
        self._since: dict[tuple[str, str], float] = {}

    def routes(self) -> list[web.RouteDef]:
        place = "/prometheus/{org}/api/v1"
        return [
            web.get(f"{place}/rules", self.rules, name="rules"),
            web.get(f"{place}/alerts", self.alerts, name="alerts"),
        ]

    async def evaluate(self) -> None:
        """Scrape the machines that run, and step every rule."""
        self._scrapes.append(await self._scrape())
        now, before, self._since = time.time(), self._since, {}
        for rule in RULES:
            active = self._active[rule.name] = []
            for labels, value in rule.value(self._scrapes):
                key = rule.name, str(labels)
                since = self._since[key] = before.get(key, now)
                active.append(_alert(rule, labels, value, since, now))

    async def rules(self, _: web.Request) -> web.Response:
        found = [
            {"type": "alerting", "name": rule.name, "query": rule.expr, "duration": rule.hold,
             "labels": rule.labels, "annotations": {"summary": rule.summary}, "health": "ok",
             "state": _worst(self._active[rule.name]),
             "alerts": self._active[rule.name]}
            for rule in RULES
        ]  # fmt: skip
        group = {"name": "api", "file": "api.yml", "interval": EVALUATED_EVERY, "rules": found}
        return web.json_response({"status": "success", "data": {"groups": [group]}})

    async def alerts(self, _: web.Request) -> web.Response:
        found = [alert for active in self._active.values() for alert in active]
        return web.json_response({"status": "success", "data": {"alerts": found}})

    async def _scrape(self) -> Scrape:
        runners = self._platform.app(APP).runners.items()
        ports = {id: one.machine.port for id, one in runners if one.awake}
        async with ClientSession(timeout=ClientTimeout(total=PATIENCE)) as http:
            told = await asyncio.gather(*(_counters(http, port) for port in ports.values()))
        return dict(zip(ports, told, strict=True))


async def _counters(http: ClientSession, port: int) -> tuple[float, float] | None:
    try:
        async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            found = _REQUESTS.findall(await answer.text())
    except (ClientError, OSError, TimeoutError):
        return None
    return (
        sum(float(count) for _, count in found),
        sum(float(count) for status, count in found if status == "5"),
    )


def _alert(rule: Rule, labels: dict[str, str], value: float, since: float, now: float) -> Json:
    return {
        "labels": {"alertname": rule.name, **rule.labels, **labels},
        "annotations": {"summary": rule.summary},
        "state": "firing" if now - since >= rule.hold else "pending",
        "activeAt": iso(since), "value": f"{value:e}",
    }  # fmt: skip


def _worst(alerts: Iterable[Json]) -> str:
    states = {alert["state"] for alert in alerts}
    return next((state for state in ("firing", "pending") if state in states), "inactive")
