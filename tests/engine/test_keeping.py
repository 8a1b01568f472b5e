"""What is told is on disk first; what an engine long ago saw is no beginning of what is now."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from ainur_tui.engine.alerts import keeping
from ainur_tui.engine.alerts.keeping import GAP, Keeper, began_or_ended
from ainur_tui.engine.history.history import History
from ainur_tui.model.alert import Alert, AlertState
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from tests.engine.acting import READER
from tests.engine.engines import Little, engine, until
from tests.engine.test_alerting import House


class Kept:
    """A house with its alerts kept in a history; ``told`` are the events."""

    def __init__(self, file: Path | None, house: House | None = None) -> None:
        self.house = house or House()
        self.told: list[Event] = []
        self.history = History(file, self.house.clock)
        self.keeper = Keeper(
            self.house.alerting, self.house.board, self.history, self.house.clock, self.event
        )

    def event(self, event: Event) -> None:
        self.told.append(event)
        self.history.add_event(event)


def on_disk(file: Path) -> dict[str, str]:
    """The alerts a later engine would go on from: rule and state."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        row = db.execute("SELECT value FROM kv WHERE key = 'alerts'").fetchone()
    if row is None:
        return {}
    return {rule: memory["state"] for rule, _, memory in msgspec.json.decode(row[0])["memories"]}


async def test_what_was_judged_is_on_disk_when_it_may_be_told(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    kept = Kept(file)
    await kept.history.open()
    for seconds, state in ((1, "pending"), (12, "firing"), (5, "firing")):
        kept.house.now(seconds, p95=0.2)
        await asyncio.gather(kept.keeper.keep(), kept.keeper.keep())
        assert on_disk(file) == {"Slow": state}
    assert [event.text for event in kept.told] == ["P3 Slow fires: api 200 ms over 100 ms"]
    assert await kept.history.events(0) == kept.told, "with the alert its begin"
    await kept.history.close()


async def test_what_fired_between_two_looks_is_told(tmp_path: Path) -> None:
    kept = Kept(None)
    await kept.history.open()
    kept.house.now(12, p95=0.2)
    kept.house.now(30)
    await kept.keeper.keep()
    assert [event.text.split(": ")[0] for event in kept.told] == [
        "P3 Slow fires",
        "P3 Slow is over",
    ]
    await kept.history.close()


def test_one_firing_is_one_event_however_often_it_is_told() -> None:
    def event(state: AlertState, since: float) -> Event:
        return began_or_ended(
            Alert(name="ApiDown", target="api", state=state, severity="P1", since=since,
                  summary="api does not serve its users")
        )  # fmt: skip

    assert event("firing", 9) == event("firing", 9)
    assert len({event("firing", 9).key, event("firing", 10).key, event("resolved", 9).key}) == 3
    assert event("firing", 9).text == "P1 ApiDown fires: api does not serve its users"
    assert event("resolved", 30).text == "P1 ApiDown is over"


async def test_a_disk_that_hangs_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 0.05)
    kept = Kept(None)
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(kept.history, "flush", hang)
    kept.house.now(1, p95=0.2)
    async with asyncio.timeout(10):
        await kept.keeper.keep()
    assert asked.is_set()
    monkeypatch.setattr(keeping, "PATIENCE", 3600.0)
    async with asyncio.timeout(10):
        await kept.keeper.keep()  # of the same there is nothing to wait for any more


@pytest.mark.parametrize(
    ("away", "watching", "goes_on", "cause"),
    [(GAP / 2, True, True, None), (GAP * 2, True, False, "db"), (GAP / 2, False, False, "db")],
    ids=["a moment ago", "long ago", "one look"],
)
async def test_a_state_goes_on_only_where_somebody_watched(
    tmp_path: Path, away: float, watching: bool, goes_on: bool, cause: str | None
) -> None:
    first = Kept(tmp_path / "history.sqlite")
    await first.history.open()
    first.house.now(1, up=0)
    began = first.house.clock.now()
    first.house.now(120, up=0)
    await first.keeper.save()
    await first.history.close()
    later = Kept(tmp_path / "history.sqlite")
    await later.history.open()
    later.house.clock.go(121 + away)
    await later.keeper.recall(watching=watching)
    later.house.now(1, up=0, db=0)
    await later.history.close()
    api = later.house.board.view().target("api")
    assert api is not None
    assert (api.since == began) is goes_on
    assert api.cause == cause, "what was down before the database was is not put down to it"


async def test_nobody_is_told_of_an_alert_that_is_not_kept(tmp_path: Path) -> None:
    little, told = Little(), []
    file = tmp_path / "state" / "history.sqlite"
    async with engine(tmp_path, little) as made:
        await made.looks.first_round()

        def seen() -> None:
            told.extend((alert.name, on_disk(file)) for alert in made.picture.view.alerts)

        made.relay.listeners.add(seen)
        little.pulse.failure = ProbeFailure("refused")
        await made.looks.once({"api"}, None)
        answer = await made.call("board", msgspec.Raw(b"{}"), READER)
        kept = on_disk(file)
        assert {alert.name for alert in answer.alerts} == kept.keys() == {"ApiDown"}
        await until(lambda: told)
    assert all(name in kept for name, kept in told)
