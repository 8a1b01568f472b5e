"""Lines of key paths."""

from __future__ import annotations

import pytest

from ainur_tui.config.locate import Lines

TEXT = """# [not.a.header]
top = 1
[a]
one = [
  "x", # ]
  "]",
]
"two.three" = '''
four = 4
'''
five.six = { seven = 7 }
[a.'b c']
eight = "[[\\"# "
[[list]]
nine = 9
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2), (("a",), 3), (("a", "one"), 4), (("a", "one", "1"), 4),
        (("a", "two.three"), 8), (("a", "four"), 3), (("a", "five"), 11),
        (("a", "five", "six"), 11), (("a", "five", "six", "seven"), 11), (("a", "b c"), 12),
        (("a", "b c", "eight"), 13), (("list", "0", "nine"), 15), (("none",), 0),
    ],
)  # fmt: skip
def test_a_keys_line_is_found_whatever_ends_lines(path: tuple[str, ...], line: int) -> None:
    assert Lines(TEXT).of(path) == line
    assert Lines(TEXT.replace("\n", "\r\n")).of(path) == line
