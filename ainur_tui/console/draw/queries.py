"""Saved queries as a table, and one of them with its charts."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.console.draw.plot import chart
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, left, line, wrap
from ainur_tui.console.draw.values import span_words
from ainur_tui.model.querycalls import Instead, QueryAnswer, QueryRow
from ainur_tui.model.series import Series
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.units import age, show

CHARTS = 4
"""Series that are drawn; the others are listed."""
HIGH = 8
_COLUMNS = [
    Column(name="title", title="Query", limit=30),
    Column(name="value", title="Value", limit=14),
    Column(name="age", title="Age", rank=1, limit=8),
    Column(name="origin", title="Origin", rank=3, limit=8),
    Column(name="said", title="Asked, or why there is no value", rank=2, limit=400),
]


def table(found: Sequence[QueryAnswer], now: float) -> Table:
    """One row a query, in the order they are kept."""
    return Table(
        name="queries", target="prometheus", title="PromQL queries", columns=_COLUMNS,
        rows=[_row(one) for one in found], observed_at=min((one.at for one in found), default=now),
        source=next((one.source for one in found if one.source), "no Prometheus"), interval=600.0,
    )  # fmt: skip


def _row(one: QueryAnswer) -> Row:
    value = f"{len(one.rows)} series" if len(one.rows) > 1 else "—"
    if len(one.rows) == 1:
        value = show(one.rows[0].value, one.query.unit)
    said = _why(one) if one.problem else one.expr
    detail = {"asked": one.expr or one.query.exprs[0], "in words": one.words,
              "the guide has": one.query.guide, "note": one.query.note,
              "no value": _why(one)}  # fmt: skip
    detail |= {row.name or "value": show(row.value, one.query.unit) for row in one.rows[:20]}
    return Row(
        key=one.query.name, tone="warn" if one.problem else "none",
        cells=[one.query.title, value, "—" if one.age is None else age(one.age), one.query.origin,
               said],
        detail={name: text for name, text in detail.items() if text},
    )  # fmt: skip


def page(one: QueryAnswer, scene: Scene, columns: int) -> list[Line]:
    """What came and its past, or why nothing did and what is read here instead; what was asked."""
    since = max(0.0, scene.now - one.at)
    old = "age not known" if one.age is None else f"newest sample {age(one.age + since)} old"
    where = f"{one.source}, {old}" if one.rows else one.source
    lines = [line((where, "quiet"))] if where else []
    if one.problem:
        lines += [line((text, "warn")) for text in wrap(one.problem, columns)]
        lines += [line((text, "text")) for hint in one.hints for text in wrap(hint, columns)]
        lines += [line(("read here: ", "quiet"), (own_words(own), "strong")) for own in one.instead]
    drawn = CHARTS if one.step else 0
    for row in one.rows[:drawn]:
        lines += [*_chart(one, row, scene, columns), EMPTY]
    lines += [line((f"{show(row.value, one.query.unit):>12}  ", "strong"), (row.name, "quiet"))
              for row in one.rows[drawn:]]  # fmt: skip
    if one.left_out:
        lines.append(line((f"and {one.left_out} more series", "quiet")))
    lines.append(EMPTY)
    for name, text in (("asked", one.expr or one.query.exprs[0]), ("in words", one.words),
                       ("guide", one.query.guide), ("note", one.query.note)):  # fmt: skip
        lines += _named(name, text, columns)
    return lines


def own_words(own: Instead) -> str:
    """A signal of ours with value, statistic and age."""
    one = own.signal
    told = f"{one.title} of {own.target} {show(one.value, one.unit)} {one.statistic}"
    return f"{told}, no reading yet" if one.age is None else f"{told}, {age(one.age)} old"


def _chart(one: QueryAnswer, row: QueryRow, scene: Scene, columns: int) -> list[Line]:
    series = Series(target="", signal="", start=one.start, step=one.step, values=row.past)
    return chart(
        series, columns, HIGH, scene.glyphs, heading=row.name or one.query.title,
        unit=one.query.unit, now=show(row.value, one.query.unit),
        events=scene.view.events if scene.view else (),
        span=span_words(one.step * max(1, len(row.past) - 1)),
    )  # fmt: skip


def _why(one: QueryAnswer) -> str:
    return "; ".join(filter(None, (one.problem, *one.hints, *map(own_words, one.instead))))


def _named(name: str, text: str, columns: int) -> list[Line]:
    if not text:
        return []
    first, *rest = wrap(text, max(20, columns - 10), 6)
    lines = [line((left(name, 10), "quiet"), (first, "text"))]
    return lines + [line((" " * 10, "quiet"), (more, "text")) for more in rest]
