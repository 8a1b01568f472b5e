"""Hours of the week: written as people do, kept by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.hours import Hours

BERLIN = ZoneInfo("Europe/Berlin")
WEEKS = ("Mon-Fri 08:00-20:00", "sat-mon 22:00-06:00", "Sun 00:00-24:00, Wed 10:00-10:01",
         "23:30 - 00:30")  # fmt: skip


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("Mon-Fri 08:00-20:00", "2026-11-30T08:00+01:00", True),
        ("Mon-Fri 08:00-20:00", "2026-11-30T07:59:59+01:00", False),
        ("Mon-Fri 08:00-20:00", "2026-11-30T20:00+01:00", False),
        ("Mon-Fri 08:00-20:00", "2026-11-29T12:00+01:00", False),
        ("Fri-Mon 08:00-20:00", "2026-11-29T12:00+01:00", True),
        ("Fri 22:00-06:00", "2026-11-28T05:59+01:00", True),
        ("Fri 22:00-06:00", "2026-11-27T05:59+01:00", False),
        ("08:00-12:00, Sat 13:00-24:00", "2026-11-28T23:59+01:00", True),
        # The same hour by the wall on both sides of the end of summer time.
        ("08:00-20:00", "2026-10-24T08:30+02:00", True),
        ("08:00-20:00", "2026-10-26T08:30+01:00", True),
        ("08:00-20:00", "2026-10-26T08:30+02:00", False),
    ],
)
def test_what_lies_within(text: str, moment: str, is_open: bool) -> None:
    assert Hours.parse(text, BERLIN).open(at(moment)) is is_open


@given(st.sampled_from(WEEKS), st.integers(1_790_000_000, 1_800_000_000))
def test_they_are_open_from_the_moment_they_open(text: str, moment: int) -> None:
    hours = Hours.parse(text, UTC)
    if not hours.open(moment):
        opens = hours.opens(moment)
        assert moment < opens <= moment + 7 * 86_400
        assert hours.open(opens)
        assert not hours.open(opens - 1)


def test_they_open_by_the_wall_when_summer_time_ends() -> None:
    hours = Hours.parse("Mon 08:00-20:00", BERLIN)
    assert hours.opens(at("2026-10-24T12:00+02:00")) == at("2026-10-26T08:00+01:00")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no time of the week"),
        ("Mon-Fri", "no time of the week"),
        ("Mon-Fri 8-20", "no time of the week"),
        ("Mo-Fr 08:00-20:00", "'mo' is no day"),
        ("08:00-25:00", "no time of the day"),
        ("08:60-09:00", "no time of the day"),
        ("08:00-08:00", "the whole day is 00:00-24:00"),
        ("24:00-08:00", "no time at all"),
        ("08:00-20:00,", "no time of the week"),
    ],
)
def test_what_is_none_says_so(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Hours.parse(text, UTC)
