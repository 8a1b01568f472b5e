"""What the entries of an incident prove: the five moments, the damage, and what went how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ainur_tui.model.event import Event
from ainur_tui.model.incident import ROLES, Entry, Happened, Incident, StatusSet
from ainur_tui.model.incidentwords import CLOCKS, left
from ainur_tui.model.series import Series
from ainur_tui.model.target import overlaps
from ainur_tui.model.units import duration, many
from ainur_tui.rules.incidents.events import begun, recovered, short, unsuccessful, verified

IMPACT = (
    ("api", "api.up"), ("api", "api.requests.rate"), ("api", "api.errors.ratio"),
    ("api", "api.latency.p95"),
)  # fmt: skip
"""The (target, signal) pairs :func:`impact` is measured by."""
SLOW = 0.1
"""Seconds of p95 that users notice, by the guide (P3): below it a p95 is no damage."""
ELSEWHERE = "it recovered by itself or by other hands"
"""What is said of a recovery that no action here was verified to have brought."""
_SAME = 60
"""Characters of an action's end by which a playbook's words are known to repeat it."""


class Moment(NamedTuple):
    """One of the guide's five; ``at`` is ``None`` while nothing tells it."""

    name: str
    at: float | None
    told: str


def moments(incident: Incident, entries: Sequence[Entry]) -> list[Moment]:
    """Detected, response began, root cause identified, fix implemented, fully restored."""
    events = [entry.what.event for entry in entries if isinstance(entry.what, Happened)]
    return [
        Moment("Issue first detected", incident.detected_at,
               f"alert {incident.alert}" if incident.alert else "when it was declared"),
        _response(incident, events),
        _identified(incident, entries),
        _fixed(incident, events),
        _restored(incident),
    ]  # fmt: skip


def _response(incident: Incident, events: Sequence[Event]) -> Moment:
    name = "Incident response began"
    first = _first(incident, events)
    if first is not None and first.at < incident.acknowledged_at:
        return Moment(name, first.at, first.text)
    first_by_alert = incident.acknowledged_at < incident.opened_at
    how = "acknowledged the alert" if first_by_alert else "declared it"
    return Moment(name, incident.acknowledged_at, f"{incident.opened_by or 'somebody'} {how}")


def _first(incident: Incident, events: Sequence[Event]) -> Event | None:
    """The first thing that was begun about it."""
    acted = [event for event in events
             if event.key.endswith(":begun") and event.at >= incident.detected_at]  # fmt: skip
    return min(acted, key=lambda event: event.at, default=None)


def _during(incident: Incident, entries: Sequence[Entry]) -> list[Event]:
    """The events since the detection."""
    return [entry.what.event for entry in entries
            if isinstance(entry.what, Happened) and entry.at >= incident.detected_at]  # fmt: skip


def began(incident: Incident, entries: Sequence[Entry]) -> float:
    """When the target turned ill: the detection, or the state before it that led there."""
    since = incident.detected_at
    for event in (e.what.event for e in reversed(entries) if isinstance(e.what, Happened)):
        if event.kind != "state" or event.target != incident.target or event.at >= since:
            continue
        if recovered(event):
            break
        since = event.at
    return since


def checked(incident: Incident, entries: Sequence[Entry]) -> list[Event]:
    """What a playbook's steps had found when the first action was begun: what the cause was taken
    from."""
    events = _during(incident, entries)
    until = min((event.at for event in events if begun(event)), default=float("inf"))
    over = incident.recovered.at if incident.recovered is not None else float("inf")
    return [event for event in events if _own_playbook(incident, event) and event.at <= until
            and event.at < over and event.key.endswith(":passed")]  # fmt: skip


def _own_playbook(incident: Incident, event: Event) -> bool:
    """Whether it tells of a playbook about its target: another one's looks found another cause."""
    return event.kind == "playbook" and overlaps(event.target, incident.target)


def _identified(incident: Incident, entries: Sequence[Entry]) -> Moment:
    told = [(entry.at, entry.what.text) for entry in entries
            if isinstance(entry.what, StatusSet) and entry.what.status == "identified"]  # fmt: skip
    name = "Root cause identified"
    if told:
        at, text = told[-1]
        return Moment(name, at, text or "by status")
    if looked := checked(incident, entries):
        return Moment(name, looked[-1].at, "proposed: its playbook had looked; no status said so")
    acted = [event for event in _during(incident, entries) if begun(event)]
    if acted:
        return Moment(name, acted[0].at, f"proposed: begun was {acted[0].text}; no status said so")
    return Moment(name, None, "no status said so")


def _fixed(incident: Incident, events: Sequence[Event]) -> Moment:
    end = incident.resolved_at or float("inf")
    done = [event for event in events if verified(event) and short(event) in incident.done
            and incident.detected_at <= event.at <= end]  # fmt: skip
    last = max(done, key=lambda event: event.at, default=None)
    name = "Fix implemented"
    if last is None:
        alone = f": {ELSEWHERE}" if incident.recovered else ""
        return Moment(name, None, f"no action here was verified in that time{alone}")
    return Moment(name, last.at, short(last))


def _restored(incident: Incident) -> Moment:
    name = "Service fully restored"
    if (seen := incident.recovered) is not None:
        unsaid = "; not yet said RESOLVED" if incident.unsaid is not None else ""
        return Moment(name, seen.at, f"{seen.why}{unsaid}")
    if incident.resolved_at is None:
        return Moment(name, None, "it is not resolved, and nothing seen says that it is over")
    return Moment(name, incident.resolved_at, "declared resolved")


class Impact(NamedTuple):
    """What the signals of the time tell; ``None`` is not known. ``seconds`` were measured."""

    requests: float | None
    failed: float | None
    unavailable: float | None
    worst: float | None
    seconds: float


def impact(series: Sequence[Series], start: float, end: float) -> Impact:
    """Requests and failed ones, seconds without service and the worst p95 (seconds) from ``start``
    to ``end``, by the series of :data:`IMPACT`. A gap counts nowhere."""
    known: dict[str, list[tuple[float, float]]] = {}
    step = 0.0
    for one in series:
        step = max(step, one.step)
        known[one.signal] = [
            (one.start + i * one.step, value)
            for i, value in enumerate(one.values)
            if value is not None and start - one.step < one.start + i * one.step < end
        ]
    up, rates = known.get("api.up", []), known.get("api.requests.rate", [])
    errors: Mapping[float, float] = dict(known.get("api.errors.ratio", []))
    both = [(rate, errors[at]) for at, rate in rates if at in errors]
    return Impact(
        requests=sum(rate for _, rate in rates) * step if rates else None,
        failed=sum(rate * ratio for rate, ratio in both) * step if both else None,
        unavailable=sum(1 - value for _, value in up) * step if up else None,
        worst=max((value for _, value in known.get("api.latency.p95", [])), default=None),
        seconds=len(up) * step,
    )


def impact_words(found: Impact) -> str:
    """The damage as a sentence; a TODO where no signal of that time is known."""
    told = []
    if found.unavailable is not None:
        down = found.unavailable >= 1
        told.append(f"the API was unavailable for {duration(found.unavailable)}" if down
                    else "the API answered all along")  # fmt: skip
    # None that failed is no comfort: while nothing answers, nothing counts either.
    if found.requests and found.failed is not None and found.failed >= 0.5:
        share = found.failed / found.requests
        told.append(f"about {found.failed:,.0f} of {found.requests:,.0f} requests failed"
                    f" ({share:.1%})")  # fmt: skip
    if found.worst is not None and found.worst > SLOW:
        told.append(f"p95 reached {duration(found.worst)}")
    if not told:
        return "TODO what users notice (no signal of that time is known)"
    return "; ".join(told)


def well(incident: Incident, entries: Sequence[Entry], now: float) -> list[str]:
    """What went well, as far as the record proves it."""
    events = _during(incident, entries)
    told = [
        f"{CLOCKS[clock.name].capitalize() if clock.name != 'rto' else 'RTO'}: {left(clock, now)}"
        f" (limit {duration(clock.due_at - clock.since)})"
        for clock in incident.clocks
        if clock.name in {"response", "rto"} and clock.ended_at is not None and not clock.late(now)
    ]
    good = sum(verified(event) and short(event) in incident.done for event in events)
    if good and not any(map(unsuccessful, events)):
        told.append(f"All {good} actions were verified" if good > 1
                    else "The one action that was taken was verified")  # fmt: skip
    told += [f"Playbook {event.text}" for event in events
             if _own_playbook(incident, event) and event.key.endswith(":verified")]  # fmt: skip
    if incident.updates and "update" not in incident.breaches:
        told.append(f"Others were told in time ({many(incident.updates, 'message')})")
    return told


def wrong(incident: Incident, entries: Sequence[Entry], now: float) -> list[str]:
    """What could have been better, as far as the record proves it."""
    events = _during(incident, entries)
    told = [
        f"{'RTO' if clock.name == 'rto' else CLOCKS[clock.name].capitalize()} {left(clock, now)}"
        f" (limit {duration(clock.due_at - clock.since)})"
        for clock in incident.clocks
        if clock.name in {"response", "rto"} and clock.late(now)
    ]
    if "update" in incident.breaches:
        told.append("A message to others was late")
    if not incident.updates:
        told.append("Nobody outside was told: no message was sent")
    lost = [event.text for event in events if unsuccessful(event)]
    told += [f"Action without success: {text}" for text in lost]
    told += [f"Playbook: {event.text}" for event in events if event.kind == "playbook"
             and any(word in event.text for word in ("skipped", "failed", "aborted"))
             and not any(text[:_SAME] in event.text for text in lost)]  # fmt: skip
    if incident.severity in {"P1", "P2"}:
        held = {role.role for role in incident.roles}
        missing = [name for role, name in ROLES.items() if role not in held and role != "expert"]
        if missing:
            told.append(f"No {', no '.join(missing)} was named")
    said = any(isinstance(e.what, StatusSet) and e.what.status == "identified" for e in entries)
    if not said and incident.resolved_at is not None:
        told.append("It was resolved before any status said that the cause was identified")
    return told
