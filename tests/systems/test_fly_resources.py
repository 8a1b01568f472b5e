"""Volumes, certificates, and the platform's Prometheus."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Api, Environment, Fly
from ainur_tui.model.table import Row
from ainur_tui.systems.base import Probe
from ainur_tui.systems.fly.certificates import changes
from ainur_tui.systems.fly.system import connect
from ainur_tui.systems.system import System
from tests.systems.flyfake import TOKEN, iso
from tests.systems.flysystem import CONTEXT
from tests.systems.web import app_server

APP = "/v1/apps/zerostate-api"
ANSWERS: dict[str, Any] = {
    f"{APP}/volumes": [
        {
            "id": "vol_1", "name": "data", "state": "created", "size_gb": 3, "region": "sjc",
            "attached_machine_id": "a1", "created_at": iso(1e9), "snapshot_retention": 5,
            "encrypted": True, "host_status": "ok",
        },
        {"id": "vol_2", "host_status": "unreachable", "size_gb": "many"},
    ],
    f"{APP}/volumes/vol_1/snapshots": [
        {"id": "s1", "created_at": iso(1.1e9)}, {"id": "s2", "created_at": iso(1.2e9)},
    ],
    f"{APP}/certificates/api.ainur.example": {
        "hostname": "api.ainur.example", "configured": True, "status": "active",
        "certificates": [
            {"source": "custom", "expires_at": iso(4e9), "issuer": "Origin", "issued": []},
            {"source": "fly", "expires_at": iso(time.time() + 15 * 86400), "issuer": None,
             "issued": [{"type": "ecdsa", "expires_at": iso(time.time() + 15 * 86400),
                         "certificate_authority": "lets_encrypt"}]},
        ],
        "dns_requirements": {"a": ["137.66.0.1"], "aaaa": [], "cname": "zerostate-api.fly.dev"},
    },
    f"{APP}/certificates": {
        "certificates": [
            {"hostname": "api.ainur.example", "configured": True, "dns_provider": "cloudflare",
             "issued": [{"expires_at": iso(time.time() + 15 * 86400)}]},
            {"hostname": "old\x1b[31m.example", "configured": False},
        ]
    },
}  # fmt: skip


def vector(**values: str) -> dict[str, Any]:
    rows = [{"metric": {"instance": id}, "value": [1.0, v]} for id, v in values.items()]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}}


async def answer(request: web.Request) -> web.Response:
    if request.headers.get("authorization") != TOKEN:
        return web.json_response({"error": "unauthorized"}, status=401)
    if request.path.endswith("/query"):
        asked = request.query["query"]
        assert 'app="zerostate-api"' in asked
        if "mem_total" in asked:
            return web.json_response(vector(a1="512", b2="512"))
        if "mem_available" in asked:
            return web.json_response(vector(a1="112", b2="NaN"))
        return web.json_response(vector(a1="0.25"))
    found = ANSWERS.get(request.path)
    if found is None:
        return web.json_response({"error": "not found"}, status=404)
    return web.json_response(found)


def system(url: str, **changes: Any) -> System:
    fields: dict[str, Any] = {"url": url, "web_url": url, "token": TOKEN, "timeout": 2}
    fly = Fly(**(fields | changes))
    found = connect(Environment(api=Api(url=url, timeout=2), fly=fly), CONTEXT)
    assert found is not None
    return found


def named(found: System, name: str) -> Probe:
    return next(probe for probe in found.probes if probe.name == name)


async def test_volumes_and_certificates() -> None:
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", answer)
    async with app_server(app) as url:
        found = system(url)
        volumes, certificates = (await named(found, "fly.resources").read()).tables
        assert found.close is not None
        await found.close()
    assert [row.key for row in volumes.rows] == ["vol_1", "vol_2"]
    assert volumes.rows[0].cells[2:7] == ["created", 3 * 1024.0**3, "sjc", "a1", 1.2e9]
    assert volumes.rows[0].target == "api/machine/a1"
    assert volumes.rows[1].tone == "fail"
    assert volumes.rows[1].cells[3] is None
    assert [row.tone for row in certificates.rows] == ["warn", "fail"]
    first = certificates.rows[0]
    days = first.cells[2]
    assert isinstance(days, float)
    assert 14.9 < days < 15.1
    assert first.cells[3] == "lets_encrypt"
    assert first.detail["DNS wants A"] == "137.66.0.1"
    assert certificates.rows[1].cells[1:4] == ["no", None, None]
    assert "\x1b" not in str(certificates.rows[1].cells[0])


def a_certificate(host: str, expires: float | None = 2e9, issuer: str | None = "R11") -> Row:
    return Row(key=host, cells=[host, "yes", 3.0, issuer, expires, "active", ""])


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ([a_certificate("a", 2.1e9)], "expires 2033-05-18 → 2036-07-18"),
        ([a_certificate("a", issuer="E5")], "issuer R11 → E5"),
        ([a_certificate("a"), a_certificate("b")], "certificate of b: added"),
        ([], "certificate of a: removed"),
        ([a_certificate("a")], None),
        ([a_certificate("a", None, None)], None),
    ],
)
def test_a_renewal_is_an_event_and_a_detail_not_read_is_none(
    after: list[Row], words: str | None
) -> None:
    told = list(changes([a_certificate("a")], after, 1.9e9))
    assert [event.kind for event in told] == (["certificate"] if words else [])
    assert words is None or words in told[0].text


async def test_what_cannot_be_read_is_told_in_the_table() -> None:
    app = web.Application()
    async with app_server(app) as url:
        found = system(url)
        sample = await named(found, "fly.resources").read()
        assert found.close is not None
        await found.close()
    assert all("cannot be read" in (table.missing or "") for table in sample.tables)


async def test_a_platform_that_does_not_answer_is_told_in_the_table_too() -> None:
    app, free = web.Application(), asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await free.wait()
        return web.json_response([])

    app.router.add_route("GET", "/{path:.*}", hang)
    async with app_server(app) as url:
        found = system(url, timeout=0.3)
        samples = [await named(found, name).read() for name in ("fly.resources", "fly.secrets")]
        free.set()
        assert found.close is not None
        await found.close()
    missing = [table.missing for sample in samples for table in sample.tables]
    assert len(missing) == 3
    assert all("in time" in (words or "") for words in missing)


async def test_memory_and_processor() -> None:
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", answer)
    async with app_server(app) as url:
        found = system(url, prometheus_url=f"{url}/prometheus/ainur/api/v1")
        sample = await named(found, "fly.prometheus").read()
        assert found.close is not None
        await found.close()
    values = {(one.target, one.signal): (one.value, one.limit) for one in sample.readings}
    assert values == {
        ("api/machine/a1", "machine.cpu"): (0.25, None),
        ("api/machine/a1", "machine.memory"): (400, 512),
    }
    assert not any(probe.name == "fly.prometheus" for probe in system(url).probes)
