"""Drawing the frame and the visible tab from the newest picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw import alarm, frame, help, playbook
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import line
from ainur_tui.console.panels.registry import PANELS
from ainur_tui.console.widgets.lines import LinesView

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

MOST_RUNS, MOST_ROWS = 3, 4


def paint(app: AinurApp) -> None:
    """Draw everything that is visible; widgets repaint only rows that differ."""
    scene = app.store.scene()
    if draw_frame(app, scene):
        _panel(app, scene)
        # What has no room is hidden, and loses the keyboard.
        if app.focused is None and len(app.screen_stack) == 1:
            app.panel.focus_first()
        if isinstance(app.screen, PageDialog):
            app.screen.redraw()


def draw_frame(app: AinurApp, scene: Scene) -> bool:
    """Draw what stands around the tabs; whether there is room for any."""
    app.set_class(scene.glass is not None, "-glass")
    app.ring(scene)
    base = app.screen_stack[0]
    header = base.query_one("#header", LinesView)
    columns = header.size.width
    strip = base.query_one("#strip", LinesView)
    if not columns:
        strip.display = False
        tiny = base.query_one("#tiny", LinesView)
        tiny.show(frame.tiny(scene, *tiny.size))
        return False
    header.show([frame.header(scene, columns)])
    base.query_one("#clock", LinesView).show([frame.clock_line(scene)])
    names = [(kind.key, kind.title) for kind in PANELS]
    across = base.query_one("#tabs").size.width
    base.query_one("#tabs", LinesView).show([frame.tabs(names, app.panel.title, across)])
    warning = alarm.banner(scene, across)
    rows = [warning] if warning else []
    rows += [] if app.panel.incidents else alarm.overs(scene, across)
    rows += [frame.asking_line(app.store.asking, scene)] if app.store.asking else []
    rows += [] if app.panel.proposes else playbook.strip(scene, across)
    runs = app.store.current_runs(scene.now)
    # Of those that went well the newest is news; the journal has the others.
    well = next((run for run in runs if run.state == "verified"), None)
    runs = [run for run in runs if run.state != "verified" or run is well]
    rows += [frame.run_line(run, scene, across) for run in runs[:MOST_RUNS]]
    rows += [frame.notice_line(words, scene, across)
             for words in app.store.current_notices()]  # fmt: skip
    rows = rows[:MOST_ROWS]
    strip.display = bool(rows)
    strip.styles.height = len(rows)
    strip.show(rows)
    keys = help.footer(app.screen.active_bindings.values(), across)
    base.query_one("#footer", LinesView).show([keys])
    return True


def _panel(app: AinurApp, scene: Scene) -> None:
    """A tab that cannot be drawn costs that tab, never the console."""
    try:
        app.panel.show_scene(scene)
    except Exception as error:
        words = f" this tab cannot be drawn ({type(error).__name__}); the others go on"
        strip = app.screen_stack[0].query_one("#strip", LinesView)
        strip.show([line((words, "fail"))])
        strip.styles.height = 1
        strip.display = True
