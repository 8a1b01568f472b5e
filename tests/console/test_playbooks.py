"""From a trouble to its playbook by keys; what its screen tells at every size."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.dialogs.playbook import PlaybookDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw import playbook as draw
from ainur_tui.console.draw.glyphs import ASCII
from ainur_tui.console.draw.spans import width
from ainur_tui.model.board import BoardView
from ainur_tui.model.playbook import Do, PlaybookRun, PlaybookStepState, Proposal, StepRun
from ainur_tui.model.playbookcalls import DecideCall, StartCall
from ainur_tui.rules.playbooks.file import shipped
from tests.console import worlds
from tests.console.consoles import running, shown, until

BOOKS = {book.name: book for book in shipped()}
WHY = "api: 0 of 2 machines healthy"


RESTART = [one.id for one in BOOKS["api-down"].step].index("restart")


def going(step: PlaybookStepState = "deciding", at: int = RESTART, **more: Any) -> PlaybookRun:
    """The playbook API down at its restart, the steps before it passed."""
    book = BOOKS["api-down"]
    steps = [
        StepRun(id=one.id, state="passed", began=worlds.NOW, ended=worlds.NOW + 1, words="seen it")
        if index < at else StepRun(id=one.id)
        for index, one in enumerate(book.step)
    ]  # fmt: skip
    steps[at] = StepRun(id=book.step[at].id, state=step, began=worlds.NOW, words="API no",
                        do=Do(action="restart", target="api"))  # fmt: skip
    fields: dict[str, Any] = {
        "id": "p1", "state": "running", "at": at, "why": WHY, "operator": "mira",
    } | more  # fmt: skip
    return PlaybookRun(book=book, target="api", started_at=worlds.NOW, steps=steps,
                       **fields)  # fmt: skip


def told(*runs: PlaybookRun, proposed: bool = True) -> BoardView:
    proposal = Proposal(playbook="api-down", title="API down", target="api", why=WHY,
                        since=worlds.NOW - 60)  # fmt: skip
    return msgspec.structs.replace(
        worlds.trouble(), playbooks=list(runs), proposals=[proposal] if proposed else []
    )


async def test_one_key_starts_what_is_proposed_with_its_reason() -> None:
    async with running(told(), size=(80, 24)) as (app, engine, pilot):
        await until(pilot, lambda: f"p Playbook: API down  {WHY}" in shown(app))
        engine.answers["playbook.start"] = going()
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PlaybookDialog))
        assert engine.asked("playbook.start") == [StartCall(name="api-down", why=WHY)]
        await until(pilot, lambda: "Enter its plan" in shown(app))
        text = shown(app)
        assert "Restart its machines, one after another" in text
        assert "expected  " in text
        assert "api.machines" in engine.looked[-1][0]


async def test_its_action_goes_through_the_plan_and_the_engine() -> None:
    async with running(told(going())) as (app, engine, pilot):
        engine.answers["playbook.decide"] = going("acting")
        await pilot.press("p")
        await until(pilot, lambda: "Enter its plan" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, PlaybookDialog))
        call: DecideCall = engine.asked("playbook.decide")[0]
        assert (call.id, call.step, call.choice) == ("p1", "restart", "run")
        assert call.call is not None
        assert (call.call.action, call.call.seen) == ("restart", {"n": 1})
        assert engine.asked("run") == []
        await until(pilot, lambda: "acting" in shown(app))


@pytest.mark.parametrize(("key", "choice"), [("s", "skip"), ("x", "abort")])
async def test_to_skip_or_abort_asks_why(key: str, choice: str) -> None:
    async with running(told(going())) as (app, engine, pilot):
        engine.answers["playbook.decide"] = going()
        await pilot.press("p")
        await until(pilot, lambda: "Enter its plan" in shown(app))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: engine.asked("playbook.decide"))
        call: DecideCall = engine.asked("playbook.decide")[0]
        assert (call.choice, call.reason) == (choice, "no")


async def test_anothers_playbook_can_only_be_taken_over() -> None:
    async with running(told(going(operator="otto"))) as (app, engine, pilot):
        await until(pilot, lambda: "waits for otto" in shown(app))
        engine.answers["playbook.decide"] = going()
        await pilot.press("p")
        await until(pilot, lambda: "t take over" in shown(app))
        assert "Enter its plan" not in shown(app)
        await pilot.press("enter", "s", "x")
        assert engine.asked("playbook.decide") == []
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))


async def test_leaving_it_leaves_it_alone_and_the_strip_keeps_it() -> None:
    async with running(told(going()), size=(80, 24)) as (app, engine, pilot):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PlaybookDialog))
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert engine.asked("playbook.decide") == []
        assert "API down  7/11 waits for you  Restart its machines" in shown(app)


async def test_of_several_that_go_on_one_is_chosen() -> None:
    first, second = going(), going("looking", at=0, id="p2", incident="i-2")
    async with running(told(first, second), size=(80, 24)) as (app, _, pilot):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        assert "API down, incident i-2" in shown(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlaybookDialog))
        await until(pilot, lambda: "· incident i-2" in shown(app))


async def test_while_one_goes_on_another_for_what_else_is_wrong_is_offered() -> None:
    other = Proposal(playbook="database", title="Database in trouble", target="db",
                     why="db: connections in use 100 %", since=worlds.NOW - 9)  # fmt: skip
    view = told(going())
    both = msgspec.structs.replace(view, proposals=[*view.proposals, other])
    async with running(both, size=(80, 24)) as (app, engine, pilot):
        engine.answers["playbook.start"] = going()
        await until(pilot, lambda: "p Playbook: Database in trouble" in shown(app))
        assert "API down  7/11 waits for you" in shown(app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        assert "Begin: Database in trouble" in shown(app)
        assert "Begin: API down" not in shown(app), "it goes on"
        await pilot.press("down", "enter")
        await until(pilot, lambda: bool(engine.asked("playbook.start")))
        assert engine.asked("playbook.start") == [StartCall(name="database", why=other.why)]


async def test_without_a_trouble_all_are_offered() -> None:
    async with running() as (app, engine, pilot):
        engine.answers["playbooks"] = list(BOOKS.values())
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        assert "Certificate   " in shown(app)


async def test_a_console_that_may_only_look_starts_none() -> None:
    async with running(told(), read_only=True) as (app, engine, pilot):
        await pilot.press("p")
        await until(pilot, lambda: "may only look" in shown(app))
        assert engine.asked("playbook.start") == []


@pytest.mark.parametrize("columns", [72, 190])
@pytest.mark.parametrize("state", ["looking", "deciding", "acting", "proving", "stuck"])
def test_no_line_is_too_long_and_the_step_at_hand_is_there(
    columns: int, state: PlaybookStepState
) -> None:
    lines = draw.lines(going(state), worlds.scene(told()), columns)
    assert all(width(one) <= columns for one in lines)
    text = "\n".join("".join(part for part, _ in one) for one in lines)
    assert "Restart its machines" in text
    assert draw.at_hand(lines) > 0
    assert "2/2" in text  # a signal of the board, live


def test_the_verdict_stands_first_and_a_lost_engine_is_told() -> None:
    done = going("passed", state="verified", message="recovered: API yes", finished_at=worlds.NOW)
    first = draw.lines(done, worlds.scene(told()), 72)[0]
    assert first == (("VERIFIED: recovered: API yes", "ok"),)
    lost = draw.lines(going(), worlds.scene(told(), lost="the engine went away"), 72)
    assert lost[0] == (("as it stood: the engine went away", "unknown"),)


def test_it_can_be_drawn_in_ascii() -> None:
    for one in draw.lines(going(), worlds.scene(told(), glyphs=ASCII), 190):
        assert ASCII.plain("".join(part for part, _ in one)).isascii()
