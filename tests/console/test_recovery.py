"""The recovery by keys: candidates under a clock, the plan of one, the steps of total loss."""

from __future__ import annotations

import time
from typing import Any

from msgspec.structs import replace
from textual.widgets import Input

from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.dialogs.recovery import RecoveryDialog
from ainur_tui.console.dialogs.run import RunDialog
from ainur_tui.console.dialogs.word import WordDialog
from ainur_tui.console.draw.recovery import rto, since
from ainur_tui.model.action import ActionSpec, Param, Plan, Question, Run, StepRecord
from ainur_tui.model.board import BoardView, Finding
from ainur_tui.model.table import Column, Row, Table
from tests.console import worlds
from tests.console.consoles import running, shown, until

BACKUP = "ainur_backup_20261124_020000"
PARAM = Param(name="id", type="str", help="which")
SINCE = Param(name="since", type="str", help="when")


def view() -> BoardView:
    columns = [
        Column(name="backup", title="Backup"), Column(name="loses", title="Loses", unit="s"),
        Column(name="evidence", title="Trusted?"),
    ]  # fmt: skip
    rows = [
        Row(key="1", cells=[BACKUP, 12.0, "restored and counted"], params={"id": BACKUP},
            detail={"why": "restored 2 s ago, 12 rows counted"}),
        Row(key="2", cells=["older", 99.0, "no"], detail={"why": "failed: it was cut"}),
    ]  # fmt: skip
    tables = [
        Table(name="recovery", target="db", title="Recover from", columns=columns, rows=rows,
              observed_at=worlds.NOW, source="s"),
        Table(name="recovery.loss", target="db", title="L", observed_at=worlds.NOW, source="s",
              columns=[Column(name=n, title=n) for n in ("what", "how", "origin")],
              rows=[Row(key="01", cells=["Attach the database", "by hand", "added"])]),
    ]  # fmt: skip
    lost = Finding(target="db", text="1 table lost rows: scores", verdict="warn",
                   since=time.time() - 65, signal="db.rows.lost")  # fmt: skip
    return replace(worlds.well(), tables=tables, findings=[lost])


def plan() -> Plan:
    goal: dict[str, Any] = {"since": time.time() - 65, "rto": 900.0}
    return Plan(action="recover", target="db", risk="R3", params={"id": BACKUP}, steps=["one"],
                affects=[], goal=goal, expected_seconds=5.0,
                title="Recover ainur as of then")  # fmt: skip


async def test_from_the_key_to_the_plan_with_the_clock_running() -> None:
    async with running(view()) as (app, engine, pilot):
        engine.answers["actions"] = [
            ActionSpec(name=name, targets=["db"], risk="R3", summary="", params=[PARAM, SINCE])
            for name in ("recover", "verify", "rebuild")
        ]
        engine.answers["plan"] = plan()
        await pilot.press("8", "R")
        await until(pilot, lambda: isinstance(app.screen, RecoveryDialog))
        await until(pilot, lambda: "RTO 1m " in shown(app))
        assert "1 table lost rows: scores" in shown(app)
        assert "selected: restored 2 s ago, 12 rows counted" in shown(app)
        await pilot.press("down")
        await until(pilot, lambda: "cannot be recovered from" in shown(app))
        await pilot.press("enter", "t")
        await until(pilot, lambda: "Attach the database  added" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RecoveryDialog))
        await pilot.press("t")
        await until(pilot, lambda: "p look, and plan the next step" in shown(app))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        asked = next(params for method, params in engine.calls if method == "plan")
        assert (asked.action, list(asked.params)) == ("rebuild", ["since"])
        engine.calls.clear()
        await pilot.press("escape", "R")
        await until(pilot, lambda: isinstance(app.screen, RecoveryDialog))
        await until(pilot, lambda: "the plan to recover" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert "RTO 1m " in shown(app)
        asked = next(params for method, params in engine.calls if method == "plan")
        assert (asked.action, asked.target, asked.params["id"]) == ("recover", "db", BACKUP)
        assert asked.params["since"].startswith("20")


async def test_what_it_took_the_last_time_stands_beside_the_guides_time() -> None:
    times = Table(
        name="recovery.times", target="db", title="T", columns=[], observed_at=worlds.NOW,
        source="s", rows=[Row(key="verify", cells=[], detail={"last": "24 s on 2026-11-20"})],
    )  # fmt: skip
    known = replace(view(), tables=[*view().tables, times])
    async with running(known) as (app, _, pilot):
        await pilot.press("8", "R")
        await until(pilot, lambda: "guide: 15 min; last drill: 24 s on 2026-11-20" in shown(app))


async def test_a_backup_is_verified_before_it_is_used() -> None:
    async with running(view()) as (app, engine, pilot):
        engine.answers["actions"] = [
            ActionSpec(name="verify", targets=["db"], risk="R1", summary="", params=[PARAM])
        ]
        engine.answers["plan"] = replace(plan(), action="verify", risk="R1", goal={})
        await pilot.press("8", "R")
        await until(pilot, lambda: isinstance(app.screen, RecoveryDialog))
        await until(pilot, lambda: "verify it first" in shown(app))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        asked = next(params for method, params in engine.calls if method == "plan")
        assert (asked.action, asked.params) == ("verify", {"id": BACKUP})
        await pilot.press("escape", "R")
        await until(pilot, lambda: isinstance(app.screen, RecoveryDialog))
        await until(pilot, lambda: "the plan to recover" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "There is no action recover here" in shown(app))


async def test_a_long_run_is_shown_where_it_is() -> None:
    steps = [StepRecord(name=f"step {n}", state="done", detail="did it") for n in range(30)]
    steps += [StepRecord(name="at work", state="running"), StepRecord(name="z", state="waiting")]
    run = Run(id="r1", plan=plan(), operator="mira", state="running", started_at=time.time() - 5,
              steps=steps, message="")  # fmt: skip
    async with running(view()) as (app, _, pilot):
        app.store.ran(run)
        app.desks.runs.watch("r1")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "at work" in shown(app))
        assert "RTO 1m " in shown(app)
        ended = replace(
            run, state="verified", finished_at=time.time(), message="13 sessions in new"
        )
        app.store.ran(ended)
        await until(pilot, lambda: "verified: 13 sessions in new" in shown(app))
        app.store.ran(run)
        await until(pilot, lambda: "at work" in shown(app))
        await pilot.press("g")
        await until(pilot, lambda: "step 0" in shown(app))
        assert "at work" not in shown(app)


async def test_before_users_are_moved_the_name_is_asked_for_once_more() -> None:
    steps = [StepRecord(name="restore", state="done"), StepRecord(name="word", state="running")]
    asks = Question(word="ainur_new", since=time.time(),
                    lines=["now: db/ainur   then: db/ainur_new", "7 more rows"])  # fmt: skip
    run = Run(id="r1", plan=plan(), operator="mira", state="running", started_at=time.time() - 5,
              steps=steps, message="", asking=asks)  # fmt: skip
    async with running(view()) as (app, engine, pilot):
        engine.answers["confirm"] = run
        app.store.ran(run)
        app.desks.runs.watch("r1")
        await until(pilot, lambda: isinstance(app.screen, WordDialog))
        await until(pilot, lambda: "then: db/ainur_new" in shown(app))
        assert "RTO 1m " in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "It asks for the name ainur_new (key c)" in shown(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, WordDialog))
        field = app.screen.query_one(Input)
        field.value = "ainur"
        field.post_message(Input.Submitted(field, "ainur"))
        await until(pilot, lambda: "'ainur' is not ainur_new" in shown(app))
        assert not [method for method, _ in engine.calls if method == "confirm"]
        field.value = "ainur_new"
        field.post_message(Input.Submitted(field, "ainur_new"))
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        [given] = [params for method, params in engine.calls if method == "confirm"]
        assert (given.id, given.word) == ("r1", "ainur_new")


def test_the_clock_counts_from_the_first_sign_and_stops_at_nothing() -> None:
    scene = worlds.scene(view())
    now = time.time()
    assert since(scene, now) < now - 60
    assert since(worlds.scene(worlds.well()), now) == now
    words = "".join(text for text, _ in rto({"since": now - 1000, "rto": 900.0}, now))
    assert words == "RTO 16m 40s of 15m 00s"
    young = "".join(text for text, _ in rto({"since": now - 0.4, "rto": 900.0}, now))
    assert young == "RTO 0 s of 15m 00s"
    assert rto({}, now) == ()
