"""The series the platform's Prometheus scrapes from the service's machines, and what it lacks."""

from __future__ import annotations

import asyncio
import re
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import pairwise

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from ainur_tui.demo.fly.http import Routes
from ainur_tui.demo.fly.machines import Json, iso
from ainur_tui.demo.fly.platform import Platform
from ainur_tui.demo.fly.rules import APP

SCRAPED_EVERY = 5.0
KEPT = 3600.0
LOOK_BACK = 3 * SCRAPED_EVERY
PATIENCE = 2.0
_LINE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Labels = frozenset[tuple[str, str]]
Points = deque[tuple[float, float]]


class Store(Routes):
    """``collect`` scrapes; the routes tell the names there are and how each scrape went."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._kept: dict[Labels, Points] = {}
        self._targets: list[Json] = []

    def routes(self) -> list[web.RouteDef]:
        place = "/prometheus/{org}/api/v1"
        return [
            web.get(f"{place}/label/__name__/values", self.names, name="names"),
            web.get(f"{place}/targets", self.targets, name="targets"),
        ]

    async def collect(self) -> None:
        """Scrape every machine of the service that is awake, and forget what is too old."""
        runners = self._platform.app(APP).runners.items()
        ports = {id: one.machine.port for id, one in runners if one.awake}
        async with ClientSession(timeout=ClientTimeout(total=PATIENCE)) as http:
            self._targets = await asyncio.gather(
                *(self._scrape(http, id, port) for id, port in ports.items())
            )
        oldest = time.time() - KEPT
        for points in self._kept.values():
            while points and points[0][0] < oldest:
                points.popleft()
        self._kept = {labels: points for labels, points in self._kept.items() if points}

    async def _scrape(self, http: ClientSession, id: str, port: int) -> Json:
        url, at, error = f"http://127.0.0.1:{port}/metrics", time.time(), ""
        target = {"instance": id, "job": "api"}
        found: list[tuple[str, dict[str, str], float]] = []
        try:
            async with http.get(url) as answer:
                found = list(_samples(await answer.text()))
        except (ClientError, OSError, TimeoutError, ValueError) as failure:
            error = f'Get "{url}": {failure or type(failure).__name__}'
        for name, labels, value in [*found, ("up", {}, 0.0 if error else 1.0)]:
            key = frozenset({**labels, **target, "__name__": name}.items())
            self._kept.setdefault(key, deque()).append((at, value))
        return {
            "labels": target, "scrapeUrl": url, "health": "down" if error else "up",
            "lastError": error, "lastScrape": iso(at), "lastScrapeDuration": time.time() - at,
        }  # fmt: skip

    def found(self, name: str) -> Iterator[tuple[dict[str, str], Points]]:
        """The series of a metric."""
        for labels, points in self._kept.items():
            if ("__name__", name) in labels:
                yield dict(labels), points

    async def names(self, _: web.Request) -> web.Response:
        names = sorted({dict(labels)["__name__"] for labels in self._kept})
        return web.json_response({"status": "success", "data": names})

    async def targets(self, _: web.Request) -> web.Response:
        data = {"activeTargets": self._targets, "droppedTargets": []}
        return web.json_response({"status": "success", "data": data})


def newest(points: Points, at: float) -> tuple[float, float] | None:
    """The sample that holds at a moment."""
    index = bisect_right(points, at, key=lambda point: point[0]) - 1
    return points[index] if index >= 0 and points[index][0] >= at - LOOK_BACK else None


def rate(points: Points, since: float, until: float) -> float | None:
    """The increase per second of a counter, its resets taken for zero."""
    seen = [(at, value) for at, value in points if since <= at <= until]
    if len(seen) < 2:
        return None
    grown = sum(
        later - earlier if later >= earlier else later
        for (_, earlier), (_, later) in pairwise(seen)
    )
    return grown / (seen[-1][0] - seen[0][0])


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for name, labels, value in _LINE.findall(text):
        yield name, dict(_LABEL.findall(labels)), float(value)
