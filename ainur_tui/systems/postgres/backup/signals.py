"""What backups are worth, in numbers: their age, their proof, their size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ainur_tui.model.signal import Reading, Signal

_DAY = 86400.0
_NONE = "no complete backup yet"
_UNPROVEN = "none was restored and counted yet"

AGE = Signal(
    name="backup.age", title="newest backup", unit="s", warn=1.1 * _DAY, fail=2.1 * _DAY,
    trouble="the daily backup was missed",
)  # fmt: skip
VERIFIED = Signal(
    name="backup.verified.age", title="newest restored backup", unit="s", warn=8 * _DAY,
    fail=15 * _DAY, trouble="no recent backup was restored and counted",
)  # fmt: skip
CHANGE = Signal(
    name="backup.size.change", title="size of the newest over the one before", unit="ratio",
    worse="below", warn=0.8, fail=0.5, trouble="the newest backup is much smaller",
)  # fmt: skip
RESTORED_IN = Signal(
    name="backup.restore.seconds", title="measured restore (RTO)", unit="s", warn=900,
    origin="guide",
)  # fmt: skip
OVERDUE = Signal(
    name="backup.overdue", title="scheduled backup overdue", unit="s", warn=3600.0, fail=6 * 3600.0,
    trouble="the scheduled backup was not taken",
)  # fmt: skip
KEPT = Signal(name="backup.complete", title="complete backups", unit="count")
"""Where there is none, no age tells how old it is: this is what an alert can be made of."""
SIGNALS = (AGE, VERIFIED, CHANGE, RESTORED_IN, OVERDUE, KEPT)
_EARLY = 60.0
"""Seconds by which the clocks of the engine and of the database may differ."""


def readings(
    rows: Sequence[dict[str, Any]], source: str, now: float, due: float | None = None
) -> list[Reading]:
    """``due``: when the newest scheduled backup had to begin; none: nothing is scheduled.

    The values come from the catalogue's rows, newest first; what is not known has its reason.

    Ages count from the moment of the snapshot: that is what a restore would lose.
    """
    complete = [row for row in rows if row["state"] == "complete"]
    sized = [row["bytes"] for row in complete if row["sha256"]]
    proven = next((row for row in complete if row["verified_at"]), None)
    values: list[tuple[Signal, float | None, str | None]] = [
        (KEPT, float(len(complete)), None if complete else _NONE),
        (AGE, _age(complete[0], now) if complete else None, None if complete else _NONE),
        (VERIFIED, _age(proven, now) if proven else None, None if proven else _UNPROVEN),
        (CHANGE, sized[0] / sized[1] if len(sized) > 1 and sized[1] else None,
         None if len(sized) > 1 else "there are not two to compare"),
        (RESTORED_IN, proven["verified_seconds"] if proven else None,
         None if proven else _UNPROVEN),
    ]  # fmt: skip
    if due is not None:
        taken = complete and _age(complete[0], now)
        values.append((OVERDUE, 0.0 if taken and now - taken >= due - _EARLY else now - due, None))
    return [
        Reading(target="db", signal=signal.name, value=value, source=source, observed_at=now,
                note=note)
        for signal, value, note in values
    ]  # fmt: skip


def _age(row: dict[str, Any], now: float) -> float | None:
    at = row["created_at"]
    return max(0.0, now - datetime.fromisoformat(at).timestamp()) if at else None
