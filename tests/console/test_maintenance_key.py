"""Maintenance mode from one key."""

from __future__ import annotations

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.model.action import ActionSpec, Param
from tests.console.consoles import running, shown, until


async def test_one_key_asks_for_the_mode() -> None:
    async with running() as (app, engine, pilot):
        mode = Param(
            name="mode", type="str", help="on or off", required=True, choices=["on", "off"]
        )
        engine.answers["actions"] = [
            ActionSpec(name="maintenance", targets=["api"], risk="R2", summary="", params=[mode]),
            ActionSpec(name="restart", targets=["api"], risk="R2", summary=""),
        ]
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        assert "Maintenance api" in shown(app)
