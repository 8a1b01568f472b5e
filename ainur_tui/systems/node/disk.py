"""The node's database on this machine's disk: its size, its growth, and when the disk is full."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import deque
from pathlib import Path
from typing import NamedTuple

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.model.units import many
from ainur_tui.model.units import size as octets
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.flagcheck import parsed
from ainur_tui.systems.node.flags import flags_of
from ainur_tui.systems.node.unitwatch import UnitWatch
from ainur_tui.systems.systemctl import COMMAND

SLOW = 60.0
MOST_FILES = 200_000
KEPT = 24 * 60
SPAN = 600.0
"""Seconds a growth is measured over at the least: a database grows in steps."""
DAY = 86400.0

SIGNALS = (
    Signal(name="node.db.size", title="Chain database", unit="B"),
    Signal(name="node.db.growth", title="Database grows by", unit="B/s", statistic="mean"),
    Signal(
        name="node.disk.days", title="Days until the node's disk is full", unit="days",
        worse="below", warn=14, fail=3, trouble="the node's disk is full in",
    ),
)  # fmt: skip
_COLUMNS = [
    Column(name="fact", title="Database"),
    Column(name="value", title="Value", limit=70),
]


class Measured(NamedTuple):
    """Bytes on disk of all files below a path, how many those are, bytes free, kind of disk."""

    total: int
    files: int
    free: int
    disk: str


def measured(path: Path) -> Measured:
    """Measure a path; what vanishes meanwhile is not counted. Blocks, so belongs in a thread.

    Raises OSError where the path cannot be read, ValueError beyond the files we count.
    """
    os.scandir(path).close()
    total = count = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:
                continue
            total, count = total + status.st_blocks * 512, count + 1
            if count > MOST_FILES:
                raise ValueError(f"more than {MOST_FILES:,} files")
    return Measured(total, count, shutil.disk_usage(path).free, kind_of_disk(path))


def kind_of_disk(path: Path, sys: Path = Path("/sys")) -> str:
    """What the path is stored on, as the kernel tells it."""
    device = os.stat(path).st_dev
    try:
        block = (sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").resolve(True)
        # A partition has no queue of its own; its disk is the folder above.
        queue = block / "queue" if (block / "queue").exists() else block.parent / "queue"
        turning = (queue / "rotational").read_text().strip() == "1"
    except OSError:
        return "not told by the kernel"
    if turning:
        return "HDD: the guide prefers SSD"
    return "NVMe" if block.name.startswith("nvme") else "SSD: the guide prefers NVMe"


class DiskProbe(Probe):
    """Measures the folder of ``node.base_path``, or of the unit's ``--base-path``, in a thread."""

    name = "node.database"
    target = "node"
    signals = SIGNALS

    def __init__(self, unit: UnitWatch | None, config: Node, context: Context) -> None:
        self.interval, self.deadline = max(SLOW, config.interval), max(10.0, config.timeout)
        self._unit = unit
        self._configured = config.base_path
        self._context = context
        self._seen: deque[tuple[float, int]] = deque(maxlen=KEPT)

    async def read(self) -> Sample:
        flags = parsed(await self._flags())
        where = self._configured or flags.get("--base-path")
        if not where:
            return self._nothing("set node.base_path, or run the engine where the unit runs")
        try:
            total, count, free, disk = await asyncio.to_thread(measured, Path(where))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            return self._nothing(f"{where} cannot be measured: {why}")
        self._seen.append((self._context.clock.monotonic(), total))
        growth = self._growth()
        days = free / (growth * DAY) if growth else None
        note = "needs ten minutes" if growth is None else None if growth else "it does not grow"
        facts = {
            "Path": where,
            "Size": f"{octets(total)} in {many(count, 'file')}",
            "Growth": note or f"{octets((growth or 0) * DAY)} a day",
            "Free": octets(free),
            "Days to full": f"{days:,.0f}" if days is not None else note or "not known",
            "Disk": disk,
            "Database": flags.get("--database", "not set: the node's default"),
        }
        return Sample(
            [
                self._reading("node.db.size", total),
                self._reading("node.db.growth", growth, note),
                self._reading("node.disk.days", days, note),
            ],
            [self._table(facts)],
        )

    async def _flags(self) -> list[str]:
        """What the unit is started with; nothing where that is not told."""
        try:
            found = await self._unit.show(self.deadline / 3) if self._unit else {}
        except ProbeFailure:
            return []
        return flags_of(found.get(COMMAND, ""))

    def _growth(self) -> float | None:
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return max(0, last - first) / (ended - began) if ended - began >= SPAN else None

    def _nothing(self, way: str) -> Sample:
        readings = [self._reading(one.name, None, self._clean(way)) for one in SIGNALS]
        return Sample(readings, [self._table({}, self._clean(way))])

    def _clean(self, text: str) -> str:
        return self._context.redact(clean(text, 200))

    def _reading(self, signal: str, value: float | None, note: str | None = None) -> Reading:
        return Reading(
            target="node", signal=signal, value=value, source="the node's folder",
            observed_at=self._context.clock.now(), note=note,
        )  # fmt: skip

    def _table(self, facts: dict[str, str], missing: str | None = None) -> Table:
        rows = [Row(key=fact, cells=[fact, self._clean(told)]) for fact, told in facts.items()]
        return Table(
            name="node.database", target="node", title="Database", columns=_COLUMNS, rows=rows,
            observed_at=self._context.clock.now(), source="the node's folder",
            interval=self.interval, missing=missing,
        )  # fmt: skip
