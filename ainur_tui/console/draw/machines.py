"""The table of machines as people read it: what each uses with its trend, a short name of its
image, and what happened to it last."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from ainur_tui.console.draw.plot import spark
from ainur_tui.console.draw.scene import Scene, standing
from ainur_tui.console.draw.values import value_text
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.model.units import age

SIGNALS = (("machine.cpu", "CPU", 7), ("machine.memory", "Memory", 9))
"""Name, title and the columns of the value before its trend."""
AT_REST = frozenset({"stopped", "suspended", "created", "failed", "destroyed"})
FEW, MANY = 3, 12
"""Bars of a trend where the room is scarce, and where it is not: the newest are never cut off."""
IMAGE = 20
_ULID_TIME = 10
"""Leading characters of the platform's image tags that tell one deployment from another."""


def wanted(scene: Scene) -> list[tuple[str, str]]:
    """The (target, signal) pairs whose last hour is drawn in the table."""
    targets = scene.view.targets if scene.view else []
    return [
        (target.name, name)
        for target in targets
        if target.kind == "api/machine"
        for name, _, _ in SIGNALS
        if any(signal.name == name for signal in target.signals)
    ]


def readable(table: Table, scene: Scene, bars: int = FEW) -> Table:
    """The same rows with a column for each signal that is read of any machine and for the last
    event, and with short images; everything is in full in the detail."""
    if table.missing:
        return table
    read = {name for _, name in wanted(scene)}
    use = [one for one in SIGNALS if one[0] in read]
    places = {column.name: index for index, column in enumerate(table.columns)}
    makers: list[tuple[Column, Callable[[Row], Cell]]] = []
    for column in table.columns:
        makers.append(_kept(column, places[column.name]))
        if column.name == "checks":
            makers += [
                (Column(name=name, title=title, rank=2, limit=wide + 1 + bars),
                 partial(_use, name=name, wide=wide, scene=scene, bars=bars,
                         state=places.get("state")))
                for name, title, wide in use
            ]  # fmt: skip
    last, at = places.get("last"), places.get("last_at")
    if last is not None and at is not None:
        makers = [(c, make) for c, make in makers if c.name not in {"last", "last_at"}]
        makers.append(
            (Column(name="last", title="Last event", rank=4, limit=24),
             lambda row: _last(row.cells[last], row.cells[at], scene.now))
        )  # fmt: skip
    rows = [
        msgspec.structs.replace(
            row,
            cells=[make(row) for _, make in makers],
            detail=row.detail | _image_in_full(row, places),
        )
        for row in table.rows
    ]
    return msgspec.structs.replace(table, columns=[column for column, _ in makers], rows=rows)


def short_image(image: str) -> str:
    """What tells an image from others: its tag, a deployment's without the part that is chance."""
    tag = image.rpartition("/")[2].rpartition(":")[2]
    unique = tag.removeprefix("deployment-")
    if unique != tag and len(unique) > _ULID_TIME:
        return f"{unique[:_ULID_TIME]}…"
    return tag


def _kept(column: Column, index: int) -> tuple[Column, Callable[[Row], Cell]]:
    if column.name != "image":
        return column, lambda row: row.cells[index]
    column = msgspec.structs.replace(column, limit=IMAGE)
    return column, lambda row: short_image(str(row.cells[index] or ""))


def _image_in_full(row: Row, places: dict[str, int]) -> dict[str, str]:
    image = row.cells[places["image"]] if "image" in places else None
    return {"image in full": str(image)} if image else {}


def _last(words: Cell, at: Cell, now: float) -> str | None:
    if not words:
        return None
    return f"{age(now - at):>3} {words}" if isinstance(at, int | float) else str(words)


def _use(
    row: Row, *, name: str, wide: int, scene: Scene, bars: int, state: int | None
) -> str | None:
    if state is not None and row.cells[state] in AT_REST:
        return None  # what it used when it ran last is not what it uses
    signal = scene.signal(row.target or "", name)
    if signal is None or signal.value is None:
        return None
    if standing(signal, scene) == "stale":
        return f"{value_text(signal)} stale"
    series = scene.series.get((row.target or "", name))
    if series is None or not series.values:
        return value_text(signal)
    scale = signal.scale or signal.limit
    trend = spark(series.values, bars, scene.glyphs, threshold=signal.threshold, scale=scale)
    return f"{value_text(signal):<{wide}} " + "".join(text for text, _ in trend)
