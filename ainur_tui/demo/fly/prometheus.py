"""The platform's Prometheus: memory and processor of its machines, collected all the time."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Literal, NamedTuple

import psutil
from aiohttp import web

from ainur_tui.demo.fly.eval import Eval, compiled
from ainur_tui.demo.fly.http import Routes, duration
from ainur_tui.demo.fly.machines import ApiError, Json
from ainur_tui.demo.fly.platform import Platform
from ainur_tui.demo.fly.promql import Query, parse
from ainur_tui.demo.fly.runner import Runner
from ainur_tui.demo.fly.series import Store

COLLECTED_EVERY = 5.0
KEPT = 3600.0
LOOK_BACK = 3 * COLLECTED_EVERY
"""Seconds after which a machine without a new sample has no value."""
MOST_POINTS = 11_000
MIB = 1 << 20


class Sample(NamedTuple):
    """One look at a machine's process: epoch seconds, processor seconds spent so far, bytes."""

    at: float
    pid: int
    began: float
    spent: float
    cpus: float
    total: float
    used: float


class Prometheus(Routes):
    """Instant and range queries on what was collected: of the kinds ``fly_promql`` knows, and of
    what ``store`` scraped."""

    def __init__(self, platform: Platform, store: Store) -> None:
        super().__init__(platform)
        self._store = store
        self._samples: dict[str, deque[Sample]] = {}

    def routes(self) -> list[web.RouteDef]:
        place = "/prometheus/{org}/api/v1"
        return [
            route(f"{place}/{name}", work, name=f"{name}_{route.__name__}")
            for name, work in (("query", self.query), ("query_range", self.query_range))
            for route in (web.get, web.post)
        ]

    async def collect(self) -> None:
        """Look at every machine that runs."""
        for app in self._platform.apps.values():
            for id, runner in app.runners.items():
                try:
                    sample = look(runner)
                except psutil.Error:
                    continue
                kept = self._samples.setdefault(id, deque())
                kept.append(sample)
                while kept[0].at < sample.at - KEPT:
                    kept.popleft()
        now = time.time()
        for id in [id for id, kept in self._samples.items() if kept[-1].at < now - KEPT]:
            del self._samples[id]

    async def query(self, request: web.Request) -> web.Response:
        given = await _given(request)
        text, at = given.get("query", ""), _moment(given.get("time"))
        query = parse(text)
        if query is None:
            return _instant(compiled(text, self._store), time.time() if at is None else at)
        look_back = LOOK_BACK
        if at is None:
            # What is asked for now is looked at now: a machine that has gone has no value.
            await self.collect()
            at, look_back = time.time(), 1.0
        rows: list[Json] = [
            {"metric": metric, "value": [at, str(value)]}
            for id, metric in self._series(query).items()
            if (value := self._value(id, query, at, look_back)) is not None
        ]
        return _answer("vector", rows)

    async def query_range(self, request: web.Request) -> web.Response:
        given = await _given(request)
        text = given.get("query", "")
        start, end = _moment(given.get("start")), _moment(given.get("end"))
        step = duration(given.get("step"), 0.0)
        if start is None or end is None or end < start or step <= 0:
            raise ApiError(400, "start, end and step are needed, in this order", "error")
        count = int((end - start) / step) + 1
        if count > MOST_POINTS:
            raise ApiError(400, "exceeded maximum resolution of 11,000 points", "error")
        moments = [start + number * step for number in range(count)]
        query = parse(text)
        if query is None:
            return _range(compiled(text, self._store), moments)
        rows: list[Json] = []
        for id, metric in self._series(query).items():
            found = [(at, self._value(id, query, at, LOOK_BACK)) for at in moments]
            values = [[at, str(value)] for at, value in found if value is not None]
            if values:
                rows.append({"metric": metric, "values": values})
        return _answer("matrix", rows)

    def _series(self, query: Query) -> dict[str, Json]:
        """The machines of the app by id, with the labels the query leaves."""
        app = self._platform.app(query.app)
        named = {"__name__": query.name, "app": query.app} if query.name else {}
        labels = named | ({"region": str(app.spec["region"])} if named else {})
        ids = [*app.runners, *(machine.id for machine in app.gone)]
        return {id: labels | {"instance": id} for id in ids if id in self._samples}

    def _value(self, id: str, query: Query, at: float, look_back: float) -> float | None:
        kept = self._samples[id]
        index = bisect_right(kept, at, key=lambda sample: sample.at) - 1
        if index < 0 or kept[index].at < at - look_back:
            return None
        last = kept[index]
        if query.kind == "total":
            return last.total
        if query.kind == "available":
            return max(0.0, last.total - last.used)
        return _busy(kept, index, at - query.window)


def _busy(kept: deque[Sample], index: int, since: float) -> float:
    """The share of the processors at work from ``since``, or from the process's beginning."""
    last = kept[index]
    earlier = (one for one in islice(kept, index) if one.pid == last.pid and one.at >= since)
    first = next(earlier, None)
    then, spent = (last.began, 0.0)
    if first is not None and last.began < since:
        then, spent = first.at, first.spent
    return min(1.0, max(0.0, last.spent - spent) / max(last.at - then, 0.05) / last.cpus)


def look(runner: Runner) -> Sample:
    """A look at its process; raises ``psutil.Error`` when none is awake."""
    process, guest = psutil.Process(runner.pid), runner.machine.config["guest"]
    times = process.cpu_times()
    return Sample(
        time.time(), process.pid, process.create_time(), times.user + times.system,
        float(guest["cpus"]), float(guest["memory_mb"]) * MIB, process.memory_info().rss,
    )  # fmt: skip


async def _given(request: web.Request) -> Mapping[str, str]:
    """The parameters, in the address or (POST) in the body."""
    form = await request.post() if request.method == "POST" else {}
    return {**request.query, **{name: str(value) for name, value in form.items()}}


def _moment(text: str | None) -> float | None:
    """Epoch seconds of a number or an RFC 3339 text; 400 for anything else."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise ApiError(400, f"invalid time: {text}", "error") from None


def _instant(asked: Eval, at: float) -> web.Response:
    found = asked(at)
    if isinstance(found, float):
        data = {"resultType": "scalar", "result": [at, str(found)]}
        return web.json_response({"status": "success", "data": data})
    return _answer("vector", [{"metric": m, "value": [at, str(v)]} for m, v in found])


def _range(asked: Eval, moments: Sequence[float]) -> web.Response:
    rows: dict[frozenset[tuple[str, str]], list[list[object]]] = {}
    for at in moments:
        found = asked(at)
        for metric, value in [({}, found)] if isinstance(found, float) else found:
            rows.setdefault(frozenset(metric.items()), []).append([at, str(value)])
    return _answer("matrix", [{"metric": dict(m), "values": v} for m, v in rows.items()])


def _answer(kind: Literal["vector", "matrix"], rows: list[Json]) -> web.Response:
    return web.json_response({"status": "success", "data": {"resultType": kind, "result": rows}})
