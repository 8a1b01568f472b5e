"""Incidents by keys: declared from what fires, told, handed over, written up."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.widgets import Input, TextArea

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.incidentdraft import DraftDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw import alarm, frame, incidents
from ainur_tui.console.draw.glyphs import ASCII
from ainur_tui.console.draw.spans import Line, width
from ainur_tui.console.panels.incidents import IncidentsPanel
from ainur_tui.model.alert import Ack, Alert
from ainur_tui.model.board import BoardView
from ainur_tui.model.incident import (
    Closed,
    Incident,
    Item,
    ItemAdded,
    ItemDone,
    Noted,
    Published,
    RoleAccepted,
    RoleGiven,
    RoleHeld,
    SeveritySet,
    StatusSet,
    UpdateSent,
)
from ainur_tui.model.incidentcalls import (
    Capsule,
    ChangeIncident,
    Drafts,
    IncidentFile,
    OpenIncident,
)
from ainur_tui.model.slo import Burn, Slo
from ainur_tui.rules.incidents.objectives import Objectives
from tests.console import worlds
from tests.console.consoles import Engine, running, shown, until
from tests.rules.incidentworld import Tale, fold, opened

AVAILABLE = Slo(
    name="availability", statistic="share of probes answered", objective=0.999, window=2_592_000.0,
    known=9e5, excluded=0.0, bad=120.0, exhausted_in=None, taken=[], origin="guide",
    burns=[Burn(long=3600.0, short=300.0, limit=14.4, rate=20.0, short_rate=15.0)],
)  # fmt: skip


def tale() -> Tale:
    begun = time.time()
    first = opened(detected_at=begun - 100, acknowledged_at=begun - 40)
    told = Tale(first).event(-30, "deploy", "v142 by deploy@ainur").add(130, Noted(text="looking"))
    told.entries = [replace(entry, at=begun - 40) for entry in told.entries]
    return told


def file(**more: Any) -> IncidentFile:
    told = tale()
    one = replace(fold(told.entries, Objectives()), **more)
    return IncidentFile(incident=one, entries=told.entries, on_call="ada until 12-01 09:00")


def fires(**more: Any) -> Alert:
    fields: dict[str, Any] = {"state": "firing", "severity": "P1", "since": time.time() - 60}
    return Alert(name="DbLost", target="db", summary="db does not take connections",
                 **(fields | more))  # fmt: skip


def world(*current: Incident, alerts: tuple[Alert, ...] = ()) -> BoardView:
    return replace(worlds.trouble(), incidents=list(current), alerts=list(alerts))


def serve(engine: Engine, found: IncidentFile) -> None:
    engine.answers |= {
        "slo": [], "incidents": [found.incident], "incident.show": found,
        "incident.open": found.incident,
        "incident.change": found.incident, "incident.keep": found.incident,
        "incident.send": found.incident,
        "incident.draft": Drafts(message="INCIDENT ALERT\nImpact: TODO what\n",
                                 postmortem="# Post-Mortem\n## Root Cause\nTODO: why\n"),
        "incident.capsule": Capsule(path="/x.tar.gz", sha256="abcd", size=2048, files=["a"]),
    }  # fmt: skip


def changes(engine: Engine) -> list[Any]:
    calls: list[ChangeIncident] = engine.asked("incident.change")
    return [call.what for call in calls]


def plain(drawn: Line) -> str:
    return "".join(text for text, _ in drawn)


async def test_a_grave_alert_is_on_every_screen_until_it_is_declared() -> None:
    async with running(world(alerts=(fires(),)), (80, 24)) as (app, engine, pilot):
        serve(engine, file())
        await until(pilot, lambda: "P1 db does not take connections" in shown(app))
        assert "I declares it" in shown(app)
        await pilot.press("2")  # it takes no key away
        await until(pilot, lambda: "[Services]" in shown(app))
        assert "answer in 13:5" in shown(app) or "answer in 14:0" in shown(app)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: engine.asked("incident.open"))
        call: OpenIncident = engine.asked("incident.open")[0]
        assert (call.severity, call.target, call.alert, call.title) == (
            "P1", "db", "DbLost", "db does not take connections",
        )  # fmt: skip
        await until(pilot, lambda: "[Incidents]" in shown(app))


async def test_what_was_pointed_at_is_what_is_declared() -> None:
    mild = replace(fires(severity="P3"), target="node", summary="the node is behind")
    async with running(world(alerts=(fires(), mild))) as (app, engine, pilot):
        serve(engine, file())
        for pointed, title in ((True, "the node is behind"), (False, "db does not take")):
            app.lead(app.desks.incidents.declare("node" if pointed else "api", pointed=pointed))
            await until(pilot, lambda: isinstance(app.screen, AskDialog))
            assert app.screen.query_one(Input).value.startswith(title)
            await pilot.press("escape")


def test_the_banner_tells_what_nobody_declared_and_nothing_else() -> None:
    one = file().incident
    host = replace(fires(severity="P3"), name="Disk", target="host", summary="the disk is full")
    for view, there in (
        (world(alerts=(fires(),)), True),
        (world(alerts=(fires(state="pending"),)), False),
        (world(alerts=(fires(severity="P3"),)), False),
        (world(alerts=(fires(caused_by="host"), host)), True),
        (world(replace(one, target="host"), alerts=(fires(caused_by="host"), host)), False),
        (world(alerts=(fires(ack=Ack(by="jon", comment="", at=1.0)),)), False),
        (world(one, alerts=(fires(),)), True),
        (world(replace(one, target="db"), alerts=(fires(),)), False),
        (world(replace(one, services=["Database"]), alerts=(fires(),)), False),
    ):
        scene = replace_now(view)
        assert bool(alarm.banner(scene, 80)) is there
    told = world(alerts=(fires(caused_by="host"), host))
    assert "P1 the disk is full" in plain(alarm.banner(replace_now(told), 80))
    both = (fires(since=time.time() - 1000), replace(fires(), target="node"))
    old = replace_now(world(alerts=both))
    text = plain(alarm.banner(old, 80))
    assert "late by 1:40" in text
    assert "(+1)" in text
    assert width(alarm.banner(old, 80)) == 80


def replace_now(view: BoardView) -> Any:
    import dataclasses

    return dataclasses.replace(worlds.scene(view), now=time.time())


async def test_the_bell_rings_once_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    async with running(world()) as (app, _, pilot):
        monkeypatch.setattr(app, "bell", lambda: rung.append(1))
        app.store.board(world(alerts=(fires(),)))
        await pilot.pause()
        assert rung == []
        app.bell_wanted = True
        alarm = replace(fires(), name="Another")
        for _ in range(3):
            app.store.board(world(alerts=(alarm,)))
            await pilot.pause()
        assert rung == [1]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_tab_shows_clocks_roles_and_the_timeline(size: tuple[int, int]) -> None:
    found = file(items=[Item(id="a", text="x", owner="jon", due=None)])
    async with running(world(found.incident), size) as (app, engine, pilot):
        serve(engine, found)
        await pilot.press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        text = shown(app)
        for words in ("P1 INVESTIGATING  api is down", "response met in 1m 00s", "RTO 3m",
                      "Incident Commander mira", "(at no console)", "on call ada",
                      "a message is due: it was declared", "1 item to do", "looking",
                      "(deploy)"):  # fmt: skip
            assert words in text, words
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))


async def test_the_four_ways_there_is_nothing_to_show() -> None:
    async with running(world()) as (app, engine, pilot):
        engine.answers |= {"incidents": [], "slo": [AVAILABLE]}
        await pilot.press("7")
        await until(pilot, lambda: "No incident is on record" in shown(app))
        assert "availability 99.9 % 41.2 of 43.2 min left burn 20" in shown(app)
        assert "n note" not in shown(app), "there is none that could be written about"
        app.store.unlinked("the engine went away")
        await until(pilot, lambda: "record of incidents is not known" in shown(app))


async def press_words(pilot: Any, app: Any, words: str) -> None:
    await until(pilot, lambda: isinstance(app.screen, TextDialog))
    app.screen.query_one(Input).value = words
    await pilot.press("enter")


async def test_a_key_is_about_the_incident_that_was_chosen_a_moment_ago() -> None:
    chosen, before = file(), file(id="20261124-2")
    async with running(world(chosen.incident)) as (app, engine, pilot):
        serve(engine, chosen)
        await pilot.press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        panel = app.panel
        assert isinstance(panel, IncidentsPanel)
        panel.file = before  # the file of what is chosen now is not there yet
        await pilot.press("v")
        await until(pilot, lambda: f"Severity of {chosen.incident.id}" in shown(app))


async def test_every_key_adds_what_it_says() -> None:
    held = RoleHeld(role="technical", who="mira", before="jon")
    found = file(items=[Item(id="a1", text="limit it", owner="jon", due=None)])
    mine = replace(found.incident, roles=[*found.incident.roles, held], status="resolved")
    found = IncidentFile(incident=mine, entries=found.entries)
    async with running(world(mine)) as (app, engine, pilot):
        serve(engine, found)
        await pilot.press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        await pilot.press("n")
        await press_words(pilot, app, "it is the disk")
        await until(pilot, lambda: len(changes(engine)) == 1)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("enter")
        await press_words(pilot, app, "")
        await until(pilot, lambda: len(changes(engine)) == 2)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("down", "enter")
        await press_words(pilot, app, "half of it works")
        await until(pilot, lambda: len(changes(engine)) == 3)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("enter")
        await until(pilot, lambda: len(changes(engine)) == 4)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        app.screen.query_one(Input).value = "jon"
        await pilot.press("enter")
        await until(pilot, lambda: len(changes(engine)) == 5)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(changes(engine)) == 6)
        await pilot.press("c")
        await press_words(pilot, app, "")
        await until(pilot, lambda: len(changes(engine)) == 7)
    assert changes(engine) == [
        Noted(text="it is the disk"), StatusSet(status="investigating", text=""),
        SeveritySet(severity="P2", reason="half of it works"),
        RoleAccepted(role="technical", who="mira"), RoleGiven(role="commander", who="jon"),
        ItemDone(id="a1"), Closed(text=""),
    ]  # fmt: skip


async def test_an_item_wants_an_owner_and_a_day() -> None:
    found = file()
    async with running(world(found.incident)) as (app, engine, pilot):
        serve(engine, found)
        await pilot.press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        what, owner, due = app.screen.query(Input)
        assert owner.value == "mira"
        what.value, due.value = "limit the pool", "soon"
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: "is no day like" in shown(app))
        list(app.screen.query(Input))[2].value = "2026-12-01"
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: changes(engine))
        (item,) = changes(engine)
        assert isinstance(item, ItemAdded)
        assert (item.text, item.owner, item.due) == ("limit the pool", "mira", 1_796_083_200.0)


async def test_a_message_is_edited_copied_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found = file()
    async with running(world(found.incident), (80, 24)) as (app, engine, pilot):
        serve(engine, found)
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await pilot.press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DraftDialog))
        await until(pilot, lambda: "1 TODO left" in shown(app))
        await pilot.press("e")
        area = app.screen.query_one(TextArea)
        await until(pilot, lambda: area.has_focus)
        area.text = "INCIDENT ALERT\nImpact: logins fail\n"
        await pilot.press("escape")
        await until(pilot, lambda: "Impact: logins fail" in shown(app))
        assert "TODO" not in shown(app)
        await pilot.press("y")
        await until(pilot, lambda: changes(engine))
        assert changes(engine) == [
            UpdateSent(text="INCIDENT ALERT\nImpact: logins fail\n", via=["copied"])
        ]
        assert copied == ["INCIDENT ALERT\nImpact: logins fail\n"]
        await pilot.press("escape")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DraftDialog))
        await pilot.press("s")
        await until(pilot, lambda: engine.asked("incident.send"))


async def test_log_records_go_into_the_incident() -> None:
    found = file()
    async with running(world(found.incident)) as (app, engine, pilot):
        serve(engine, found)
        engine.answers["incident.keep"] = found.incident
        await pilot.press("5")
        await until(pilot, lambda: app.panel.title == "Logs" and " 120" in shown(app))
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        app.screen.query_one(Input).value = "into"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: engine.asked("incident.keep"))
        call = engine.asked("incident.keep")[0]
        assert (call.id, call.name) == (found.incident.id, "log.jsonl")
        assert '"sha256"' in call.data.splitlines()[0]


async def test_the_post_mortem_is_read_written_and_published(tmp_path: Path) -> None:
    found = file()
    async with running(world(found.incident)) as (app, engine, pilot):
        serve(engine, found)
        await pilot.press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        await pilot.press("D")
        await until(pilot, lambda: "TODO: why" in shown(app))
        await pilot.press("w")
        await press_words(pilot, app, str(tmp_path / "pm.md"))
        await until(pilot, lambda: "written:" in shown(app))
        assert (tmp_path / "pm.md").read_text().startswith("# Post-Mortem")
        await pilot.press("escape", "D")
        await until(pilot, lambda: isinstance(app.screen, DraftDialog))
        await pilot.press("e")
        app.screen.query_one(TextArea).text = "# Post-Mortem, edited"
        await pilot.press("escape", "p")
        await until(pilot, lambda: changes(engine) == [Published()])
        (kept,) = engine.asked("incident.keep")
        assert (kept.name, kept.data) == ("postmortem.md", "# Post-Mortem, edited")
        await pilot.press("C")
        await until(pilot, lambda: "SHA-256 abcd" in shown(app))


def test_the_header_counts_down() -> None:
    one = file().incident
    scene = replace_now(world(one))
    narrow, wide = plain(frame.header(scene, 66)), plain(frame.header(scene, 185))
    assert "P1 RTO 3:" in narrow
    assert "P1 investigating  RTO 3:" in wide
    late = replace(one, clocks=[replace(c, due_at=time.time() - 65) for c in one.clocks])
    assert "late 1:05" in plain(frame.header(replace_now(world(late)), 66))
    assert "+1" in plain(frame.header(replace_now(world(one, late)), 185))


def test_every_tab_has_its_key_at_eighty_columns() -> None:
    names = ["Overview", "Services", "Database", "Node", "Logs", "Alerts", "Incidents", "Backups",
             "Capacity", "Care"]  # fmt: skip
    keys = [(str((n + 1) % 10), name) for n, name in enumerate(names)]
    for columns in (80, 100, 120):
        drawn = plain(frame.tabs(keys, "Incidents", columns))
        assert len(drawn) <= columns
        assert "[Incidents]" in drawn
        assert all(f" {key}" in drawn for key, _ in keys), drawn
    assert "2  Services" in plain(frame.tabs(keys, "Overview", 120))


def test_ascii_has_every_sign() -> None:
    scene = worlds.scene(
        world(file().incident, alerts=(replace(fires(), target="host"),)), glyphs=ASCII
    )
    for drawn in (*incidents.facts(file(), scene, 80), alarm.banner(scene, 80)):
        assert ASCII.plain(plain(drawn)).isascii()
