"""The journal as a table: who did what to which target, how it ended, with all that is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.table import Cell, Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.model.units import rfc3339

COLUMNS = [
    Column(name="seq", title="#", unit="count", rank=2),
    Column(name="at", title="at (UTC)", limit=11),
    Column(name="operator", title="operator", rank=1, limit=16),
    Column(name="kind", title="kind", rank=3, limit=7),
    Column(name="action", title="action", rank=1, limit=16),
    Column(name="target", title="target", rank=1, limit=26),
    Column(name="state", title="state", rank=1, limit=16),
    Column(name="what", title="what", rank=4, limit=80),
]
_TONES: dict[str, Tone] = {
    "verified": "ok", "failed": "fail", "unknown": "warn", "taken over": "warn",
    "glass broken": "warn", "stop asked": "warn",
}  # fmt: skip
_WORDS = ("message", "refused", "reason", "title", "name", "detail")
"""Where an entry's detail says in words what it is about, the best first."""


def table(entries: Sequence[JournalEntry], verdict: JournalVerdict | None, at: float) -> Table:
    """Newest first. What was recorded is cleaned again: a file can be edited by anyone."""
    now = rfc3339(at) or ""
    return Table(
        name="journal", target="", title="Journal", columns=COLUMNS, observed_at=at,
        rows=[_row(entry, now) for entry in reversed(entries)], source="the journal", interval=1e9,
        note=_whole(verdict),
    )  # fmt: skip


def _whole(verdict: JournalVerdict | None) -> str:
    if verdict is None:
        return "not checked"
    if verdict.ok:
        return f"whole: {verdict.entries} entries, each hash fits"
    where = "" if verdict.first_bad is None else f" from #{verdict.first_bad}"
    return clean(f"NOT WHOLE{where}: {verdict.reason or 'its end is missing'}", 200)


def _when(at: str, now: str) -> str:
    """The time of today, the day and the minute of any other day."""
    at, day, today = clean(at, 40), at[:10], now[:10]
    return at[11:19] if day == today else f"{at[5:10]} {at[11:16]}"


def _row(entry: JournalEntry, now: str) -> Row:
    words = next((str(entry.detail[name]) for name in _WORDS if entry.detail.get(name)), "")
    plan = entry.detail.get("plan")
    if not words and isinstance(plan, dict):
        words = str(plan.get("title", ""))
    cells: list[Cell] = [
        entry.seq, _when(entry.at, now), clean(entry.operator, 40), entry.kind,
        clean(entry.action, 40), clean(entry.target.rpartition("/")[2], 80),
        clean(entry.state, 40), clean(words, 200),
    ]  # fmt: skip
    detail = {
        "exactly at": clean(entry.at, 40), "target in full": clean(entry.target, 120),
        "from": clean(f"{entry.host} {entry.tty}", 120),
        "run": clean(entry.id, 40), **dict(_flat("", entry.detail)),
        "hash": clean(entry.hash, 80), "hash before it": clean(entry.prev, 80),
    }  # fmt: skip
    return Row(key=f"#{entry.seq}", cells=cells, tone=_TONES.get(entry.state, "none"),
               target=clean(entry.target, 120) or None, detail=detail)  # fmt: skip


def _flat(path: str, value: Any) -> Iterable[tuple[str, str]]:
    """A nested detail as ``plan.before.count → 2``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{path} {number}", inner)
    elif value not in (None, "", [], {}):
        yield clean(path, 60), clean(str(value), 2000)


def export(entries: Sequence[JournalEntry]) -> bytes:
    """One JSON object a line, each with its hash, oldest first: as the journal has them."""
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
