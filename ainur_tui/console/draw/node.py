"""The head of the node's tab: whether the chain is well, by the rule in words."""

from __future__ import annotations

from rich.cells import cell_len

from ainur_tui.console.draw.glyphs import STATE_TONE
from ainur_tui.console.draw.scene import Scene, standing
from ainur_tui.console.draw.spans import Line, line, wrap
from ainur_tui.model.target import State


def network(scene: Scene, columns: int) -> list[Line]:
    """The word, then the ills by their names or, where there is none, the rule."""
    signal = scene.signal("node", "node.network")
    if signal is None:
        return []
    state: State = "unknown"
    home = scene.target("node")
    silent = home is not None and home.state in {"down", "unknown"}
    if signal.value is not None and not silent and standing(signal, scene) in {"live", "late"}:
        state = "up" if signal.value else "degraded"
    word = {"up": "well", "degraded": "not well"}.get(state, "not known")
    told = signal.note or ""
    head = f" {scene.glyphs.state[state]} network  {word}  "
    room = columns - cell_len(head)
    if state == "up":
        told = told.removeprefix("well ")
        told = told if cell_len(told) <= room else _counted(scene)
    elif silent:
        told = "the node does not answer"
    first, *more = wrap(told, room, 2)
    return [
        line((head, STATE_TONE[state]), (first, "text")),
        *(line((" " * cell_len(head) + words, "text")) for words in more),
    ]


def _counted(scene: Scene) -> str:
    """The rule in short, where its words have no room: how much of it holds."""
    table = scene.view.table("node.network") if scene.view else None
    asked = [row for row in table.rows if row.cells[-1]] if table else []
    known = [row for row in asked if row.tone != "quiet"]
    left = f", {len(asked) - len(known)} not known" if len(known) < len(asked) else ""
    return f"{len(known)} of the {len(asked)} conditions below hold{left}"
