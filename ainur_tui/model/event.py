"""Events: things that happened at a moment. Drawn on every chart."""

from __future__ import annotations

from typing import Literal

import msgspec

EventKind = Literal[
    "deploy", "restart", "scale", "secret", "flag", "setting", "backup", "alert", "action",
    "state", "gap", "note", "certificate", "incident", "playbook",
]  # fmt: skip


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """``key`` makes the same happening, seen twice, one event. ``at`` is epoch seconds."""

    key: str
    at: float
    kind: EventKind
    target: str
    text: str
