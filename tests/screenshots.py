"""Draw ``screenshots/`` from the running miniature: ``python -m tests.screenshots [SECONDS]``.

Starts a miniature and an engine, lets them live for a while so that the charts have something to
show, and exports every tab, well and in trouble, at the sizes a console is used at.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from ainur_tui.console.app import AinurApp
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.dialogs.playbook import PlaybookDialog
from ainur_tui.console.panels.registry import PANELS
from ainur_tui.model.wire import PROTOCOL, Hello
from tests.helpers import Miniature, miniature

TARGET = Path(__file__).parent.parent / "screenshots"
SIZES = ((80, 24), (120, 36))
TROUBLE = ("db-lock-chain", "api-slow", "api-machine-down")


async def _until(pilot: Pilot[None], condition: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return
        await pilot.pause(0.05)
    raise AssertionError("the screen never showed it")


async def _tour(demo: Miniature, mood: str, size: tuple[int, int]) -> None:
    hello = Hello(protocol=PROTOCOL, version="screenshots", access="operate", operator="mira")
    app = AinurApp(socket=demo.directory / "run" / "engine.sock", hello=hello, environment="demo")
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.store.view is not None and app.store.view.targets)
        app.feed.change_span(-2)
        for panel in PANELS:
            await pilot.press(panel.key)
            await pilot.pause(2.0)
            app.redraw()
            await pilot.pause()
            _save(app, f"{panel.title.lower()}-{mood}-{size[0]}x{size[1]}")
        if mood == "well":
            await pilot.press("colon", *"restart api", "enter")
            await _until(pilot, lambda: isinstance(app.screen, PlanDialog))
            await pilot.pause(0.3)
            _save(app, f"plan-{size[0]}x{size[1]}")
        else:
            await pilot.press("1", "p")
            await _until(pilot, lambda: isinstance(app.screen, PlaybookDialog | ChooseDialog))
            if isinstance(app.screen, ChooseDialog):  # the one that goes on, or another trouble's
                await pilot.press("enter")
                await _until(pilot, lambda: isinstance(app.screen, PlaybookDialog))
            await pilot.pause(4.0)
            _save(app, f"playbook-{size[0]}x{size[1]}")
            await pilot.press("escape", "7")
            await pilot.pause(2.0)
            _save(app, f"incident-{size[0]}x{size[1]}")
            await pilot.press("D")
            await pilot.pause(2.0)
            _save(app, f"postmortem-{size[0]}x{size[1]}")
    if app.crash is not None:
        raise app.crash


def _save(app: AinurApp, name: str) -> None:
    TARGET.mkdir(exist_ok=True)
    (TARGET / f"{name}.svg").write_text(app.export_screenshot(title="ainur-tui"))
    print(name, flush=True)


def main(seconds: float) -> None:
    """Make every picture."""
    with tempfile.TemporaryDirectory() as place, miniature(Path(place)) as demo:
        engine = demo.program.start("engine", "--stay")
        try:
            time.sleep(seconds)
            demo.program.json("backup", "create", "--yes")
            demo.program.json("backup", "verify", "newest", "--yes")
            for size in SIZES:
                asyncio.run(_tour(demo, "well", size))
            for fault in TROUBLE:
                demo.fault(fault)
            time.sleep(min(seconds, 20))
            told = ("--target", "api", "--severity", "P2", "requests are slow, one machine is gone")
            demo.program.json("incident", "open", *told)
            for size in SIZES:
                asyncio.run(_tour(demo, "trouble", size))
        finally:
            engine.terminate()
            engine.wait()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 240.0)
