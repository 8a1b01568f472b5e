"""The API service: health, traffic over several processes, services, both shapes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.config.types import Api, Environment, Fly, SecretMissing, SecretSource
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.signal import Reading
from ainur_tui.systems.api.client import PIN, ApiClient
from ainur_tui.systems.api.health import HealthProbe
from ainur_tui.systems.api.metrics import WANTED, Look, Traffic, apart, process_of
from ainur_tui.systems.api.services import ServicesProbe, summary_shape
from ainur_tui.systems.api.system import connect
from ainur_tui.systems.api.traffic import TrafficProbe
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.fly.machines import Machine, parse_machine
from ainur_tui.systems.prometheus_text import Scrape, parse
from tests.systems.flyfake import machine
from tests.systems.web import RealClock, app_server

HEALTHY = {"status": "healthy", "timestamp": "x", "uptime": 12.5, "version": "1.4.2"}
DETAILED = {
    "status": "unhealthy", "version": "1.4.2",
    "services": {
        "database": {"status": "unhealthy", "message": "dial postgres://a:hunter22@h/db: refused",
                     "response_time_ms": 2000},
        "blockchain": {"status": "healthy", "response_time_ms": 3},
        "brand-new\x1b": {"status": "odd"},
        "broken": 7,
    },
}  # fmt: skip

Answers = dict[str, Any]


@asynccontextmanager
async def service(answers: Answers) -> AsyncIterator[tuple[Api, ApiClient]]:
    """A service that answers each path with (status, body) or by a function."""

    async def handle(request: web.Request) -> web.StreamResponse:
        given = answers.get(request.path, (404, {"error": "no such page"}))
        if callable(given):
            given = given(request)
        if asyncio.iscoroutine(given):
            given = await given
        status, body = given
        kind = "text/plain" if isinstance(body, str) else "application/json"
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with app_server(app) as url:
        section = Api(url=url, timeout=1, interval=2)
        client = ApiClient(section, clock=RealClock(), redact=Redactor())
        yield section, client
        await client.close()


async def health(answers: Answers) -> dict[str, Reading]:
    async with service(answers) as (section, client):
        sample = await HealthProbe(section, client, RealClock(), Redactor()).read()
        return {reading.signal: reading for reading in sample.readings}


async def test_a_healthy_api_tells_its_uptime_and_how_long_it_took() -> None:
    found = await health({"/health": (200, HEALTHY)})
    assert found["api.up"].value == 1
    assert found["api.uptime"].value == 12.5
    assert 0 < (found["api.health.seconds"].value or 0) < 10


async def test_an_unhealthy_database_is_named_and_its_password_is_not() -> None:
    found = await health(
        {"/health": (503, HEALTHY | {"status": "unhealthy"}), "/health/detailed": (503, DETAILED)}
    )
    up = found["api.up"]
    assert up.value == 0
    assert (up.note or "").startswith("503: database: dial postgres")
    assert "hunter22" not in (up.note or "")
    assert "brand-new␛" in (up.note or "")
    assert "most requests" not in (up.note or "")


async def test_a_lost_chain_is_told_to_leave_most_requests_alone() -> None:
    detailed = {"services": {"blockchain": {"status": "down"}, "database": {"status": "healthy"}}}
    found = await health(
        {"/health": (503, {"status": "unhealthy"}), "/health/detailed": (503, detailed)}
    )
    assert found["api.up"].note == "503: blockchain: down (most requests still work)"
    assert found["api.uptime"].value is None


async def test_details_that_do_not_come_do_not_delay_the_verdict() -> None:
    async def slow(_: web.Request) -> tuple[int, Any]:
        await asyncio.sleep(5)
        return 200, {}

    found = await health({"/health": (503, {"status": "unhealthy"}), "/health/detailed": slow})
    assert found["api.up"].note == "503: unhealthy"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((200, '{"status": "heal'), "bad answer", "bad JSON at position"),
        ((200, "<html>log in</html>"), "bad answer", "JSON"),
        ((200, {"state": "ok"}), "bad answer", "JSON of /health has no status"),
        ((200, []), "bad answer", "JSON"),
        ((503, "no machine is healthy"), "unavailable", "503 to GET /health: no machine"),
        ((500, {"error": "x"}), "unavailable", "500"),
        ((429, {"error": "rate limit exceeded"}), "rate limited", "rate limit exceeded"),
    ],
)
async def test_answers_that_are_not_health(answer: Any, kind: str, words: str) -> None:
    with pytest.raises(ProbeFailure) as caught:
        await health({"/health": answer})
    assert caught.value.kind == kind
    assert words in str(caught.value)


async def test_a_200_that_calls_itself_unhealthy_is_not_up() -> None:
    found = await health({"/health": (200, {"status": "unhealthy", "uptime": "N/A"})})
    assert found["api.up"].value == 0
    assert found["api.uptime"].value is None


# Traffic.


def exposition(
    start: float, ok: int, bad: int = 0, slow: int = 0, **gauges: float
) -> str:  # fmt: skip
    count = ok + bad
    lines = [
        f'ainur_api_requests_total{{endpoint="/a",method="GET",status="200"}} {ok}',
        f'ainur_api_requests_total{{endpoint="/a",method="GET",status="503"}} {bad}',
        f'ainur_api_request_duration_seconds_bucket{{endpoint="/a",le="0.1"}} {count - slow}',
        f'ainur_api_request_duration_seconds_bucket{{endpoint="/a",le="1.0"}} {count}',
        f'ainur_api_request_duration_seconds_bucket{{endpoint="/a",le="+Inf"}} {count}',
        f'ainur_api_request_duration_seconds_sum{{endpoint="/a"}} {count * 0.05}',
        f'ainur_api_request_duration_seconds_count{{endpoint="/a"}} {count}',
        f"process_start_time_seconds {start}",
        f"process_resident_memory_bytes {50e6}",
        f"process_cpu_seconds_total {count / 100}",
        *(f"{name} {value}" for name, value in gauges.items()),
    ]
    return "\n".join(lines)


def glance(text: str, ticks: float, machine: str | None = None) -> Look:
    scrape = parse(text.encode(), WANTED)
    return Look(process_of(scrape, machine), scrape, ticks, ticks, machine)


def test_rates_are_added_up_over_processes() -> None:
    traffic = Traffic()
    assert traffic.window([glance(exposition(1, 100), 0), glance(exposition(2, 900), 0)]) is None
    found = traffic.window([glance(exposition(1, 120, 4), 2), glance(exposition(2, 940), 2)])
    assert found is not None
    assert found.rate == pytest.approx((24 + 40) / 2)
    assert found.error_ratio == pytest.approx(4 / 64)
    assert found.p95 == pytest.approx(0.095)
    assert found.mean == pytest.approx(0.05)


def test_a_restart_gives_no_giant_and_no_negative_rate() -> None:
    traffic = Traffic()
    traffic.window([glance(exposition(1, 100_000), 0)])
    assert traffic.window([glance(exposition(9, 5), 2)]) is None
    found = traffic.window([glance(exposition(9, 15), 4)])
    assert found is not None
    assert found.rate == 5


def test_several_processes_behind_one_address_in_turn() -> None:
    traffic = Traffic()
    for ticks, start, ok in ((0, 1, 100), (2, 2, 9000), (4, 1, 140), (6, 2, 9040)):
        found = traffic.window([glance(exposition(start, ok), ticks)])
    assert found is not None
    assert found.rate == 10


def test_the_window_is_at_least_about_two_seconds() -> None:
    traffic = Traffic()
    for tick in range(11):
        found = traffic.window([glance(exposition(1, tick * 10), tick * 0.5)])
    assert found is not None
    assert found.seconds == pytest.approx(2.0)


def test_no_requests_is_neither_zero_nor_all() -> None:
    traffic = Traffic()
    traffic.window([glance(exposition(1, 5), 0)])
    found = traffic.window([glance(exposition(1, 5), 2)])
    assert found is not None
    assert (found.rate, found.error_ratio, found.p95, found.mean) == (0, None, None, None)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 10**6)), max_size=30))
def test_no_order_of_answers_gives_a_negative_rate(seen: list[tuple[int, int]]) -> None:
    traffic = Traffic()
    for ticks, (start, ok) in enumerate(seen):
        found = traffic.window([glance(exposition(start, ok), float(ticks))])
        assert found is None or found.rate >= 0


def test_one_process_seen_twice_counts_once() -> None:
    text = exposition(7, 10)
    assert len(apart([glance(text, 0, "a1"), glance(text, 0, "b2")])) == 1
    assert process_of(Scrape(), "a1") != process_of(Scrape(), "b2")


class Roster:
    """Two machines that run."""

    async def awake(self) -> list[Machine]:
        found = [parse_machine(machine(id)) for id in ("a1", "b2")]
        return [m for m in found if m is not None]


async def traffic_of(
    metrics: Callable[[web.Request], Any], roster: Any = None, reads: int = 1
) -> Sample:
    async with service({"/metrics": metrics}) as (section, client):
        probe = TrafficProbe(section, client, RealClock(), roster, pause=0.02)
        for _ in range(reads):
            sample = await probe.read()
        return sample


def by_name(sample: Sample) -> dict[tuple[str, str], Reading]:
    return {(reading.target, reading.signal): reading for reading in sample.readings}


async def test_the_first_read_has_rates_and_asks_every_machine() -> None:
    asked: list[str | None] = []

    def metrics(request: web.Request) -> tuple[int, str]:
        pinned = request.headers.get(PIN)
        asked.append(pinned)
        count = 100 * len(asked)
        gauges = {"ainur_tasks_in_queue": 3, "ainur_agents_registered_total": 12}
        return 200, exposition(1 if pinned == "a1" else 2, count, count // 10, **gauges)

    found = by_name(await traffic_of(metrics, Roster()))
    assert sorted(map(str, asked)) == ["a1", "a1", "b2", "b2"]
    assert (found["api", "api.requests.rate"].value or 0) > 0
    assert found["api", "api.errors.ratio"].value == pytest.approx(1 / 11)
    assert found["api", "api.latency.p95"].value == pytest.approx(0.095)
    assert found["api", "api.queue"].value == 6
    assert found["api", "api.agents"].value == 12
    assert found["api", "api.connections"].value is None
    memory = found["api/machine/a1", "machine.memory"]
    assert (memory.value, memory.limit) == (50e6, 512 * 2**20)
    assert (found["api/machine/b2", "machine.cpu"].value or 0) > 0


async def test_one_machine_that_does_not_answer_costs_only_itself() -> None:
    count = 0

    def metrics(request: web.Request) -> tuple[int, Any]:
        nonlocal count
        count += 10
        return (503, "gone") if request.headers[PIN] == "a1" else (200, exposition(2, count))

    found = by_name(await traffic_of(metrics, Roster()))
    assert (found["api", "api.requests.rate"].value or 0) > 0
    assert ("api/machine/a1", "machine.memory") not in found


async def test_a_second_look_that_fails_leaves_the_first_ones_gauges() -> None:
    asked = 0

    def metrics(_: web.Request) -> tuple[int, str]:
        nonlocal asked
        asked += 1
        gauges = {"ainur_tasks_in_queue": 7}
        return (200, exposition(1, 10, **gauges)) if asked == 1 else (503, "busy")

    found = by_name(await traffic_of(metrics))
    assert found["api", "api.queue"].value == 7
    assert found["api", "api.requests.rate"].value is None
    assert "second look" in (found["api", "api.requests.rate"].note or "")


async def test_none_that_answers_is_a_failure() -> None:
    with pytest.raises(ProbeFailure) as caught:
        await traffic_of(lambda _: (503, "no machine"), Roster())
    assert caught.value.kind == "unavailable"


async def test_without_fly_the_same_process_is_met_again() -> None:
    asked = 0

    def metrics(request: web.Request) -> tuple[int, str]:
        nonlocal asked
        assert PIN not in request.headers
        asked += 1
        return 200, exposition(asked % 2, 100 * asked)

    found = by_name(await traffic_of(metrics))
    assert (found["api", "api.requests.rate"].value or 0) > 0


async def test_the_names_of_the_guide() -> None:
    asked = 0

    def metrics(_: web.Request) -> tuple[int, str]:
        nonlocal asked
        asked += 1
        return 200, (
            f'http_requests_total{{status="200"}} {90 * asked}\n'
            f'http_requests_total{{status="502"}} {10 * asked}\n'
            'http_request_duration_seconds{quantile="0.95"} 0.25\n'
            'http_request_duration_seconds{quantile="0.5"} NaN\n'
        )

    found = by_name(await traffic_of(metrics))
    assert found["api", "api.errors.ratio"].value == pytest.approx(0.1)
    p95 = found["api", "api.latency.p95"]
    assert p95.value == 0.25
    assert "ready-made" in (p95.note or "")
    assert "http_requests_total" in found["api", "api.requests.rate"].source


async def test_series_that_are_not_there_are_told() -> None:
    found = by_name(await traffic_of(lambda _: (200, "other_total 1\n")))
    for signal in ("api.requests.rate", "api.latency.p95", "api.errors.ratio", "api.queue"):
        assert found["api", signal].value is None
        assert "no such series" in (found["api", signal].note or "")


# Services and summary.


async def tables(answers: Answers) -> dict[str, Any]:
    async with service(answers) as (section, client):
        sample = await ServicesProbe(section, client, RealClock(), Redactor()).read()
        return {table.name: table for table in sample.tables}


async def test_services_known_or_not_are_shown() -> None:
    found = (await tables({"/health/detailed": (503, DETAILED)}))["api.services"]
    rows = {row.key: row for row in found.rows}
    assert rows.keys() == {"database", "blockchain", "brand-new␛", "broken"}
    assert rows["database"].cells[1:3] == ["unhealthy", 2.0]
    assert rows["database"].tone == "fail"
    assert rows["blockchain"].tone == "ok"
    assert "hunter22" not in str(found)
    assert found.note == "unhealthy · 1.4.2"


async def test_health_is_a_tree_down_to_the_single_check() -> None:
    detailed = {
        "services": {
            "database": {
                "status": "unhealthy", "last_check": "2026-11-24T14:00:00Z",
                "checks": {"ping": True, "pool": {"status": "down", "message": "password=hunter22",
                                                  "response_time_ms": 40}},
            },
            "queue": {"status": "healthy", "dependencies": [{"name": "disk", "status": "ok"}]},
        },
        "slo": {"uptime_slo_status": "violated", "current_uptime_percent": 0.0,
                "uptime_target_percent": 99.9, "error_slo_status": "met"},
    }  # fmt: skip
    found = (await tables({"/health/detailed": (503, detailed)}))["api.services"]
    assert [(row.depth, row.cells[0], row.cells[1], row.tone) for row in found.rows] == [
        (0, "database", "unhealthy", "fail"), (1, "ping", "healthy", "ok"),
        (1, "pool", "down", "fail"), (0, "queue", "healthy", "ok"), (1, "disk", "ok", "ok"),
        (0, "objectives", "1 of 2 missed", "warn"), (1, "uptime", "violated", "warn"),
        (1, "errors", "met", "ok"),
    ]  # fmt: skip
    assert found.rows[0].cells[3] == 1_795_528_800.0
    assert found.rows[2].cells[2] == 0.04
    assert found.rows[2].key == "database/pool"
    assert found.rows[6].cells[4] == "0 %, objective 99.9 %"
    assert "hunter22" not in str(found)


@pytest.mark.parametrize(
    ("summary", "shape"),
    [
        ({"counters": {"tasks_total": "N/A - requires metric query implementation"},
          "gauges": {"tasks_in_queue": 4}}, "repository"),
        ({"http": {"requests_total": 4}, "agents": {"online": "N/A"}}, "guide"),
        ({"x": 4, "y": "N/A"}, "unknown"),
    ],
)  # fmt: skip
async def test_both_shapes_of_the_summary(summary: dict[str, Any], shape: str) -> None:
    assert summary_shape(summary) == shape
    found = (await tables({"/metrics/summary": (200, summary)}))["api.summary"]
    assert found.note == f"{shape} shape"
    values = {row.cells[1] for row in found.rows}
    assert values == {4.0, None}
    assert [row.tone for row in found.rows if row.cells[1] is None] == ["quiet"]


async def test_pages_that_are_not_there_are_said_to_be_missing() -> None:
    found = await tables({})
    assert "does not exist" in found["api.services"].missing
    assert "404" in found["api.summary"].missing


# Connecting.


def secret(source: SecretSource) -> Secret:
    if not isinstance(source, str):
        raise SecretMissing("not set")
    return Secret(source)


async def test_an_api_is_connected_where_its_address_is_no_placeholder() -> None:
    context = Context("test", RealClock(), Redactor(), Tools(lambda _: None), secret)
    assert connect(Environment(), context) is None
    assert connect(Environment(api=Api(url="https://api.your-domain.com")), context) is None
    for fly in (None, Fly(token="fm2_x")):
        found = connect(Environment(api=Api(url="http://127.0.0.1:1"), fly=fly), context)
        assert found is not None
        assert [probe.name for probe in found.probes] == [
            "api.health",
            "api.metrics",
            "api.services",
            "api.debug",
            "api.names",
        ]
        assert found.close
        await found.close()
