"""A little PromQL over the scraped series: sums, rates, ratios; what a saved query needs."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from ainur_tui.demo.fly.http import duration
from ainur_tui.demo.fly.machines import ApiError
from ainur_tui.demo.fly.series import Store, newest, rate

Vector = list[tuple[dict[str, str], float]]
Value = float | Vector
Eval = Callable[[float], Value]
"""The value of an expression at a moment."""

_TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|\d+(?:ms|[smhd])|\d+(?:\.\d+)?|[A-Za-z_:][\w:]*'
    r"|=~|!~|!=|[<>=]=|[-+*/<>=(){}\[\],])"
)
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "/": lambda a, b: a / b if b else float("nan"),
}  # fmt: skip
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq,
}  # fmt: skip
_AGGREGATED: dict[str, Callable[[list[float]], float]] = {
    "sum": sum, "max": max, "min": min, "count": len,
}  # fmt: skip


def compiled(text: str, store: Store) -> Eval:
    """Raises ApiError 400 for what is not PromQL, or not of the little there is here."""
    parser = _Parser(text, store)
    made = parser.whole()
    if parser.left:
        raise _bad(f"unexpected {parser.left[0]!r}")
    return made


class _Parser:
    def __init__(self, text: str, store: Store) -> None:
        self._store = store
        self.left: list[str] = []
        at, text = 0, text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _bad(f"unexpected character {text[at]!r}")
            self.left.append(found[1])
            at = found.end()

    def whole(self) -> Eval:
        made = self._compared()
        while self._next("or"):
            made = _either(made, self._compared())
        return made

    def _compared(self) -> Eval:
        made = self._chain(("+", "-"), lambda: self._chain(("*", "/"), self._one))
        if self.left and self.left[0] in _COMPARED:
            made = _filtered(made, _COMPARED[self.left.pop(0)], self._one())
        return made

    def _chain(self, signs: tuple[str, ...], inner: Callable[[], Eval]) -> Eval:
        made = inner()
        while self.left and self.left[0] in signs:
            made = _combined(made, _ARITHMETIC[self.left.pop(0)], inner())
        return made

    def _one(self) -> Eval:
        word = self._take()
        if word[0].isdigit():
            number = float(word)
            return lambda _: number
        if word == "(":
            made = self.whole()
            self._take(")")
            return made
        if not word[0].isalpha():
            raise _bad(f"unexpected {word!r}")
        if word in _AGGREGATED:
            return self._aggregated(word)
        if self._next("("):
            return self._called(word)
        return self._selector(word)

    def _aggregated(self, word: str) -> Eval:
        kept: list[str] = []
        if self._next("by"):
            self._take("(")
            while not self._next(")"):
                kept.append(self._take())
                self._next(",")
        self._take("(")
        inner = self.whole()
        self._take(")")
        return _grouped(inner, kept, _AGGREGATED[word])

    def _called(self, word: str) -> Eval:
        if word == "time":
            self._take(")")
            return lambda at: at
        if word == "vector":
            inner = self.whole()
            self._take(")")
            return lambda at: [({}, _scalar(inner(at)))]
        if word not in {"rate", "timestamp"}:
            raise _bad(f"unknown function {word!r} here")
        name = self._take()
        matches = self._matchers()
        window = 0.0
        if word == "rate":
            self._take("[")
            window = duration(self._take(), 0.0)
            self._take("]")
        self._take(")")
        store = self._store

        def work(at: float) -> Value:
            found: Vector = []
            for labels, points in store.found(name):
                sample = newest(points, at)
                value = rate(points, at - window, at) if window else sample and sample[0]
                if value is not None and matches(labels):
                    found.append((_nameless(labels), value))
            return found

        return work

    def _selector(self, name: str) -> Eval:
        matches, store = self._matchers(), self._store
        return lambda at: [
            (labels, sample[1]) for labels, points in store.found(name)
            if matches(labels) and (sample := newest(points, at))
        ]  # fmt: skip

    def _matchers(self) -> Callable[[dict[str, str]], bool]:
        found: list[tuple[str, str, re.Pattern[str]]] = []
        if self._next("{"):
            while not self._next("}"):
                label, sign, value = self._take(), self._take(), self._take()[1:-1]
                try:
                    pattern = re.compile(value if "~" in sign else re.escape(value))
                except re.error:
                    raise _bad(f"error parsing regexp {value!r}") from None
                found.append((label, sign, pattern))
                self._next(",")
        return lambda labels: all(
            (pattern.fullmatch(labels.get(label, "")) is not None) is not sign.startswith("!")
            for label, sign, pattern in found
        )

    def _take(self, wanted: str = "") -> str:
        if not self.left:
            raise _bad("unexpected end of input")
        if wanted and self.left[0] != wanted:
            raise _bad(f"unexpected {self.left[0]!r}, expected {wanted!r}")
        return self.left.pop(0)

    def _next(self, wanted: str) -> bool:
        there = bool(self.left) and self.left[0] == wanted
        if there:
            self.left.pop(0)
        return there


def _bad(why: str) -> ApiError:
    return ApiError(400, f'invalid parameter "query": parse error: {why}', "error")


def _either(one: Eval, other: Eval) -> Eval:
    def work(at: float) -> Value:
        found = _vector(one(at))
        known = [_nameless(labels) for labels, _ in found]
        return found + [row for row in _vector(other(at)) if _nameless(row[0]) not in known]

    return work


def _combined(one: Eval, do: Callable[[float, float], float], other: Eval) -> Eval:
    def work(at: float) -> Value:
        left, right = one(at), other(at)
        if isinstance(left, float) and isinstance(right, float):
            return do(left, right)
        if isinstance(right, float):
            return [(_nameless(labels), do(value, right)) for labels, value in _vector(left)]
        if isinstance(left, float):
            return [(_nameless(labels), do(left, value)) for labels, value in right]
        known = {frozenset(_nameless(labels).items()): value for labels, value in right}
        return [
            (_nameless(labels), do(value, known[key])) for labels, value in left
            if (key := frozenset(_nameless(labels).items())) in known
        ]  # fmt: skip

    return work


def _filtered(one: Eval, holds: Callable[[float, float], bool], other: Eval) -> Eval:
    return lambda at: [
        (labels, value) for labels, value in _vector(one(at)) if holds(value, _scalar(other(at)))
    ]


def _grouped(inner: Eval, kept: list[str], do: Callable[[list[float]], float]) -> Eval:
    def work(at: float) -> Value:
        groups: dict[frozenset[tuple[str, str]], list[float]] = {}
        for labels, value in _vector(inner(at)):
            key = frozenset((name, labels[name]) for name in kept if name in labels)
            groups.setdefault(key, []).append(value)
        return [(dict(key), float(do(values))) for key, values in groups.items()]

    return work


def _vector(value: Value) -> Vector:
    return [({}, value)] if isinstance(value, float) else value


def _scalar(value: Value) -> float:
    return value if isinstance(value, float) else next((v for _, v in value), float("nan"))


def _nameless(labels: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in labels.items() if name != "__name__"}
