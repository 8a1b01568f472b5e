"""Another judge: a Prometheus's rules, alerts and PromQL, over a server that answers as it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Alerts, Environment, Prometheus
from ainur_tui.engine.probing.connecting import Redaction
from ainur_tui.engine.service import Engine
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.prometheus.system import connect
from ainur_tui.systems.seriesindex import SeriesIndex
from ainur_tui.systems.system import System
from tests.systems.judges import recorded
from tests.systems.web import RealClock, app_server

RULES = """
groups:
- name: g
  rules:
  - alert: Slow
    expr: p95 > 0.1
    for: 1m
    labels: {severity: critical}
    annotations: {description: "{{ $labels.route }} takes {{ $value }}s"}
  - alert: Broken
    expr: p95 >
"""


class Server:
    """Answers queries from a table; everything else as a small Prometheus would."""

    def __init__(self) -> None:
        self.series: dict[str, Any] = {}
        self.groups: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.scraped: list[dict[str, Any]] | None = []
        self.told = [{"url": "http://alerts:9093/api/v2/alerts"}]

    async def query(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("authorization"))
        expr = request.query["query"]
        if expr.endswith(">"):
            error = {"status": "error", "errorType": "bad_data", "error": "parse error\x1b[31m"}
            return web.json_response(error, status=400)
        found = self.series.get(expr, {"resultType": "vector", "result": []})
        return web.json_response({"status": "success", "data": found})

    async def rules(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "success", "data": {"groups": self.groups}})

    async def targets(self, _: web.Request) -> web.Response:
        if self.scraped is None:
            return web.Response(status=404)
        return web.json_response({"status": "success", "data": {"activeTargets": self.scraped}})

    async def alertmanagers(self, _: web.Request) -> web.Response:
        found = {"activeAlertmanagers": self.told}
        return web.json_response({"status": "success", "data": found})

    async def names(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "success", "data": ["p95", "up"]})

    @asynccontextmanager
    async def system(self, folder: Path, token: bool = False) -> AsyncIterator[System]:
        app = web.Application()
        app.add_routes([
            web.get("/x/api/v1/query", self.query), web.get("/x/api/v1/rules", self.rules),
            web.get("/x/api/v1/label/__name__/values", self.names),
            web.get("/x/api/v1/targets", self.targets),
            web.get("/x/api/v1/alertmanagers", self.alertmanagers),
        ])  # fmt: skip
        file = folder / "rules.yml"
        file.write_text(RULES)
        async with app_server(app) as url:
            section = Prometheus(url=f"{url}/x", token="literal" if token else None)
            made = connect(
                Environment(prometheus=section, alerts=Alerts(rules=[str(file)])), context()
            )
            assert made is not None
            assert made.close is not None
            yield made
            await made.close()


def context() -> Context:
    tools = Tools(lambda _: None)
    return Context("test", RealClock(), Redaction(), tools, lambda _: Secret("canary"))


def vector(*rows: tuple[dict[str, str], str]) -> dict[str, Any]:
    found = [{"metric": labels, "value": [1.0, value]} for labels, value in rows]
    return {"resultType": "vector", "result": found}


async def read(system: System, number: int) -> Sample:
    return await system.probes[number].read()


async def test_its_alerts_and_rules_are_told_as_ours(tmp_path: Path) -> None:
    server = Server()
    server.groups = [{"name": "g", "rules": [
        {"type": "alerting", "name": "Slow", "query": "p95 > 0.1", "duration": 60, "health": "ok",
         "labels": {"severity": "critical"}, "alerts": [
             {"state": "firing", "activeAt": "2026-11-30T02:00:00.123456789Z", "value": "2e-1",
              "labels": {"alertname": "Slow", "severity": "critical", "target": "api"},
              "annotations": {"summary": "slow\x1b[2J"}},
             {"state": "pending", "activeAt": "2026-11-30T02:00:00Z", "value": "1",
              "labels": {"alertname": "Slow", "instance": "b:1"}, "annotations": {}},
         ]},
        {"type": "alerting", "name": "Sick", "query": "x > 1", "health": "err",
         "lastError": "too many", "alerts": []},
        {"type": "recording", "name": "r", "query": "x"},
    ]}]  # fmt: skip
    async with server.system(tmp_path) as system:
        sample = await read(system, 0)
    assert sample.alerts is not None
    firing, pending = sample.alerts
    assert (firing.name, firing.target, firing.severity, firing.state) == (
        "Slow", "api", "P2", "firing",
    )  # fmt: skip
    assert firing.summary == "slow␛[2J"
    assert (firing.value, firing.origin) == (0.2, "prometheus")
    assert (pending.name, pending.target, pending.state) == (
        "Slow instance=b:1", "prometheus", "pending",
    )  # fmt: skip
    assert pending.fires_at == pending.since + 60
    slow, sick = sample.rules
    assert "p95 is above 0.10 for 1m 00s" in slow.words
    assert slow.states == {"firing": 1, "pending": 1}
    assert sick.off == "it cannot evaluate it: too many"
    values = {one.signal: one.value for one in sample.readings}
    assert values == {"prometheus.up": 1.0, "prometheus.rules.failing": 1.0}


async def test_rule_files_are_evaluated_there_and_a_bad_one_costs_itself(tmp_path: Path) -> None:
    server = Server()
    server.series["p95 > 0.1"] = vector(({"route": "/a\x1b"}, "0.4"), ({"route": "/b"}, "0.2"))
    async with server.system(tmp_path, token=True) as system:
        slow, broken = (await read(system, 1)).readings
        server.series.clear()
        quiet = (await read(system, 1)).readings[0]
    assert (slow.signal, slow.value) == ("promql.Slow", 2.0)
    assert slow.note == "/a␛ takes 0.4s (1 more series)"
    assert broken.value is None
    assert "parse error␛[31m" in str(broken.rejected)
    assert (quiet.value, quiet.note) == (0.0, None)
    assert set(server.tokens) == {"Bearer canary"}


async def test_the_doctor_asks_which_series_there_are(tmp_path: Path) -> None:
    server = Server()
    server.series["count(up)"] = vector(({}, "3"))
    async with server.system(tmp_path) as system:
        index = system.series
        assert isinstance(index, SeriesIndex)
        assert [await index.exists(one) for one in ("up", "down")] == [True, False]
        assert await index.names() == ["p95", "up"]


async def test_the_answers_of_a_real_one_are_understood(tmp_path: Path) -> None:
    server = Server()
    server.groups = recorded("rules.json")["data"]["groups"]
    server.scraped = recorded("targets.json")["data"]["activeTargets"]
    async with server.system(tmp_path) as system:
        rules, targets = await read(system, 0), await read(system, 2)
    found = {alert.name: alert for alert in rules.alerts or ()}
    down, long = found["TargetDown instance=10.0.0.7:1"], found["LongPending instance=10.0.0.7:1"]
    assert (down.state, down.severity, down.summary) == (
        "firing",
        "P2",
        "10.0.0.7:1 of dead is down",
    )
    assert long.since - down.since == pytest.approx(597), "firing since its hold time had run"
    sick = next(one for one in rules.rules if one.name == "ManyToMany")
    assert str(sick.off).startswith("it cannot evaluate it: found duplicate series")
    (table,) = targets.tables
    assert table.note == "1 of 5 cannot be scraped"
    assert (table.rows[0].tone, table.rows[0].cells[0]) == ("fail", "dead")
    troubles = [row.detail["trouble"] for row in table.rows if "trouble" in row.detail]
    assert troubles == ["it cannot scrape dead 10.0.0.7:1: rules over its series see nothing"]
    server.told = []
    async with server.system(tmp_path) as system:
        (table,) = (await read(system, 2)).tables
    assert "tells no Alertmanager" in table.rows[-1].detail["trouble"]


async def test_a_store_without_targets_says_so_and_is_no_failure(tmp_path: Path) -> None:
    server = Server()
    for server.scraped, why in ((None, "scrapes nothing itself"), ([], "add scrape_configs")):
        async with server.system(tmp_path) as system:
            (table,) = (await read(system, 2)).tables
        assert why in str(table.missing)


@pytest.mark.parametrize("groups", [None, [{"rules": "x"}], [{"rules": [{"alerts": [1, {}]}]}]])
async def test_odd_answers_are_failures_or_nothing_never_more(tmp_path: Path, groups: Any) -> None:
    server = Server()
    server.groups = groups
    async with server.system(tmp_path) as system:
        if groups is None:
            with pytest.raises(ProbeFailure, match="no groups"):
                await read(system, 0)
        else:
            assert (await read(system, 0)).alerts == []


async def test_a_rule_of_a_file_fires_by_what_prometheus_finds(tmp_path: Path) -> None:
    server = Server()
    hit = vector(({"route": "/a"}, "0.4"))
    async with server.system(tmp_path) as system:
        made = Engine(
            Environment(
                name="test",
                alerts=Alerts(rules=[str(tmp_path / "rules.yml")]),
                prometheus=Prometheus(url="http://127.0.0.1:1"),
            ),
            Paths(tmp_path / "run", tmp_path / "state"), clock=RealClock(), version="1",
            resolve_secret=lambda _: Secret("x"),
            connect=lambda name, *_: system if name == "prometheus" else None,
        )  # fmt: skip
        await made.start(watching=False)
        states = []
        for found in ({}, {"p95 > 0.1": hit}):
            server.series = found
            view = await made.check(None, 5.0)
            states.append({a.name: (a.state, a.severity, a.summary) for a in view.alerts})
        assert states[0] == {}
        assert states[1] == {"Slow": ("pending", "P2", "/a takes 0.4s")}
        assert view.target("prometheus") is not None
        await made.close()
