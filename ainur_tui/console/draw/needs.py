"""Who needs whom: the tree with the state of each, and the squares in which it is edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Span, ends, fit, left, line
from ainur_tui.console.draw.tables import stems
from ainur_tui.model.needs import Needs, difference, tree
from ainur_tui.model.needscalls import NeedsView
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.target import State
from ainur_tui.model.units import clock

NAME = "needs"
COLUMNS = [
    Column(name="target", title="Target"),
    Column(name="state", title="State", rank=1, limit=10),
    Column(name="for", title="For", unit="age", rank=3),
    Column(name="cause", title="Because of", rank=2, limit=24),
    Column(name="summary", title="Summary", rank=1, limit=120),
]
TONES: dict[State, Tone] = {
    "up": "none", "degraded": "warn", "down": "fail", "unknown": "quiet", "paused": "quiet",
}  # fmt: skip
LABEL, CELL = 12, 11
"""Columns of a target's name before its row, and of each square."""


def table(scene: Scene) -> Table | None:
    """The tree as rows; a target that several need is below each of them, with its own needs
    below the first."""
    if scene.view is None:
        return None
    targets = {one.name: one for one in scene.view.targets if one.parent is None}
    needs = {name: [n for n in one.needs if n in targets] for name, one in targets.items()}
    rows: list[Row] = []
    path: list[str] = []
    for depth, name, again in tree(needs, list(targets)):
        one = targets[name]
        path[depth:] = [name]
        state = one.state if scene.lost is None else "unknown"
        rows.append(
            Row(
                key="/".join(path), depth=depth, target=name, tone=TONES[state],
                cells=[name + (" (above)" if again else ""), state, one.since, one.cause or "",
                       one.summary],
                detail={"needs": ", ".join(one.needs) or "nothing",
                        "needed by": ", ".join(n for n, ns in needs.items() if name in ns)
                        or "nobody"},
            )
        )  # fmt: skip
    return Table(
        name=NAME, target="", title="Who needs whom", columns=COLUMNS, rows=rows,
        observed_at=scene.view.at, source="the dependency graph", note="e edits it",
    )  # fmt: skip


def names(told: NeedsView) -> list[str]:
    """Rows and columns of the squares: every whole target, and parts the graph speaks of."""
    spoken = {n for needs in (told.needs, told.default) for k, v in needs.items() for n in (k, *v)}
    return [name for name in told.names if "/" not in name or name in spoken]


def squares(
    draft: Needs, shown: Sequence[str], cursor: tuple[int, int], glyphs: Glyphs, columns: int
) -> list[Line]:
    """A row a target, a square for each it may need; the chosen square is marked."""
    label = max(LABEL, *(len(name) + 2 for name in shown))
    wide = max(4, min(CELL, (columns - label) // len(shown)))
    lines: list[Line] = [
        ((" " * label, "quiet"),
         *((left(name, wide - 1) + " ", "strong" if place == cursor[1] else "quiet")
           for place, name in enumerate(shown)))
    ]  # fmt: skip
    for down, name in enumerate(shown):
        here = down == cursor[0]
        spans: list[Span] = [
            (glyphs.cursor if here else " ", "accent"),
            (left(name, label - 1), "strong" if here else "text"),
        ]
        for across, need in enumerate(shown):
            chosen = (down, across) == cursor
            held = need in draft.get(name, ())
            mark = " " if name == need else "needs" if held else glyphs.gap
            text = left(mark, wide - 1)
            spans.append((text, "cursor" if chosen else "accent" if held else "quiet"))
            spans.append((" ", "text"))
        lines.append(fit(tuple(spans), columns))
    return lines


def page(
    told: NeedsView,
    draft: Mapping[str, Sequence[str]],
    cursor: tuple[int, int],
    glyphs: Glyphs,
    size: tuple[int, int],
    *,
    words: str = "",
) -> list[Line]:
    """Everything the editor shows: the squares, what is refused and why, the changes, the tree.
    Where there are few rows the gaps go first, then the end of the tree."""
    columns, rows = size
    shown = names(told)
    lines = [*squares(draft, shown, cursor, glyphs, columns), EMPTY]
    name, need = shown[cursor[0]], shown[cursor[1]]
    if words:
        lines.append(fit(line((f"{glyphs.verdict['fail']} {words}", "fail")), columns))
    elif name == need:
        lines.append(line(("nothing needs itself", "quiet")))
    else:
        verb = "needs" if need in draft.get(name, ()) else "does not need"
        lines.append(line((f"{name} {verb} {need}", "text")))
    changes = difference(told.needs, draft)
    if changes:
        lines += [EMPTY, line(("NOT SAVED YET", "title"))]
        lines += [fit(line((f"  {one}", "warn")), columns) for one in changes]
    lines += [EMPTY, ends(line(("TREE", "title")), line((_origin(told), "quiet")), columns)]
    lines += _drawn(draft, shown, glyphs)
    if len(lines) > rows:
        lines = [one for one in lines if one != EMPTY]
    if len(lines) > rows:
        lines = [*lines[: rows - 1], line((f"  and {len(lines) - rows + 1} more lines", "quiet"))]
    return lines


def _drawn(draft: Needs, shown: Sequence[str], glyphs: Glyphs) -> list[Line]:
    rows = [
        Row(key=str(place), cells=[name + (" (above)" if again else "")], depth=depth)
        for place, (depth, name, again) in enumerate(tree(draft, shown))
    ]
    return [
        line((f"  {stem}", "quiet"), (str(row.cells[0]), "text"))
        for row, stem in zip(rows, stems(rows, glyphs), strict=True)
    ]


def _origin(told: NeedsView) -> str:
    if told.edited_by is None or told.edited_at is None:
        return "as configured "
    return f"edited by {told.edited_by}, {clock(told.edited_at, date=True)[:16]} UTC "
