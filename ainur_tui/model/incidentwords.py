"""How an incident's entries and clocks are said."""

from __future__ import annotations

from ainur_tui.model.incident import (
    ROLES,
    Breached,
    Closed,
    Edited,
    Entry,
    EvidenceKept,
    Happened,
    ItemAdded,
    ItemDone,
    Noted,
    Opened,
    Published,
    RoleAccepted,
    RoleGiven,
    SeveritySet,
    StatusSet,
    UpdateSent,
)
from ainur_tui.model.incidentclock import Clock
from ainur_tui.model.units import clock, duration

CLOCKS = {
    "response": "response", "rto": "RTO", "update": "next update", "postmortem": "post-mortem",
}  # fmt: skip


def kind(entry: Entry) -> str:
    """The entry's kind; of an event, the event's."""
    if isinstance(entry.what, Happened):
        return entry.what.event.kind
    return str(entry.what.__struct_config__.tag)


def words(entry: Entry) -> str:
    """What an entry tells, as one line."""
    match entry.what:
        case Opened(title=title, severity=severity):
            return f"{severity} declared: {title}"
        case SeveritySet(severity=severity, reason=reason):
            return _more(f"severity is {severity}", reason)
        case StatusSet(status=status, text=text):
            return _more(status.upper(), text)
        case RoleGiven(role=role, who=who, domain=domain):
            return f"{who} is asked to be {ROLES[role]}{f' ({domain})' if domain else ''}"
        case RoleAccepted(role=role, who=who):
            return f"{who} is {ROLES[role]}"
        case Noted(text=text):
            return text
        case Happened(event=event):
            # A playbook's words begin with its title, which names what it is about.
            named = event.kind == "playbook" or event.target.rpartition("/")[2] in event.text
            return event.text if named else f"{event.target}  {event.text}"
        case UpdateSent(text=text, via=via):
            first = text.strip().partition("\n")[0]
            return f"message sent ({', '.join(via)}): {first}"
        case EvidenceKept(name=name, about=about):
            return f"kept {name}: {about}"
        case ItemAdded(text=text, owner=owner, due=due):
            until = f", due {clock(due, date=True)[:10]}" if due is not None else ""
            return f"to do: {text} ({owner or 'no owner'}{until})"
        case ItemDone(id=item):
            return f"done: item {item}"
        case Breached(clock=name, due=due):
            return f"{CLOCKS[name]} ran out at {clock(due)} UTC"
        case Edited(section=section, text=text):
            return f"{section}: {text}"
        case Published():
            return "post-mortem published"
        case Closed(text=text):
            return _more("closed", text)


def left(one: Clock, now: float) -> str:
    """How a clock stands: ``12m 41s left``, ``met in 2m 10s``, ``late by 3m 05s``."""
    if one.ended_at is not None:
        over = one.ended_at - one.due_at
        took = duration(max(0.0, one.ended_at - one.since))
        at_once = one.ended_at - one.since < 1
        met = "met at once" if at_once else f"met in {took}"
        return f"missed by {duration(over)}" if over > 0 else met
    over = now - one.due_at
    return f"late by {duration(over)}" if over > 0 else f"{duration(-over)} left"


def countdown(one: Clock, now: float) -> str:
    """The same in the fewest characters, for a line that has many facts: ``12:41`` or ``-3:05``."""
    rest = one.due_at - now
    minutes, seconds = divmod(int(abs(rest)), 60)
    if minutes >= 600:
        return f"{'-' if rest < 0 else ''}{minutes // 60}h"
    return f"{'-' if rest < 0 else ''}{minutes}:{seconds:02d}"


def _more(head: str, text: str) -> str:
    return f"{head}: {text}" if text else head
