"""The tables of the Services tab as people read them: names for runs, short images."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ainur_tui.console.draw.machines import short_image
from ainur_tui.console.draw.scene import Scene
from ainur_tui.model.table import Cell, Row, Table

RUN = "run "
SKEW = 10.0
"""Seconds the platform's clock may be off when a change is matched with a run."""


def secrets(table: Table, scene: Scene) -> Table:
    """Who set a secret by name, where the run that did is known here; the run is in the detail."""
    known = operators(scene)
    changed = next((i for i, c in enumerate(table.columns) if c.name == "changed"), None)

    def by(row: Row, cell: Cell) -> Cell:
        told = str(cell or "")
        if told.startswith(RUN):
            return known.get(told.removeprefix(RUN), cell)
        when = None if changed is None else row.cells[changed]
        return _staged_by(scene, row.key, when) or cell

    return _mapped(table, "by", by, "set by")


def releases(table: Table) -> Table:
    """Each image by what tells it from others; in full in the detail."""
    return _mapped(table, "image", lambda _, cell: short_image(str(cell or "")), "image in full")


def operators(scene: Scene) -> dict[str, str]:
    """Who began which run, as far as the engine still tells: from the runs, else the events."""
    if scene.view is None:
        return {}
    found = {}
    for event in scene.view.events:
        head, _, rest = event.key.partition(":")
        _, dot, operator = event.text.rpartition(" · ")
        if head == "run" and dot:
            found[rest.partition(":")[0]] = operator
    return found | {run.id: run.operator for run in scene.view.runs}


def _staged_by(scene: Scene, name: str, when: Cell) -> str | None:
    """Who set a secret that no machine has yet: the run that ended as it changed."""
    if scene.view is None or not isinstance(when, int | float):
        return None
    for run in scene.view.runs:
        ended = run.finished_at or scene.now
        if run.plan.params.get("name") == name and run.started_at - SKEW <= when <= ended + SKEW:
            return run.operator
    return None


def _mapped(table: Table, name: str, make: Callable[[Row, Cell], Cell], title: str) -> Table:
    """The table with one column's cells made anew; what was there is kept in the detail."""
    place = next((i for i, column in enumerate(table.columns) if column.name == name), None)
    if place is None:
        return table

    def row(one: Row) -> Row:
        cells = list(one.cells)
        cells[place] = make(one, cells[place])
        if cells == one.cells:
            return one
        detail = one.detail | {title: str(one.cells[place])}
        return msgspec.structs.replace(one, cells=cells, detail=detail)

    return msgspec.structs.replace(table, rows=[row(one) for one in table.rows])
