"""How fast an incident is to be answered, fixed and told of; every value says where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from ainur_tui.model.alert import Severity
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentclock import Clock
from ainur_tui.model.severity import LEVELS, Level
from ainur_tui.model.target import whole_of

RTO: Mapping[str, float] = MappingProxyType(
    {"api": 300.0, "frontend": 120.0, "db": 900.0, "node": 1800.0}
)
"""Seconds until a service is back (guide §5); storage has none there."""
AHEAD = "Expires"
"""In the name of an alert that warns of a loss to come: nothing has to be recovered yet."""
AT_A_CHANGE = 600.0
"""Seconds after a change within which the others are to know. Not from the guide."""
POSTMORTEM = 86400.0
"""Seconds from the resolution to the post-mortem, which the resolution message promises."""
END_OF_DAY = 17


@dataclass(frozen=True)
class Objectives:
    """``levels`` is the environment's P-list; ``postmortem`` are the severities that need one."""

    levels: Mapping[Severity, Level] = field(default_factory=lambda: LEVELS)
    postmortem: frozenset[str] = frozenset({"P1", "P2"})

    def clocks(self, incident: Incident) -> list[Clock]:
        """Every clock that runs or ran, in the order of what it is about."""
        found = [self._response(incident)]
        rto = RTO.get(whole_of(incident.target))
        lost = incident.severity in {"P1", "P2"} and AHEAD not in (incident.alert or "")
        if rto is not None and lost:
            since = incident.detected_at
            found.append(
                Clock(name="rto", since=since, due_at=since + rto, ended_at=incident.restored_at)
            )
        if (update := self._update(incident)) is not None:
            found.append(update)
        if incident.resolved_at is not None and incident.severity in self.postmortem:
            since = incident.resolved_at
            found.append(
                Clock(name="postmortem", since=since, due_at=since + POSTMORTEM,
                      ended_at=incident.published_at)
            )  # fmt: skip
        return found

    def cadence_of(self, incident: Incident) -> float | None:
        """Seconds between its messages; ``None``: at a change."""
        return self.levels[incident.severity].update

    def _response(self, incident: Incident) -> Clock:
        since, level = incident.detected_at, self.levels[incident.severity]
        limit = level.response
        due = since + limit if limit is not None else next_business_day(since)
        return Clock(name="response", since=since, due_at=due, origin=level.origin,
                     ended_at=incident.acknowledged_at)  # fmt: skip

    def _update(self, incident: Incident) -> Clock | None:
        """When the others are to hear of it next: on the cadence, or soon after a change."""
        level = self.levels[incident.severity]
        every = level.update
        since = incident.updated_at if incident.updated_at is not None else incident.opened_at
        if incident.resolved_at is not None or every is None:
            if not incident.asked:
                return None
            every, since = AT_A_CHANGE, incident.asked_at or incident.status_at
        return Clock(name="update", since=since, due_at=since + every, origin=level.update_origin)


def next_business_day(at: float) -> float:
    """The end (17:00 UTC) of the first day after ``at`` that is no Saturday or Sunday."""
    day = datetime.fromtimestamp(at, UTC) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day.replace(hour=END_OF_DAY, minute=0, second=0, microsecond=0).timestamp()
