"""Saved PromQL queries, what is asked of the engine about them, and what it answers."""

from __future__ import annotations

import msgspec

from ainur_tui.model.board import SignalView


class SavedQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query under a name. ``exprs`` say the same in the names of different exporters; ``guide``
    is how the guide writes it. ``signal`` is ours of the same meaning; ``empty`` is told where
    its series are there and nothing comes back."""

    name: str
    title: str
    exprs: list[str]
    unit: str = ""
    origin: str = "guide"
    guide: str = ""
    note: str = ""
    signal: str = ""
    empty: str = ""


class QueryCall(msgspec.Struct, kw_only=True):
    """``queries``: one saved query by ``name``, an ``expr`` of one's own, or without either all
    that are saved. ``seconds`` back from now it is drawn; 0: only its value now."""

    name: str | None = None
    expr: str | None = None
    seconds: float = 0.0


class QueryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One series: its value now, and of each step of the past; a gap is ``None``."""

    labels: dict[str, str]
    value: float | None
    past: list[float | None] = []

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return ", ".join(f"{key}={text}" for key, text in sorted(self.labels.items()))


class Instead(msgspec.Struct, frozen=True, kw_only=True):
    """A signal of ours that means the same, on a target."""

    target: str
    signal: SignalView


class QueryAnswer(msgspec.Struct, kw_only=True):
    """What came of a query at ``at`` (epoch seconds). ``expr`` was asked of ``source``; ``words``
    say it in words. ``age`` is how many seconds old the newest sample of its oldest series is.
    ``problem`` is a sentence where there is no value: ``failed`` tells whether that is because it
    could not be asked, or was not understood (``bad``). ``start`` and ``step`` place the past."""

    query: SavedQuery
    at: float
    expr: str = ""
    source: str = ""
    words: str = ""
    age: float | None = None
    rows: list[QueryRow] = []
    left_out: int = 0
    start: float = 0.0
    step: float = 0.0
    problem: str | None = None
    failed: bool = False
    bad: bool = False
    hints: list[str] = []
    instead: list[Instead] = []


RESULTS: dict[str, object] = {"queries": list[QueryAnswer]}
