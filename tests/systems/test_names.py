"""Names: what they lead to, whether the platform agrees, and what a bad resolver costs."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Api, Fly, Frontend
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.table import Table
from ainur_tui.systems.api.names import NamesProbe
from ainur_tui.systems.base import Sample
from ainur_tui.systems.dns import Resolver
from ainur_tui.systems.fly.client import FlyClient
from tests.systems.web import RealClock, app_server

KNOWN = {
    "api.ainur.network": ["137.66.0.1", "2a09:8280:1::1"],
    "app.ainur.network": ["76.76.21.21"],
    "old.ainur.network": ["203.0.113.9"],
}


def lookup(host: str, port: None, **kind: Any) -> list[Any]:
    if host not in KNOWN:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(0, 0, 0, "", (ip, 0)) for ip in KNOWN[host]]


def probe(platform: FlyClient | None, **more: str) -> NamesProbe:
    urls = {"api": "https://api.ainur.network", "frontend": "https://app.ainur.network"} | more
    return NamesProbe(
        Api(url=urls["api"], timeout=2), Frontend(url=urls["frontend"]), platform, RealClock(),
        Resolver(lookup),
    )  # fmt: skip


def table(sample: Sample) -> Table:
    (found,) = sample.tables
    return found


async def look(answers: dict[str, Any]) -> Table:
    async def answer(request: web.Request) -> web.Response:
        found = answers.get(request.path.rpartition("/")[2])
        return web.json_response(found, status=200 if found else 404)

    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", answer)
    async with app_server(app) as url:
        fly = Fly(url=url, web_url=url, token="t", timeout=2)
        client = FlyClient(fly, Secret("t"), clock=RealClock(), redact=Redactor())
        try:
            return table(await probe(client).read())
        finally:
            await client.close()


async def test_the_platform_agrees_or_does_not() -> None:
    found = await look(
        {
            "certificates": {
                "certificates": [
                    {"hostname": name} for name in (
                        "api.ainur.network", "old.ainur.network", "*.x.network",
                        "gone.ainur.network", "api.ainur.example",
                    )
                ]
            },
            "ip_assignments": {"ips": [{"ip": "137.66.0.1"}, {"ip": "2a09:8280:1::1"}]},
        }
    )  # fmt: skip
    rows = {row.key: row for row in found.rows}
    assert rows["api.ainur.network"].cells[3:5] == ["137.66.0.1, 2a09:8280:1::1", "agrees"]
    assert rows["app.ainur.network"].cells[3:5] == ["76.76.21.21", "—"]
    assert rows["old.ainur.network"].cells[4] == "not its address: 203.0.113.9"
    assert "Name or service not known" in str(rows["gone.ainur.network"].cells[3])
    assert {key: row.tone for key, row in rows.items()} == {
        "api.ainur.network": "none", "app.ainur.network": "none", "old.ainur.network": "warn",
        "*.x.network": "quiet", "gone.ainur.network": "fail", "api.ainur.example": "quiet",
    }  # fmt: skip
    assert found.missing is None


async def test_without_the_platforms_word_names_are_resolved_still() -> None:
    found = await look({})
    assert "not known" in (found.note or "")
    assert [row.cells[4] for row in found.rows] == ["—", "—"]
    assert found.rows[0].cells[3] == "137.66.0.1, 2a09:8280:1::1"


async def test_an_address_needs_no_resolver() -> None:
    found = table(await probe(None, api="http://127.0.0.1:8080").read())
    assert found.rows[0].cells == ["127.0.0.1", "API", None, "127.0.0.1", "—"]


async def test_a_name_that_moves_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    moving = probe(None)
    assert (await moving.read()).events == []
    monkeypatch.setitem(KNOWN, "api.ainur.network", ["137.66.0.1", "137.66.0.2"])
    assert (await moving.read()).events == []
    monkeypatch.setitem(KNOWN, "api.ainur.network", ["198.51.100.7"])
    (event,) = (await moving.read()).events
    assert (event.kind, event.target) == ("setting", "api")
    assert "api.ainur.network leads to 198.51.100.7, before to 137.66.0.1" in event.text


async def test_a_resolver_that_hangs_costs_one_deadline_and_one_thread() -> None:
    free = threading.Event()
    asked: list[str] = []

    def hang(host: str, port: None, **kind: Any) -> list[Any]:
        asked.append(host)
        free.wait(30)
        return []

    resolver = Resolver(hang)
    with pytest.raises(ProbeFailure, match=r"no answer within 0\.0"):
        await resolver.addresses("slow.example", 0.02)
    with pytest.raises(ProbeFailure, match="last question"):
        await resolver.addresses("slow.example", 0.02)
    assert asked == ["slow.example"]
    free.set()


async def test_what_is_no_name_is_told() -> None:
    with pytest.raises(ProbeFailure, match="does not resolve"):
        await Resolver().addresses("x" * 80 + ".example", 2)
