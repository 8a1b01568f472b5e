"""A row of a table with everything that did not fit its columns."""

from __future__ import annotations

from ainur_tui.console.draw.spans import EMPTY, Line, left, line, wrap
from ainur_tui.console.draw.tables import cell_text
from ainur_tui.model.table import Row, Table
from ainur_tui.model.units import clock


def row_detail(table: Table, row: Row, columns: int) -> list[Line]:
    """All columns, then all details, each on its own lines."""
    facts = {c.title: cell_text(v, c) for c, v in zip(table.columns, row.cells, strict=False)}
    lines: list[Line] = []
    for name, value in (facts | row.detail).items():
        first, *rest = wrap(value, max(10, columns - 22), 40)
        lines.append(line((left(name, 20) + "  ", "quiet"), (first, "text")))
        lines += [line((" " * 22, "quiet"), (text, "text")) for text in rest]
    about = [table.note] if table.note else []
    about.append(f"read {clock(table.observed_at)} UTC from {table.source}")
    told = [text for words in about for text in wrap(words, columns)]
    return [*lines, EMPTY, *(line((text, "quiet")) for text in told)]
