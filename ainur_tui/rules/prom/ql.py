"""PromQL taken apart: as much of its grammar as an alert rule has, into a tree.

After the grammar of Prometheus 2 (promql/parser); what is not understood is a ``ValueError`` that
names the place.
"""

from __future__ import annotations

import re

from ainur_tui.model.units import seconds
from ainur_tui.rules.prom.tree import Binary, Call, Literal, Matcher, Node, Selector, unquoted

COMPARISONS = ("==", "!=", "<=", "<", ">=", ">")
_PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2, **dict.fromkeys(COMPARISONS, 3), "+": 4, "-": 4,
    "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6,
}  # fmt: skip
AGGREGATIONS = frozenset(
    {"sum", "avg", "min", "max", "count", "stddev", "stdvar", "group", "topk", "bottomk",
     "quantile", "count_values"}
)  # fmt: skip
_TOKEN = re.compile(
    r"\s+|#[^\n]*|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`)"
    r"|(?P<duration>(?:\d+(?:ms|[smhdwy]))+)(?![\w.])"
    r"|(?P<number>0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[a-zA-Z_:][\w:]*)|(?P<sign>=~|!~|[!=<>]=|[-+*/%^<>=(){}\[\],@:])"
)
DEEPEST = 60
"""Levels of brackets; a rule has a handful."""


def parse(text: str) -> Node:
    """The tree of an expression. Raises ``ValueError`` with a sentence."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._place = 0
        self._depth = 0
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"not understood from {text[at : at + 20]!r} on")
            if found.lastgroup:
                self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def whole(self) -> Node:
        node = self._expression(0)
        if self._place < len(self._tokens):
            raise ValueError(f"not understood from {self._peek()!r} on")
        return node

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._place][0] if self._place < len(self._tokens) else "end"

    def _take(self, wanted: str = "") -> str:
        found = self._peek()
        if self._kind() == "end" or (wanted and found != wanted):
            raise ValueError(f"expected {wanted or 'more'!r}, found {found or 'the end'!r}")
        self._place += 1
        return found

    def _expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("it is nested too deeply")
        left = self._unary()
        while (op := self._peek().lower()) in _PRECEDENCE and _PRECEDENCE[op] >= least:
            if self._kind() == "string":
                break
            self._take()
            matching = self._matching()
            # A power binds to its right, all others to their left.
            right = self._expression(_PRECEDENCE[op] + (op != "^"))
            left = Binary(op, left, right, matching)
        self._depth -= 1
        return left

    def _matching(self) -> str:
        said = []
        while self._peek().lower() in {"bool", "on", "ignoring", "group_left", "group_right"}:
            word = self._take().lower()
            labels = self._labels() if self._peek() == "(" and word != "bool" else ()
            said.append(f"{word} ({', '.join(labels)})" if word != "bool" else word)
        return " ".join(said)

    def _labels(self) -> tuple[str, ...]:
        self._take("(")
        found = []
        while self._peek() != ")":
            found.append(self._take())
            if self._peek() == ",":
                self._take()
        self._take(")")
        return tuple(found)

    def _unary(self) -> Node:
        if self._kind() == "sign" and self._peek() in {"-", "+"}:
            sign = self._take()
            node = self._expression(_PRECEDENCE["^"])
            if sign == "-" and isinstance(node, Literal) and isinstance(node.value, float):
                return Literal(-node.value)
            return node if sign == "+" else Binary("*", Literal(-1.0), node)
        return self._after(self._primary())

    def _primary(self) -> Node:
        kind, word = self._kind(), self._peek()
        if kind in {"number", "duration"}:
            self._take()
            return Literal(_number(word) if kind == "number" else seconds(word))
        if kind == "string":
            self._take()
            return Literal(unquoted(word))
        if word == "(":
            self._take()
            node = self._expression(0)
            self._take(")")
            return node
        if word == "{":
            return Selector("", self._matchers())
        if kind != "word":
            raise ValueError(f"not understood from {word or 'the end'!r} on")
        self._take()
        if word.lower() in {"inf", "nan"}:
            return Literal(float(word))
        if self._peek() == "(" or (word in AGGREGATIONS and self._peek() in {"by", "without"}):
            return self._call(word)
        return Selector(word, self._matchers() if self._peek() == "{" else ())

    def _call(self, name: str) -> Call:
        grouping, labels = self._grouping(name)
        self._take("(")
        args: list[Node] = []
        while self._peek() != ")":
            args.append(self._expression(0))
            if self._peek() == ",":
                self._take()
        self._take(")")
        if not grouping:
            grouping, labels = self._grouping(name)
        return Call(name, tuple(args), grouping, labels)

    def _grouping(self, name: str) -> tuple[str, tuple[str, ...]]:
        if name in AGGREGATIONS and self._peek() in {"by", "without"}:
            return self._take(), self._labels()
        return "", ()

    def _matchers(self) -> tuple[Matcher, ...]:
        self._take("{")
        found = []
        while self._peek() != "}":
            label, op, value = self._take(), self._take(), self._take()
            if op not in {"=", "!=", "=~", "!~"} or value[:1] not in "\"'`":
                raise ValueError(f"the condition of the label {label} is not understood")
            found.append(Matcher(label, op, unquoted(value)))
            if self._peek() == ",":
                self._take()
        self._take("}")
        return tuple(found)

    def _after(self, node: Node) -> Node:
        """A range, an offset or a moment behind a selector."""
        while self._peek() in {"[", "offset", "@"} and self._kind() != "string":
            word = self._take()
            if word == "[":
                window = seconds(self._take())
                while self._peek() != "]":
                    self._take()
                self._take("]")
                if isinstance(node, Selector):
                    node = Selector(node.name, node.matchers, window)
            else:
                if self._peek() == "-":
                    self._take()
                if self._take() in {"start", "end"}:
                    self._labels()
        return node


def _number(word: str) -> float:
    return float(int(word, 16)) if word.startswith("0x") else float(word)
