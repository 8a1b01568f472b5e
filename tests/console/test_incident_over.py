"""From fixed to said, told and written up: the keys of an incident's end."""

from __future__ import annotations

import time
from typing import Any

from msgspec.structs import replace

from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.incidentdraft import DraftDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw import alarm
from ainur_tui.console.draw.glyphs import ASCII
from ainur_tui.model.incident import Closed, Recovered, StatusSet, UpdateSent
from ainur_tui.model.incidentcalls import Drafts, IncidentFile, Sheet
from tests.console import worlds
from tests.console.consoles import running, shown, until
from tests.console.test_incidents import changes, file, fires, plain, replace_now, serve, world

DONE = "Rolling restart of 2 machines, verified"


def over() -> IncidentFile:
    seen = Recovered(at=time.time() - 24, why="alert ApiDown over")
    return file(recovered=seen, done=[DONE])


async def test_from_fixed_to_closed_by_a_handful_of_keys() -> None:
    found = over()
    keys: list[str] = []
    async with running(world(found.incident), (80, 24)) as (app, engine, pilot):
        serve(engine, found)
        engine.answers["incident.draft"] = Drafts(message="RESOLVED\n", postmortem="# Post\n")

        async def press(*names: str) -> None:
            keys.extend(names)
            await pilot.press(*names)

        await until(pilot, lambda: "7 t Enter RESOLVED" in shown(app))
        await press("7")
        await until(pilot, lambda: "Timeline of" in shown(app))
        assert shown(app).count("ago? ") == 1, "the strip does not say it again"
        assert ": alert ApiDown over" in shown(app)
        await press("t")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        assert "RESOLVED, and this was done:" in shown(app)
        await press("enter")
        await until(pilot, lambda: len(changes(engine)) == 1)
        await press("d")
        await until(pilot, lambda: isinstance(app.screen, DraftDialog))
        await press("y")
        await until(pilot, lambda: len(changes(engine)) == 2)
        await pilot.press("escape")  # the page that tells where the text went
        await press("D")
        await until(pilot, lambda: isinstance(app.screen, DraftDialog))
        await press("escape", "c")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await press("enter")
        await until(pilot, lambda: len(changes(engine)) == 3)
    assert changes(engine) == [
        StatusSet(status="resolved", text=DONE), UpdateSent(text="RESOLVED\n", via=["copied"]),
        Closed(text=""),
    ]  # fmt: skip
    assert len(keys) <= 9, keys


def test_what_still_fires_is_told_beside_it() -> None:
    one = over().incident
    more = replace(fires(), name="MachinesFailing", target="api/machine/x")
    scene = replace_now(world(one, alerts=(more, replace(fires(), target="host"))))
    (line,) = alarm.overs(scene, 110)
    assert "still firing: MachinesFailing " in plain(line)
    assert plain(line).rstrip().endswith("7 t Enter RESOLVED")
    for quiet in (replace(one, status="resolved"), replace(one, recovered=None)):
        assert alarm.overs(replace_now(world(quiet)), 80) == []
    drawn = plain(alarm.overs(worlds.scene(world(one), glyphs=ASCII), 80)[0])
    assert ASCII.plain(drawn).isascii()
    assert len(drawn) == 80


async def test_the_sheet_of_the_next_shift_is_a_page(monkeypatch: Any) -> None:
    async with running(world(), (80, 24)) as (app, engine, pilot):
        text = "# Hand-over: demo\n\n## State\n- up\n"
        engine.answers["handover"] = Sheet(environment="demo", at=1.0, parts={}, text=text)
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        app.action_record("handover")
        await until(pilot, lambda: "# Hand-over: demo" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: copied == [text])
