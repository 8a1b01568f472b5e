"""What keeps a run from being decided by accident, and what can still be done about it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input

from ainur_tui.client.errors import CallError
from ainur_tui.console.app import AinurApp
from ainur_tui.console.dialogs import confirm
from ainur_tui.console.dialogs import plan as plan_dialog
from ainur_tui.console.dialogs.confirm import Guard
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.plan import Decision, PlanDialog
from ainur_tui.console.dialogs.run import RunDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw.plans import takes
from ainur_tui.model.action import Lease, Plan, Run, StepRecord, Undo
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.runcalls import AbortCall
from tests.console import worlds
from tests.console.consoles import Engine, plan, running, shown, until

WHOLE = JournalVerdict(ok=True, entries=1, first_bad=None, truncated=False)
BACK = Undo(action="scale", target="api", params={"count": "2"})


def key(name: str, at: float) -> Key:
    event = Key(name, None)
    event.time = at
    return event


def test_keys_count_a_moment_after_the_paint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "GUARD", 0.5)
    guard, now = Guard(), time.monotonic()
    assert guard.early(key("y", now + 60))  # nothing was painted yet, however late it is
    assert not guard.early(key("escape", now))
    guard = Guard()
    guard.painted()
    now = time.monotonic()
    assert guard.early(key("y", now - 5))  # typed before, however late its turn comes
    assert guard.early(key("y", now + 0.3))
    assert not guard.early(key("y", now + 0.6))  # pressed again


def test_a_key_held_down_since_before_never_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "GUARD", 0.5)
    guard = Guard()
    guard.painted()
    now = time.monotonic()
    assert all(guard.early(key("enter", now + n * 0.03)) for n in range(200))
    assert not guard.early(key("enter", now + 199 * 0.03 + 0.2))


@asynccontextmanager
async def deciding(
    of: Plan, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[AinurApp, Pilot[None], list[Decision | None]]]:
    answers: list[Decision | None] = []
    async with running(size=size) as (app, _, pilot):
        app.push_screen(PlanDialog(of, app.glyphs), answers.append)
        await until(pilot, lambda: "takes" in shown(app))
        yield app, pilot, answers


async def test_typed_ahead_keys_do_not_even_reach_the_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confirm, "GUARD", 3600.0)
    async with deciding(plan("restart", "db", "R3")) as (app, pilot, answers):
        await pilot.press(*"db", "enter")
        assert app.screen.query_one(Input).value == ""
        assert answers == []
        await pilot.press("escape")  # no is always possible
        await until(pilot, lambda: answers == [None])


@pytest.mark.parametrize("risk", ["R1", "R2", "R3"])
async def test_a_paste_confirms_nothing(risk: str) -> None:
    async with deciding(plan("restart", "db", risk)) as (app, pilot, answers):
        (app.focused or app.screen).post_message(Paste("db\ny\n"))
        await pilot.pause()
        assert answers == []
        if risk == "R3":
            await until(pilot, lambda: "a paste does not confirm" in shown(app))
            assert app.screen.query_one(Input).value == ""


async def test_downtime_is_confirmed_by_who_saw_all_of_the_plan() -> None:
    long = msgspec.structs.replace(
        plan("restart", "db", "R3"), steps=[f"step number {n}" for n in range(30)]
    )
    async with deciding(long) as (app, pilot, answers):
        await pilot.press(*"db", "enter")
        await until(pilot, lambda: "read it to its end first" in shown(app))
        assert answers == []
        await pilot.press("pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "step number 29" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: answers == [Decision(confirm="db")])


async def test_an_old_plan_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_dialog, "OLD", -1.0)
    async with running() as (app, engine, pilot):
        await pilot.press("r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        assert engine.asked("run") == []
        assert "this plan was read a while ago" in shown(app)
        monkeypatch.setattr(plan_dialog, "OLD", 300.0)
        monkeypatch.setattr(app.screen, "_read_at", 0.0)
        await pilot.press("r")
        await until(pilot, lambda: len(engine.asked("plan")) == 2)
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        await until(pilot, lambda: len(engine.asked("run")) == 1)


async def test_a_world_that_moved_is_shown_as_a_diff_and_decided_again() -> None:
    async with running() as (app, engine, pilot):
        told = engine.call

        async def moving(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            found = await told(method, params, timeout=timeout)
            if method == "plan" and len(engine.asked("plan")) > 1:
                return msgspec.structs.replace(found, before={"n": 3})
            if method == "run" and len(engine.asked("run")) == 1:
                raise CallError(75, "the world has moved since you looked: n was 1, now 3")
            return found

        engine.call = moving  # type: ignore[method-assign]
        await pilot.press("r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        await until(pilot, lambda: "the world changed after you looked" in shown(app))
        assert "- 1" in shown(app)
        assert "+ 3" in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert [call.seen for call in engine.asked("run")] == [{"n": 1}, {"n": 3}]


@pytest.mark.parametrize(
    ("runs", "words"),
    [(0, "at a guess: it is the first time here"), (1, "as the one run here before"),
     (7, "the median of 7 runs here")],
)  # fmt: skip
def test_how_long_it_takes_says_how_anybody_knows(runs: int, words: str) -> None:
    assert words in takes(plan("restart", "api", "R2", past_runs=runs))


def going(operator: str = "mira", **more: Any) -> Run:
    steps = [StepRecord(name="drain 17", state="running", started_at=worlds.NOW, policy="abort"),
             StepRecord(name="stop 17", state="waiting")]  # fmt: skip
    return Run(id="r7", plan=plan("scale", "api", "R2", undo=BACK), operator=operator,
               state="running", started_at=worlds.NOW, steps=steps, message="", **more)  # fmt: skip


async def test_a_run_is_stopped_by_two_keys() -> None:
    async with running(size=(80, 24)) as (app, engine, pilot):
        engine.answers["abort"] = going()
        app.store.ran(going())
        await pilot.press("P")
        await until(pilot, lambda: "“drain 17” is broken off" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        assert engine.asked("abort") == []
        await pilot.press("enter")
        await until(pilot, lambda: engine.asked("abort") == [AbortCall(id="r7")])


async def test_without_an_engine_a_run_is_not_said_to_go_on() -> None:
    async with running(size=(80, 24)) as (app, _, pilot):
        app.store.ran(going())
        app.store.unlinked("the engine went away")
        await until(pilot, lambda: "? last seen running scale api" in shown(app))
        await pilot.press("P")
        await until(pilot, lambda: "This is how it stood: the engine went away" in shown(app))


async def test_who_is_at_work_is_told_before_any_plan() -> None:
    lease = Lease(target="api", holder="ilya", reason="deploy", expires_at=9e9, run="r9")
    view = msgspec.structs.replace(worlds.well(), leases=[lease])
    async with running(view) as (app, _, pilot):
        await pilot.press("r")
        await until(pilot, lambda: "ilya is at work there: deploy" in shown(app))
        assert shown(app).count("ilya is at work there") == 3  # the whole, and both its machines


async def test_stopping_anothers_run_asks_why() -> None:
    async with running() as (app, engine, pilot):
        engine.answers["abort"] = going("ilya")
        app.store.ran(going("ilya"))
        await pilot.press("x")
        await until(pilot, lambda: "ilya is told why" in shown(app))
        await pilot.press("enter")
        assert engine.asked("abort") == []
        await pilot.press(*"wrong app", "enter")
        await until(
            pilot, lambda: engine.asked("abort") == [AbortCall(id="r7", reason="wrong app")]
        )


async def test_without_a_run_there_is_nothing_to_stop() -> None:
    async with running() as (app, engine, pilot):
        await pilot.press("x")
        await until(pilot, lambda: "No action is running" in shown(app))
        assert engine.asked("abort") == []


async def test_an_unknown_verdict_stays_until_somebody_looked_and_says_what_to_do() -> None:
    run = going(finished_at=time.time())  # the console's own clock tells how long ago it was
    lost = msgspec.structs.replace(run, state="unknown", message="recovered: nobody can tell")
    async with running(size=(80, 24)) as (app, _, pilot):
        app.store.ran(lost)
        await until(pilot, lambda: "? unknown scale api" in shown(app))
        await pilot.press("P")
        await until(pilot, lambda: "Look at api itself" in shown(app))
        assert "The way back" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("escape")
        await until(pilot, lambda: "unknown scale" not in shown(app))


async def test_what_others_did_to_ones_work_is_on_every_screen_until_dismissed() -> None:
    words = "ilya took api over from mira (restart, run r7): she sleeps"
    view = msgspec.structs.replace(worlds.well(), notices=[words])
    async with running(view, size=(80, 24)) as (app, _, pilot):
        for tab in "12":
            await pilot.press(tab)
            await until(pilot, lambda: "ilya took api over from mira" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "ilya took api over" not in shown(app))


async def _in_the_journal(app: AinurApp, engine: Engine, pilot: Pilot[None], run: Run) -> None:
    engine.answers |= {"runs": [run], "journal.verify": WHOLE, "journal": [
        JournalEntry(seq=1, at="2026-11-24T06:00:01Z", kind="result", id=run.id, operator="mira",
                     host="ops", tty="", action="scale", target="api", state=run.state,
                     detail={}, prev="0" * 64, hash="a" * 64),
    ]}  # fmt: skip
    await pilot.press("J")
    await until(pilot, lambda: "each hash fits" in shown(app))


async def test_any_run_of_the_journal_is_taken_back_with_its_plan() -> None:
    ended = msgspec.structs.replace(going(), state="failed", finished_at=worlds.NOW + 9)
    async with running() as (app, engine, pilot):
        await _in_the_journal(app, engine, pilot, ended)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].params == {"count": "2"}
        assert "scale api (run r7" in shown(app)
        await pilot.press("escape")
        assert engine.asked("run") == []


async def test_a_run_is_opened_from_the_journal() -> None:
    ended = msgspec.structs.replace(going(), state="failed", finished_at=worlds.NOW + 9)
    async with running() as (app, engine, pilot):
        await _in_the_journal(app, engine, pilot, ended)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert "drain 17" in shown(app)
        await pilot.press("r")  # it failed: its plan is offered once more
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert engine.asked("plan")[-1].action == "scale"
        assert engine.asked("run") == []


async def test_what_goes_on_is_not_taken_back() -> None:
    async with running() as (app, engine, pilot):
        await _in_the_journal(app, engine, pilot, going())
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert "key x stops it" in shown(app)
        assert engine.asked("plan") == []


async def test_a_screen_that_is_only_being_made_stops_no_picture() -> None:
    async with running() as (app, _, pilot):
        app.store.ran(going())
        app.desks.runs.watch("r7")
        app.redraw()  # a picture came in this very moment
        await until(pilot, lambda: "drain 17" in shown(app))


async def test_a_fault_of_ours_is_told_and_the_engine_is_heard_again() -> None:
    async with running() as (app, engine, pilot):
        heard: list[str | None] = []

        async def run() -> None:
            heard.append(app.store.lost)
            if len(heard) == 1:
                raise ValueError("in a listener")
            await Engine.run(engine)

        engine.run = run  # type: ignore[method-assign]
        app.run_worker(app.hear(), exit_on_error=False)
        await until(pilot, lambda: len(heard) == 2)
        assert heard[1] == "our own code failed (ValueError)"
        await until(pilot, lambda: app.store.lost is None)
