"""A Loki as a source: every line once, also those of one nanosecond and those that come late."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Environment, Host, LogFile, Logs, Loki, LokiStream
from ainur_tui.demo.loki import Loki as Miniature
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context
from ainur_tui.systems.logsource import RawBatch
from ainur_tui.systems.loki import logs
from ainur_tui.systems.loki.client import LokiClient
from ainur_tui.systems.loki.logs import LokiSource
from ainur_tui.systems.loki.system import connect
from tests.systems.test_journald import context
from tests.systems.web import FakeClock, app_server

__all__ = ["context"]

NOW = 1_795_514_400
NS = 1_000_000_000
EDGE = NOW * NS


class FakeLoki(Miniature):
    """The miniature's, with what it was asked; ``broken`` is its next answer, once."""

    def __init__(self, most: int = 5000, broken: web.Response | None = None) -> None:
        super().__init__(most)
        self.broken = broken
        self.asked: list[dict[str, str]] = []
        self.headers: list[Any] = []

    def put(self, ns: int, line: str, labels: dict[str, str] | None = None, **own: str) -> None:
        self.entries.append((ns, labels or {"app": "edge"}, line, own))

    @web.middleware
    async def told(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        self.headers.append(request.headers)
        broken, self.broken = self.broken, None
        return broken or await handler(request)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "QUICKEST", 0.005)
    monkeypatch.setattr(logs, "SLOWEST", 0.01)


@asynccontextmanager
async def source(
    loki: FakeLoki, token: str | None = None, **section: Any
) -> AsyncIterator[tuple[LokiSource, FakeClock]]:
    clock = FakeClock(float(NOW))
    async with app_server(loki.application(middlewares=[loki.told])) as base:
        client = LokiClient(
            Loki(url=base, **section), Secret(token) if token else None,
            clock=clock, redact=Redactor(),
        )  # fmt: skip
        yield LokiSource("edge", "frontend", '{app="edge"}', client, clock), clock
        await client.close()


async def taken(batches: AsyncIterator[RawBatch], count: int) -> list[str]:
    """So many lines, and none beyond them in the next answers."""
    found: list[str] = []
    async for batch in batches:
        found += [line.text for line in batch.lines]
        if len(found) >= count and not batch.lines:
            return found
    raise AssertionError("it ended")


async def test_lines_carry_what_their_labels_say() -> None:
    loki = FakeLoki()
    loki.put(EDGE - 5, "boom", {"app": "edge", "level": "error", "instance": "web1"}, trace="t1")
    loki.put(EDGE - 4, "calm", {"app": "edge"})
    async with (
        source(loki, "s3cret-token", user="12", tenant="ainur") as (edge, _),
        aclosing(edge.batches(None)) as batches,  # type: ignore[type-var]
    ):
        first = await anext(batches)
    boom, calm = first.lines
    assert (boom.text, boom.level, boom.machine) == ("boom", "error", "web1")
    assert boom.fields == {"app": "edge", "trace": "t1"}
    assert (calm.at, calm.level, calm.fields) == (NOW - 4 / NS, None, {"app": "edge"})
    (headers,) = loki.headers
    assert headers["X-Scope-OrgID"] == "ainur"
    assert base64.b64decode(headers["Authorization"].split()[1]) == b"12:s3cret-token"
    assert loki.asked[0]["query"] == '{app="edge"}'


async def test_each_line_comes_once_whatever_shares_its_nanosecond_or_comes_late() -> None:
    loki = FakeLoki()
    for number in range(5):
        loki.put(EDGE + number // 3, f"line {number}")
    async with (
        source(loki) as (edge, clock),
        aclosing(edge.batches(None)) as batches,  # type: ignore[type-var]
    ):
        assert await taken(batches, 5) == [f"line {n}" for n in range(5)]
        loki.put(EDGE + 1, "of the newest nanosecond")
        loki.put(EDGE + 1, "line 4", {"app": "edge", "zone": "b"})
        loki.put(EDGE - 4 * NS, "late")
        clock.at += 2
        assert sorted(await taken(batches, 3)) == ["late", "line 4", "of the newest nanosecond"]
        assert await taken(batches, 0) == []


async def test_after_a_break_it_goes_on_where_it_was() -> None:
    loki = FakeLoki()
    loki.put(EDGE, "before")
    async with source(loki) as (edge, _):
        async with aclosing(edge.batches(None)) as batches:  # type: ignore[type-var]
            assert await taken(batches, 1) == ["before"]
            loki.broken = web.Response(status=503, text="ingester not ready")
            with pytest.raises(ProbeFailure, match="ingester not ready"):
                await taken(batches, 1)
        for number in range(3):
            loki.put(EDGE + number, f"meanwhile {number}")
        async with aclosing(edge.batches(float(NOW))) as batches:  # type: ignore[type-var]
            assert await taken(batches, 3) == [f"meanwhile {n}" for n in range(3)]


async def test_many_lines_come_in_pages_as_large_as_it_gives() -> None:
    loki = FakeLoki(most=700)
    for number in range(5000):
        loki.put(EDGE + number // 7, f"line {number}")
    async with (
        source(loki) as (edge, _),
        aclosing(edge.batches(NOW - 1.0)) as batches,  # type: ignore[type-var]
    ):
        first = await anext(batches)
        assert (len(first.lines), first.dropped, first.gap_since) == (500, None, NOW - 1.0)
        for number in range(5000):
            loki.put(EDGE + 1000 + number // 7, f"more {number}")
        assert await taken(batches, 5000) == [f"more {n}" for n in range(5000)]
    assert {int(asked["limit"]) for asked in loki.asked[1:]} <= {1000, 625, 500}


async def test_more_in_one_nanosecond_than_a_page_is_a_gap() -> None:
    loki = FakeLoki(most=50)
    loki.put(EDGE, "first")
    async with (
        source(loki) as (edge, _),
        aclosing(edge.batches(None)) as batches,  # type: ignore[type-var]
    ):
        assert await taken(batches, 1) == ["first"]
        for number in range(120):
            loki.put(EDGE + 5, f"line {number}")
        loki.put(EDGE + 9, "after")
        seen: list[str] = []
        gaps = []
        async for batch in batches:
            seen += [line.text for line in batch.lines]
            gaps += [batch.gap_since] if batch.dropped is None else []
            if "after" in seen:
                break
    assert seen[:20] == [f"line {number}" for number in range(20)]
    assert seen[-1] == "after"
    assert gaps == [NOW + 5 / NS]


@pytest.mark.parametrize(
    "body",
    [
        "[]", "{}", '{"data":{"resultType":"matrix","result":[]}}',
        '{"data":{"resultType":"streams","result":[{"stream":{},"values":[["soon","x"]]}]}}',
        '{"data":{"resultType":"streams","result":[{"values":[[1,2]]}]}}', "<html>", "",
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_a_failure_with_a_reason(body: str) -> None:
    loki = FakeLoki(broken=web.Response(text=body))
    async with (
        source(loki) as (edge, _),
        aclosing(edge.batches(None)) as batches,  # type: ignore[type-var]
    ):
        with pytest.raises(ProbeFailure) as failed:
            await anext(batches)
    assert failed.value.kind == "bad answer"


def test_streams_are_sources_with_names_of_their_own(context: Context) -> None:
    def named(*streams: LokiStream, **more: Any) -> list[str]:
        loki = Loki(url="http://127.0.0.1:1", streams=list(streams))
        system = connect(Environment(name="t", loki=loki, **more), context)
        assert system is not None
        return [source.name for source in system.logs]

    edge = LokiStream(name="edge", query='{app="edge"}')
    assert named(edge, LokiStream(name="far", query='{app="far"}')) == ["edge", "far"]
    assert connect(Environment(name="t"), context).logs == ()
    with pytest.raises(ProbeFailure, match="two log sources"):
        named(edge, logs=Logs(files=[LogFile(name="edge", path="/a")]), host=Host())
    with pytest.raises(ProbeFailure, match="needs the section postgres"):
        named(LokiStream(name="edge", query="{}", target="db"))
