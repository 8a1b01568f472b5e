"""The table of the Alerts tab: a row a cause, its symptoms under it where they are unfolded."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from ainur_tui.console.draw.scene import Scene
from ainur_tui.model.alert import ACTIVE, Alert, AlertState
from ainur_tui.model.folding import Fold
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import age, clock, show

NAME = "alerts"
COLUMNS = [
    Column(name="alert", title="Alert", limit=48),
    Column(name="folded", title="More", rank=1, limit=7),
    Column(name="state", title="State", rank=1, limit=16),
    Column(name="since", title="For", unit="age", rank=1),
    Column(name="target", title="Target", rank=1, limit=28),
    Column(name="value", title="Value", rank=2, limit=20),
    Column(name="limit", title="Limit", rank=4, limit=14),
    Column(name="who", title="Who", rank=3, limit=20),
    Column(name="statistic", title="Of", rank=4, limit=14),
    Column(name="summary", title="What", rank=5, limit=160),
]
_WHO = [column.name for column in COLUMNS].index("who")
_UNHANDLED = [replace(c, rank=9) if c.name == "who" else c for c in COLUMNS]
"""The columns while nobody has any of them in hand."""
_WORDS: dict[AlertState, str] = {
    "pending": "pending", "firing": "FIRING", "recovering": "recovering", "resolved": "over",
    "no data": "no data", "blind": "blind", "inactive": "at rest",
}  # fmt: skip
TONES: dict[str, Tone] = {"P1": "fail", "P2": "fail", "P3": "warn", "P4": "none"}


def key_of(alert: Alert) -> str:
    """The row of an alert."""
    return f"{alert.name} {alert.target} {alert.origin}"


class Rows:
    """Makes the table. A row whose alert is as it was is not made again: of a storm of hundreds
    few change at a time."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[tuple[Alert, str, int, bool], Row]] = {}

    def table(self, scene: Scene, opened: Collection[str]) -> Table | None:
        """Folded alerts as rows; those under a line whose key is among ``opened`` follow it."""
        if scene.view is None:
            return None
        known = {target.name for target in scene.view.targets}
        made: dict[str, tuple[tuple[Alert, str, int, bool], Row]] = {}

        def row(alert: Alert, folded: str, depth: int) -> Row:
            key = key_of(alert)
            before = self._made.get(key)
            of = (alert, folded, depth, alert.target in known)
            # The time left of what is pending changes by itself.
            if before is None or alert.fires_at is not None or before[0] != of:
                before = (of, _row(key, *of, now=scene.now))
            made[key] = before
            return before[1]

        rows: list[Row] = []
        for one in scene.folds:
            open_here = key_of(one.root) in opened
            rows.append(row(one.root, _folded(one, open_here=open_here), 0))
            if open_here:
                rows += [row(under, "", 1) for under in one.under]
        self._made = made
        hidden = len(scene.view.alerts) - len(rows)
        note = f"{hidden} folded, f shows those of a line" if hidden else ""
        columns = [*COLUMNS] if any(row.cells[_WHO] for row in rows) else _UNHANDLED
        return Table(
            name=NAME, target="", title="Alerts", columns=columns, rows=rows,
            observed_at=scene.view.at, source="the engine's rules", note=note or None,
        )  # fmt: skip


def _folded(one: Fold, *, open_here: bool) -> str:
    if not one.under:
        return ""
    worst = f" {one.worst}" if one.worst != one.root.severity else ""
    mark = "-" if open_here else "+"
    return f"{mark}{len(one.under)}{worst}"


def _row(key: str, alert: Alert, folded: str, depth: int, known: bool, *, now: float) -> Row:
    return Row(
        key=key, depth=depth, target=alert.target if known else None, tone=_tone(alert),
        cells=[
            f"{alert.severity} {alert.name}", folded, state_words(alert, now), alert.since,
            alert.target, *measured(alert), who(alert), statistic(alert), alert.summary,
        ],
        detail={"because of": alert.caused_by or "itself", "origin": alert.origin},
    )  # fmt: skip


def _tone(alert: Alert) -> Tone:
    if alert.state not in ACTIVE:
        return "none" if alert.state == "pending" else "quiet"
    return "quiet" if alert.quiet else TONES[alert.severity]


def state_words(alert: Alert, now: float) -> str:
    """The state, with the time left while it is pending and a mark where it flaps."""
    word = _WORDS[alert.state]
    if alert.fires_at is not None:
        left_over = max(0.0, alert.fires_at - now)
        word = f"fires in {age(left_over)}"
    elif alert.state in ACTIVE and alert.ack is not None:
        word = f"{alert.state}, {alert.ack.by}"
    elif alert.state in ACTIVE and alert.silence is not None:
        word = f"{alert.state}, mute"
    return f"{word} x{alert.flaps}" if alert.flaps > 2 else word


def measured(alert: Alert) -> tuple[str, str]:
    """The value, and the threshold it is held against, with their unit: ``412 ms``, ``>100 ms``."""
    if alert.value is None or alert.state in {"no data", "blind"}:
        return "", ""  # the last one known is no value of now
    if alert.unit == "bool":
        return "", ""  # the name of the alert says it
    value = show(alert.value, alert.unit)
    if alert.threshold is None or alert.signal.startswith("promql."):
        return value, ""
    sign = ">" if alert.op == "above" else "<"
    return value, f"{sign}{show(alert.threshold, alert.unit)}"


def against(alert: Alert) -> str:
    """Both in one: ``412 ms >100 ms``."""
    return " ".join(measured(alert)).strip()


def statistic(alert: Alert) -> str:
    """What the value is of its samples: ``p95``; nothing where it is simply the last."""
    return "" if alert.statistic == "last" else alert.statistic


def who(alert: Alert) -> str:
    """Who has it in hand, or until when it is mute."""
    if alert.ack is not None:
        return alert.ack.by
    if alert.silence is not None:
        return f"mute to {clock(alert.silence.until)[:5]}"
    return ""
