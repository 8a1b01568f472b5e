"""One name as a place lists it."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """A file or object that is ours by name: id, suffix, bytes, epoch seconds of last change."""

    backup: str
    suffix: str
    size: int
    modified: float
    tag: str = ""
    path: str | None = None
    """Set where it is a local file."""

    @property
    def name(self) -> str:
        return self.backup + self.suffix
