"""Yes and no as parts of a sentence."""

from __future__ import annotations

import pytest

from ainur_tui.model.yesno import answered


@pytest.mark.parametrize(
    ("name", "title", "words"),
    [
        ("api.up", "API", "API serves: no"),
        ("node.network", "Network", "Network well: no"),
        ("db.up", "database answers", "database answers: no"),
    ],
)
def test_a_bare_name_gets_its_verb(name: str, title: str, words: str) -> None:
    assert answered(name, title, yes=False) == words
    assert answered(name, title, yes=True) == words.removesuffix("no") + "yes"
