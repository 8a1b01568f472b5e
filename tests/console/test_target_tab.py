"""A tab about a target on a small terminal: its head, its strip of tables, their own words."""

from __future__ import annotations

import msgspec
import pytest

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.dialogs.row import RowDialog
from ainur_tui.console.draw import target
from ainur_tui.console.draw.plans import plan_title
from ainur_tui.console.draw.spans import EMPTY, Line, line, width
from ainur_tui.console.draw.values import vital_row
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.action import ActionSpec, Param
from ainur_tui.model.board import BoardView
from ainur_tui.model.table import Column, Row, Table
from tests.console import worlds
from tests.console.consoles import running, shown, until

LONG = "sessions idle in transaction 13, over 5 (pid 30691 (ainur-report) longest 13 s); cancel it"
NOTE = "counts are of the last 23 minutes and of this server alone; what is small needs no index"


def plain(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in one) for one in lines]


def sessions(rows: int = 3, note: str | None = None, name: str = "db.sessions") -> Table:
    columns = [Column(name="pid", title="Pid"), Column(name="state", title="State", rank=1)]
    return Table(
        name=name, target="db", title="Sessions", columns=columns, observed_at=worlds.NOW - 1,
        source="pg_stat_activity", note=note,
        rows=[Row(key=f"{n}@then", cells=[str(n), "idle"], target="db", params={"pid": str(n)})
              for n in range(rows)],
    )  # fmt: skip


def view(*tables: Table, summary: str = "answers", state: str = "up") -> BoardView:
    seen = worlds.well()
    return msgspec.structs.replace(
        seen, tables=list(tables),
        targets=[
            msgspec.structs.replace(t, summary=summary, state=state, since=worlds.NOW - 0.5)
            if t.name == "db" else t for t in seen.targets
        ],
    )  # fmt: skip


def test_the_end_of_a_long_summary_is_in_a_second_line() -> None:
    scene = worlds.scene(view(summary=LONG))
    told = plain(target.banner(["db"], scene, 78, 2))
    assert len(told) == 2
    assert max(map(len, told)) <= 78
    assert " ".join(part.strip() for part in told).endswith("longest 13 s); cancel it")
    assert len(target.banner(["db"], scene, 78)) == 1
    several = plain(target.banner(["api", "frontend"], scene, 78))
    assert len({one.index("answers") for one in several}) == 1


def test_a_value_that_is_not_known_says_why_where_its_trend_would_be() -> None:
    seen = worlds.well()
    why = msgspec.structs.replace(worlds.signal("x", None, "s"), note="no complete backup yet")
    seen.targets.append(worlds.target("t", "up", "well", [why]))
    (row,) = plain([vital_row(("loss now", "t", "x"), worlds.scene(seen), 60)])
    assert row.split() == ["loss", "now", "—", "no", "complete", "backup", "yet"]


def test_a_title_is_read_whole_and_says_that_nothing_was_done_where_there_is_room() -> None:
    place = line(("1-17 of 61, Up Down ", "warn"))
    (one,) = plain(plan_title("Restart db", place, 76))
    assert one.startswith("Restart db   nothing has been done yet")
    long = "Recover ainur as of 2026-11-30 10:08:42 into ainur_recovery_20261130"
    two = plan_title(long, place, 76)
    assert " ".join(part.partition("  ")[0].strip() for part in plain(two)) == long
    assert all(width(part) <= 76 for part in two)
    assert plan_title("x", EMPTY, 40)


async def test_tables_are_chosen_by_name_and_the_rest_of_the_strip_is_counted() -> None:
    tables = [sessions(), sessions(4, name="db.locks"), sessions(2, name="db.settings")]
    async with running(view(*tables), size=(80, 24)) as (app, _, pilot):
        await pilot.press("3")
        await until(pilot, lambda: "[sessions 3]" in shown(app))
        strip = next(row for row in shown(app).splitlines() if "[sessions 3]" in row)
        assert strip.rstrip().endswith("›")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"settings", "enter")
        await until(pilot, lambda: "[settings 2]" in shown(app))
        assert "not read yet" not in shown(app)


@pytest.mark.parametrize("rows", [0, 3, 40])
async def test_a_note_has_lines_of_its_own_where_there_is_room(rows: int) -> None:
    async with running(view(sessions(rows, NOTE)), size=(80, 24)) as (app, _, pilot):
        await pilot.press("3")
        await until(pilot, lambda: "counts are of" in shown(app))
        table = app.screen.query_one("#panel-database TableView", TableView)
        words = " ".join(table.text.split())
        assert (NOTE in words) is (rows < 40)
        assert "none at this moment" not in words
        if rows:
            await pilot.press("end")
            await until(pilot, lambda: f"\n▸ {rows - 1} " in table.text)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, RowDialog))
            assert NOTE in " ".join(shown(app).replace("│", " ").split())


async def test_rows_from_before_a_target_went_down_are_stale() -> None:
    for state, word in (("up", "2s old"), ("down", "stale, 2s old")):
        async with running(view(sessions(), state=state), size=(80, 24)) as (app, _, pilot):
            await pilot.press("3")
            await until(pilot, lambda: "[sessions 3]" in shown(app))
            table = app.screen.query_one("#panel-database TableView", TableView)
            assert ("stale" in table.text) is (state == "down"), word


async def test_what_a_row_names_whole_goes_to_its_plan_from_the_row_too() -> None:
    cancel = ActionSpec(
        name="cancel", targets=["db"], risk="R2", summary="break it off",
        params=[Param(name="pid", type="int", help="which session", required=True)],
    )  # fmt: skip
    apply = ActionSpec(
        name="settings-apply", targets=["db"], risk="R3", summary="change a setting",
        params=[Param(name="pid", type="int", help="which", required=True),
                Param(name="value", type="str", help="to what", required=True)],
    )  # fmt: skip
    async with running(view(sessions())) as (app, engine, pilot):
        engine.answers["actions"] = [cancel, apply]
        await pilot.press("3")
        await until(pilot, lambda: "[sessions 3]" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RowDialog))
        assert "Sessions: 1" in shown(app)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"cancel", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert [query.params for query in engine.asked("plan")] == [{"pid": "1"}]
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"settings", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await until(pilot, lambda: app.focused is not None and app.focused.id == "field-value")


async def test_a_terminal_that_grows_again_has_its_keys_back() -> None:
    async with running(view(sessions()), size=(80, 24)) as (app, engine, pilot):
        engine.more = {}
        await pilot.press("3")
        await until(pilot, lambda: "[sessions 3]" in shown(app))
        await pilot.resize_terminal(20, 5)
        await until(pilot, lambda: app.query_one("#tiny").size.width == 20)
        app.redraw()
        assert not app.query_one("#strip").display
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "[sessions 3]" in shown(app))
        await until(pilot, lambda: isinstance(app.focused, TableView))


async def test_who_stands_at_the_top_stays_there_and_who_chose_a_row_keeps_it() -> None:
    def turned(by: int) -> Table:
        table = sessions(4)
        return msgspec.structs.replace(table, rows=table.rows[by:] + table.rows[:by])

    async with running(view(turned(0)), size=(80, 24)) as (app, _, pilot):
        await pilot.press("3")
        table = app.query_one("#panel-database TableView", TableView)
        await until(pilot, lambda: table.row is not None)
        app.store.board(view(turned(2)))
        await until(pilot, lambda: table.row is not None and table.row.params == {"pid": "2"})
        await pilot.press("down")
        app.store.board(view(turned(1)))
        await until(pilot, lambda: "▸ 3 " in table.text)
        assert table.row is not None
        assert table.row.params == {"pid": "3"}
