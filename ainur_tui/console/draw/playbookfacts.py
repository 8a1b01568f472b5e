"""The facts of a playbook's step, live from the board: signals, rows, lines, what is expected."""

from __future__ import annotations

from ainur_tui.console.draw.scene import Scene, age_of, standing
from ainur_tui.console.draw.spans import Line, Tone, cut, fit, left, line, right
from ainur_tui.console.draw.values import mark_of, tone_of, value_text
from ainur_tui.model.board import SignalView
from ainur_tui.model.playbook import Condition, PlaybookRun
from ainur_tui.model.table import Cell
from ainur_tui.model.units import age, duration, many, show
from ainur_tui.model.yesno import answered, asked


def facts(run: PlaybookRun, scene: Scene, columns: int, rows: int) -> list[Line]:
    """Signals with unit and age, lines kept with the step, and the first rows of its table where
    there is room. ``rows`` bounds what is not a signal."""
    found = [_fact(view, scene, columns) for name in run.step.look.signals
             if (view := find(name, run.target, scene)) is not None]  # fmt: skip
    lines = [line((cut(text, columns), "quiet")) for text in run.now.lines]
    room = max(0, rows - len(lines))
    return [*found, *lines[-rows:], *_rows(run.step.look.table, scene, columns, room)]


def find(name: str, target: str, scene: Scene) -> SignalView | None:
    """A signal of the playbook's target, else of whoever has it."""
    targets = scene.view.targets if scene.view else []
    for one in sorted(targets, key=lambda one: one.name != target):
        for view in one.signals:
            if view.name == name:
                return view
    return None


def expected(run: PlaybookRun, scene: Scene) -> str:
    """What must be observed for the step to pass, in words; empty where nothing must."""
    step = run.step
    words = [_wanted(one, run, scene) for one in step.expect]
    if step.expect_any:
        words.append(" or ".join(_wanted(one, run, scene) for one in step.expect_any))
    if not words:
        return ""
    held = f", for {duration(step.hold)}" if step.hold else ""
    return f"{'; '.join(words)}{held}, within {duration(step.deadline)}"


def _fact(view: SignalView, scene: Scene, columns: int) -> Line:
    seconds = age_of(view, scene)
    trusted = standing(view, scene)
    old = "never read" if seconds is None else f"{age(seconds)} old"
    told = old if trusted == "live" else f"{trusted}, {old}"
    title = asked(view.name, view.title) if view.unit == "bool" else view.title
    spans = line((left(title, 30), "text"), (right(value_text(view), 11), tone_of(view, scene)))
    spans = (*spans, (" ", "text"), mark_of(view, scene), (f" {told}", "quiet"))
    if view.note and view.verdict in {"warn", "fail"}:
        spans = (*spans, (f"  {view.note}", "quiet"))
    return fit(spans, columns)


def _rows(name: str | None, scene: Scene, columns: int, room: int) -> list[Line]:
    table = scene.view.table(name) if scene.view and name else None
    if table is None or room < 2:
        return []
    seen = f"{age(max(0.0, scene.now - table.observed_at))} old"
    if table.missing is not None:
        return [fit(line((f"{table.title}: {table.missing}", "quiet")), columns)]
    places = [i for i, column in enumerate(table.columns) if column.rank <= 2][:6]
    rows = many(len(table.rows), "row")
    found = [line((f"{table.title}  {rows}, {seen}", "quiet"))]
    for row in table.rows[: room - 1]:
        cells = "  ".join(_cell(row.cells[i], table.columns[i].unit, scene) for i in places)
        tone: Tone = row.tone if row.tone in {"warn", "fail"} else "text"
        found.append(fit(line((cells, tone)), columns))
    return found


def _cell(cell: Cell, unit: str, scene: Scene) -> str:
    if unit == "age" and isinstance(cell, int | float):
        return age(scene.now - cell)
    return cut(show(cell, unit), 28)


def _wanted(one: Condition, run: PlaybookRun, scene: Scene) -> str:
    if one.table is not None or one.event is not None:
        least = f"more than {one.above:g}" if one.above is not None else f"fewer than {one.below:g}"
        return f"{least} rows in {one.table}" if one.table is not None else f"{least} {one.event}s"
    if one.signal is None:
        return (
            f"{(one.target or run.target).replace('{target}', run.target)} {' or '.join(one.state)}"
        )
    view = find(one.signal, run.target, scene)
    title = view.title if view else one.signal
    unit = view.unit if view else ""
    if one.verdict:
        return f"{title} {'as it should be' if one.verdict == ['ok'] else 'beyond its limits'}"
    if unit == "bool":
        return answered(one.signal, title, yes=one.above is not None)
    if one.below == 1 and unit in {"count", ""}:
        return f"{title} 0"
    parts = [f"over {show(one.above, unit)}" if one.above is not None else "",
             f"under {show(one.below, unit)}" if one.below is not None else ""]  # fmt: skip
    return f"{title} {' and '.join(filter(None, parts))}"
