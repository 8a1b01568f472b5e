"""PromQL in words: what an expression measures, for people who check an alert by reading it."""

from __future__ import annotations

from ainur_tui.model.units import duration, number
from ainur_tui.rules.prom.ql import COMPARISONS
from ainur_tui.rules.prom.tree import Binary, Call, Literal, Matcher, Node, Selector

_SIGNS = {
    ">": "is above", ">=": "is at least", "<": "is below", "<=": "is at most", "==": "is",
    "!=": "is not",
}  # fmt: skip
_OVER = {
    "rate": "increase per second", "irate": "newest increase per second", "increase": "increase",
    "delta": "change", "avg_over_time": "mean", "max_over_time": "highest value",
    "min_over_time": "lowest value", "sum_over_time": "sum", "count_over_time": "number of samples",
    "changes": "number of changes", "resets": "number of resets", "deriv": "slope per second",
}  # fmt: skip
_TOGETHER = {
    "sum": "the sum", "avg": "the mean", "min": "the lowest", "max": "the highest",
    "count": "the number", "stddev": "the standard deviation", "group": "one",
}  # fmt: skip
_ARITHMETIC = {"+": "plus", "-": "minus", "*": "times", "/": "divided by", "%": "modulo", "^": "to"}
_CONDITIONS = {"=": "is", "!=": "is not", "=~": "matches", "!~": "does not match"}


def words(node: Node) -> str:
    """The expression as a phrase."""
    match node:
        case Literal(value=value):
            return number(value) if isinstance(value, float) else repr(value)
        case Selector():
            return _selector(node)
        case Binary(op=op) if op in COMPARISONS:
            return f"{words(node.left)} {_SIGNS[op]} {words(node.right)}"
        case Binary(op=op):
            sign = _ARITHMETIC.get(op, op)
            return f"{_bracketed(node.left)} {sign} {_bracketed(node.right)}"
        case Call():
            return _call(node)


def _call(node: Call) -> str:
    args = node.args
    if node.name == "histogram_quantile" and len(args) == 2 and isinstance(args[0], Literal):
        return f"the {_percent(args[0])} of the histogram of {words(args[1])}"
    if node.name in _OVER and args and isinstance(args[-1], Selector):
        series = args[-1]
        window = f" over {duration(series.window)}" if series.window else ""
        plain = Selector(series.name, series.matchers)
        return f"the {_OVER[node.name]} of {words(plain)}{window}"
    if node.name in _TOGETHER and args:
        per = f" {node.grouping} {', '.join(node.labels)}" if node.grouping else " over all series"
        return f"{_TOGETHER[node.name]} of {words(args[-1])}{per}"
    if node.name == "absent" and args:
        return f"there is no {words(args[0])}"
    return f"{node.name} of {', '.join(map(words, args))}" if args else node.name


def _percent(quantile: Literal) -> str:
    if not isinstance(quantile.value, float):
        return "quantile"
    return f"p{quantile.value * 100:g}"


def _selector(node: Selector) -> str:
    name = node.name or "every series"
    if not node.matchers:
        return name
    return f"{name} where {' and '.join(map(_condition, node.matchers))}"


def _condition(matcher: Matcher) -> str:
    return f"{matcher.label} {_CONDITIONS[matcher.op]} {matcher.value or 'empty'}"


def _bracketed(node: Node) -> str:
    return f"({words(node)})" if isinstance(node, Binary) else words(node)
