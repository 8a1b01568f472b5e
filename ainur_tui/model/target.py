"""Targets: the things we watch or act on."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["up", "degraded", "down", "unknown", "paused"]
Kind = Literal["api", "api/machine", "db", "node", "storage", "storage/bucket", "frontend", "host"]

WORST_FIRST: tuple[State, ...] = ("down", "degraded", "unknown", "paused", "up")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A thing we watch: ``api``, ``api/machine/1781…``, ``storage/ainur-backups``.

    ``parent`` is the target this one is a part of (a machine's parent is ``api``).
    """

    name: str
    kind: str
    title: str
    parent: str | None = None


def kind_of(name: str) -> str:
    """The kind that a target's name belongs to: ``api/machine/x`` is an ``api/machine``."""
    head, _, rest = name.partition("/")
    if not rest:
        return head
    middle, slash, _ = rest.partition("/")
    return f"{head}/{middle}" if slash else f"{head}/bucket" if head == "storage" else name


def whole_of(name: str) -> str:
    """The target that this one is a part of, or itself: ``api/machine/x`` is of ``api``."""
    return name.partition("/")[0]


def overlaps(one: str, other: str) -> bool:
    """Whether acting on one target acts on the other: same, or one is a part of the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
