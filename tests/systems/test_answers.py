"""What an answer must be before it is believed (S-31; F-06 to F-11)."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.answers import (
    LARGEST,
    Answer,
    json_of,
    leaves,
    number,
    object_of,
    parse_json,
    pick,
    text,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def answer(body: bytes, kind: str = "application/json") -> Answer:
    return Answer(200, {"content-type": kind}, body, 0.1, 1.0)


def refused(body: bytes) -> str:
    with pytest.raises(ProbeFailure) as caught:
        parse_json(body)
    assert caught.value.kind == "bad answer"
    assert "JSON" in str(caught.value)
    assert str(caught.value).isprintable()
    return str(caught.value)


@given(VALUES)
def test_all_sane_json_is_read_as_it_is(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=300))
def test_whatever_comes_is_json_or_a_bad_answer(body: bytes) -> None:
    with contextlib.suppress(ProbeFailure):
        parse_json(body)


@given(VALUES, st.integers(1, 30))
def test_truncated_json_is_told_with_its_beginning(value: object, cut: int) -> None:
    body = json.dumps({"key": value}).encode()
    assert "bad JSON at position" in refused(body[: -min(cut, len(body) - 1)])


def test_position_and_the_first_eighty_characters_are_told() -> None:
    said = refused(b'{"status": "hea\x1b[2J' + b"x" * 500)
    assert "bad JSON at position 15" in said
    assert '{"status": "hea␛[2J' in said
    assert len(said) < 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"  \n", b"NaN", b"[1, Infinity]", b'{"a": -Infinity}', b"1e999", b"1" * 5000,
        b"[" * 65 + b"]" * 65, b"[" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70, b"\xff\xfe{}",
        str(10**19).encode(), b"{'a': 1}", b'{"a": 1} x',
    ],
)  # fmt: skip
def test_what_is_no_json_of_ours(body: bytes) -> None:
    refused(body)


def test_depth_sixty_four_is_accepted() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64)
    assert parse_json(b"\xef\xbb\xbf[1]") == [1]


def test_an_html_page_with_status_200_is_no_health() -> None:
    with pytest.raises(ProbeFailure, match="HTML page where JSON belongs"):
        json_of(answer(b"<html>please log in</html>", "text/html"))
    assert json_of(answer(b'{"a": 1}', "text/html")) == {"a": 1}
    assert json_of(answer(b'{"a": 1}', "text/plain")) == {"a": 1}


def test_an_object_is_asked_for() -> None:
    with pytest.raises(ProbeFailure, match="an array where an object belongs"):
        object_of(answer(b"[]"))


@given(VALUES)
def test_a_number_is_finite_or_has_a_reason(value: object) -> None:
    found = number({"a": {"b": value}}, "a.b", low=None)
    assert (found.value is None) != (found.reason is None)
    if found.value is not None:
        assert math.isfinite(found.value)
        assert abs(found.value) <= LARGEST


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("N/A - requires metric query implementation", "N/A"),
        (None, "no x"), (True, "a truth value"), ([1], "an array"), (-1, "cannot be"),
        (math.nan, "out of range"), (1e30, "out of range"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_unknown_and_says_why(value: object, reason: str) -> None:
    found = number({"x": value}, "x")
    assert found.value is None
    assert reason in (found.reason or "")


def test_fields_are_picked_by_path() -> None:
    found = {"a": {"b": {"c": 3, "d": "x\x1b"}}, "e": [1]}
    assert number(found, "a.b.c").value == 3.0
    assert pick(found, "e.0") is None
    assert text(found, "a.b.d") == "x␛"
    assert text(found, "a.b.c") is None
    assert dict(leaves(found)) == {"a.b.c": 3, "a.b.d": "x\x1b", "e": [1]}


def test_the_difference_of_the_clocks() -> None:
    found = Answer(200, {"date": "Thu, 01 Jan 1970 00:10:00 GMT"}, b"", 0.1, 570.0)
    assert found.skew == 30.0
    assert answer(b"").skew is None
