"""Tables fit, sort with unknown values last, filter, and tell trouble by a symbol."""

from __future__ import annotations

import msgspec
import pytest

from ainur_tui.console.draw.glyphs import UNICODE
from ainur_tui.console.draw.spans import width
from ainur_tui.console.draw.tables import head_line, layout, matching, ordered, row_line
from ainur_tui.model.table import Column, Row, Table
from tests.console import worlds


@pytest.mark.parametrize("columns", [30, 60, 80, 140])
def test_columns_go_by_rank_and_rows_fit(columns: int) -> None:
    table = worlds.machines_table()
    plan = layout(table, table.rows, columns)
    names = [column.name for _, column, _ in plan.columns]
    assert "id" in names
    assert ("image" in names) == (columns > 70)
    assert width(row_line(table.rows[0], plan, UNICODE, selected=False)) <= columns + 2
    assert width(head_line(plan, 0, reverse=True)) <= columns + 2


def test_unknown_values_sort_last_in_both_directions() -> None:
    rows = [Row(key=str(v), cells=[v]) for v in (3, None, 1)]
    assert [row.cells[0] for row in ordered(rows, 0, reverse=False)] == [1, 3, None]
    assert [row.cells[0] for row in ordered(rows, 0, reverse=True)] == [3, 1, None]
    assert ordered(rows, None, reverse=True) == rows


def test_every_word_must_be_found() -> None:
    table = worlds.machines_table()
    assert [row.key for row in matching(table, "SJC d2a4")] == [worlds.MACHINES[1]]
    assert matching(table, "nowhere") == []


def test_numbers_stand_at_the_right_with_their_unit() -> None:
    table = Table(
        name="t", target="db", title="T", observed_at=0, source="s",
        columns=[Column(name="q", title="query"), Column(name="t", title="mean", unit="s")],
        rows=[Row(key="1", cells=["select", 0.5]), Row(key="2", cells=["insert", 12.0])],
    )  # fmt: skip
    plan = layout(table, table.rows, 40)
    shown = ["".join(t for t, _ in row_line(r, plan, UNICODE, selected=False)) for r in table.rows]
    assert shown[0].rstrip().endswith("500 ms")
    assert shown[1].rstrip().endswith("12 s")
    assert len(shown[0].rstrip()) == len(shown[1].rstrip())


def test_trouble_is_a_symbol_too() -> None:
    row = msgspec.structs.replace(worlds.machines_table().rows[0], tone="fail")
    plan = layout(worlds.machines_table(), [row], 80)
    assert UNICODE.state["down"] in "".join(
        t for t, _ in row_line(row, plan, UNICODE, selected=False)
    )


def test_a_statement_keeps_enough_to_be_told_from_others() -> None:
    columns = [
        Column(name="pid", title="Pid"), Column(name="app", title="Application", rank=3),
        Column(name="query", title="Query", rank=1, limit=120),
    ]  # fmt: skip
    rows = [Row(key="1", cells=["30642", "ainur-settlement", "UPDATE payments SET " * 9])]
    table = Table(name="t", target="db", title="T", observed_at=0, source="s", columns=columns,
                  rows=rows)  # fmt: skip
    names = {wide: [c.name for _, c, _ in layout(table, rows, wide).columns] for wide in (50, 60)}
    assert names == {50: ["pid", "query"], 60: ["pid", "app", "query"]}
