"""The head of the node's tab: whether the chain is well, by the rule in words."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import STATE_TONE
from ainur_tui.console.draw.scene import Scene, standing
from ainur_tui.console.draw.spans import Line, fit, line
from ainur_tui.model.target import State


def network(scene: Scene, columns: int) -> list[Line]:
    """One line: the word, then the ills by their names or, where there is none, the rule."""
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
    if state == "up":
        told = told.removeprefix("well ")
    elif silent:
        told = "the node does not answer"
    head = f" {scene.glyphs.state[state]} network   {word}  "
    return [fit(line((head, STATE_TONE[state]), (told, "text")), columns)]
