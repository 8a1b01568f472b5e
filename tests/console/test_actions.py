"""Acting in the console: secrets unseen, choices, policies, leases, undo, and few keystrokes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from ainur_tui.client.errors import CallError
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw.plans import Around, Standing, plan_lines
from ainur_tui.console.draw.spans import width
from ainur_tui.console.panels.base import Selection
from ainur_tui.model.action import (
    ActionSpec,
    BreakGlass,
    Lease,
    Param,
    Plan,
    Run,
    StepRecord,
    Undo,
)
from ainur_tui.model.wire import BreakGlassCall
from tests.console import worlds
from tests.console.consoles import plan, running, shown, until

HELD = Lease(target="db", holder="ilya", reason="restart", expires_at=worlds.NOW + 20, run="ab12")
BUDGET = "7 machines need 175 connections; the guide allows 160 of 200"
GLASS = BreakGlass(operator="mira", reason="outage", until=9e9)


def ended(run: str, at: float, state: str = "verified", **more: Any) -> Run:
    return Run(id=run, plan=plan("scale", "api", "R2", **more), operator="mira", state=state,  # type: ignore[arg-type]
               started_at=at, finished_at=at + 5, steps=[], message="done")  # fmt: skip


async def test_from_overview_to_a_verified_restart_of_one_machine_in_five_keys() -> None:
    async with running(size=(80, 24)) as (app, engine, pilot):
        keys = 0
        for key, opened in (
            ("2", lambda: worlds.MACHINES[1] in shown(app)),
            ("j", lambda: app.panel.selection().target == f"api/machine/{worlds.MACHINES[1]}"),
            ("r", lambda: isinstance(app.screen, ChooseDialog)),
            ("enter", lambda: isinstance(app.screen, PlanDialog)),
            ("y", lambda: isinstance(app.screen, PageDialog)),
        ):
            await pilot.press(key)
            keys += 1
            await until(pilot, opened)
        call = engine.asked("run")[-1]
        assert (call.action, call.target) == ("restart", f"api/machine/{worlds.MACHINES[1]}")
        told = app.store.runs["r1"]
        app.store.ran(msgspec.structs.replace(
            told, state="verified", message="the machine is healthy", finished_at=worlds.NOW,
            steps=[StepRecord(name="one", state="done", seconds=3.0)],
        ))  # fmt: skip
        await until(pilot, lambda: "verified: the machine is healthy" in shown(app))
        assert keys <= 5


async def test_a_secret_is_typed_unseen_and_travels_apart() -> None:
    async with running() as (app, engine, pilot):
        engine.answers["actions"] = [
            ActionSpec(name="secret-set", targets=["api"], risk="R2", summary="set a secret",
                       params=[Param(name="name", type="str", help="its name", required=True),
                               Param(name="value", type="secret", help="its value", required=True),
                               Param(name="stage", type="bool", help="with the next deploy")]),
        ]  # fmt: skip
        await pilot.press("2", "a")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await pilot.press(*"KEY", "enter", *"hunter2 ", "enter")
        svg = app.export_screenshot()
        assert "hunter2" not in svg + shown(app)
        await pilot.press("t", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].params == {"name": "KEY", "stage": "true"}
        await pilot.press("y")
        await until(pilot, lambda: engine.asked("run") != [])
        call = engine.asked("run")[-1]
        assert call.secrets == {"value": "hunter2 "}
        assert "hunter2" not in str(call.params)


@pytest.mark.parametrize("keys", [("a",), ("colon", *"terminate", "enter")])
@pytest.mark.parametrize("more", [[], [Param(name="reason", type="str", help="why")]])
async def test_what_is_selected_prefills_the_form_or_needs_none(
    keys: tuple[str, ...], more: list[Param]
) -> None:
    async with running() as (app, engine, pilot):
        pid = Param(name="pid", type="int", help="the session's process id", required=True)
        engine.answers["actions"] = [
            ActionSpec(name="terminate", targets=["db"], risk="R3", summary="End it",
                       params=[pid, *more]),
        ]  # fmt: skip
        await pilot.press("3")
        await until(pilot, lambda: app.panel.title == "Database")
        chosen = Selection("db", {"pid": "4711"})
        app.panel.selection = lambda: chosen  # type: ignore[method-assign]
        await pilot.press(*keys)
        if more:
            await until(pilot, lambda: isinstance(app.screen, AskDialog))
            await until(pilot, lambda: app.screen.query(Input)[0].value == "4711")
        else:
            await until(pilot, lambda: isinstance(app.screen, PlanDialog))
            (query,) = [params for method, params in engine.calls if method == "plan"]
            assert query.params == {"pid": "4711"}


async def test_what_is_needed_is_asked_for_until_it_is_there() -> None:
    async with running() as (app, _, pilot):
        found: list[Any] = []
        needed = Param(name="count", type="int", help="how many", required=True)
        app.push_screen(AskDialog("Scale", [needed], {}, app.glyphs), found.append)
        await pilot.pause()
        await pilot.press("enter")
        assert "count is needed" in shown(app)
        await pilot.press("3", "enter")
        await until(pilot, lambda: found == [{"count": "3"}])


async def test_known_values_are_a_list() -> None:
    async with running() as (app, _, pilot):
        found: list[Any] = []
        sizes = ["shared-cpu-1x", "shared-cpu-2x", "performance-1x", "performance-2x"]
        size = Param(name="size", type="str", help="of the machine", choices=sizes)
        app.push_screen(AskDialog("Scale", [size], {}, app.glyphs), found.append)
        await until(pilot, lambda: "performance-2x" in shown(app))
        await pilot.press("p", "down", "enter")
        await until(pilot, lambda: found == [{"size": "performance-2x"}])
        app.push_screen(AskDialog("Scale", [size], {}, app.glyphs), found.append)
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: found[1:] == [{}])


async def test_a_policy_stops_a_run_until_the_glass_is_broken_with_a_reason() -> None:
    async with running() as (app, engine, pilot):
        engine.more = {"policy": BUDGET}
        await pilot.press("r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert "7 machines need 175" in shown(app)
        await pilot.press("y")
        assert engine.asked("run") == []
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press("enter")  # no reason, no glass
        assert engine.asked("break-glass") == []
        await pilot.press(*"outage", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("break-glass") == [BreakGlassCall(reason="outage")]
        app.store.board(msgspec.structs.replace(engine.view, break_glass=GLASS))
        app.screen.redraw()  # type: ignore[attr-defined]
        assert "lifted: mira broke the glass: outage" in shown(app)
        assert app.has_class("-glass")
        await pilot.press("y")
        await until(pilot, lambda: engine.asked("run") != [])


async def test_the_broken_glass_is_on_every_screen_until_it_is_whole() -> None:
    view = msgspec.structs.replace(worlds.well(), break_glass=GLASS)
    async with running(view, size=(80, 24)) as (app, engine, pilot):
        for key in "12345":
            await pilot.press(key)
            await until(pilot, lambda: "GLASS BROKEN" in shown(app))
            assert app.screen.styles.outline_top[0] == "heavy"
        await pilot.press("colon", *"put the glass back", "enter")
        await until(pilot, lambda: engine.asked("break-glass") == [BreakGlassCall(reason="")])
        app.store.board(msgspec.structs.replace(engine.view, break_glass=None))
        assert "GLASS" not in shown(app)
        assert not app.has_class("-glass")


async def test_the_red_frame_takes_no_room_of_the_screen_itself() -> None:
    """What is under a dialog is repainted by regions of its screen: with a border or a padding of
    its own they would be moved each time, and the countdown would stand still."""
    view = msgspec.structs.replace(worlds.well(), break_glass=GLASS)
    async with running(view, size=(80, 24)) as (app, _, pilot):
        await until(pilot, lambda: app.has_class("-glass"))
        await until(pilot, lambda: app.query_one("#clock").region.right == 79)
        app.push_screen(PageDialog("Page", lambda _: [], app.glyphs))
        await until(pilot, lambda: bool(app.screen.query(".dialog")))
        frame = app.screen.query_one(".dialog").styles
        await until(pilot, lambda: frame.border_top[0] == "heavy")
        assert [screen.content_offset for screen in app.screen_stack] == [(0, 0), (0, 0)]


async def test_another_operators_lease_is_taken_over_with_a_reason() -> None:
    blocked = "ilya holds db: restart (run ab12; the lease ends in 20 s unless that goes on)"
    async with running() as (app, engine, pilot):
        engine.risk, engine.more = "R3", {"held": HELD, "blocked": blocked, "facts": [blocked]}
        await pilot.press("r", *"restart db", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert "by ilya: restart, run ab12" in shown(app)
        await pilot.press("enter")
        assert engine.asked("run") == []
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press(*"ilya is away", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert "this run takes it over: ilya is away" in shown(app)
        await pilot.press(*"db", "enter")
        await until(pilot, lambda: engine.asked("run") != [])
        call = engine.asked("run")[-1]
        assert (call.take_over, call.reason, call.confirm) == (True, "ilya is away", "db")


async def test_the_loop_guard_asks_for_a_reason() -> None:
    async with running() as (app, engine, pilot):
        engine.refusal = (
            "begun 3 times in the last ten minutes. Give a reason to do it all the same"
        )
        await pilot.press("r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        engine.refusal = None
        await pilot.press(*"new image", "enter")
        await until(pilot, lambda: len(engine.asked("run")) == 2)
        first, second = engine.asked("run")
        assert (first.reason, second.reason) == ("", "new image")
        assert first.key != second.key


async def test_a_late_answer_does_not_hide_what_was_told_before_it() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        app.store.ran(ended("r1", worlds.NOW))
        await pilot.press("y")
        await until(pilot, lambda: engine.asked("run") != [] and isinstance(app.screen, PageDialog))
        assert app.store.runs["r1"].state == "verified"


async def test_undo_offers_the_way_back_of_the_newest_verified_run() -> None:
    back = Undo(action="scale", target="api", params={"count": "2"})
    async with running() as (app, engine, pilot):
        engine.answers["runs"] = [
            ended("r7", worlds.NOW - 50, undo=Undo(action="scale", target="api")),
            ended("r9", worlds.NOW - 20, undo=back),
            ended("r10", worlds.NOW - 10, state="failed", undo=Undo(action="stop", target="api")),
            ended("r11", worlds.NOW - 5),
        ]
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        asked = engine.asked("plan")[-1]
        assert (asked.action, asked.target, asked.params) == ("scale", "api", {"count": "2"})
        await pilot.press("escape")
        assert engine.asked("run") == []
        engine.answers["runs"] = []
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert "Nothing to undo" in shown(app)


async def test_nothing_is_undone_by_an_action_that_is_not_offered() -> None:
    async with running() as (app, engine, pilot):
        engine.answers["runs"] = [ended("r9", 1.0, undo=Undo(action="fly-away", target="api"))]
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert "not offered now" in shown(app)
        assert engine.asked("plan") == []


async def test_an_engine_without_presence_or_glass_costs_nothing() -> None:
    async with running() as (app, engine, pilot):

        async def refuse(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            raise CallError(-32601, f"there is no method {method!r}")

        engine.call = refuse  # type: ignore[method-assign]
        app.feed.present()
        await pilot.press("J")
        await until(pilot, lambda: "cannot be read" in shown(app))
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


def rich(risk: str, **more: Any) -> Plan:
    steps = [f"{what} machine {m}" for m in worlds.MACHINES for what in ("drain", "stop", "start")]
    found = plan("restart", "api", risk, load=["38.2 requests/s", "18 sessions of ainur_api"],
                 warnings=["users see an error for about 40 s"], facts=["image deployment-01HX"],
                 undo=Undo(action="start", target="api"), **more)  # fmt: skip
    return msgspec.structs.replace(found, steps=steps, inverse="start api")


@pytest.mark.parametrize("risk", ["R2", "R3"])
@pytest.mark.parametrize("more", [{}, {"policy": BUDGET}, {"held": HELD}, {"blocked": "no room"}])
async def test_a_plan_is_readable_on_a_small_terminal(risk: str, more: dict[str, Any]) -> None:
    drawn = plan_lines(rich(risk, **more), 76, Standing.of(rich(risk, **more), None, Around()))
    assert all(width(part) <= 76 for part in drawn)
    async with running(size=(80, 24)) as (app, _, pilot):
        app.push_screen(PlanDialog(rich(risk, **more), app.glyphs))
        await until(pilot, lambda: "STEPS" in shown(app))
        first = shown(app)
        known = ["affects", "38.2 requests/s", "users see an error", "about 12 s",
                 "start api (key u)", "drain machine"]  # fmt: skip
        for words in [*known, *more.get("policy", "").split()[:3]]:
            assert words in first
        if " of " in first.splitlines()[0]:  # what does not fit is told of, and a key away
            await pilot.press("pagedown")
            assert "deployment-01HX" in shown(app)
