"""Who else is here, and where they look."""

from __future__ import annotations

from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, left, line
from ainur_tui.model.action import Presence
from ainur_tui.model.units import age


def others(scene: Scene) -> list[Presence]:
    """Everybody but this console; nobody while no engine tells."""
    told = scene.view.presence if scene.view and scene.lost is None else []
    return [one for one in told if not one.here]


def short(one: Presence) -> str:
    """``ilya on 17811953c92e18``, or the tab where nothing is selected."""
    where = (one.target or one.tab).rpartition("/")[2]
    return f"{one.operator} on {where}" if where else one.operator


def page(scene: Scene) -> list[Line]:
    """All consoles of this environment, this one too."""
    told = scene.view.presence if scene.view and scene.lost is None else []
    if not told:
        return [line(("the engine tells of nobody", "quiet"))]
    lines = [line((left("operator", 18) + left("terminal", 14) + left("here for", 10)
                   + left("tab", 12) + "selected", "quiet"))]  # fmt: skip
    for one in sorted(told, key=lambda one: (not one.here, one.since)):
        words = left(one.operator, 18) + left(one.tty, 14) + left(age(scene.now - one.since), 10)
        lines.append(line((words + left(one.tab, 12) + (one.target or "—"), "text"),
                          ("  this console", "quiet") if one.here else ("", "text")))  # fmt: skip
    return [*lines, EMPTY]
