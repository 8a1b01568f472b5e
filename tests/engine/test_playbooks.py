"""Playbooks at work in an engine: one run, its operator, its decisions, its file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from ainur_tui.engine.playbooks import store as playbookstore
from ainur_tui.engine.playbooks.playbooks import Playbooks
from ainur_tui.engine.runs.executor import Executor
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.failure import Refused
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogPage
from ainur_tui.model.playbook import PlaybookRun
from ainur_tui.model.playbookcalls import Choice, DecideCall, StartCall
from tests.engine.acting import MIRA, Restart, World1, call
from tests.engine.engines import until
from tests.rules.playbookworld import board, started

OTTO = Peer("otto", "operate", "/dev/pts/2")
BOOK = """
name = "own"
title = "Own"
summary = "s"
target = "api"
fits = { signals = ["api.up"] }
[[step]]
id = "logs"
title = "Logs"
look = { logs = { sources = ["api"], lines = 2 } }
[[step]]
id = "restart"
title = "Restart"
when = [{ signal = "api.up", below = 1 }]
run = { action = "restart" }
expect = [{ signal = "api.up", above = 0 }]
[[step]]
id = "ask"
title = "Ask"
ask = "do it"
expect = [{ signal = "api.up", above = 0 }]
[[step]]
id = "verify"
title = "Verify"
expect = [{ signal = "api.up", above = 0 }]
proves = true
then = "end"
"""


class House:
    """Playbooks over a small executor; ``up`` is what the board shows, read ``ahead`` seconds from
    now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World1(folder, Restart(("api",)))
        self.up = 0
        self.ahead = 1.0
        self.looked: list[set[str]] = []
        self.incident: str | None = "inc-api"
        (folder / "own").mkdir(exist_ok=True)
        (folder / "own" / "own.toml").write_text(BOOK)
        self.books = self.make()

    def make(self, executor: Executor | None = None) -> Playbooks:
        async def look(targets: set[str], timeout: float) -> None:
            self.looked.append(targets)

        return Playbooks(
            self.folder / "playbooks.json", str(self.folder / "own"),
            executor or self.world.executor, self.world.clock,
            board=lambda: board(self.up, at=self.world.clock.now() + self.ahead), look=look,
            logs=lambda query: LogPage(lines=[
                LogLine(seq=n, at=0.0, source="api", message=f"canary-secret-value {n}")
                for n in range(3)
            ]),
            event=self.world.events.append, moved=lambda: None, redact=self.world.redact,
            incident=lambda _: self.incident,
        )  # fmt: skip

    async def open(self) -> PlaybookRun:
        async def read() -> None:
            return

        await self.world.open()
        await self.books.open(read)
        return await self.books.start(StartCall(name="own", why="it is down"), MIRA)

    async def decide(
        self, run: PlaybookRun, choice: Choice, reason: str = "", peer: Peer = MIRA, **more: object
    ) -> PlaybookRun:
        asked = DecideCall(id=run.id, step=run.now.id, choice=choice, reason=reason, **more)  # type: ignore[arg-type]
        return await self.books.decide(asked, peer)

    def now(self, run: PlaybookRun) -> PlaybookRun:
        return self.books.runs(run.id, 1)[0]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_from_its_start_to_verified(house: House) -> None:
    run = await house.open()
    assert (run.now.id, run.now.state, run.incident) == ("restart", "deciding", "inc-api")
    assert run.steps[0].lines == ["00:00:00 •••••• 1", "00:00:00 •••••• 2"]
    run = await house.decide(run, "run", call=call())
    assert run.now.state in {"acting", "proving"}
    assert house.world.executor.runs()[0].operator == "mira"
    house.up = 1
    await house.world.over()
    house.books.wake()
    await until(lambda: house.now(run).now.id == "ask")
    run = house.now(run)
    assert (run.now.state, run.steps[1].words) == ("deciding", "api.up: yes")
    house.ahead = -1.0
    run = await house.decide(run, "done")
    assert (run.now.state, run.now.words) == ("proving", "api.up has not been read since")
    await until(lambda: house.looked == [{"api"}])
    house.ahead = 1.0
    house.books.wake()
    await until(lambda: house.now(run).state == "verified")
    told = [event.text for event in house.world.events if event.kind == "playbook"]
    assert told[0] == "Own: begun by mira (it is down)"
    assert told[1] == "Own: passed “Logs”; newest line: 00:00:00 •••••• 2"
    assert told[-1] == "Own: verified: api.up: yes"
    await house.books.close()


async def test_one_run_and_one_operator_others_take_over_with_a_reason(house: House) -> None:
    run = await house.open()
    assert (await house.books.start(StartCall(name="own"), OTTO)).id == run.id
    with pytest.raises(Refused, match="mira works through this playbook"):
        await house.decide(run, "skip", "no", OTTO)
    with pytest.raises(Refused, match="needs a reason"):
        await house.decide(run, "take-over", peer=OTTO)
    run = await house.decide(run, "take-over", "mira is away", OTTO)
    assert run.operator == "otto"
    assert "taken over by otto from mira: mira is away" in house.world.events[-1].text
    run = await house.decide(run, "abort", "false alarm", OTTO)
    assert (run.state, run.message) == ("aborted", "by otto: false alarm")
    with pytest.raises(Refused, match="is over"):
        await house.decide(run, "skip", "x", OTTO)
    await house.books.close()


async def test_each_incident_has_a_run_of_its_own(house: House) -> None:
    first = await house.open()
    again = await house.books.start(StartCall(name="own", incident="inc-api"), MIRA)
    other = await house.books.start(StartCall(name="own", incident="second"), MIRA)
    assert again.id == first.id != other.id
    assert [run.id for run in house.books.runs_of("second")] == [other.id]
    kept = house.books.runs_of("inc-api")[0].steps[0].lines
    assert kept == ["00:00:00 •••••• 1", "00:00:00 •••••• 2"]
    await house.books.close()


async def test_a_run_from_before_its_incident_joins_it(house: House) -> None:
    house.incident = None
    first = await house.open()
    house.incident = "late"
    joined = await house.books.start(StartCall(name="own"), MIRA)
    assert (first.incident, joined.id, joined.incident) == (None, first.id, "late")
    await house.books.close()


async def test_a_decision_for_another_step_or_action_is_refused(house: House) -> None:
    run = await house.open()
    with pytest.raises(Refused, match="gone on to “Restart”"):
        await house.books.decide(
            DecideCall(id=run.id, step="logs", choice="skip", reason="x"), MIRA
        )
    with pytest.raises(Refused, match="not the action of the step"):
        await house.decide(run, "run", call=call("api/machine/17"))
    with pytest.raises(Refused, match="makes no sense here"):
        await house.decide(run, "done")
    with pytest.raises(Refused, match="did you mean own"):
        await house.books.start(StartCall(name="onw"), MIRA)
    await house.books.close()


async def test_what_the_gates_refuse_leaves_the_step_as_it_was(house: House) -> None:
    run = await house.open()
    action = house.world.planner.catalogue.pick("restart", "api")
    assert isinstance(action, Restart)
    action.blocked = "not now"
    with pytest.raises(Refused, match="not now"):
        await house.decide(run, "run", call=call())
    assert house.now(run).now.state == "deciding"
    action.blocked = None
    run = await house.decide(run, "run", call=call(key="other"))
    assert run.now.key == f"playbook-{run.id}-restart-0"
    await house.world.over()
    await house.books.close()


async def test_the_loop_guard_holds_in_a_playbook_too(house: House) -> None:
    run = await house.open()
    for key in "ab":
        await house.world.executor.run(call(key=key), MIRA)
        await house.world.over()
    with pytest.raises(Refused, match="Give a reason"):
        await house.decide(run, "run", call=call())
    assert house.now(run).now.state == "deciding"
    run = await house.decide(run, "run", call=call(reason="it is another fault"))
    await house.world.over()
    await house.books.close()


async def test_whoever_asked_may_go_away(house: House) -> None:
    run = await house.open()
    asked = asyncio.create_task(house.decide(run, "run", call=call()))
    await asyncio.sleep(0)
    asked.cancel()
    await until(lambda: house.now(run).now.state not in {"deciding", "ordered"})
    assert len(house.world.executor.runs()) == 1
    await house.world.over()
    await house.books.close()


async def test_the_next_engine_goes_on_at_the_same_step(house: House) -> None:
    run = await house.open()
    await house.books.close()
    asked: list[str] = []

    async def read() -> None:
        asked.append("first round")

    house.books = house.make()
    assert await house.books.open(read) is None
    await until(lambda: house.now(run).taken_over == 1)
    assert asked == ["first round"]
    assert house.now(run).now.state == "deciding"
    await house.books.close()


async def test_fifty_long_playbooks_are_there_after_a_restart(tmp_path: Path) -> None:
    long = started(seen=board(0))
    words = "it was looked at " * 200
    runs = [
        replace(long, id=f"r{n}", state="verified", why=words,
                steps=[replace(step, words=words, lines=[words] * 6) for step in long.steps])
        for n in range(playbookstore.MOST_ENDED)
    ]  # fmt: skip
    path = tmp_path / "playbooks.json"
    await playbookstore.save(path, runs)
    assert path.stat().st_size > 2 << 20
    assert playbookstore.load(path) == (runs, None)


async def test_a_file_that_cannot_be_read_is_set_aside(house: House) -> None:
    path = house.folder / "playbooks.json"
    path.write_text("{")
    runs, problem = playbookstore.load(path)
    assert (runs, path.exists()) == ([], False)
    assert problem is not None
    assert (house.folder / "playbooks.json.bad").read_text() == "{"


async def test_what_cannot_be_kept_is_not_begun(house: House) -> None:
    await house.open()
    await house.books.close()
    house.books = house.make()
    (house.folder / "playbooks.json").unlink()
    (house.folder / "playbooks.json").mkdir()
    with pytest.raises(Refused, match="it is as before"):
        await house.books.start(StartCall(name="own"), MIRA)
    assert house.books.active() == []


def test_a_playbook_others_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(BOOK)
    (tmp_path / "b.toml").write_text("name = 1")
    os.chmod(tmp_path / "a.toml", 0o666)
    books, problems = playbookstore.own(tmp_path)
    assert books == []
    assert "may be written by others" in problems[0]
    assert "playbook check" in problems[1]


def test_the_newest_that_ended_are_kept_and_all_that_go_on() -> None:
    runs = {
        f"r{n}": replace(started(), id=f"r{n}", state="running" if n == 0 else "verified")
        for n in range(60)
    }
    kept = playbookstore.worth(runs)
    assert list(kept) == ["r0", *(f"r{n}" for n in range(10, 60))]
