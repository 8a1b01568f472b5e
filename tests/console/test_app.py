"""The app by keys, with a session that plays the engine."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from ainur_tui.console.dialogs import confirm
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.plan import Decision, PlanDialog
from ainur_tui.console.logwindow import KEPT
from ainur_tui.console.panels.services import ServicesPanel
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.board import Finding
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogFilter, LogPage
from ainur_tui.model.runcalls import RunCall
from tests.console import worlds
from tests.console.consoles import HOSTILE, plan, record, running, shown, until


async def test_each_tab_subscribes_to_its_tables_and_shows_itself() -> None:
    async with running() as (app, engine, pilot):
        for key, title in zip(
            "12346785",
            ("Overview", "Services", "Database", "Node", "Alerts", "Incidents", "Backups", "Logs"),
            strict=True,
        ):
            await pilot.press(key)
            await until(pilot, lambda t=title: f"[{t}]" in shown(app))
        assert (list(ServicesPanel.tables), None) in engine.looked
        await until(pilot, lambda: engine.looked[-1][1] is not None)
        assert engine.looked[-1][1].after == 120  # type: ignore[union-attr]


async def test_text_from_outside_stays_text() -> None:
    view = worlds.trouble()
    view.findings.insert(0, Finding(target="api", text=HOSTILE, verdict="fail", since=None))
    async with running(view) as (app, _, pilot):
        assert HOSTILE in shown(app)
        await pilot.press("5")
        await until(pilot, lambda: f"{HOSTILE} 120" in shown(app))
        await pilot.press("k", "enter")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert HOSTILE in shown(app)


async def test_a_key_opens_a_plan_and_y_runs_it_once() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        assert engine.asked("plan") + engine.asked("run") == []
        await pilot.press(*"restart db", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert "affects the service" in shown(app)
        await pilot.press("y", "y", "y")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        runs = engine.asked("run")
        assert len(runs) == 1
        call: RunCall = runs[0]
        assert (call.action, call.target, call.seen) == ("restart", "db", {"n": 1})
        assert "running" in shown(app)
        await pilot.press("escape")
        assert "restart db" in app.query_one("#strip", LinesView).text


@pytest.mark.parametrize("key", ["enter", "n", "escape", "q"])
async def test_the_default_is_no(key: str) -> None:
    async with running() as (app, engine, pilot):
        app.run_worker(
            app.desks.operations.choose("restart", app.panel.selection()), exit_on_error=False
        )
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert engine.asked("run") == []


async def test_keys_typed_before_the_plan_opened_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confirm, "GUARD", 3600.0)
    async with running() as (app, engine, pilot):
        app.push_screen(PlanDialog(plan("restart", "db", "R2"), app.glyphs))
        await pilot.pause()
        await pilot.press("y", "enter", "y")
        assert isinstance(app.screen, PlanDialog)
        assert engine.asked("run") == []


async def test_downtime_needs_the_name_typed() -> None:
    async with running() as (app, _, pilot):
        answers: list[Decision | None] = []
        app.push_screen(PlanDialog(plan("restart", "db", "R3"), app.glyphs), answers.append)
        await pilot.pause()
        await pilot.press("y", "enter")
        assert isinstance(app.screen, PlanDialog)
        assert "is not db" in shown(app)
        await pilot.press("backspace", *"db", "enter")
        await until(pilot, lambda: answers == [Decision(confirm="db")])


async def test_a_blocked_plan_cannot_be_run() -> None:
    async with running() as (app, _, pilot):
        answers: list[Decision | None] = []
        blocked = plan("scale", "api", "R2", blocked="50 machines need 1,250 connections of 100")
        app.push_screen(PlanDialog(blocked, app.glyphs), answers.append)
        await pilot.pause()
        await pilot.press("y", "enter")
        assert "1,250 connections" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: answers == [None])


async def test_a_refusal_is_told_in_words() -> None:
    async with running() as (app, engine, pilot):
        engine.refusal = "mira@ops holds the lease on db until 14:05"
        await pilot.press(
            "r",
            *"",
        )
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert "holds the lease" in shown(app)


async def test_read_only_runs_nothing() -> None:
    async with running(read_only=True) as (app, engine, pilot):
        assert "read only" in shown(app)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("enter")
        await until(pilot, lambda: "it shows the plan and runs nothing" in shown(app))
        await pilot.press("y")
        assert isinstance(app.screen, PlanDialog)
        assert engine.asked("run") == []


async def test_the_palette_finds_by_words() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"restart api")
        assert "rolling" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].target == "api"


async def test_parameters_are_asked_before_the_plan() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: "count" in shown(app))
        await pilot.press("3", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].params == {"count": "3"}


async def test_the_filter_narrows_and_escape_clears_it() -> None:
    async with running() as (app, _, pilot):
        await pilot.press("2")
        await until(pilot, lambda: worlds.MACHINES[0] in shown(app))
        await pilot.press("slash", *"d2a4", "enter")
        await until(pilot, lambda: worlds.MACHINES[0] not in shown(app))
        assert worlds.MACHINES[1] in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: worlds.MACHINES[0] in shown(app))


async def test_the_selection_stays_on_its_row_when_rows_come_and_go() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("2")
        await until(pilot, lambda: worlds.MACHINES[0] in shown(app))
        await pilot.press("down")
        assert app.panel.selection().target == f"api/machine/{worlds.MACHINES[1]}"
        table = worlds.machines_table()
        first = msgspec.structs.replace(table.rows[0], key="aaaa", target="api/machine/aaaa")
        more = msgspec.structs.replace(table, rows=[first, *table.rows])
        engine.app.store.board(msgspec.structs.replace(engine.view, tables=[more]))
        assert app.panel.selection().target == f"api/machine/{worlds.MACHINES[1]}"


async def test_what_one_reads_stays_through_a_flood() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("5")
        await until(pilot, lambda: engine.asked("logs"))
        await until(pilot, lambda: f"{HOSTILE} 120" in shown(app))
        await pilot.press("k")
        for first in range(121, 121 + 2 * KEPT, KEPT // 2):
            numbers = range(first, first + KEPT // 2)
            app.store.lines(LogPage(lines=[record(number) for number in numbers]))
        assert "PAUSED" in shown(app)
        assert f"{2 * KEPT:,} new" in shown(app)
        assert f"{HOSTILE} 120" in shown(app)
        asked = len(engine.asked("logs"))
        await pilot.press("G")
        await until(pilot, lambda: len(engine.asked("logs")) > asked)
        assert "FOLLOWING" in shown(app)


async def test_the_log_pauses_counts_and_follows_again() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("5")
        await until(pilot, lambda: "FOLLOWING" in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "PAUSED" in shown(app))
        app.store.lines(
            LogPage(lines=[LogLine(seq=121, at=worlds.NOW, source="api", message="new")])
        )
        assert "1 new" in shown(app)
        await pilot.press("E")
        await until(pilot, lambda: f"{HOSTILE} 100" in shown(app))
        await pilot.press("G")
        await until(pilot, lambda: "FOLLOWING" in shown(app))
        await pilot.press("v")
        info = LogFilter(kind="min-level", value="info")
        await until(pilot, lambda: engine.asked("logs")[-1].filters == [info])


async def test_help_lists_the_keys_that_work() -> None:
    async with running() as (app, _, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert "restart something: the plan comes first" in shown(app)


async def test_a_lost_engine_ages_the_picture() -> None:
    async with running() as (app, _, _pilot):
        assert "● up" in shown(app)
        app.store.unlinked("the engine went away")
        text = shown(app)
        assert "● up" not in text
        assert "no engine" in text
        assert "? the engine went away" in text
        assert "nothing is judged" in text


async def test_twenty_by_five_says_what_matters() -> None:
    async with running(worlds.trouble(), size=(20, 5)) as (app, _, pilot):
        await pilot.pause()
        app.redraw()
        assert "down" in app.query_one("#tiny", LinesView).text
        assert "nothing listens" in app.query_one("#tiny", LinesView).text


@pytest.mark.parametrize("size", [(1, 1), (500, 200), (80, 24), (19, 4)])
async def test_any_size_is_survived(size: tuple[int, int]) -> None:
    async with running(worlds.trouble(), size=size) as (app, _, pilot):
        for key in "12345":
            await pilot.press(key)
        app.redraw()
        assert app.is_running


async def test_a_tab_that_cannot_be_drawn_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("nothing of this may be shown")

    async with running() as (app, _, pilot):
        monkeypatch.setattr(app.panel, "show_scene", broken)
        app.redraw()
        await until(pilot, lambda: "cannot be drawn (KeyError)" in shown(app))
        assert "nothing of this" not in shown(app)
        await pilot.press("2")
        await until(pilot, lambda: worlds.MACHINES[0] in shown(app))


async def test_pictures_may_arrive_while_a_tab_is_being_made() -> None:
    async with running() as (app, engine, pilot):
        for key in "2345":
            app.call_later(
                app.action_tab, {"2": "Services", "3": "Database", "4": "Node", "5": "Logs"}[key]
            )
            for _ in range(20):
                app.store.board(engine.view)
                await asyncio.sleep(0)
        await until(pilot, lambda: "[Logs]" in shown(app))


async def test_words_typed_right_after_the_palettes_key_belong_to_it() -> None:
    async with running() as (app, engine, pilot):
        await until(pilot, lambda: engine.asked("actions"))
        for key in ("colon", *"restart api", "enter"):
            app.simulate_key(key if key != " " else "space")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].target == "api"
