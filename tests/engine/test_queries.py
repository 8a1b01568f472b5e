"""Saved queries over an engine: a value with its age, or why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ainur_tui.config.systems import Query
from ainur_tui.config.types import Environment, Prometheus
from ainur_tui.engine import queries
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.service import Engine
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.querycalls import QueryAnswer, QueryCall
from ainur_tui.systems.base import Context
from ainur_tui.systems.httpfailures import HttpFailure
from ainur_tui.systems.seriesindex import Past, Series, SeriesIndex
from ainur_tui.systems.system import System
from tests.engine.engines import Little, hello, paths, resolve

RATE = "sum(rate(ainur_api_requests_total[5m]))"


class Index(SeriesIndex):
    """Answers from a table."""

    peer = "127.0.0.1:9090"

    def __init__(self) -> None:
        self.known: dict[str, list[Series]] = {}
        self.failure: Exception | None = None
        self.hangs = False

    async def exists(self, selector: str) -> bool:
        return selector in self.known

    async def names(self) -> list[str]:
        return ["ainur_api_requests_total", "up"]

    async def query(self, expr: str) -> list[Series]:
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure:
            raise self.failure
        return self.known.get(expr, [])

    async def past(self, expr: str, start: float, end: float, step: float) -> list[Past]:
        return [({}, [(start, 1.0), (start + 2 * step, 3.0), (end + 10 * step, 9.0)])]


class House:
    def __init__(self, folder: Path, index: Index | None) -> None:
        self.little = Little()
        own = {"mine": Query(expr="up", title="Mine\x1b", unit="count")}
        section = Prometheus(url="http://127.0.0.1:1", queries=own) if index else None

        def connect(name: str, environment: Environment, context: Context) -> System | None:
            if name == "prometheus" and index:
                return System(name, (), series=index)
            return self.little.connect(name, environment, context)

        self.engine = Engine(
            Environment(name="test", prometheus=section), paths(folder), clock=SystemClock(),
            version="1", resolve_secret=resolve, connect=connect,
        )  # fmt: skip

    async def ask(self, **call: Any) -> list[QueryAnswer]:
        raw = msgspec.Raw(msgspec.json.encode(QueryCall(**call)))
        found: list[QueryAnswer] = await self.engine.call("queries", raw, hello("read"))
        return found


Open = Callable[[Index | None], Any]


@pytest.fixture
def open_house(tmp_path: Path) -> Any:
    made: list[House] = []

    async def begin(index: Index | None) -> House:
        made.append(House(tmp_path, index))
        await made[0].engine.start(watching=False)
        return made[0]

    return begin


async def test_a_value_has_an_age_a_past_and_words(open_house: Open) -> None:
    index = Index()
    index.known = {RATE: [({}, 25.0)],
                   "time() - max(timestamp(ainur_api_requests_total))": [({}, 4.0)]}  # fmt: skip
    house = await open_house(index)
    (one,) = await house.ask(name="api-request-rate", seconds=600)
    assert (one.expr, one.source, one.age) == (RATE, index.peer, 4.0)
    assert one.problem is None
    assert one.words.startswith("the sum of the increase per second")
    (row,) = one.rows
    assert row.value == 25.0
    assert (row.past[:3], len(row.past)) == ([1.0, None, 3.0], 121)
    every = {answer.query.name: answer for answer in await house.ask()}
    assert (every["mine"].query.title, every["mine"].query.origin) == ("Mine␛", "user")
    await house.engine.close()


async def test_why_there_is_no_value_and_what_is_read_here(open_house: Open) -> None:
    index = Index()
    house = await open_house(index)
    (one,) = await house.ask(name="api-request-rate")
    assert one.problem == "there is no series ainur_api_requests_total now"
    assert "prometheus.queries.api-request-rate" in one.hints[-1]
    index.known = {
        f"time() - max(timestamp({selector}))": [({}, 1.0)]
        for selector in ("ainur_api_requests_total", 'ainur_api_requests_total{status=~"5.."}')
    }
    (one,) = await house.ask(name="api-error-ratio")
    assert one.problem == "no request came within 5 minutes: there is no share of nothing"
    (one,) = await house.ask(expr="uptime")
    assert one.hints == ["did you mean up?"]
    assert one.instead == []
    index.failure = HttpFailure("bad answer", "400 to GET /q: parse error", 400)
    (one,) = await house.ask(expr="up >")
    assert (one.problem, one.bad) == ("not understood there: parse error", True)
    index.failure = ProbeFailure("refused", "127.0.0.1:9090")
    (one,) = await house.ask(expr="up")
    assert (one.failed, one.bad) == (True, False)
    assert one.problem == "nothing listens there: 127.0.0.1:9090"
    await house.engine.close()


async def test_one_that_hangs_is_given_up(open_house: Open, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, "DEADLINE", 0.05)
    index = Index()
    index.hangs = True
    house = await open_house(index)
    (one,) = await house.ask(expr="up")
    assert one.failed
    assert str(one.problem).startswith("no answer within")
    await house.engine.close()


async def test_without_a_prometheus_our_own_signal_is_shown(open_house: Open) -> None:
    house = await open_house(None)
    saved = queries.saved(house.engine)
    own = house.little.pulse.signals[0].name
    assert "mine" not in saved
    found = await house.ask()
    assert {one.problem for one in found} == {
        "no Prometheus is configured: add [environment.test.prometheus]"
    }
    assert [one.target for one in queries._instead(house.engine, own)] == ["api"]
    await house.engine.close()


@pytest.mark.parametrize(
    ("call", "why"),
    [({"name": "api-rate"}, "did you mean api-request-rate"), ({"expr": " "}, "1 to 4000"),
     ({"seconds": 1e9}, "30 days")],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused(
    open_house: Open, call: dict[str, Any], why: str
) -> None:
    house = await open_house(Index())
    with pytest.raises(Refused, match=why):
        await house.ask(**call)
    await house.engine.close()
