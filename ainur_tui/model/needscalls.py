"""The calls about who needs whom."""

from __future__ import annotations

import msgspec


class NeedsCall(msgspec.Struct, kw_only=True):
    """Who needs whom from now on (``needs.set``); ``None`` restores the configuration's graph.
    ``seen`` is the graph the person started from: another one now refuses the call."""

    needs: dict[str, list[str]] | None
    seen: dict[str, list[str]] | None = None


class NeedsView(msgspec.Struct, kw_only=True):
    """Who needs whom now, and by default; ``names`` are those a graph may hold. ``edited_by`` and
    ``edited_at`` (epoch seconds) tell whose graph it is, ``None`` while it is the default."""

    needs: dict[str, list[str]]
    default: dict[str, list[str]]
    names: list[str]
    edited_by: str | None = None
    edited_at: float | None = None


RESULTS: dict[str, object] = {
    "needs": NeedsView,
    "needs.set": NeedsView,
}
