"""The table of machines with what each uses: CPU and memory with their trend."""

from __future__ import annotations

import msgspec

from ainur_tui.console.draw.plot import spark
from ainur_tui.console.draw.scene import Scene, standing
from ainur_tui.console.draw.values import value_text
from ainur_tui.model.table import Column, Row, Table

SIGNALS = (("machine.cpu", "cpu"), ("machine.memory", "used"))
FEW, MANY = 3, 12
"""Bars of a trend where the room is scarce, and where it is not: the newest are never cut off."""


def wanted(scene: Scene) -> list[tuple[str, str]]:
    """The (target, signal) pairs whose last hour is drawn in the table."""
    targets = scene.view.targets if scene.view else []
    return [
        (target.name, name)
        for target in targets
        if target.kind == "api/machine"
        for name, _ in SIGNALS
        if any(signal.name == name for signal in target.signals)
    ]


def with_use(table: Table, scene: Scene, bars: int = FEW) -> Table:
    """The same table with a column for each signal that is read of any machine."""
    read = {name for _, name in wanted(scene)}
    shown = [(name, title) for name, title in SIGNALS if name in read]
    if not shown or table.missing:
        return table
    more = [Column(name=name, title=title, rank=2, limit=9 + bars) for name, title in shown]
    place = next((i for i, c in enumerate(table.columns) if c.name == "checks"), 0) + 1
    rows = []
    for row in table.rows:
        use = [_cell(row, name, scene, bars) for name, _ in shown]
        rows.append(
            msgspec.structs.replace(row, cells=[*row.cells[:place], *use, *row.cells[place:]])
        )
    columns = [*table.columns[:place], *more, *table.columns[place:]]
    return msgspec.structs.replace(table, columns=columns, rows=rows)


def _cell(row: Row, name: str, scene: Scene, bars: int) -> str | None:
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
    return f"{value_text(signal):<9}" + "".join(text for text, _ in trend)
