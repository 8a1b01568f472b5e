"""PromQL by keys: the saved queries with value and age, one drawn, one of your own."""

from __future__ import annotations

import time

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.listing import ListingDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw import queries as draw
from ainur_tui.model.querycalls import Instead, QueryAnswer, QueryCall, QueryRow, SavedQuery
from ainur_tui.model.table import Column, Row, Table
from tests.console import worlds
from tests.console.consoles import HOSTILE, running, shown, until

RATE = SavedQuery(name="api-request-rate", title="API request rate", unit="/s",
                  exprs=["sum(rate(x[5m]))"], guide="rate(x[5m])", note="summed")  # fmt: skip
POOL = SavedQuery(name="pool", title="Connections", unit="ratio", exprs=["a / b"])


def rate(at: float) -> QueryAnswer:
    return QueryAnswer(
        query=RATE, at=at, expr=RATE.exprs[0], source="prom:9090", age=2.0, words="the sum",
        start=at - 120, step=60.0,
        rows=[QueryRow(labels={"job": HOSTILE}, value=24.8, past=[20.0, None, 24.8])],
    )  # fmt: skip


def lacking(at: float, *, bad: bool = False) -> QueryAnswer:
    own = worlds.trouble().target("api")
    assert own is not None
    return QueryAnswer(
        query=POOL, at=at, source="prom:9090", failed=bad, bad=bad,
        problem="not understood there: parse error" if bad else "there is no series a now",
        hints=["did you mean c?"], instead=[Instead(target="api", signal=own.signals[0])],
    )  # fmt: skip


async def test_from_the_list_to_a_chart_and_to_an_expression_of_your_own() -> None:
    async with running(worlds.trouble(), (80, 24)) as (app, engine, pilot):
        now = time.time()
        engine.answers["queries"] = [rate(now), lacking(now)]
        await pilot.press("6")
        await until(pilot, lambda: app.panel.title == "Alerts")
        await pilot.press("Q")
        await until(pilot, lambda: isinstance(app.screen, ListingDialog))
        await until(pilot, lambda: "24.8 /s" in shown(app))
        assert engine.asked("queries") == [QueryCall()]
        engine.answers["queries"] = [rate(now)]
        await pilot.press("j", "k", "c")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        await until(pilot, lambda: "newest sample" in shown(app))
        for words in ("prom:9090", "24.8 /s", "asked", "sum(rate(x[5m]))"):
            assert words in shown(app), words
        assert engine.asked("queries")[-1] == QueryCall(name="api-request-rate", seconds=3600.0)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ListingDialog))
        assert "Connections" in shown(app), "the list is where it was"
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        engine.answers["queries"] = [lacking(now, bad=True)]
        await pilot.press("u", "p", "enter")
        await until(pilot, lambda: "not understood there" in shown(app))
        engine.answers["queries"] = [rate(now)]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert engine.asked("queries")[-1] == QueryCall(expr="up", seconds=3600.0)


def test_what_has_no_value_says_why_and_what_is_read_here() -> None:
    scene = worlds.scene(worlds.trouble())
    lines = ["".join(text for text, _ in one) for one in draw.page(lacking(scene.now), scene, 76)]
    assert "there is no series a now" in lines
    assert "did you mean c?" in lines
    assert any(one.startswith("read here: ") for one in lines)
    row = draw.table([lacking(scene.now)], scene.now).rows[0]
    assert (row.tone, row.cells[1], row.cells[2]) == ("warn", "—", "—")


async def test_what_it_scrapes_is_listed() -> None:
    table = Table(name="prometheus.targets", target="prometheus", title="What Prometheus scrapes",
                  columns=[Column(name="job", title="Job")], observed_at=time.time(), source="x",
                  rows=[Row(key="dead", cells=["dead"], tone="fail")])  # fmt: skip
    view = worlds.trouble()
    view.tables.append(table)
    async with running(worlds.trouble(), (80, 24)) as (app, engine, pilot):
        engine.answers["board"] = view
        app.action_record("scraped")
        await until(pilot, lambda: isinstance(app.screen, ListingDialog))
        await until(pilot, lambda: "dead" in shown(app))
