"""What is told is on disk first; what an engine long ago saw is no beginning of what is now."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from ainur_tui.engine import keeping
from ainur_tui.engine.history import History
from ainur_tui.engine.keeping import GAP, Keeper
from ainur_tui.model.failure import ProbeFailure
from tests.engine.acting import READER
from tests.engine.engines import Little, engine, until
from tests.engine.test_alerting import House


def on_disk(file: Path) -> dict[str, str]:
    """The alerts a later engine would go on from: rule and state."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        row = db.execute("SELECT value FROM kv WHERE key = 'alerts'").fetchone()
    if row is None:
        return {}
    return {rule: memory["state"] for rule, _, memory in msgspec.json.decode(row[0])["memories"]}


async def test_what_was_judged_is_on_disk_when_it_may_be_told(tmp_path: Path) -> None:
    house, file = House(), tmp_path / "history.sqlite"
    history = History(file, house.clock)
    await history.open()
    keeper = Keeper(house.alerting, house.board, history, house.clock)
    for seconds, state in ((1, "pending"), (12, "firing")):
        house.now(seconds, p95=0.2)
        await asyncio.gather(keeper.keep(), keeper.keep())
        assert on_disk(file) == {"Slow": state}
    await history.close()


async def test_a_disk_that_hangs_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 0.05)
    house = House()
    history = History(None, house.clock)
    asked = asyncio.Event()

    async def hang(key: str, value: bytes) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(history, "save", hang)
    keeper = Keeper(house.alerting, house.board, history, house.clock)
    house.now(1, p95=0.2)
    async with asyncio.timeout(10):
        await keeper.keep()
    assert asked.is_set()
    monkeypatch.setattr(keeping, "PATIENCE", 3600.0)
    async with asyncio.timeout(10):
        await keeper.keep()  # of the same there is nothing to wait for any more


async def test_a_disk_that_refuses_is_no_reason_not_to_tell(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House()
    history = History(None, house.clock)
    keeper = Keeper(house.alerting, house.board, history, house.clock)
    house.now(1, p95=0.2)
    await keeper.keep()  # the history is not even open
    assert "keeping the states of alerts" in caplog.text


@pytest.mark.parametrize(
    ("away", "watching", "goes_on", "cause"),
    [(GAP / 2, True, True, None), (GAP * 2, True, False, "db"), (GAP / 2, False, False, "db")],
    ids=["a moment ago", "long ago", "one look"],
)
async def test_a_state_goes_on_only_where_somebody_watched(
    tmp_path: Path, away: float, watching: bool, goes_on: bool, cause: str | None
) -> None:
    first, file = House(), tmp_path / "history.sqlite"
    history = History(file, first.clock)
    await history.open()
    first.now(1, up=0)
    began = first.clock.now()
    first.now(120, up=0)
    await Keeper(first.alerting, first.board, history, first.clock).save()
    later = House()
    later.clock.go(121 + away)
    await Keeper(later.alerting, later.board, history, later.clock).recall(watching=watching)
    later.now(1, up=0, db=0)
    await history.close()
    api = later.board.view().target("api")
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
