"""Tables: which columns fit, in what widths, and how a row reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, Tone, left, right
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.model.table import Tone as RowTone
from ainur_tui.model.units import age, moment, show

ROW_TONE: dict[RowTone, Tone] = {
    "ok": "text", "warn": "warn", "fail": "fail", "none": "text", "quiet": "quiet",
}  # fmt: skip
ROW_MARK: dict[RowTone, str] = {"warn": "degraded", "fail": "down"}
GAP = 2
LEAST = 12
"""Columns a text column keeps before whole columns are left out."""
KEY = 40
"""The same for what tells rows apart (rank 0): a name that is cut names nothing."""
LONG, WORDY = 30, 100
"""The same for a column of long texts, statements for one, and the limit it is known by: their
beginnings are alike."""


@dataclass(frozen=True)
class Layout:
    """The columns that fit, as (index into the row's cells, column, width), and the moment
    (epoch seconds) ages are told against."""

    columns: tuple[tuple[int, Column, int], ...]
    now: float | None = None


def cell_text(cell: Cell, column: Column, now: float | None = None) -> str:
    """A cell as text, with its unit; a moment is short where ``now`` is known."""
    if cell is None:
        return "—"
    if column.unit == "text":
        return str(cell)
    if now is not None and column.unit in {"time", "age"} and isinstance(cell, int | float):
        return moment(cell, now) if column.unit == "time" else age(now - cell)
    return show(cell, column.unit)


def layout(table: Table, rows: Sequence[Row], columns: int, now: float | None = None) -> Layout:
    """Choose columns by rank until the room is used; the last text column takes what is left."""
    wanted: dict[int, int] = {}
    for index, column in enumerate(table.columns):
        # Each text once: most columns of a long table hold few.
        cells = {(row.cells[index], 0 if index else 2 * row.depth) for row in rows}
        widest = max((cell_len(cell_text(c, column, now)) + deep for c, deep in cells), default=0)
        if column.unit == "text":
            widest = min(widest, column.limit)
        wanted[index] = max(widest, cell_len(column.title))
    by_rank = sorted(wanted, key=lambda i: (table.columns[i].rank, i))
    widths: dict[int, int] = {}
    room = columns - 2
    for index in by_rank:
        text = table.columns[index].unit == "text"
        enough = KEY if not table.columns[index].rank else LEAST
        enough = max(enough, LONG) if table.columns[index].limit >= WORDY else enough
        least = min(wanted[index], enough) if text else wanted[index]
        if least + GAP <= room or not widths:
            widths[index] = least
            room -= least + GAP
    for index in by_rank:
        if index in widths:
            more = min(max(0, room), wanted[index] - widths[index])
            widths[index] += more
            room -= more
    chosen = sorted(widths)
    texts = [i for i in chosen if table.columns[i].unit == "text"]
    if texts and room > 0:
        widths[texts[-1]] += room
    return Layout(tuple((i, table.columns[i], widths[i]) for i in chosen), now)


def head_line(plan: Layout, sort: int | None, reverse: bool) -> Line:
    """Column titles; the one sorted by carries an arrow."""
    spans: list[tuple[str, Tone]] = [("  ", "quiet")]
    for index, column, wide in plan.columns:
        name = column.title + (("↓" if reverse else "↑") if index == sort else "")
        place = left if column.unit == "text" else right
        spans.append((place(name, wide) + " " * GAP, "quiet"))
    return tuple(spans)


def stems(rows: Sequence[Row], glyphs: Glyphs) -> list[str]:
    """What is drawn before each row's first cell so that a table reads as a tree."""
    found: list[str] = []
    goes_on: set[int] = set()
    """Levels at which another row follows below, seen from the end."""
    for row in reversed(rows):
        drawn = ""
        for level in range(1, row.depth + 1):
            if level == row.depth:
                drawn += f"{glyphs.branch if level in goes_on else glyphs.last} "
            else:
                drawn += glyphs.branch_stem if level in goes_on else "  "
        found.append(drawn)
        goes_on = {level for level in goes_on if level < row.depth} | {row.depth}
    return found[::-1]


def row_line(row: Row, plan: Layout, glyphs: Glyphs, *, selected: bool, stem: str = "") -> Line:
    """One row; its trouble is a symbol in the first column as well as a tone."""
    mark = (
        glyphs.state["degraded" if row.tone == "warn" else "down"] if row.tone in ROW_MARK else " "
    )
    tone = ROW_TONE[row.tone]
    spans: list[tuple[str, Tone]] = [
        (glyphs.cursor if selected else " ", "accent"), (mark, tone)
    ]  # fmt: skip
    for index, column, wide in plan.columns:
        place = left if column.unit == "text" else right
        branch = "" if index else stem
        if branch:
            spans.append((branch, "quiet"))
        shown = cell_text(row.cells[index], column, plan.now)
        text = place(shown, max(1, wide - len(branch))) + " " * GAP
        spans.append((text, "cursor" if selected else tone))
    return tuple(spans)


def ordered(rows: Sequence[Row], sort: int | None, reverse: bool) -> list[Row]:
    """Rows by a column, unknown values last; without one, in the order of the probe."""
    if sort is None:
        return list(rows)
    known = [row for row in rows if row.cells[sort] is not None]
    unknown = [row for row in rows if row.cells[sort] is None]
    by_text = any(isinstance(row.cells[sort], str) for row in known)

    def by(row: Row) -> tuple[str, float]:
        cell = row.cells[sort]
        return (str(cell), 0.0) if by_text else ("", float(cell))  # type: ignore[arg-type]

    return sorted(known, key=by, reverse=reverse) + unknown


def matching(table: Table, words: str) -> list[Row]:
    """Rows in which every word is found somewhere, whatever its case."""
    wanted = words.lower().split()
    if not wanted:
        return list(table.rows)
    return [
        row for row in table.rows if all(word in _haystack(row, table.columns) for word in wanted)
    ]


def _haystack(row: Row, columns: Sequence[Column]) -> str:
    return " ".join(cell_text(c, k) for c, k in zip(row.cells, columns, strict=False)).lower()
