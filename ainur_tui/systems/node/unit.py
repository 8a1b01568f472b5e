"""The node's systemd unit."""

from __future__ import annotations

import msgspec

from ainur_tui.config.types import Node
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.model.units import size
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node import flagcheck
from ainur_tui.systems.node.flags import difference, flags_of
from ainur_tui.systems.node.unitwatch import UnitWatch
from ainur_tui.systems.systemctl import COMMAND

UNIT = Signal(
    name="node.unit", title="systemd unit active", unit="bool", worse="below", fail=1,
    trouble="systemd unit not active",
)  # fmt: skip
_COLUMNS = [
    Column(name="property", title="Property"),
    Column(name="value", title="Value", limit=80),
]
_TITLES = {
    "ActiveState": "State", "ActiveEnterTimestamp": "Active since", "NRestarts": "Restarts",
    "Result": "Last result", "MainPID": "Process id",
    "MemoryCurrent": "Memory", "UnitFileState": "Start at boot", "LoadState": "Unit file",
    "Description": "Description",
}  # fmt: skip
"""systemd's properties as people say them, the state first."""


def _words(name: str, value: str) -> tuple[str, str]:
    """A property and its value; what systemd cannot tell (``[not set]``) is not known."""
    if name == "MemoryCurrent":
        value = size(int(value)) if value.isdecimal() else "not accounted"
    elif name == "NRestarts":
        value = f"{value} by systemd itself"
    return _TITLES.get(name, name), value or "—"


class UnitProbe(Probe):
    """Whether the unit is active, its properties, and events when it was restarted or is started
    with other flags.

    A machine without systemctl is no trouble of the node: the table says it.
    """

    name = "node.unit"
    target = "node"

    def __init__(self, watch: UnitWatch, config: Node, context: Context) -> None:
        self.interval = config.interval
        self.deadline = config.timeout
        self.signals = (UNIT,) if watch.systemctl.program else ()
        self._watch = watch
        self._systemctl = watch.systemctl
        self._context = context
        self._pid: str | None = None
        self._flags: list[str] = []

    async def read(self) -> Sample:
        try:
            found = await self._watch.show(self.deadline * 0.9)
        except ProbeFailure as failure:
            if failure.kind != "missing":
                raise
            words = f"{failure.detail}; run the engine where the unit runs, or set node.unit"
            return Sample(
                [self._reading(None, failure.detail)] if self.signals else [],
                [self._table([], words)],
            )
        flags = flags_of(found.pop(COMMAND, ""))
        if flags:
            found["Command"] = self._context.redact(" ".join(flags))
        state = f"{found.get('ActiveState', '?')} ({found.get('SubState', '?')})"
        active = found.get("ActiveState") == "active"
        tone: Tone = "ok" if active else "fail"
        found["ActiveState"] = state
        found.pop("SubState", None)
        rows = [
            Row(key=name, cells=list(_words(name, found[name])),
                tone=tone if name == "ActiveState" else "none")
            for name in sorted(found, key=lambda name: list(_TITLES).index(name)
                               if name in _TITLES else len(_TITLES))
        ]  # fmt: skip
        return Sample(
            [self._reading(float(active), f"{self._systemctl.unit} is {state}")],
            [self._table(rows), self._flag_table(flags)],
            [*self._reflagged(flags), *self._restarted(found)],
        )

    def _reflagged(self, flags: list[str]) -> list[Event]:
        """An event when the unit's command is another one than at the last read."""
        before, self._flags = self._flags, flags or self._flags
        words = difference(before, self._flags, self._context.redact) if before else ""
        if not words:
            return []
        now = self._context.clock.now()
        return [
            Event(
                key=f"node:flags:{now:.0f}", at=now, kind="setting", target="node",
                text=clean(f"unit {self._systemctl.unit}: {words}", 200),
            )
        ]  # fmt: skip

    def _restarted(self, found: dict[str, str]) -> list[Event]:
        """An event when the main process is another one than at the last read."""
        pid, before = found.get("MainPID", "0"), self._pid
        if pid == "0":
            return []
        self._pid = pid
        if before is None or before == pid:
            return []
        return [
            Event(
                key=f"node:pid:{before}:{pid}", at=self._context.clock.now(), kind="restart",
                target="node", text=f"unit {self._systemctl.unit} restarted: PID {before} → {pid}",
            )
        ]  # fmt: skip

    def _flag_table(self, flags: list[str]) -> Table:
        rows = [
            msgspec.structs.replace(
                row, cells=[self._context.redact(clean(cell, 200)) for cell in row.cells]
            )
            for row in flagcheck.rows(flags)
        ]
        return Table(
            name="node.flags", target="node", title="Flags", columns=flagcheck.COLUMNS,
            rows=rows if flags else [], observed_at=self._context.clock.now(),
            source="systemctl show", interval=self.interval,
            missing=None if flags else "the unit does not tell what it is started with",
        )  # fmt: skip

    def _reading(self, value: float | None, note: str) -> Reading:
        return Reading(
            target="node", signal="node.unit", value=value, source="systemctl show",
            observed_at=self._context.clock.now(), note=note,
        )  # fmt: skip

    def _table(self, rows: list[Row], missing: str | None = None) -> Table:
        return Table(
            name="node.unit", target="node", title=f"Unit {self._systemctl.unit}",
            columns=_COLUMNS, rows=rows, observed_at=self._context.clock.now(),
            source="systemctl show", interval=self.interval, missing=missing,
        )  # fmt: skip
