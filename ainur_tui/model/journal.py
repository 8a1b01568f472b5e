"""Entries of the hash-chained record of intents and results."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

EntryKind = Literal["intent", "step", "result", "note", "engine"]


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """``hash`` covers every other field; ``prev`` is the hash before it (zeros for the first)."""

    seq: int
    at: str
    kind: EntryKind
    id: str
    operator: str
    host: str
    tty: str
    action: str
    target: str
    state: str
    detail: dict[str, Any]
    prev: str
    hash: str


class JournalVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What checking the chain found; ``first_bad`` is the sequence number of the first fault."""

    ok: bool
    entries: int
    first_bad: int | None
    truncated: bool
    reason: str | None = None
