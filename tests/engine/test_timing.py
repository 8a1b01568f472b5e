"""What is begun by itself: once per moment, through the executor, no further after a failure."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from ainur_tui.engine.runs.executor import Executor
from ainur_tui.engine.runs.timing import GRACE, Timer
from ainur_tui.model.event import Event
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import RunCall
from ainur_tui.systems.system import Routine
from tests.systems.web import FakeClock

DAY = 86400.0
MOMENT = 10 * DAY + 2.5 * 3600


class Asked:
    """An executor whose runs end at once as ``state`` says; the same key is the same run."""

    def __init__(self, state: str = "verified") -> None:
        self.state = state
        self.calls: list[RunCall] = []

    async def run(self, call: RunCall, peer: Any) -> Any:
        assert peer.operator == "schedule"
        if self.state == "refused":
            raise Refused("the database is not there", 69)
        self.calls.append(call)
        return SimpleNamespace(id="1", finished_at=1.0, state=self.state, message="so it is")


def timer(clock: FakeClock, asked: Asked, told: list[Event]) -> Timer:
    routine = Routine(
        "backup", lambda now: (now - 2.5 * 3600) // DAY * DAY + 2.5 * 3600,
        [("backup", "db", {}), ("prune", "db", {})],
    )  # fmt: skip
    return Timer(cast(Executor, asked), [routine], clock, told.append)


async def look(one: Timer) -> None:
    one.look()
    for _ in range(5):
        await asyncio.sleep(0)


async def test_once_at_its_moment_and_then_what_follows() -> None:
    clock, asked, told = FakeClock(MOMENT - 100), Asked(), list[Event]()
    one = timer(clock, asked, told)
    await look(one)
    assert asked.calls == []
    clock.at = MOMENT + 5
    await look(one)
    await look(one)
    assert [call.action for call in asked.calls] == ["backup", "prune"]
    assert asked.calls[0].key == "schedule/backup/backup/1970-01-11T02:30:00.000Z"
    again = timer(clock, asked, told)  # an engine that was restarted names the same moment
    await look(again)
    assert asked.calls[2].key == asked.calls[0].key
    clock.at = MOMENT + DAY
    await look(one)
    assert len(asked.calls) == 6
    assert told == []
    await one.stop()


async def test_nothing_follows_a_failure_and_everybody_is_told() -> None:
    for state, words in (("failed", "is failed: so it is"), ("refused", "was not done: the data")):
        clock, asked, told = FakeClock(MOMENT + 1), Asked(state), list[Event]()
        await look(timer(clock, asked, told))
        assert [call.action for call in asked.calls] == ["backup"] * (state == "failed")
        assert words in told[0].text


async def test_an_engine_that_comes_up_late_begins_nothing() -> None:
    clock, asked, told = FakeClock(MOMENT + GRACE + 1), Asked(), list[Event]()
    await look(timer(clock, asked, told))
    assert asked.calls == []
