"""Charts keep their scale, show gaps as gaps, and mark what is beyond the threshold."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.console.draw.glyphs import ASCII, UNICODE
from ainur_tui.console.draw.plot import RIBBON, axis_end, chart, resample, ribbon, spark
from ainur_tui.console.draw.spans import Line, width
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.series import Series

values = st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=200)


def text(drawn: Line) -> str:
    return "".join(part for part, _ in drawn)


def test_a_flat_line_is_not_a_mountain() -> None:
    assert axis_end([99.0, 99.2, 99.1], None, None) == 100
    assert len(set(text(spark([99.0, 99.2, 99.1], 3, UNICODE)))) == 1


def test_the_axis_ends_at_the_limit_or_holds_the_threshold() -> None:
    assert axis_end([0.2], None, 1.0) == 1.0
    assert axis_end([0.01, 0.02], 0.1, None) >= 0.1
    assert axis_end([], None, None) == 1.0


@given(values, st.integers(1, 120))
def test_a_spark_has_its_columns_and_only_its_glyphs(
    found: list[float | None], columns: int
) -> None:
    drawn = text(spark(found, columns, UNICODE))
    assert len(drawn) == columns
    assert set(drawn) <= set(UNICODE.blocks[1:] + UNICODE.gap)


def test_gaps_stay_open() -> None:
    assert text(spark([1.0, None, 1.0], 3, UNICODE))[1] == UNICODE.gap
    assert resample([None, None, 4.0, 6.0], 2) == [None, 5.0]


def test_beyond_the_threshold_the_tone_changes() -> None:
    tones = {tone for _, tone in spark([1.0, 9.0], 2, UNICODE, threshold=5.0)}
    assert tones == {"accent", "warn"}
    assert spark([1.0], 1, UNICODE, threshold=5.0, worse="below")[0][1] == "warn"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@given(found=values, columns=st.integers(12, 90), rows=st.integers(1, 14))
def test_a_chart_has_its_rows_and_columns(
    glyphs: object, found: list[float | None], columns: int, rows: int
) -> None:
    series = Series(target="t", signal="s", start=0.0, step=60.0, values=found)
    drawn = chart(series, columns, rows, glyphs, heading="p95", unit="s", now="1 s", threshold=3.0)  # type: ignore[arg-type]
    assert len(drawn) == max(rows, 2)
    assert all(width(row) <= columns for row in drawn)


def test_every_kind_has_a_letter_of_its_own() -> None:
    assert RIBBON.keys() == set(get_args(EventKind))
    assert len(set(RIBBON.values())) == len(RIBBON)


def test_a_change_is_shown_before_the_symptoms_beside_it() -> None:
    kinds: list[EventKind] = ["alert", "deploy", "state"]
    events = [
        Event(key=kind, at=5.0 + i, kind=kind, target="api", text="x")
        for i, kind in enumerate(kinds)
    ]
    assert text(ribbon(events, 0, 10, 3)) == "D  "


def test_events_are_letters_at_their_moment() -> None:
    events = [
        Event(key="a", at=30, kind="deploy", target="api", text="v2"),
        Event(key="b", at=95, kind="restart", target="api", text="restart"),
        Event(key="c", at=-5, kind="backup", target="db", text="before the chart"),
    ]
    assert text(ribbon(events, 0.0, 10.0, 10)) == "   D     R"
