"""The Services tab: machines, trees, who set what, and from a row to its actions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from ainur_tui.client.errors import CallError
from ainur_tui.console.app import AinurApp
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.needs import NeedsDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.draw import machines, needs, services
from ainur_tui.console.draw.glyphs import ASCII, UNICODE, Glyphs
from ainur_tui.console.draw.tables import cell_text, layout, row_line, stems
from ainur_tui.model.action import ActionSpec, Param, Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.needscalls import NeedsCall, NeedsView
from ainur_tui.model.table import Column, Row, Table
from tests.console import worlds
from tests.console.consoles import plan, running, shown, until
from tests.console.test_records import column

DEFAULT = {"frontend": ["api"], "api": ["db", "storage", "node"]}
TOLD = NeedsView(
    needs=DEFAULT, default=DEFAULT, names=["api", "db", "node", "storage", "frontend", "host"]
)


def fleet() -> Table:
    """The machines as the probe tells them."""
    columns = [
        Column(name="id", title="Machine"), Column(name="checks", title="Checks", rank=2),
        Column(name="image", title="Image", rank=5, limit=38),
        Column(name="last", title="Last event", rank=4),
        Column(name="last_at", title="Ago", unit="age", rank=4),
    ]  # fmt: skip
    rows = [
        Row(key=m, cells=[m, "1/1", "deployment-01JDQ8W3ZKABCDEFGHJKMNPQRS", "exit 137",
                          worlds.NOW - 240], target=f"api/machine/{m}") for m in worlds.MACHINES
    ]  # fmt: skip
    return Table(name="api.machines", target="api", title="Machines", columns=columns, rows=rows,
                 observed_at=worlds.NOW - 2, source="fly")  # fmt: skip


def using() -> BoardView:
    """One machine whose processor and memory are read."""
    view = worlds.well()
    use = [worlds.signal("machine.cpu", 0.25, "ratio"), worlds.signal("machine.memory", 8e7, "B")]
    return msgspec.structs.replace(view, targets=[
        msgspec.structs.replace(t, signals=use) if t.name == f"api/machine/{worlds.MACHINES[0]}"
        else t for t in view.targets
    ])  # fmt: skip


def test_machines_show_what_they_use_and_what_happened_last() -> None:
    scene = worlds.scene(using())
    name = f"api/machine/{worlds.MACHINES[0]}"
    assert machines.wanted(scene) == [(name, "machine.cpu"), (name, "machine.memory")]
    table = machines.readable(fleet(), scene)
    assert [c.title for c in table.columns] == [
        "Machine", "Checks", "CPU", "Memory", "Image", "Last event",
    ]  # fmt: skip
    assert column(table, "machine.cpu") == ["25.0 %", "—"]
    assert column(table, "machine.memory")[0] == "76.3 MiB"
    assert column(table, "image")[0] == "01JDQ8W3ZK…"
    assert table.rows[0].detail["image in full"] == "deployment-01JDQ8W3ZKABCDEFGHJKMNPQRS"
    assert column(table, "last")[0] == " 4m exit 137"
    scene.series[name, "machine.cpu"] = worlds.series(name, "machine.cpu")  # type: ignore[index]
    assert len(column(machines.readable(fleet(), scene), "machine.cpu")[0]) == 11


def test_a_machine_at_rest_uses_nothing() -> None:
    table = fleet()
    columns = [*table.columns, Column(name="state", title="State")]
    rows = [msgspec.structs.replace(row, cells=[*row.cells, "stopped"]) for row in table.rows]
    table = msgspec.structs.replace(table, columns=columns, rows=rows)
    assert column(machines.readable(table, worlds.scene(using())), "machine.cpu") == ["—", "—"]


@pytest.mark.parametrize("columns", [40, 60, 78, 118, 198])
def test_of_a_machine_the_name_and_its_state_stay_longest(columns: int) -> None:
    table = machines.readable(worlds.machines_table(), worlds.scene(using()))
    plan = layout(table, table.rows, columns, worlds.NOW)
    names = [c.name for _, c, _ in plan.columns]
    assert names[0] == "id"
    assert "state" in names
    assert ("machine.cpu" in names) == (columns >= 60)
    assert ("image" in names) == (columns >= 118)


@pytest.mark.parametrize(
    ("image", "short"),
    [
        ("registry.fly.io/api:deployment-01JDQ8W3ZKABCDEFGHJKMNPQRS", "01JDQ8W3ZK…"),
        ("registry.fly.io/api:v142", "v142"),
        ("deployment-short", "deployment-short"),
        ("", ""),
    ],
)
def test_an_image_is_told_by_what_differs(image: str, short: str) -> None:
    assert machines.short_image(image) == short


@pytest.mark.parametrize(
    ("glyphs", "drawn"),
    [
        (UNICODE, ["", "├ ", "│ └ ", "└ ", ""]),
        (ASCII, ["", "| ", "| ` ", "` ", ""]),
    ],
)
def test_a_tree_is_drawn_from_depths(glyphs: Glyphs, drawn: list[str]) -> None:
    rows = [Row(key=str(i), cells=[f"n{i}"], depth=d) for i, d in enumerate([0, 1, 2, 1, 0])]
    assert stems(rows, glyphs) == drawn
    table = Table(name="t", target="", title="t", columns=[Column(name="n", title="name")],
                  rows=rows, observed_at=0, source="")  # fmt: skip
    plan = layout(table, rows, 40)
    widths = {
        sum(len(text) for text, _ in row_line(row, plan, glyphs, selected=False, stem=stem))
        for row, stem in zip(rows, drawn, strict=True)
    }
    assert len(widths) == 1


def test_moments_are_short_where_now_is_known() -> None:
    when = Column(name="at", title="at", unit="time")
    assert cell_text(worlds.NOW - 60, when, worlds.NOW) == "05:59:00"
    assert cell_text(worlds.NOW - 2 * 86400, when, worlds.NOW) == "11-22 06:00"
    assert cell_text(worlds.NOW + 300 * 86400, when, worlds.NOW) == "2027-09-20"
    ago = Column(name="a", title="a", unit="age")
    assert cell_text(worlds.NOW - 3 * 86400, ago, worlds.NOW) == "3d"


def test_the_graph_is_a_tree_with_states() -> None:
    table = needs.table(worlds.scene(worlds.trouble()))
    assert table is not None
    assert [(row.depth, row.target, row.tone) for row in table.rows] == [
        (0, "frontend", "warn"), (1, "api", "fail"), (2, "db", "fail"), (2, "storage", "none"),
        (2, "node", "none"), (0, "host", "none"),
    ]  # fmt: skip
    assert column(table, "cause")[:3] == ["db", "db", ""]
    assert table.rows[2].detail["needed by"] == "api"
    assert len({row.key for row in table.rows}) == len(table.rows)


def test_who_set_a_secret_is_told_by_name() -> None:
    columns = [Column(name="name", title="Name"), Column(name="by", title="Set by")]
    rows = [Row(key=k, cells=[k, by]) for k, by in (("A", "run r7"), ("B", "elsewhere"),
                                                    ("C", "run r8"))]  # fmt: skip
    table = Table(name="api.secrets", target="api", title="", columns=columns, rows=rows,
                  observed_at=0, source="")  # fmt: skip
    done = Event(key="run:r7:begun", at=worlds.NOW, kind="secret", target="api",
                 text="Set A · ilya")  # fmt: skip
    view = msgspec.structs.replace(worlds.well(), events=[done])
    found = services.secrets(table, worlds.scene(view))
    assert column(found, "by") == ["ilya", "elsewhere", "run r8"]
    assert found.rows[0].detail == {"set by": "run r7"}


@pytest.mark.parametrize(("before", "by"), [(30.0, "mira"), (3000.0, "elsewhere")])
def test_who_staged_a_secret_is_told_by_the_run_that_did(before: float, by: str) -> None:
    staged = msgspec.structs.replace(plan("secret-set", "api", "R2"), params={"name": "KEY"})
    run = Run(id="r1", plan=staged, operator="mira", state="verified", steps=[], message="",
              started_at=worlds.NOW - 32, finished_at=worlds.NOW - 29)  # fmt: skip
    columns = [Column(name="changed", title="", unit="age"), Column(name="by", title="Set by")]
    table = Table(name="api.secrets", target="api", title="", columns=columns, observed_at=0,
                  source="", rows=[Row(key="KEY", cells=[worlds.NOW - before, "elsewhere"])],
    )  # fmt: skip
    view = msgspec.structs.replace(worlds.well(), runs=[run])
    assert column(services.secrets(table, worlds.scene(view)), "by") == [by]


def specs() -> list[ActionSpec]:
    def spec(name: str, *params: Param) -> ActionSpec:
        return ActionSpec(name=name, targets=["api"], risk="R2", summary=name, params=list(params))

    name = Param(name="name", type="str", help="the secret's name", required=True)
    flag = msgspec.structs.replace(name, choices=["AUCTIONS", "MAINTENANCE_MODE"])
    value = Param(name="value", type="str", help="", required=True)
    return [
        spec("restart"), spec("secret-set", name, value), spec("flag-set", flag, value),
        spec("rollback", Param(name="version", type="int", help="")),
        spec("deploy", Param(name="image", type="str", help="", required=True)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "first", "filled"),
    [
        ({"version": "141", "image": "api:v141"}, ["rollback", "deploy"], "141"),
        ({"name": "AUCTIONS"}, ["flag-set", "secret-set"], "AUCTIONS"),
        ({"name": "API_KEY"}, ["secret-set"], "API_KEY"),
    ],
)
async def test_from_a_row_to_its_actions_with_its_values(
    params: dict[str, str], first: list[str], filled: str
) -> None:
    table = Table(name="api.machines", target="api", title="", observed_at=worlds.NOW, source="",
                  columns=[Column(name="a", title="a")],
                  rows=[Row(key="x", cells=["x"], params=params)])  # fmt: skip
    view = msgspec.structs.replace(worlds.well(), tables=[table])
    async with running(view) as (app, engine, pilot):
        engine.answers["actions"] = specs()
        await pilot.press("2")
        await until(pilot, lambda: "1 of 1" in shown(app))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        words = [one.lower().strip("▸ ").split() for one in shown(app).splitlines()]
        offered = [one[0] for one in words if one[:1] and one[0] in {s.name for s in specs()}]
        assert offered[: len(first)] == first
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskDialog | PlanDialog))
        values = [getattr(field, "value", "") for field in app.screen.query("Input, PickField")]
        planned = [value for query in engine.asked("plan") for value in query.params.values()]
        assert filled in [*values, *planned]


async def editor(app: AinurApp, pilot: Pilot[None]) -> None:
    """Open the editor from the tab."""
    await pilot.press("2")
    await until(pilot, lambda: bool(app.query("#panel-services TableView:focus")))
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.screen, NeedsDialog))


async def test_the_graph_is_edited_refused_and_saved() -> None:
    async with running(size=(80, 24)) as (app, engine, pilot):
        engine.answers["needs"] = TOLD
        saved = msgspec.structs.replace(TOLD, needs=DEFAULT | {"db": ["host"]})
        engine.answers["needs.set"] = saved
        await editor(app, pilot)
        await pilot.press("j", "h", "space")
        await until(pilot, lambda: "db cannot need api: api would need itself" in shown(app))
        assert "NOT SAVED" not in shown(app)
        await pilot.press("l", "l", "l", "l", "l", "space")
        await until(pilot, lambda: "db needs host too" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: engine.asked("needs.set") != [])
        expected = NeedsCall(needs=DEFAULT | {"db": ["host"]}, seen=DEFAULT)
        assert engine.asked("needs.set") == [expected]
        await until(pilot, lambda: "It holds at once" in shown(app))


async def test_a_draft_that_is_refused_stays_in_the_editor(monkeypatch: Any) -> None:
    async with running() as (app, engine, pilot):
        engine.answers["needs"] = TOLD
        plain = engine.call

        async def call(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            if method == "needs.set":
                raise CallError(75, "somebody changed who needs whom meanwhile; look again")
            return await plain(method, params, timeout=timeout)

        monkeypatch.setattr(engine, "call", call)
        await editor(app, pilot)
        await pilot.press("minus", "down", "down", "minus", "enter")
        await until(pilot, lambda: "meanwhile" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "NOT SAVED" not in shown(app))


async def test_read_only_edits_no_graph() -> None:
    async with running(read_only=True) as (app, engine, pilot):
        engine.answers["needs"] = TOLD
        await editor(app, pilot)
        await pilot.press("space", "enter")
        await until(pilot, lambda: not isinstance(app.screen, NeedsDialog))
        assert engine.asked("needs.set") == []


@pytest.mark.parametrize("columns", [40, 60, 78, 118])
async def test_the_shown_table_is_always_named(columns: int) -> None:
    async with running(size=(columns + 2, 24)) as (app, _, pilot):
        await pilot.press("2")
        await until(pilot, lambda: bool(app.query("#panel-services TableView:focus")))
        for name in ("health", "needs", "events", "releases", "secrets", "certificates",
                     "api tls", "page tls", "dns"):  # fmt: skip
            await pilot.press("right")
            await until(pilot, lambda n=name: f"[{n}]" in shown(app) or columns < 60)
