"""The platform's Prometheus: memory and processor of its machines, measured when asked."""

from __future__ import annotations

import re
import time

import psutil
from aiohttp import web

from ainur_tui.demo.fly_machines import ApiError, Json
from ainur_tui.demo.fly_platform import Platform
from ainur_tui.demo.fly_runner import Runner

MIB = 1 << 20
APP = re.compile(r'app="([^"]+)"')
MEMORY = re.compile(r"^fly_instance_memory_mem_(total|available)\{[^}]*\}$")


class Prometheus:
    """Instant queries: the two of memory, and ``1 - idle / all`` of ``fly_instance_cpu``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._seen: dict[int, tuple[float, float]] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/prometheus/{org}/api/v1/query", self.query, name="query")]

    async def query(self, request: web.Request) -> web.Response:
        asked = request.query.get("query", "").strip()
        app, memory = APP.search(asked), MEMORY.match(asked)
        cpu = asked.startswith("1 - ") and "fly_instance_cpu" in asked
        if app is None or not (memory or cpu):
            raise ApiError(422, f"unsupported query: {asked}", "invalid_argument")
        rows: list[Json] = []
        for runner in self._platform.app(app[1]).runners.values():
            try:
                value = self._memory(runner, memory[1]) if memory else self._busy(runner)
            except psutil.Error:
                continue
            metric = {"instance": runner.machine.id} | ({"app": app[1]} if memory else {})
            rows.append({"metric": metric, "value": [time.time(), str(value)]})
        return web.json_response(
            {"status": "success", "data": {"resultType": "vector", "result": rows}}
        )

    def _memory(self, runner: Runner, which: str) -> float:
        total = float(runner.machine.config["guest"]["memory_mb"]) * MIB
        used = psutil.Process(runner.pid).memory_info().rss
        return total if which == "total" else max(0.0, total - used)

    def _busy(self, runner: Runner) -> float:
        """The share since it was last asked, or since the process began."""
        process, now = psutil.Process(runner.pid), time.time()
        times = process.cpu_times()
        spent = times.user + times.system
        then, before = self._seen.get(runner.pid, (process.create_time(), 0.0))
        self._seen[runner.pid] = (now, spent)
        cpus = float(runner.machine.config["guest"]["cpus"])
        return min(1.0, max(0.0, spent - before) / max(now - then, 0.05) / cpus)
