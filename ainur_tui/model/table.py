"""Tables: structured facts a probe reads beside its numbers (machines, sessions, statements)."""

from __future__ import annotations

from typing import Literal

import msgspec

Cell = str | float | int | bool | None
Tone = Literal["ok", "warn", "fail", "none", "quiet"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. ``unit`` is as in :class:`Signal`; text columns have unit ``text``, moments
    (epoch seconds) ``time`` or, shown as how long ago that was, ``age``.

    ``rank`` orders columns by importance: at narrow widths the highest ranks go first.
    ``limit`` bounds a text column's width in characters.
    """

    name: str
    title: str
    unit: str = "text"
    rank: int = 0
    limit: int = 40


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row under a stable ``key``; ``target`` is what actions on this row act on.

    ``tone`` and ``word`` tell its state by more than colour; ``detail`` holds what does not fit
    a column (name → cleaned text), shown when the row is opened. ``params`` prefills actions.
    """

    key: str
    cells: list[Cell]
    tone: Tone = "none"
    target: str | None = None
    detail: dict[str, str] = {}
    params: dict[str, str] = {}
    depth: int = 0
    """How far below a row before it this one belongs, in a table that is a tree."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as last read. ``missing`` is a sentence when it cannot be read, with the way out."""

    name: str
    target: str
    title: str
    columns: list[Column]
    rows: list[Row]
    observed_at: float
    source: str
    interval: float = 5.0
    note: str | None = None
    missing: str | None = None
