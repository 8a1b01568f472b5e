"""PromQL taken apart and told in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainur_tui.rules.prom.ql import parse
from ainur_tui.rules.prom.tree import Binary, Call, Literal, Selector, selectors
from ainur_tui.rules.prom.words import words


def test_operators_bind_as_prometheus_binds_them() -> None:
    tree = parse("a + b * 2 > c and d")
    assert isinstance(tree, Binary)
    assert (tree.op, tree.right) == ("and", Selector("d"))
    assert isinstance(tree.left, Binary)
    assert tree.left.op == ">"
    power = parse("2 ^ 3 ^ 2")
    assert isinstance(power, Binary)
    assert power.left == Literal(2.0)
    assert isinstance(power.right, Binary)
    minus = parse("10 - 4 - 3")
    assert isinstance(minus, Binary)
    assert minus.right == Literal(3.0)


def test_aggregations_take_their_labels_before_or_behind() -> None:
    before, behind = parse("sum by (le, job) (x)"), parse("sum(x) by (le, job)")
    assert before == behind == Call("sum", (Selector("x"),), "by", ("le", "job"))


def test_every_selector_is_found_with_its_window() -> None:
    tree = parse('rate(a_total{status=~"5.."}[5m] offset 1h) / on (job) b{x!="y"} > bool 0.01')
    first, second = selectors(tree)
    assert first.window == 300.0
    assert first.text() == 'a_total{status=~"5.."}'
    assert second.text() == 'b{x!="y"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a >", "the end"),
        ("foo{a=b}", "condition of the label a"),
        ("sum(", "the end"),
        ("a b", "'b'"),
        ("a § b", "not understood"),
        ("(" * 100 + "a", "nested too deeply"),
        ("rate(x[five])", "no duration"),
    ],
)
def test_what_is_no_promql_names_the_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)


@settings(max_examples=60)
@given(st.text(alphabet="ab(){}[]\"'=~!<>+-*/^,.:5m 0 by on", max_size=40))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        tree = parse(text)
    except ValueError:
        return
    assert words(tree)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("up < 1", "up is below 1"),
        ("histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))",
         "the p95 of the histogram of the sum of the increase per second of h_bucket over 5m 00s"
         " by le"),
        ('absent(up{job="api"})', "there is no up where job is api"),
        ("(a + b) * 100 >= 5", "(a plus b) times 100 is at least 5"),
    ],
)  # fmt: skip
def test_an_expression_in_words(text: str, said: str) -> None:
    assert words(parse(text)) == said
