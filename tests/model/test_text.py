"""The boundary for hostile text (S-01 to S-03)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.text import MAX_LINE, clean, decode, is_hostile, near

HOSTILE = [
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[1;1H",
    "\x9b2J",
    "\x90q\x9c",
    "\x1b_apc\x1b\\",
    "\x1b]1337;File=:AAAA\x07",
    "a\rOK recovered",
    "one\ntwo\u2028three\x85four",
    "\u202egnp.exe",
    "zero\u200bwidth\ufeff",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_control_survives(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert "\x1b" not in shown
    assert is_hostile(text)


@given(st.text(st.characters()))
def test_clean_text_is_one_printable_line(text: str) -> None:
    shown = clean(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in shown)
    assert len(shown.splitlines()) <= 1


@given(st.text(st.characters()))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_every_code_point_that_could_steer_a_terminal_is_replaced() -> None:
    codes = [*range(0x100), *range(0x200B, 0x2070), 0xFEFF]
    for code in codes:
        category = unicodedata.category(chr(code))
        shown = clean(f"a{chr(code)}b")
        if code == 9:
            assert shown == "a    b"
        elif category in {"Cc", "Cf", "Zl", "Zp"}:
            assert chr(code) not in shown
        else:
            assert shown == f"a{chr(code)}b"


def test_ordinary_text_is_left_alone() -> None:
    text = "2026-11-24 💤 Idle (8 peers), best: #1234 [db] [/] Ärger 漢字"
    assert clean(text) == text
    assert not is_hostile(text + "\n")
    assert not is_hostile("tab\there")


def test_long_lines_tell_what_is_missing() -> None:
    shown = clean("x" * (MAX_LINE + 10_000_000))
    assert shown.endswith("… +10000000")
    assert len(shown) < MAX_LINE + 20


def test_invalid_utf8_is_marked() -> None:
    assert decode(b"a\xff\xfeb") == "a\ufffd\ufffdb"


def test_near_names() -> None:
    assert near("restrat", ["restart", "scale", "backup"]) == ["restart"]
    assert near("api-s", ["api-slow", "api-silent", "db-down"])[:2] == ["api-slow", "api-silent"]
    assert near("zzz", ["restart"]) == []
