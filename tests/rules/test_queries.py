"""The saved queries: they can be asked, and the form that fits is taken."""

from __future__ import annotations

import pytest

from ainur_tui.model.units import UNITS
from ainur_tui.rules import queries
from ainur_tui.rules.prom import ql as promql
from ainur_tui.rules.prom import tree as promtree


def test_every_saved_query_is_understood_has_a_unit_and_the_guides_own_form() -> None:
    found = queries.saved()
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert one.unit in UNITS
        assert one.guide
        assert all(queries.selectors(expr) for expr in (*one.exprs, one.guide)), one.name
        assert all(queries.explained(expr) for expr in one.exprs)


def test_the_form_whose_names_are_there_is_taken() -> None:
    exprs = ["a / b", 'c{status="x"}']
    assert queries.chosen(exprs, {"a", "c"}) == exprs[1]
    assert queries.chosen(exprs, {"a", "b", "c"}) == exprs[0]
    assert queries.chosen(exprs, set()) == exprs[0]
    assert queries.selectors("a >") == []
    assert queries.explained("a >") == ""


@pytest.mark.parametrize(
    ("written", "value", "asked"),
    [
        ("""'a"b'""", 'a"b', r'"a\"b"'),
        (r'"a\\.b"', r"a\.b", r'"a\\.b"'),
        (r"`a\.b`", r"a\.b", r'"a\\.b"'),
        (r'"\x41\u00e9\n"', "A\u00e9\n", '"A\u00e9\\n"'),
    ],
)
def test_a_label_is_asked_for_as_it_was_meant(written: str, value: str, asked: str) -> None:
    (one,) = promtree.selectors(promql.parse("m{l=" + written + "}"))
    assert one.matchers[0].value == value
    assert one.text() == "m{l=" + asked + "}"
    assert next(promtree.selectors(promql.parse(one.text()))) == one
