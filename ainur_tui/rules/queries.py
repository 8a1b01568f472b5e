"""The saved queries that come with the program, and which form of one fits a Prometheus."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from importlib import resources

import msgspec

from ainur_tui.model.querycalls import SavedQuery
from ainur_tui.rules.prom import ql as promql
from ainur_tui.rules.prom import tree as promtree
from ainur_tui.rules.prom.tree import Selector
from ainur_tui.rules.prom.words import words


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    query: list[SavedQuery]


def saved() -> list[SavedQuery]:
    """The guide's."""
    text = resources.files("ainur_tui.rules").joinpath("queries.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _File).query


def chosen(exprs: Sequence[str], names: Collection[str]) -> str:
    """The first expression whose metrics are all among ``names``; else the first."""
    for expr in exprs:
        if all(one.name in names for one in selectors(expr)):
            return expr
    return exprs[0]


def selectors(expr: str) -> list[Selector]:
    """The series an expression is about, each once; none where it is not understood here."""
    try:
        found = promtree.selectors(promql.parse(expr))
        return list(dict.fromkeys(Selector(one.name, one.matchers) for one in found))
    except ValueError:
        return []


def explained(expr: str) -> str:
    """The expression in words, as far as it is understood here."""
    try:
        return words(promql.parse(expr))
    except ValueError:
        return ""
