"""The API service on a real database: what it answers, and how it fails for real reasons."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from ainur_tui.demo.api.__main__ import application
from ainur_tui.demo.api.database import Database
from ainur_tui.demo.api.load import Load
from ainur_tui.demo.api.log import Log
from ainur_tui.demo.api.metrics import Metrics
from ainur_tui.demo.api.node import Node
from ainur_tui.demo.api.noise import BLOCK, HOSTILE, flood_block, make_noise
from ainur_tui.demo.api.orchestrator import Orchestrator
from ainur_tui.demo.api.service import SERVICE, Service
from ainur_tui.demo.service import free_port
from ainur_tui.demo.switches import ACTS, Switches
from tests.demo.conftest import House

pytestmark = pytest.mark.timeout(60)

Client = TestClient[web.Request, web.Application]
SAMPLE = re.compile(r'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+(Inf)?')


class Written(Log):
    """A log that keeps what would be written."""

    def __init__(self) -> None:
        super().__init__(machine_id="17810000000001")
        self.lines: list[bytes] = []

    def raw(self, lines: bytes, stream: int = 2) -> None:
        self.lines += lines.splitlines()

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith(b"{")]


@asynccontextmanager
async def api(
    url: str, directory: Path, *, node: str | None = None, shape: str = "code"
) -> AsyncIterator[Client]:
    log, metrics, rng = Written(), Metrics(), random.Random(1)
    database = Database(url, "ainur-api test")
    orchestrator = Orchestrator(database, metrics, log, rng)
    service = Service(
        machine="17810000000001", shape=shape, database=database, node=Node(node, metrics, log),
        orchestrator=orchestrator, metrics=metrics, zap=log, switches=Switches(directory), rng=rng,
        load=Load(database, Switches(directory)), fresh=Switches(directory).on("api-hung"),
    )  # fmt: skip
    work = [
        asyncio.create_task(each)
        for each in (database.connect(), service.node.watch(), orchestrator.run())
    ]
    try:
        async with TestClient(TestServer(application(service))) as client:
            yield client
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await database.close()
        log.close()


@pytest.fixture
async def client(house: House, tmp_path: Path) -> AsyncIterator[Client]:
    async with api(house.url(), tmp_path) as client:
        await until_health(client, 200)
        yield client


async def until_health(client: Client, status: int) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            async with client.get("/health") as answer:
                found: dict[str, Any] = await answer.json()
                if answer.status == status:
                    return found
            await asyncio.sleep(0.02)


async def until_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (the service under test tells nobody)
            await asyncio.sleep(0.02)


def service_of(client: Client) -> Service:
    app = client.app
    assert app is not None
    return app[SERVICE]


async def get(client: Client, path: str, status: int = 200) -> Any:
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_health_ready_and_detailed(client: Client) -> None:
    found = await get(client, "/health")
    assert found["status"] == "healthy"
    assert found.keys() == {"status", "timestamp", "uptime", "version"}
    assert (await get(client, "/ready"))["ready"] is True
    async with client.get("/health/detailed") as answer:
        assert answer.headers["X-Health-Status"] == "healthy"
        detailed = await answer.json()
    assert detailed["services"]["database"]["status"] == "healthy"
    assert detailed.keys() >= {"metrics", "runtime", "slo", "uptime_seconds"}
    assert (await get(client, "/metrics/health"))["status"] == "healthy"


async def test_summary_in_both_shapes(client: Client) -> None:
    code = await get(client, "/metrics/summary")
    assert code["counters"]["tasks_total"] == "N/A - requires metric query implementation"
    assert isinstance(code["gauges"]["tasks_in_queue"], int)
    guide = await get(client, "/metrics/summary?shape=guide")
    assert guide["http"].keys() == {"requests_total", "average_response_time"}


async def test_metrics_are_an_exposition_with_whole_histograms(client: Client) -> None:
    for _ in range(3):
        await get(client, "/api/v1/agents?limit=2")
    async with client.get("/metrics") as answer:
        text = await answer.text()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    assert 'ainur_api_requests_total{endpoint="/api/v1/agents",method="GET",status="200"} 3' in (
        samples
    )
    name = "ainur_api_request_duration_seconds"
    buckets = [int(s.rpartition(" ")[2]) for s in samples if s.startswith(f"{name}_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3
    assert f'{name}_count{{endpoint="/api/v1/agents",method="GET"}} 3' in samples
    for wanted in ("process_start_time_seconds", "process_resident_memory_bytes", "go_goroutines"):
        assert any(sample.startswith(wanted) for sample in samples)


async def test_agents_tasks_auctions_and_payments(client: Client) -> None:
    agents = (await get(client, "/api/v1/agents?status=online&limit=5"))["agents"]
    assert {agent["status"] for agent in agents} == {"online"}
    one = await get(client, f"/api/v1/agents/{agents[0]['id']}")
    assert isinstance(one["capabilities"], list)
    assert (await get(client, "/api/v1/auctions?limit=3"))["count"] == 3
    channel = (await get(client, "/api/v1/payments/channels"))["channels"][0]
    paid = {"channel_id": channel["id"], "amount": "0.01"}
    async with client.post("/api/v1/payments", json=paid) as answer:
        assert answer.status == 201
        assert (await answer.json())["sequence"] == channel["sequence"] + 1


async def test_a_task_is_queued_and_done_by_a_worker(client: Client) -> None:
    body = {"type": "plan", "budget": 12.5}
    async with client.post("/api/v1/tasks", json=body) as answer:
        assert answer.status == 202
        made = (await answer.json())["id"]
    await until_true(lambda: service_of(client).orchestrator.depth == 0)
    task = await get(client, f"/api/v1/tasks/{made}")
    assert task["status"] in {"completed", "failed"}
    assert task["budget"] == "12.50000000"


async def test_bad_requests_are_told_so(client: Client) -> None:
    await get(client, "/api/v1/agents/nonsense", 400)
    await get(client, "/api/v1/agents?limit=many", 400)
    await get(client, "/api/v1/tasks/00000000-0000-4000-8000-000000000000", 404)
    for body in ("{", '{"type": "plan"}', '{"type": "sing", "budget": 1}'):
        async with client.post("/api/v1/tasks", data=body) as answer:
            assert answer.status == 400


async def test_a_dead_database_turns_health_red_and_the_queue_grows(tmp_path: Path) -> None:
    url = f"postgresql://ainur_app:x@127.0.0.1:{free_port()}/ainur"
    async with api(url, tmp_path) as client:
        found = await until_health(client, 503)
        assert found["status"] == "unhealthy"
        assert found["error"].startswith("database: ")
        await get(client, "/api/v1/agents", 500)
        for _ in range(8):
            async with client.post("/api/v1/tasks", json={"type": "plan", "budget": 1}) as answer:
                assert answer.status == 202
        assert service_of(client).orchestrator.depth == 8
        assert (await get(client, "/ready", 503))["checks"]["database"] == "down"


async def test_the_pool_recovers_when_the_server_ends_its_sessions(
    client: Client, house: House
) -> None:
    import asyncpg

    monitor = await asyncpg.connect(house.url("ainur_monitor"))
    await monitor.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ainur_app'"
    )
    await monitor.close()
    assert (await until_health(client, 200))["status"] == "healthy"
    await get(client, "/api/v1/tasks")


async def test_a_dead_node_turns_health_red_too(house: House, tmp_path: Path) -> None:
    async with api(house.url(), tmp_path, node=f"http://127.0.0.1:{free_port()}") as client:
        await until_true(lambda: service_of(client).metrics.chain_calls.total > 2)
        found = await until_health(client, 503)
        assert "blockchain" in found["error"]
        await get(client, "/api/v1/agents")
        assert service_of(client).metrics.chain_up.total == 0


async def test_malformed_health(client: Client, tmp_path: Path) -> None:
    Switches(tmp_path).set("api-health-malformed", on=True)
    async with client.get("/health") as answer:
        assert answer.status == 200
        text = await answer.text()
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(text)


async def test_three_in_ten_fail_with_an_error_line(client: Client, tmp_path: Path) -> None:
    Switches(tmp_path).set("api-5xx", on=True)

    async def status() -> int:
        async with client.get("/api/v1/agents?limit=1") as answer:
            return answer.status

    statuses = await asyncio.gather(*(status() for _ in range(80)))
    assert 8 <= statuses.count(500) <= 40
    assert statuses.count(200) == 80 - statuses.count(500)
    log = service_of(client).zap
    assert isinstance(log, Written)
    errors = [line for line in log.messages() if line["level"] == "error"]
    assert len(errors) == statuses.count(500)


async def test_slow_requests_and_quick_health(client: Client, tmp_path: Path) -> None:
    Switches(tmp_path).set("api-slow", on=True)
    service = service_of(client)
    await asyncio.gather(*(get(client, "/api/v1/agents?limit=1") for _ in range(4)))
    assert min(seconds for _, seconds, _ in service.metrics.recent) >= 0.6
    assert (await get(client, "/health"))["status"] == "healthy"


async def test_hostile_lines_pass_as_they_are_and_the_flood_is_a_flood(tmp_path: Path) -> None:
    log, switches = Written(), Switches(tmp_path)
    switches.set("logs-hostile", on=True)
    switches.set("logs-flood", on=True)
    noise = asyncio.create_task(make_noise(log, switches, random.Random(1)))
    try:
        await until_true(lambda: len(log.lines) > 3 * BLOCK and HOSTILE[0] in log.lines)
    finally:
        noise.cancel()
        await asyncio.gather(noise, return_exceptions=True)
        log.close()
    assert all(json.loads(line)["level"] == "debug" for line in flood_block(log).splitlines())


async def test_a_stop_finishes_what_is_in_flight(house: House, tmp_path: Path) -> None:
    from ainur_tui.demo.service import serve

    async with api(house.url(), tmp_path) as client:
        await until_health(client, 200)
        service, port = service_of(client), free_port()
        Switches(tmp_path).set("api-slow", on=True)
        runner = await serve(application(service), port)
        async with ClientSession() as http:
            asked = asyncio.create_task(http.get(f"http://127.0.0.1:{port}/api/v1/agents"))
            await until_true(lambda: service.metrics.connections.total == 1)
            await runner.cleanup()
            assert (await asked).status == 200


async def test_a_hung_machine_answers_nothing_until_it_ends_and_a_new_one_is_well(
    house: House, tmp_path: Path
) -> None:
    switches = Switches(tmp_path)
    async with api(house.url(), tmp_path) as client:
        await until_health(client, 200)
        switches.set("api-hung", on=True)
        asked = asyncio.create_task(get(client, "/health"))
        done, _ = await asyncio.wait([asked], timeout=0.3)
        assert not done
        service_of(client).ending.set()  # told to stop: what it holds is let go
        assert (await asked)["status"] == "healthy"
    async with api(house.url(), tmp_path) as client:  # started after the others had hung
        await until_health(client, 200)


async def test_too_few_machines_are_slow_until_there_are_enough(
    house: House, tmp_path: Path
) -> None:
    switches = Switches(tmp_path)
    database = Database(house.url(), "ainur-api one")
    load, connecting = Load(database, switches), asyncio.create_task(database.connect())
    watching = asyncio.create_task(load.watch())
    others = [Database(house.url(), f"ainur-api {name}") for name in ("two", "three")]
    try:
        switches.set("api-overload", on=True)
        await until_true(lambda: load.crowded)
        more = [asyncio.create_task(other.connect()) for other in others]
        await until_true(lambda: not load.crowded)
    finally:
        for task in (connecting, watching, *more):
            task.cancel()
        await asyncio.gather(connecting, watching, *more, return_exceptions=True)
        for each in (database, *others):
            await each.close()


async def test_one_of_two_machines_is_chosen_to_hang(house: House, tmp_path: Path) -> None:
    switches = Switches(tmp_path)
    databases = [Database(house.url(), f"ainur-api {name}") for name in ("one", "two")]
    loads = [Load(database, switches) for database in databases]
    switches.set("api-machine-hung", on=True)
    work = [*(database.connect() for database in databases), *(load.watch() for load in loads)]
    watching = [asyncio.create_task(each) for each in work]
    try:
        await until_true(lambda: loads[0].chosen)
        assert not loads[1].chosen
        switches.set("api-machine-hung", on=False)
        await until_true(lambda: not loads[0].chosen)
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        for database in databases:
            await database.close()


def test_when_a_fault_came_and_went_is_kept(tmp_path: Path) -> None:
    switches = Switches(tmp_path)
    switches.set("api-hung", on=True)
    switches.set("api-hung", on=False)
    acts = [json.loads(line) for line in (tmp_path / ACTS).read_text().splitlines()]
    assert [(act["fault"], act["on"]) for act in acts] == [("api-hung", True), ("api-hung", False)]
    assert acts[0]["at"] <= acts[1]["at"]
