"""Log records frozen as evidence: what is told of them where they are referred to."""

from __future__ import annotations

import msgspec


class LogCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """What a source could tell at that moment. ``reaches_back_to`` is RFC 3339."""

    source: str
    connected: bool
    dropped: int
    reaches_back_to: str | None


class LogEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a file of evidence; the records follow, a JSON object a line. ``sha256`` is
    of all that follows this line; ``filters`` are in words; times are RFC 3339."""

    version: int = 1
    evidence: str = "log"
    environment: str
    frozen_at: str
    operator: str
    filters: list[str]
    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    records: int
    coverage: list[LogCoverage]
    sha256: str
