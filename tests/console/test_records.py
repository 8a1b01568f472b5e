"""What was done, what changed before the trouble, who else is here, what machines use."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import msgspec

from ainur_tui.console.dialogs.listing import ListingDialog, save
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw import changed, frame, journal, others
from ainur_tui.console.draw.tables import cell_text
from ainur_tui.model.action import Presence, Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.table import Table
from ainur_tui.model.wire import LookingAt
from tests.console import worlds
from tests.console.consoles import HOSTILE, plan, running, shown, until
from tests.console.test_screens import text

WHOLE = JournalVerdict(ok=True, entries=3, first_bad=None, truncated=False)
SYMPTOM = worlds.NOW - 252


def entry(number: int, **more: Any) -> JournalEntry:
    fields: dict[str, Any] = {
        "at": "2026-11-24T06:00:01.500Z", "kind": "result", "id": f"r{number}", "state": "verified",
        "operator": "mira", "host": "ops", "tty": "pts/1", "action": "restart", "target": "db",
        "detail": {"message": f"answers again {number}"}, "prev": "0" * 64, "hash": "a" * 64,
    }  # fmt: skip
    return JournalEntry(seq=number, **(fields | more))


ENTRIES = [
    entry(1, operator="ilya", action="scale", target=f"api/machine/{worlds.MACHINES[0]}"),
    entry(2, state="failed", detail={"plan": {"title": "Restart db", "before": {"pids": [7, 8]}}}),
    entry(3, at="2026-11-23T23:10:00Z", detail={"message": f"\x1b]0;x\x07{HOSTILE}"}),
]


def event(key: str, before: float, kind: EventKind, words: str) -> Event:
    return Event(key=key, at=SYMPTOM - before, kind=kind, target="api", text=words)


def troubled() -> BoardView:
    run = Run(id="r5", plan=plan("scale", "api", "R2"), operator="ilya", state="verified",
              started_at=SYMPTOM - 60, steps=[], message="")  # fmt: skip
    return msgspec.structs.replace(worlds.trouble(), runs=[run], events=[
        event("a", 4000, "deploy", "api deployed v141"),
        event("b", 300, "secret", "digest of API_KEY changed"),
        event("run:r5:begun", 60, "scale", "Scale api 2 to 3"),
        event("c", 10, "state", "node is late"),
        event("d", -30, "restart", "api restarted"),
    ])  # fmt: skip


def column(table: Table, name: str) -> list[str]:
    place = next(i for i, c in enumerate(table.columns) if c.name == name)
    return [cell_text(row.cells[place], table.columns[place]) for row in table.rows]


def test_the_journal_is_newest_first_with_everything_in_the_detail() -> None:
    table = journal.table(ENTRIES, WHOLE, worlds.NOW)
    assert column(table, "seq") == ["3", "2", "1"]
    assert column(table, "at") == ["11-23 23:10", "06:00:01", "06:00:01"]
    assert column(table, "target")[2] == worlds.MACHINES[0]
    assert column(table, "what")[1] == "Restart db"
    assert table.note == "whole: 3 entries, each hash fits"
    failed = table.rows[1]
    assert failed.tone == "fail"
    assert failed.detail["plan.before.pids 2"] == "8"
    assert failed.detail["hash"] == "a" * 64
    assert "\x1b" not in str(table)


def test_a_journal_that_is_not_whole_says_so() -> None:
    bad = JournalVerdict(ok=False, entries=3, first_bad=2, truncated=False, reason="hash differs")
    assert "NOT WHOLE from #2: hash differs" in str(journal.table(ENTRIES, bad, 0.0).note)
    assert journal.table(ENTRIES, None, 0.0).note == "not checked"


def test_an_export_is_one_object_a_line_oldest_first() -> None:
    lines = journal.export(ENTRIES).splitlines()
    assert [msgspec.json.decode(one, type=JournalEntry) for one in lines] == ENTRIES


async def test_the_journal_is_filtered_opened_and_exported(tmp_path: Path) -> None:
    async with running(size=(80, 24)) as (app, engine, pilot):
        engine.answers |= {"journal": ENTRIES, "journal.verify": WHOLE}
        await pilot.press("J")
        await until(pilot, lambda: "each hash fits" in shown(app))
        await pilot.press("slash", *"failed", "enter")
        await until(pilot, lambda: "1 of 1 (of 3)" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        assert "plan.title            Restart db" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ListingDialog))
        await pilot.press("escape")
        await until(pilot, lambda: "1 of 1" not in shown(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        app.screen.query_one("Input").value = str(tmp_path / "j.jsonl")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "written: " in shown(app))
        assert (tmp_path / "j.jsonl").read_bytes() == journal.export(ENTRIES)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


def test_an_export_is_private_and_overwrites_nothing(tmp_path: Path) -> None:
    there = tmp_path / "x"
    assert save(there, b"1").startswith("written")
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert "is there already" in save(there, b"2")
    assert there.read_bytes() == b"1"
    assert save(tmp_path / "no" / "x", b"").startswith("not written")


def test_changes_are_ordered_by_their_time_before_the_first_symptom() -> None:
    table = changed.table(worlds.scene(troubled()))
    assert column(table, "when") == [
        "10 s before", "1m 00s before", "5m 00s before", "1h 06m before", "30 s after",
    ]  # fmt: skip
    assert column(table, "who") == ["—", "ilya", "—", "—", "—"]
    assert [row.tone for row in table.rows] == ["none", "warn", "warn", "none", "quiet"]
    assert "db: nothing listens there" in str(table.note)


def test_a_change_brings_the_values_of_its_actions() -> None:
    view = msgspec.structs.replace(worlds.well(), events=[
        event("fly:secret:API_KEY:d2:1", 5, "secret", "secret API_KEY set, digest d2"),
        event("fly:release:v142", 10, "deploy", "deploy v142 by mira"),
        event("needs:1.0", 15, "setting", "who needs whom: db needs host too · ilya"),
        event("glass:1.0", 20, "note", "ilya broke the glass for 15 minutes: fire"),
    ])  # fmt: skip
    table = changed.table(worlds.scene(view))
    assert [row.params for row in table.rows] == [
        {"name": "API_KEY"}, {"version": "142"}, {}, {},
    ]  # fmt: skip
    assert column(table, "who") == ["—", "—", "ilya", "ilya"]


def test_without_trouble_changes_are_newest_first() -> None:
    table = changed.table(worlds.scene(worlds.well()))
    assert column(table, "kind") == ["restart", "deploy"]
    assert column(table, "when")[0] == "6m 41s ago"
    assert all(row.tone == "none" for row in table.rows)


async def test_from_a_change_to_the_actions_of_its_target() -> None:
    async with running(troubled()) as (app, _, pilot):
        await pilot.press("w")
        await until(pilot, lambda: "first symptom" in shown(app))
        await pilot.press("j", "a")
        await until(pilot, lambda: "Restart api" in shown(app))
        assert not isinstance(app.screen, ListingDialog)


def here(operator: str, target: str | None, *, mine: bool = False) -> Presence:
    return Presence(operator=operator, tty="pts/1", since=worlds.NOW - 600, tab="Database",
                    target=target, here=mine)  # fmt: skip


async def test_the_others_are_seen_with_what_they_have_selected() -> None:
    told = [here("mira", "db", mine=True), here("ilya", f"api/machine/{worlds.MACHINES[0]}")]
    view = msgspec.structs.replace(worlds.well(), presence=told)
    assert "with ilya" in text([frame.header(worlds.scene(view), 120)])
    # Without the clock of a screen of 80, and smaller.
    for columns, seen in ((66, "with ilya"), (54, "+1")):
        assert seen in text([frame.header(worlds.scene(view), columns)])
    assert "with" not in text([frame.header(worlds.scene(view, lost="gone"), 120)])
    drawn = text(others.page(worlds.scene(view)))
    assert drawn.index("mira") < drawn.index("ilya")
    assert "this console" in drawn
    async with running(view) as (app, engine, pilot):
        await pilot.press("2")
        await until(pilot, lambda: f"with ilya on {worlds.MACHINES[0]}" in shown(app))
        await pilot.press("j")
        app.feed.present()
        app.feed.present()
        wanted = LookingAt(tab="Services", target=f"api/machine/{worlds.MACHINES[1]}")
        # The clock of the console may have told before of where it looked then.
        await until(pilot, lambda: engine.asked("presence")[-1:] == [wanted])
        assert engine.asked("presence").count(wanted) == 1


async def test_maintenance_is_remembered_in_the_header() -> None:
    view = worlds.well()
    on = worlds.signal("api.maintenance", 1.0, "bool")
    targets = [msgspec.structs.replace(t, signals=[*t.signals, on]) if t.name == "api" else t
               for t in view.targets]  # fmt: skip
    scene = worlds.scene(msgspec.structs.replace(view, targets=targets))
    assert "MAINTENANCE" in text([frame.header(scene, 80)])
    assert "MAINTENANCE" not in text([frame.header(worlds.scene(view), 80)])
