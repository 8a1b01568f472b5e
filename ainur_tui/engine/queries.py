"""Saved queries: asked of a Prometheus within a deadline, and explained where nothing comes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ainur_tui.model.failure import USAGE, ProbeFailure, Refused
from ainur_tui.model.querycalls import Instead, QueryAnswer, QueryCall, QueryRow, SavedQuery
from ainur_tui.model.text import clean, meant
from ainur_tui.rules import queries
from ainur_tui.rules.prom import doctor as promdoctor
from ainur_tui.systems.httpfailures import HttpFailure
from ainur_tui.systems.seriesindex import Past, Series, SeriesIndex

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

DEADLINE = 10.0
"""Seconds a question may take in all."""
AT_ONCE = 2
"""Queries that are under way together, each with the ages of its series."""
MOST = 50
"""Series an answer tells of."""
POINTS = 120
"""Steps of the past."""
LONGEST = 30 * 86_400.0
LONGEST_EXPR = 4000
BAD = frozenset({400, 422})
"""What a Prometheus answers to an expression it cannot parse, or cannot evaluate."""


async def ask(engine: Engine, call: QueryCall) -> list[QueryAnswer]:
    """Raises Refused for a name that is no query's, and for what cannot be asked."""
    if not 0 <= call.seconds <= LONGEST:
        raise Refused("a range is at most 30 days", USAGE)
    wanted = _wanted(engine, call)
    index = next((system.series for system in engine.systems if system.series), None)
    if index is None:
        at = engine.board.view().at
        why = f"no Prometheus is configured: add [environment.{engine.environment.name}.prometheus]"
        answers = [QueryAnswer(query=one, at=at, problem=why, failed=True) for one in wanted]
    else:
        names, turns = await _names(index), asyncio.Semaphore(AT_ONCE)

        async def bounded(one: SavedQuery) -> QueryAnswer:
            async with turns:
                return await _within(engine, index, one, names, call.seconds)

        answers = list(await asyncio.gather(*map(bounded, wanted)))
    lacking = [one for one in answers if one.problem and one.query.signal]
    if lacking:
        await engine.looks.first_round()
    for one in lacking:
        one.instead = _instead(engine, one.query.signal)
    return answers


def saved(engine: Engine) -> dict[str, SavedQuery]:
    """The guide's and the configuration's own, which replace one of the same name."""
    section = engine.environment.prometheus
    own = section.queries if section is not None else {}
    found = {one.name: one for one in queries.saved()}
    for name, one in own.items():
        found[name] = SavedQuery(
            name=name, title=clean(one.title or name, 60), exprs=[one.expr], unit=one.unit,
            origin="user", signal=found[name].signal if name in found else "",
        )  # fmt: skip
    return found


def _wanted(engine: Engine, call: QueryCall) -> list[SavedQuery]:
    if call.expr is not None:
        if not call.expr.strip() or len(call.expr) > LONGEST_EXPR:
            raise Refused(f"an expression has 1 to {LONGEST_EXPR} characters", USAGE)
        return [SavedQuery(name="", title="Your expression", exprs=[call.expr], origin="user")]
    known = saved(engine)
    if call.name is None:
        return list(known.values())
    if call.name not in known:
        hint = meant(call.name, known)
        raise Refused(f"there is no saved query {clean(call.name, 60)!r}{hint}", USAGE)
    return [known[call.name]]


async def _names(index: SeriesIndex) -> list[str]:
    """All metrics; a store that does not list them is asked by the first form of a query."""
    try:
        async with asyncio.timeout(DEADLINE):
            return await index.names()
    except (ProbeFailure, TimeoutError):
        return []


async def _within(
    engine: Engine, index: SeriesIndex, query: SavedQuery, names: Sequence[str], seconds: float
) -> QueryAnswer:
    at = engine.board.view().at
    expr = queries.chosen(query.exprs, set(names))
    made = QueryAnswer(query=query, at=at, expr=expr, source=index.peer,
                       words=clean(queries.explained(expr), 400))  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE):
            await _fill(made, index, names, seconds)
    except TimeoutError:
        made.problem, made.failed = f"no answer within {DEADLINE:.0f} s", True
    except ProbeFailure as failure:
        made.bad, made.failed = isinstance(failure, HttpFailure) and failure.status in BAD, True
        said = failure.detail.partition(": ")[2].removeprefix('invalid parameter "query": ')
        made.problem = f"not understood there: {said}" if made.bad else clean(failure, 300)
    return made


async def _fill(
    made: QueryAnswer, index: SeriesIndex, names: Sequence[str], seconds: float
) -> None:
    series = queries.selectors(made.expr)
    asked = [f"time() - max(timestamp({one.text()}))" for one in series]
    found, *ages = await asyncio.gather(index.query(made.expr), *map(index.query, asked))
    known = {one.text(): rows[0][1] for one, rows in zip(series, ages, strict=True) if rows}
    made.age = max(known.values(), default=None)
    past: list[Past] = []
    if seconds:
        made.step = max(1.0, math.ceil(seconds / POINTS))
        made.start = math.floor((made.at - seconds) / made.step) * made.step
        past = await index.past(made.expr, made.start, made.at, made.step)
    made.rows = _rows(found, past, made)
    made.left_out = max(0, len(made.rows) - MOST)
    made.rows = made.rows[:MOST]
    if not found:
        exists = {one.text(): one.text() in known for one in series}
        lacks = promdoctor.lacking(made.expr, exists, names)
        made.problem = lacks[0].text if lacks else (made.query.empty or "nothing fulfils it now")
        made.hints = [one.hint for one in lacks[:1] if one.hint]
        if lacks and made.query.name:
            made.hints.append(f"write your own form: prometheus.queries.{made.query.name}")


def _rows(now: Sequence[Series], past: Sequence[Past], made: QueryAnswer) -> list[QueryRow]:
    """Series by their labels, the largest value first."""
    values = {frozenset(labels.items()): (labels, value) for labels, value in now}
    drawn = {frozenset(labels.items()): (labels, points) for labels, points in past}
    count = math.floor((made.at - made.start) / made.step) + 1 if made.step else 0
    rows = []
    for key in dict.fromkeys([*values, *drawn]):
        labels, value = values.get(key, (None, None))
        _, points = drawn.get(key, (None, []))
        places: list[float | None] = [None] * count
        for moment, seen in points:
            place = round((moment - made.start) / made.step)
            if 0 <= place < count:
                places[place] = seen
        rows.append(QueryRow(labels=labels if labels is not None else dict(key), value=value,
                             past=places))  # fmt: skip
    return sorted(rows, key=lambda one: (one.value is None, -(one.value or 0.0), one.name))


def _instead(engine: Engine, signal: str) -> list[Instead]:
    """What the board has of the same meaning."""
    return [
        Instead(target=target.name, signal=one)
        for target in engine.board.view().targets
        for one in target.signals if one.name == signal
    ]  # fmt: skip
