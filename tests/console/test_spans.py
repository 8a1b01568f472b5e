"""Lines fit their columns whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ainur_tui.console.draw.spans import Line, cut, ends, fit, left, line, right, width, wrap

words = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x3000, exclude_categories=("Cc", "Cs"))
)
lines = st.lists(st.tuples(words, st.just("text")), max_size=5).map(tuple)


@given(words, st.integers(0, 60))
def test_cells_are_exact(text: str, columns: int) -> None:
    assert cell_len(left(text, columns)) == columns
    assert cell_len(right(text, columns)) == columns
    assert cell_len(cut(text, columns)) <= columns


@given(lines, lines, st.integers(1, 80))
def test_lines_never_overflow(start: Line, end: Line, columns: int) -> None:
    assert width(fit(start, columns)) <= columns
    assert width(ends(start, end, columns)) <= columns


def test_what_is_cut_is_told() -> None:
    assert cut("twelve columns", 8) == "twelve…"
    assert "".join(t for t, _ in fit(line("abc", "defgh"), 5)) == "abcd…"


def test_wrapping_keeps_every_word_until_the_last_line() -> None:
    assert wrap("one two three four", 9) == ["one two", "three", "four"]
    assert wrap("one two three four five six", 9, most=2) == ["one two", "three fo…"]
