"""The P-list: how fast each severity is answered, and how often it is told about."""

from __future__ import annotations

import msgspec

from ainur_tui.model.alert import Severity


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One severity. ``response`` is the seconds to the first human answer, ``update`` the seconds
    between two messages to those affected; ``None``: the next business day, or at each change.
    ``origin`` tells whose the response time is, ``update_origin`` the same of the cadence."""

    severity: Severity
    title: str
    means: str
    response: float | None
    update: float | None
    origin: str = "guide"
    update_origin: str = "not from the guide"


LEVELS: dict[Severity, Level] = {
    "P1": Level(severity="P1", title="Critical", response=900.0, update=1800.0,
                means="service unavailable, data loss, security breach"),
    "P2": Level(severity="P2", title="High", response=3600.0, update=3600.0,
                means="performance degradation, partial service loss"),
    "P3": Level(severity="P3", title="Medium", response=14400.0, update=None,
                means="minor issues, limited user impact"),
    "P4": Level(severity="P4", title="Low", response=None, update=None,
                means="cosmetic issues, no user impact", origin="not from the guide"),
}  # fmt: skip
"""The guide's response times (sections 4 and 9). It gives none for P4 and no cadence at all."""

LABEL_OF: dict[Severity, str] = {
    "P1": "critical", "P2": "critical", "P3": "warning", "P4": "info",
}  # fmt: skip
"""The label ``severity`` that others are told; beside it the label ``priority`` is P1 to P4."""

SEVERITY_OF: dict[str, Severity] = {"critical": "P2", "warning": "P3", "info": "P4"}
"""What the label ``severity`` of a Prometheus rule means (G-291): a critical rule is P2, for
whether users are served decides P1. A configuration's own table is laid over it."""
