"""The recovery of the database: its clock against the guide's, what is known of the trouble, and
the steps when nothing is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, ends, line, wrap
from ainur_tui.model.table import Row, Table
from ainur_tui.model.units import clock, duration

RTO = 900.0
"""Seconds the guide allows for the database to be back from a backup."""
SIGNS = frozenset({"db.rows.lost", "db.up", "api.up"})
"""Troubles that a recovery is for: its clock runs since the first of them was seen."""

_HOW = "it goes into a new database, is counted, then the API is led there; none is dropped"


def since(scene: Scene, opened: float) -> float:
    """When the trouble was seen first, else when somebody began to recover."""
    found = [f.since for f in scene.view.findings if f.signal in SIGNS] if scene.view else []
    return min([opened, *(at for at in found if at is not None)])


def rto(goal: Mapping[str, Any], at: float) -> Line:
    """The clock of a plan or run that has one, at a moment: ``RTO 1m 20s of 15m 00s``."""
    begun, most = goal.get("since"), goal.get("rto")
    if not isinstance(begun, int | float) or not isinstance(most, int | float):
        return EMPTY
    took = max(0.0, at - begun)
    tone: Tone = "fail" if took > most else "warn" if took > most / 2 else "ok"
    shown = duration(took) if took >= 10 else f"{took:.0f} s"
    return line(("RTO ", "quiet"), (shown, tone), (f" of {duration(most)}", "quiet"))


def head(scene: Scene, begun: float, row: Row | None, columns: int) -> list[Line]:
    """Above the candidates: the clock, what is wrong, what Enter does, why the selected one is
    trusted or not."""
    findings = scene.view.findings if scene.view else []
    near = [f for f in findings if f.target in {"db", "api"}]
    told = next((f for f in near if f.signal in SIGNS), next(iter(near), None))
    words = f"{told.target}: {told.text}" if told else "nothing is known to be wrong with it"
    title = line(("Recover the database", "title"))
    why = row.detail.get("why", "") if row is not None else ""
    parts: list[tuple[str, Tone]] = [
        (f"since {clock(begun)} UTC; guide: 15 min; {measured(scene)}", "quiet"),
        (words, "warn" if told else "quiet"),
        (_HOW, "quiet"),
        (f"selected: {why}" if why else "", "text"),
    ]
    return [
        ends(title, rto({"since": begun, "rto": RTO}, scene.now), columns),
        *(line((text, tone)) for part, tone in parts for text in wrap(part, columns, 2)),
        EMPTY,
    ]


def measured(scene: Scene) -> str:
    """How long it took the last time, a recovery before a drill."""
    table = scene.view.table("recovery.times") if scene.view else None
    rows = {row.key: row.detail.get("last", "") for row in table.rows} if table else {}
    for key, words in (("recover", "last time"), ("verify", "last drill")):
        if rows.get(key):
            return f"{words}: {rows[key]}"
    return "no drill was measured yet: key v makes one"


def loss(table: Table | None, columns: int) -> list[Line]:
    """Every step of the way back from nothing, those the guide leaves out marked."""
    if table is None:
        return [line(("not told yet; headless: ainur-tui recover loss", "quiet"))]
    lines: list[Line] = [
        line((text, "quiet"))
        for text in wrap("No database and no machine is left: these steps in this order. Where "
                         "some of it is there still, its steps are done.", columns)
    ]  # fmt: skip
    for row in table.rows:
        what, how, origin = (str(cell) for cell in row.cells)
        mark: Line = (("  added", "accent"),) if origin == "added" else ()
        lines += [EMPTY, (*line((f"{row.key}  ", "quiet"), (what, "strong")), *mark)]
        lines += [line((" " * 4 + text, "text")) for text in wrap(how, columns - 4, 8)]
    return lines
