"""Who needs whom: as a tree from the user down, and in one line."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import STATE_TONE
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Span, fit, line, title
from ainur_tui.model.board import TargetView


def needs(scene: Scene, columns: int, rows: int) -> list[Line]:
    """Who needs whom, as a tree from the user down, each with its state in symbol and word."""
    head = title("Who needs whom", columns)
    if scene.view is None:
        return [head]
    targets = {t.name: t for t in scene.view.targets if t.parent is None}
    needed = {name for target in targets.values() for name in target.needs}
    lines: list[Line] = [head]
    seen: set[str] = set()

    def walk(name: str, stem: str, branch: str) -> None:
        target = targets[name]
        lines.append(fit((*_node(target, scene, stem + branch), *_parts(target, scene)), columns))
        if name in seen:
            return
        seen.add(name)
        children = [child for child in target.needs if child in targets]
        for index, child in enumerate(children):
            final = index == len(children) - 1
            deeper = stem + ("" if not branch else "  " if branch[0] != scene.glyphs.branch
                             else scene.glyphs.branch_stem)  # fmt: skip
            walk(child, deeper, f"{scene.glyphs.last if final else scene.glyphs.branch} ")

    for name, target in targets.items():
        if name not in needed and target.needs:
            walk(name, " ", "")
    for name in targets:
        if name not in seen and name not in needed:
            walk(name, " ", "")
    if len(lines) > rows:
        lines = [*lines[: rows - 1], line((f"   and {len(lines) - rows + 1} more", "quiet"))]
    return lines


def _node(target: TargetView, scene: Scene, stem: str) -> Line:
    state = target.state if scene.lost is None else "unknown"
    spans: list[Span] = [
        (stem, "quiet"),
        (f"{scene.glyphs.state[state]} ", STATE_TONE[state]),
        (f"{target.name} ", "text"),
        (state if state != "up" else "", STATE_TONE[state]),
    ]
    return tuple(spans)


def _parts(target: TargetView, scene: Scene) -> Line:
    """``2/2`` for a target that is made of parts; words only where something is wrong."""
    targets = scene.view.targets if scene.view else []
    parts = [t for t in targets if t.parent == target.name]
    count = f"{sum(p.state == 'up' for p in parts)}/{len(parts)} " if parts else ""
    words = target.summary if target.state != "up" else ""
    return line((f" {count}", "quiet"), (words, "quiet"))


def compact_needs(scene: Scene, columns: int) -> Line:
    """The same in one line, for narrow screens."""
    if scene.view is None:
        return EMPTY
    whole = [target for target in scene.view.targets if target.parent is None]
    told = [
        (f"{scene.glyphs.state[state]} {target.name}", STATE_TONE[state])
        for target in whole
        for state in [target.state if scene.lost is None else "unknown"]
    ]
    gap = "  " if sum(len(text) + 2 for text, _ in told) <= columns else " "
    return fit(tuple(span for one in told for span in ((gap, "text"), one)), columns)
