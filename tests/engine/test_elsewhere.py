"""Silences of an Alertmanager: in the inventory beside ours, and ended there by name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiohttp import web

from ainur_tui.config.types import Alertmanager, Environment
from ainur_tui.demo.alertmanager import Alertmanager as Server
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.service import Engine
from ainur_tui.model.alert import Silence
from ainur_tui.model.alertcalls import Inventory, SilenceCall, UnsilenceCall
from ainur_tui.model.failure import Refused
from ainur_tui.systems.alertmanager.system import connect
from ainur_tui.systems.base import Context
from ainur_tui.systems.system import System
from tests.engine.engines import hello, paths, resolve, until
from tests.systems.web import app_server

MIRA, READER = hello(), hello("read")


class There:
    """An Alertmanager with one alert of others that jon silenced, and an engine that reads it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        section = Alertmanager(url=url, interval=0.2)
        self.engine = Engine(
            Environment(name="test", host=None, alertmanager=section), paths(folder),
            clock=SystemClock(), version="1", resolve_secret=resolve, connect=self._connect,
        )  # fmt: skip

    def _connect(self, name: str, own: Environment, context: Context) -> System | None:
        return connect(own, context) if name == "alertmanager" else None

    async def begin(self, *, watching: bool = True) -> None:
        matcher = {"name": "alertname", "value": "Disk", "isRegex": False}
        async with httpx.AsyncClient() as http:
            alert = {"labels": {"alertname": "Disk", "target": "db"}}
            await http.post(f"{self.url}/api/v2/alerts", json=[alert])
            body = {"matchers": [matcher], "startsAt": "2026-11-30T02:00:00Z", "createdBy": "jon",
                    "endsAt": "2096-10-02T00:00:00Z", "comment": "known"}  # fmt: skip
            await http.post(f"{self.url}/api/v2/silences", json=body)
        await self.engine.start(watching=watching)

    async def call(self, method: str, params: Any = None, who: Any = MIRA) -> Any:
        raw = msgspec.Raw(msgspec.json.encode(params) if params is not None else b"{}")
        return await self.engine.call(method, raw, who)

    async def theirs(self) -> Silence:
        await until(lambda: any(one.silences for one in self.engine.board.foreign().values()))
        found: Inventory = await self.call("alerts.rules", who=READER)
        (view,) = [one for one in found.silences if one.silence.origin != "ours"]
        assert (view.mutes, view.over) == (1, False)
        return view.silence

    async def record(self) -> list[tuple[str, str]]:
        return [(one.state, one.operator) for one in await self.engine.journal.entries()]


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, set[str]]]:
    """Its address, and the methods it refuses."""
    refused: set[str] = set()

    @web.middleware
    async def refusing(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method in refused:
            return web.json_response("not yours", status=403)
        answer: web.StreamResponse = await handler(request)
        return answer

    app = Server().application()
    app.middlewares.append(refusing)
    async with app_server(app) as url:
        yield url, refused


async def test_it_is_listed_and_ended_there_with_the_operators_name(
    tmp_path: Path, server: tuple[str, set[str]]
) -> None:
    there = There(tmp_path, server[0])
    await there.begin()
    one = await there.theirs()
    assert (one.name, one.by, one.origin) == ("Disk", "jon", "alertmanager")
    with pytest.raises(Refused) as refused:
        await there.call("alerts.unsilence", UnsilenceCall(id=one.id), READER)
    assert refused.value.code == 77
    with pytest.raises(Refused, match="the alertmanager keeps it"):
        await there.call("alerts.silence", SilenceCall(id=one.id, seconds=60))
    ended = await there.call("alerts.unsilence", UnsilenceCall(id=one.id))
    assert ended.until <= there.engine.now()
    (alert,) = there.engine.view().alerts
    assert alert.silence is None, "it was looked again at once"
    assert (await there.call("alerts.rules")).silences == []
    async with httpx.AsyncClient() as http:
        kept = json.loads((await http.get(f"{server[0]}/api/v2/silence/{one.id}")).text)
        assert kept["status"]["state"] == "expired"
    assert await there.record() == [("silence ending", "mira"), ("silence ended", "mira")]
    said = "mira ended the silence of Disk on every target in the alertmanager"
    assert [event.text for event in there.engine.view().events if "mira" in event.text] == [said]
    with pytest.raises(Refused, match="there is no silence"):
        await there.call("alerts.unsilence", UnsilenceCall(id=one.id))
    await there.engine.close()


async def test_a_refusal_is_told_in_words_and_on_the_record(
    tmp_path: Path, server: tuple[str, set[str]]
) -> None:
    there = There(tmp_path, server[0])
    await there.begin()
    one = await there.theirs()
    server[1].add("DELETE")
    with pytest.raises(Refused, match=r"not say that the silence of Disk on .* is over: .*403"):
        await there.call("alerts.unsilence", UnsilenceCall(id=one.id))
    assert await there.record() == [("silence ending", "mira"), ("silence not ended", "mira")]
    assert (await there.theirs()).id == one.id, "it holds, and is shown to hold"
    server[1].add("GET")
    await until(lambda: any(one.failing for one in there.engine.board.foreign().values()))
    assert "(as it was " in (await there.theirs()).reason, "what is old is told to be"
    await there.engine.close()


async def test_without_an_engine_they_are_asked_for_once(
    tmp_path: Path, server: tuple[str, set[str]]
) -> None:
    there = There(tmp_path, server[0])
    await there.begin(watching=False)
    (view,) = (await there.call("alerts.rules")).silences
    assert (view.silence.by, view.mutes) == ("jon", 1)
    await there.engine.close()
