"""How long a pool keeps its connections, as the server sees them: nothing the API exports tells the
times that are set (``SetConnMaxLifetime``, ``SetConnMaxIdleTime``). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ainur_tui.model.units import duration
from ainur_tui.systems.postgres.activity_tables import Session
from ainur_tui.systems.postgres.shown import ages

LIFETIME, IDLE_TIME = 300.0, 60.0
"""Seconds after which the guide's pool closes a connection, used or not, and one without use."""
MINUTE = 60.0
_SLACK = 30.0
"""Seconds by which a pool may be late: it looks now and then."""


@dataclass(frozen=True)
class Life:
    """Seconds since the oldest and the youngest connection of a pool was opened, since the oldest
    one *without work* was, and since the one was used that is idle longest. ``opened``: how many of
    those open now are younger than a minute."""

    oldest: float | None
    youngest: float | None
    resting: float | None
    idle: float | None
    opened: int

    @property
    def lasting(self) -> bool:
        """Whether no lifetime of the guide's is in force: one in use is closed only after it."""
        return (self.resting or 0.0) > LIFETIME + _SLACK

    @property
    def lingering(self) -> bool:
        """Whether no idle time of the guide's is in force."""
        return (self.idle or 0.0) > IDLE_TIME + _SLACK


def life(held: Sequence[Session]) -> Life:
    """What the sessions of one pool show."""
    alive = [one.alive for one in held if one.alive is not None]
    idle = [one for one in held if one.state == "idle"]
    return Life(
        ages(*alive),
        min(alive, default=None),
        ages(*(one.alive for one in idle)),
        ages(*(one.state_age for one in idle)),
        sum(age < MINUTE for age in alive),
    )


def words(found: Life, *, judged: bool) -> dict[str, str]:
    """Both times and the churn, name by name; ``judged`` against the guide's where it is a pool of
    the API's."""
    if found.oldest is None:
        return {}
    span = f"{duration(found.oldest)} the oldest, {duration(found.youngest or 0.0)} the youngest"
    idle = "none is idle" if found.idle is None else f"{duration(found.idle)} at most"
    return {
        "open since": span + _against(found.lasting, LIFETIME, "lifetime", judged=judged),
        "idle for": idle + _against(found.lingering, IDLE_TIME, "idle time", judged=judged),
        "opened in the last minute": f"{found.opened} of those open",
    } | ({"told by": "the server alone: the API exports neither time"} if judged else {})


def _against(beyond: bool, limit: float, what: str, *, judged: bool) -> str:
    if not judged:
        return ""
    guide = f"the guide's {what} of {duration(limit)}"
    return f": {guide} is not in force" if beyond else f": within {guide}"
