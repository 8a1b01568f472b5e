"""Every number is written with its unit."""

from __future__ import annotations

import pytest

from ainur_tui.model import units


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "s", "—"),
        (0.0412, "s", "41 ms"),
        (4.21, "s", "4.2 s"),
        (252, "s", "4m 12s"),
        (11_100, "s", "3h 05m"),
        (1_050_000, "s", "12d 3h"),
        (0.008, "ratio", "0.8 %"),
        (1.0, "ratio", "100 %"),
        (163, "count", "163"),
        (38.24, "/s", "38.2 /s"),
        (1_503_238_553, "B", "1.4 GiB"),
        (1, "blocks", "1 block"),
        (1234, "blocks", "1,234 blocks"),
        (1.0, "bool", "yes"),
        (False, "", "no"),
        ("text", "text", "text"),
        (38.2, "days", "38 days"),
        (250, "ms", "250 ms"),
    ],
)
def test_a_value_is_shown_with_its_unit(value: float | str | None, unit: str, shown: str) -> None:
    assert units.show(value, unit) == shown


def test_moments_are_utc() -> None:
    assert units.rfc3339(0.0) == "1970-01-01T00:00:00.000Z"
    assert units.rfc3339(None) is None
    assert units.clock(86_399) == "23:59:59"
    assert units.clock(0, date=True) == "1970-01-01 00:00:00"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (59.9, "59s"), (240, "4m"), (7300, "2h"), (900_000, "10d")]
)
def test_an_age_is_told_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert units.age(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 ms"), (0.00002, "<0.1 ms"), (0.0001, "0.1 ms"), (0.009, "9.0 ms"), (0.2, "200 ms")],
)
def test_what_is_short_is_never_written_as_nothing(seconds: float, words: str) -> None:
    assert units.duration(seconds) == words


def test_a_height_is_no_number_of_blocks() -> None:
    assert units.show(184033, "height") == "#184,033"
    assert units.show(2, "blocks") == "2 blocks"
