"""Reports from the command line: by the history as the engine keeps it, for people and machines."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ainur_tui.engine.history.history import History
from ainur_tui.model.series import Series, SeriesQuery
from ainur_tui.model.signal import Reading
from ainur_tui.rules.trend import DAY
from tests.cli.fakes import FakeEngine, Shell, use
from tests.rules.test_capacity import AT, GIB, view
from tests.systems.web import FakeClock


async def asked(query: SeriesQuery) -> list[Series]:
    """What the engine's history answers that saw the database grow by 1 GiB a day for 20 days."""
    history = History(None, FakeClock(AT))
    await history.open()
    history.add(
        Reading(target="db", signal="db.size", value=(10 + n / 24) * GIB, source="s",
                observed_at=AT - 20 * DAY + n * 3600)
        for n in range(20 * 24)
    )  # fmt: skip
    found = await history.series(query)
    await history.close()
    return found


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    def series(query: SeriesQuery) -> Any:
        return _in_thread(query)

    found = FakeEngine(board=view(), history=series)
    use(monkeypatch, found)
    return found


def _in_thread(query: SeriesQuery) -> list[Series]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(asked(query))).result()


def test_capacity_dates_what_the_history_saw_grow(shell: Shell, engine: FakeEngine) -> None:
    assert shell("report", "capacity", "--json") == 0
    told = json.loads(shell.out)
    assert (told["version"], told["report"]) == (1, "capacity")
    size, used, *_ = told["resources"]
    assert (size["signal"], size["days"]) == ("db.size", 21)
    assert abs(size["per_day"] / GIB - 1) < 0.01
    eighty, full = size["lines"]
    assert (eighty["state"], full["earliest"][:10]) == ("expected", "2027-01-25")
    assert used["missing"] == "not enough data (0 of 7 days)"
    assert (used["per_day"], used["lines"]) == (None, [])
    asked_for = next(params for method, params in engine.calls if method == "history")
    assert ("db", "db.size") in asked_for.wanted


@pytest.mark.parametrize("words", [("--format", "text"), ()])
def test_capacity_for_people(shell: Shell, engine: FakeEngine, words: tuple[str, ...]) -> None:
    assert shell("report", "capacity", *words) == 0
    assert "# Capacity of p" in shell.out
    assert "2027-01-25" in shell.out
    assert "not enough data (0 of 7 days)" in shell.out


def test_words_that_make_no_sense(shell: Shell, engine: FakeEngine) -> None:
    assert shell("report", "capacity", "--hours", "24") == 64
    assert shell("report", "performance", "--hours", "0") == 64
    assert shell("report", "nonsense") == 64
    assert engine.calls == []
