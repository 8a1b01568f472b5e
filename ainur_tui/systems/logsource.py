"""Where a system's log lines come from: as the source gives them, not clean, not redacted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec


class RawLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line as a source gave it (not clean, not redacted), with what the source knows of it."""

    at: float
    text: str
    level: str | None = None
    machine: str | None = None
    fields: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Lines in order; ``dropped`` were lost before the first of them, since ``gap_since``.

    An empty batch means: connected, nothing new.
    """

    lines: Sequence[RawLine] = ()
    dropped: int | None = 0
    gap_since: float | None = None


@dataclass(frozen=True)
class Earlier:
    """What a file holds before the first line that was told of it: all up to ``end`` (bytes).
    ``identity`` is its device and inode, for a file of that name may be another one by then."""

    path: Path
    identity: tuple[int, int]
    end: int


class LogSource(ABC):
    """Where lines come from. ``batches`` yields for ever, or raises ``ProbeFailure`` when the
    connection is gone; it is called again (with ``resume``, the newest time already had) to go
    on without gaps or repeats. ``earlier`` is what it has in place from before, once it knows."""

    name: str
    target: str
    earlier: Earlier | None = None

    @abstractmethod
    def batches(self, resume: float | None) -> AsyncIterator[RawBatch]: ...
