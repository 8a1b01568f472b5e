"""The active agents beside the same hour last week, by the history that the engine keeps."""

from __future__ import annotations

import pytest

from ainur_tui.engine.history.history import History
from ainur_tui.engine.probing.baseline import BaselineProbe
from ainur_tui.rules.baseline import WEEK, against_last_week
from tests.engine.probing import reading
from tests.engine.warp import EPOCH, HandClock


@pytest.mark.parametrize(
    ("now", "change", "words"),
    [
        (120.0, 0.0, "120 now, 120 at this hour last week: 0% fewer"),
        (30.0, 0.75, "30 now, 120 at this hour last week: 75% fewer"),
        (300.0, 1.5, "300 now, 120 at this hour last week: 150% more"),
    ],
)
async def test_a_count_is_held_against_its_own_of_a_week_ago(
    now: float, change: float, words: str
) -> None:
    clock = HandClock(EPOCH)
    history = History(None, clock)
    await history.open()
    week_ago, quiet = clock.now() - WEEK, clock.now() - WEEK + 6 * 3600
    for start, value in ((week_ago, 120.0), (quiet, 10.0), (clock.now() - 240, now)):
        times = (start - 1500 + 60 * n for n in range(50)) if start < quiet + 1 else (start,)
        history.add([reading("api", "api.agents", value, at) for at in times])
    (found,) = (await BaselineProbe(history, clock).read()).readings
    await history.close()
    assert found.value == pytest.approx(change)
    assert found.note == words


def test_without_a_week_nothing_is_said() -> None:
    minutes = [(1e9 - 60.0 * n, 5.0) for n in reversed(range(600))]
    value, words = against_last_week(minutes, 1e9)
    assert value is None
    assert words == "0 minutes of this hour last week are known, 20 are needed"
