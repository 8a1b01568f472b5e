"""``ainur-tui alerts query [NAME|--expr EXPR] [--range TIME]``: PromQL, saved or your own."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.shape import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ainur_tui.model.querycalls import Instead, QueryAnswer, QueryRow


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Ask; 0 when every query has a value, 1 when one has none, 65 when it was not understood, 69
    when nobody could be asked."""
    from ainur_tui.cli import common
    from ainur_tui.cli.alerts_change import seconds_of
    from ainur_tui.model.querycalls import QueryCall

    if args.expr is not None and args.name:
        raise errors.usage("a saved query by its name, or --expr: not both")
    seconds = 0.0 if args.range is None else seconds_of(args.range, "--range")
    asked = QueryCall(name=args.name, expr=args.expr, seconds=seconds)
    found: Sequence[QueryAnswer] = asyncio.run(common.ask(call, "queries", asked))
    if args.json:
        call.output.json({"version": VERSION, "queries": [shape(one) for one in found]})
    elif args.name or args.expr is not None:
        _one(call, found[0])
    else:
        for line in columns([_row(one) for one in found]):
            call.output.line(line)
    if any(one.bad for one in found):
        return errors.BAD_DATA
    if any(one.failed for one in found):
        return errors.UNAVAILABLE
    return 1 if any(one.problem for one in found) else errors.OK


def shape(one: QueryAnswer) -> dict[str, Any]:
    """An answer as the contract's JSON."""
    from ainur_tui.model.units import rfc3339

    query = one.query
    return {
        "name": query.name or None, "title": query.title, "origin": query.origin,
        "unit": query.unit, "expr": one.expr or query.exprs[0], "guide": query.guide or None,
        "note": query.note or None, "words": one.words or None, "at": rfc3339(one.at),
        "source": one.source or None, "age": one.age, "problem": one.problem, "hints": one.hints,
        "left_out": one.left_out,
        "series": [
            {"labels": row.labels, "value": row.value,
             "points": [{"at": rfc3339(one.start + one.step * place), "value": value}
                        for place, value in enumerate(row.past)]}
            for row in one.rows
        ],
        "instead": [
            {"target": own.target, "signal": own.signal.name, "value": own.signal.value,
             "unit": own.signal.unit, "statistic": own.signal.statistic, "age": own.signal.age,
             "quality": own.signal.quality}
            for own in one.instead
        ],
    }  # fmt: skip


def _row(one: QueryAnswer) -> list[str]:
    from ainur_tui.model.units import age, show

    value = f"{len(one.rows)} series" if len(one.rows) > 1 else "—"
    if len(one.rows) == 1:
        value = show(one.rows[0].value, one.query.unit)
    said = one.query.title
    if one.problem:
        said += f": {one.problem}" + "".join(f"; {hint}" for hint in one.hints)
        said += "".join(f"; {_own(own)}" for own in one.instead)
    return [one.query.name, value, "" if one.age is None else f"{age(one.age)} old", said]


def _one(call: Invocation, one: QueryAnswer) -> None:
    from ainur_tui.model.units import age

    tell = call.output.line
    tell(f"{one.query.title}  ({one.query.origin})")
    tell(f"  {one.expr or one.query.exprs[0]}")
    for words in filter(None, (one.words, one.query.note)):
        tell(f"  {words}")
    if one.source:
        old = "age not known" if one.age is None else f"newest sample {age(one.age)} old"
        tell(f"  {one.source}, {old}")
    for line in columns([_series(one, row) for row in one.rows]):
        tell(line)
    if one.left_out:
        tell(f"and {one.left_out} more series: narrow it with topk(10, …) or a label")
    for words in filter(None, (one.problem, *one.hints, *map(_own, one.instead))):
        tell(words)


def _series(one: QueryAnswer, row: QueryRow) -> list[str]:
    from ainur_tui.model.units import show

    known = [value for value in row.past if value is not None]
    past = ""
    if known:
        told = (min(known), sum(known) / len(known), max(known))
        low, mean, high = (show(value, one.query.unit) for value in told)
        past = f"lowest {low}, mean {mean}, highest {high}"
    return [show(row.value, one.query.unit), past, row.name]


def _own(own: Instead) -> str:
    from ainur_tui.model.units import age, show

    one = own.signal
    old = "no reading yet" if one.age is None else f"{one.quality}, {age(one.age)} old"
    value = show(one.value, one.unit)
    return f"read here: {one.title} of {own.target} {value} ({one.statistic}; {old})"
