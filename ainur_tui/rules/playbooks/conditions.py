"""What a playbook's conditions say of a board: they hold, they do not, or nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from ainur_tui.model import units
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.model.event import EventKind
from ainur_tui.model.playbook import Condition, Do, Look, Playbook
from ainur_tui.model.table import Row
from ainur_tui.model.target import whole_of
from ainur_tui.model.yesno import answered
from ainur_tui.rules.beforehand import UNDONE_BY, before_trouble
from ainur_tui.rules.judge import beyond
from ainur_tui.rules.words import value_of

KNOWN = frozenset({"fresh", "late"})
SAME = 0.1
"""Share by which a value must differ from that at the start to be better or worse."""


@dataclass(frozen=True, slots=True)
class Seen:
    """``holds`` is ``None`` where it is not known; ``words`` say what was observed. ``there`` is
    false where it is about something that is not watched here at all."""

    holds: bool | None
    words: str
    there: bool = True


def all_of(
    every: Sequence[Condition],
    some: Sequence[Condition],
    target: str,
    board: BoardView,
    *,
    since: float = 0.0,
    baseline: dict[str, float] | None = None,
) -> Seen:
    """Whether all of ``every`` and one of ``some`` hold; without any: they do.

    What was observed before ``since`` (epoch seconds) is not known. ``baseline`` are values at
    the start, so that the words tell what became of them.
    """
    told = [judge(one, target, board, since, baseline or {}) for one in every]
    choice = _watched([judge(one, target, board, since, baseline or {}) for one in some])
    if choice:
        holding = [one for one in choice if one.holds]
        unknown = any(one.holds is None for one in choice)
        there = any(one.there for one in choice)
        holds = True if holding else None if unknown else False
        told.append(Seen(holds, _joined(holding or choice), there))
    told = _watched(told)
    wrong = [one for one in told if one.holds is False]
    open_ = [one for one in told if one.holds is None]
    holds = False if wrong else None if open_ else True
    return Seen(holds, _joined(wrong or open_ or told), not told or any(o.there for o in told))


def _watched(told: list[Seen]) -> list[Seen]:
    """Those about what is watched here; what is not watched decides nothing beside them."""
    return [one for one in told if one.there] or told


def judge(
    condition: Condition, target: str, board: BoardView, since: float, baseline: dict[str, float]
) -> Seen:
    """One condition."""
    if condition.table is not None:
        return _rows(condition, board, since)
    if condition.event is not None:
        return _events(condition, condition.event, target, board)
    if condition.signal is None:
        return _state(condition, named(condition.target or "{target}", target, board), board)
    view = signal_of(condition.signal, named(condition.target, target, board), target, board)
    if view is None:
        return Seen(None, f"{condition.signal} is not watched here", there=False)
    if view.quality not in KNOWN or view.value is None:
        return Seen(None, f"{view.title} is {view.quality}")
    if view.observed_at is not None and view.observed_at < since:
        return Seen(None, f"{view.title} has not been read since")
    return Seen(_holds(condition, view), _words(view, baseline))


def told(look: Look, target: str, board: BoardView) -> str:
    """What a look that expects nothing has seen."""
    views = [signal_of(name, None, target, board) for name in look.signals]
    return "; ".join(
        _words(view, {}) if view.quality in KNOWN else f"{view.title} is {view.quality}"
        for view in views
        if view is not None
    )


def signal_of(
    name: str, owner: str | None, target: str, board: BoardView
) -> SignalView | None:  # fmt: skip
    """A signal's view: of ``owner``, else of the playbook's target, else of whoever has it."""
    if owner is not None:
        return board.signal(owner, name)
    for found in sorted(board.targets, key=lambda one: one.name != target):
        for view in found.signals:
            if view.name == name:
                return view
    return None


def named(words: str | None, target: str, board: BoardView) -> str | None:
    """A target's name with its variables filled; ``None`` when one of them has no value now.

    ``{target}`` is the playbook's, ``{part}`` its part that is worst off.
    """
    if words is None or "{" not in words:
        return words
    part = worst_part(target, board)
    if "{part}" in words and part is None:
        return None
    return words.replace("{target}", target).replace("{part}", part.name if part else "")


def worst_part(target: str, board: BoardView) -> TargetView | None:
    """The part of a target that is down, else degraded."""
    parts = [one for one in board.targets if one.parent == target]
    for state in ("down", "degraded"):
        if found := next((one for one in parts if one.state == state), None):
            return found
    return None


def fill(do: Do, target: str, board: BoardView) -> Do | str:
    """The action with everything filled from the board, or the sentence why it cannot be."""
    if do.row_of is not None:
        rows = rows_of(do, board)
        if not rows:
            return f"no row of {do.row_of} is there to act on"
        if do.sole is not None and len(rows) > 1:
            return f"{len(rows)} rows of {do.row_of} may be meant: a person must choose"
        row = rows[0]
        return replace(do, target=row.target or target, params={**row.params, **do.params})
    where = named(do.target, target, board)
    if where is None:
        return f"no part of {target} is in trouble by itself"
    return replace(do, target=where)


def rows_of(do: Do, board: BoardView) -> list[Row]:
    """The rows of its table that tell what it needs."""
    found = board.table(do.row_of or "")
    rows = found.rows if found else []
    return [row for row in rows if (do.sole in row.params if do.sole else row.params)]


def baseline_of(book: Playbook, target: str, board: BoardView) -> dict[str, float]:
    """The values of every signal the playbook expects something of."""
    names = {c.signal for step in book.step for c in [*step.expect, *step.expect_any] if c.signal}
    views = {name: signal_of(name, None, target, board) for name in sorted(names)}
    return {
        name: view.value
        for name, view in views.items()
        if view is not None and view.value is not None and view.quality in KNOWN
    }


def targets_of(conditions: Iterable[Condition], target: str, board: BoardView) -> set[str]:
    """The whole targets that have to be read to judge them."""
    found = set()
    for one in conditions:
        owner = named(one.target, target, board)
        if owner is None:
            has = (t.name for t in board.targets if any(s.name == one.signal for s in t.signals))
            owner = next(has, target)
        found.add(whole_of(owner))
    return found


def _holds(condition: Condition, view: SignalView) -> bool:
    value = view.value or 0.0
    if condition.verdict and view.verdict not in condition.verdict:
        return False
    above = condition.above is None or beyond(value, condition.above, "above")
    return above and (condition.below is None or beyond(value, condition.below, "below"))


def _state(condition: Condition, name: str | None, board: BoardView) -> Seen:
    found = board.target(name) if name else None
    if found is None:
        return Seen(None, f"{name or 'the part'} is not watched here", there=False)
    words = f"{found.name} is {found.state}"
    if found.state != "up":
        words += f" ({found.summary})"
    if found.state == "unknown" and "unknown" not in condition.state:
        return Seen(None, words)
    return Seen(found.state in condition.state, words)


def _rows(condition: Condition, board: BoardView, since: float) -> Seen:
    found = board.table(condition.table or "")
    if found is None:
        return Seen(None, f"the table {condition.table} is not read here", there=False)
    if found.missing is not None or found.observed_at < since:
        return Seen(None, f"the table {condition.table} has not been read since")
    words = f"{units.many(len(found.rows), 'row')} in {found.title.lower()}"
    return Seen(_counted(condition, len(found.rows)), words)


def _events(condition: Condition, kind: EventKind, target: str, board: BoardView) -> Seen:
    found = before_trouble(kind, target, condition.within, board)
    holds = _counted(condition, len(found))
    if not found:
        within = units.duration(condition.within)
        stands = " that still stands" if kind in UNDONE_BY else ""
        return Seen(holds, f"no {kind}{stands} within {within} before the trouble")
    event, gap = found[-1]
    return Seen(holds, f"{event.text}, {units.duration(gap)} before the trouble")


def _counted(condition: Condition, number: int) -> bool:
    above = condition.above is None or number > condition.above
    return above and (condition.below is None or number < condition.below)


def _words(view: SignalView, baseline: dict[str, float]) -> str:
    if view.unit == "bool" and view.value is not None:
        said = answered(view.name, view.title, yes=bool(view.value))
        return said if view.value or not view.note else f"{said} ({view.note})"
    words = f"{view.title} {value_of(view)}"
    if view.note and view.unit in {"count", ""} and view.note[:1].isdigit():
        return view.note
    was = baseline.get(view.name)
    if was is None or view.value is None:
        return words
    if units.show(was, view.unit) == units.show(view.value, view.unit):
        return words
    if abs(view.value - was) <= SAME * abs(was):
        return f"{words}, about as at the start"
    better = beyond(was, view.value, view.worse)
    return f"{words}, {'better' if better else 'worse'} than {units.show(was, view.unit)}"


def _joined(told: Sequence[Seen]) -> str:
    return "; ".join(dict.fromkeys(one.words for one in told if one.words))
