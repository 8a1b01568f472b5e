"""The same screen in fewer bytes, judged by an emulator."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainur_tui.console.thrift import thrifty

COLUMNS, ROWS = 60, 6
STYLES = [
    *("", "1", "7;31", "4;32", "48;2;1;2;3"),
    *("38;5;251;48;5;16", "1;38;5;110;48;5;16", "38;5;7;48;5;4"),
]


def screen(data: str) -> list[object]:
    """Every cell of a screen that was full of something else before."""
    made = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(made)
    stream.feed("".join(f"\x1b[{row + 1};1H" + "x" * COLUMNS for row in range(ROWS)) + "\x1b[1;1H")
    stream.feed(data)
    return [made.buffer[row][column] for row in range(ROWS) for column in range(COLUMNS)]


def written(rows: list[list[tuple[str, str]]]) -> str:
    """What Textual writes: every piece with its style and a reset, rows from their beginnings."""
    out = ""
    for index, pieces in enumerate(rows):
        out += f"\x1b[{index + 1};1H"
        left = COLUMNS
        for style, text in pieces:
            shown = text[:left]
            left -= len(shown)
            if shown:
                out += f"\x1b[{style}m{shown}\x1b[0m" if style else shown
        out += "\r\n" if index + 1 < ROWS else ""
    return out


pieces = st.tuples(
    st.sampled_from(STYLES),
    st.one_of(st.text("ab ·●", max_size=9), st.integers(0, COLUMNS).map(lambda n: " " * n)),
)


@pytest.mark.parametrize("erase", [True, False])
@settings(max_examples=60)
@given(rows=st.lists(st.lists(pieces, max_size=6), min_size=1, max_size=ROWS))
def test_shows_the_same(erase: bool, rows: list[list[tuple[str, str]]]) -> None:
    data = written(rows)
    assert screen(thrifty(data, erase=erase)) == screen(data)


def test_takes_fewer_bytes() -> None:
    style = "38;5;251;48;5;16"
    data = "".join(f"\x1b[{style}m{text}\x1b[0m" for text in ("api", " ", "up", " " * 150))
    assert thrifty(data, erase=False) == f"\x1b[{style}mapi up{' ' * 150}\x1b[0m"
    assert thrifty(data, erase=True) == f"\x1b[{style}mapi up\x1b[150X\x1b[150C\x1b[0m"


def test_other_sequences_stand() -> None:
    for data in ("\x1b[?1049h\x1b[?25l", "\x1b[?2026h", "plain", ""):
        assert thrifty(data, erase=True) == data
