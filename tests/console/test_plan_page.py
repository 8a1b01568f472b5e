"""What a tired operator must see of a plan and a run, and what a slip of a key must not cost."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from textual.events import Key
from textual.widgets import Input

from ainur_tui.client.errors import CallError
from ainur_tui.console.dialogs import confirm
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.dialogs.run import RunDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw.glyphs import UNICODE
from ainur_tui.console.draw.plans import Around, Standing, plan_lines
from ainur_tui.console.draw.runs import run_lines
from ainur_tui.console.draw.spans import wrap
from ainur_tui.model.action import ActionSpec, Param, Run, StepRecord, Undo
from tests.console import worlds
from tests.console.consoles import plan, running, shown, until

IMAGE = "registry.example/zerostate-api:deployment-01KAV8E5Q5M2Y5T7RZC9N3WDXH"


def words(lines: Any) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_a_plan_names_its_world_its_target_and_what_was_given() -> None:
    found = plan("deploy", "api", "R2", load=["23.1 requests/s", "4 open connections", "db: 9"])
    found = msgspec.structs.replace(
        found, params={"image": IMAGE, "stage": "false"}, facts=["3 machines: v3 → v4"],
        inverse=f"deploy api image={IMAGE}",
    )  # fmt: skip
    told = words(plan_lines(found, 76, Standing.of(found, None, Around(environment="production"))))
    assert "target      api in production" in told
    assert f"given       image={IMAGE}"[:76] in told
    assert "stage" not in told
    assert "in use by   23.1 requests/s, 4 open connections\n            db: 9" in told
    assert told.index("v3 → v4") < told.index("STEPS")
    assert IMAGE in told.split("way back")[1].replace("\n", "").replace(" ", "")


def test_a_plan_of_nothing_promises_nothing() -> None:
    idle = msgspec.structs.replace(plan("scale", "api", "R2"), steps=[], blocked="it is so already")
    told = words(plan_lines(idle, 76))
    assert "it is so already" in told
    assert not {"takes", "way back", "STEPS"} & set(told.replace("\n", "  ").split("  "))


def test_a_long_word_is_broken_and_not_cut() -> None:
    assert wrap("a " + "x" * 25, 10) == ["a", "x" * 10, "x" * 10, "x" * 5]
    assert "".join(wrap("日本語" * 9, 7, 20)) == "日本語" * 9


def test_the_verdict_stands_above_the_steps_and_the_step_it_is_at_in_sight() -> None:
    steps = [StepRecord(name=f"update {n}", state="done", seconds=1.0, detail=f"proof {n}")
             for n in range(9)]  # fmt: skip
    at = StepRecord(name="update 9", state="running", started_at=worlds.NOW, detail="it starts")
    run = Run(id="r1", plan=plan("deploy", "api", "R2"), operator="mira", state="running",
              started_at=worlds.NOW, steps=[*steps, at], message="")  # fmt: skip
    told = words(run_lines(run, worlds.NOW, 76, UNICODE))
    assert "it starts" in told
    assert "proof" not in told
    run = msgspec.structs.replace(
        run, state="verified", message="all serve", steps=steps, finished_at=worlds.NOW + 9
    )
    told = words(run_lines(run, worlds.NOW, 76, UNICODE))
    assert told.index("verified: all serve") < told.index("update 0") < told.index("proof 8")


async def test_a_refused_value_is_mended_where_it_was_typed() -> None:
    async with running() as (app, engine, pilot):
        count = Param(name="count", type="int", help="how many", required=True)
        engine.answers["actions"] = [
            ActionSpec(name="scale", targets=["api"], risk="R2", summary="scale", params=[count])
        ]
        told = engine.call

        async def picky(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            if method == "plan" and params.params["count"] == "0":
                raise CallError(64, "below one machine they are all destroyed")
            return await told(method, params, timeout=timeout)

        engine.call = picky  # type: ignore[method-assign]
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await pilot.press("0", "enter")
        await until(pilot, lambda: "below one machine they are all destroyed" in shown(app))
        assert app.screen.query_one(Input).value == "0"
        await pilot.press("backspace", "3", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].params == {"count": "3"}


async def test_a_world_that_moved_during_the_loop_guard_is_a_diff_too() -> None:
    async with running() as (app, engine, pilot):
        told = engine.call
        answers = ["begun 2 times. Give a reason to do it all the same",
                   "the world has moved since you looked: n was 1, now 3"]  # fmt: skip

        async def moving(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            found = await told(method, params, timeout=timeout)
            if method == "plan" and len(engine.asked("plan")) > 1:
                return msgspec.structs.replace(found, before={"n": 3})
            if method == "run" and len(engine.asked("run")) <= len(answers):
                raise CallError(75, answers[len(engine.asked("run")) - 1])
            return found

        engine.call = moving  # type: ignore[method-assign]
        await pilot.press("r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press(*"still slow", "enter")
        await until(pilot, lambda: "the world changed after you looked" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert [call.reason for call in engine.asked("run")] == ["", "still slow", "still slow"]


async def test_an_error_is_not_closed_by_a_key_typed_before_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as (app, _, pilot):
        monkeypatch.setattr(confirm, "GUARD", 0.5)
        app.desks.operations.tell("Not done", "the platform has no room")
        await until(pilot, lambda: "no room" in shown(app))
        page = app.screen
        assert isinstance(page, PageDialog)
        early = Key("enter", None)
        early.time = time.monotonic() - 5  # typed for the screen before
        page.post_message(early)
        await pilot.pause()
        assert app.screen is page
        await pilot.press("escape")
        assert app.screen is not page


async def test_what_a_killed_engine_left_is_put_right_by_a_plan_of_its_own() -> None:
    async with running() as (app, engine, pilot):
        left = Undo(action="restart", target="db")
        run = Run(id="r9", plan=plan("deploy", "api", "R2"), operator="mira", state="failed",
                  started_at=worlds.NOW, finished_at=worlds.NOW, steps=[], message="recovered",
                  mends=[left])  # fmt: skip
        app.store.ran(run)
        app.desks.runs.watch("r9")
        await until(pilot, lambda: "restart db puts it right" in shown(app))
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert [(one.action, one.target) for one in engine.asked("plan")] == [("restart", "db")]
        assert "what was left by" in shown(app)


async def test_a_palette_opened_before_the_first_picture_fills_up() -> None:
    async with running() as (app, _, pilot):
        view, app.store.view = app.store.view, None
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"restart db")
        await pilot.pause(0.3)
        assert "nothing fits" in shown(app)
        app.store.view = view
        await until(pilot, lambda: "Restart db" in shown(app))


async def test_a_long_help_is_read_to_its_end() -> None:
    async with running(size=(80, 24)) as (app, _, pilot):
        help = "give tables back to their owners (false where those roles are not there any more)"
        param = Param(name="owners", type="bool", help=help, default="true")
        app.push_screen(AskDialog("Restore db", [param], {}, app.glyphs))
        await until(pilot, lambda: "there any more)" in shown(app))
        assert "owners  give tables back" in shown(app)
