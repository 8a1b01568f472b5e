"""From entries to an incident: pure, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ainur_tui.model.incident import (
    ROLES,
    STATUSES,
    Breached,
    Change,
    Closed,
    Edited,
    Entry,
    EvidenceKept,
    Happened,
    Incident,
    Item,
    ItemAdded,
    ItemDone,
    Noted,
    Opened,
    Published,
    RoleAccepted,
    RoleGiven,
    RoleHeld,
    Section,
    SeveritySet,
    StatusSet,
    UpdateSent,
)
from ainur_tui.rules.incidents.events import tell
from ainur_tui.rules.incidents.messages import fields_of, services_of
from ainur_tui.rules.incidents.objectives import Objectives

AFTERWARDS = (Noted, ItemAdded, ItemDone, Edited, Published, UpdateSent)
"""What may still be added once it is closed."""


def begin(entry: Entry, objectives: Objectives) -> Incident:
    """The incident its first entry declares. Raises ValueError for another entry."""
    what = entry.what
    if not isinstance(what, Opened):
        raise ValueError(  # noqa: TRY004 - the type of what it holds, not its own
            f"incident {entry.incident} does not begin with its declaration"
        )
    commander = RoleHeld(role="commander", who=entry.operator, accepted_at=entry.at)
    made = Incident(
        id=entry.incident, title=what.title, severity=what.severity, status="investigating",
        target=what.target, services=what.services, alert=what.alert,
        detected_at=what.detected_at, acknowledged_at=what.acknowledged_at, opened_at=entry.at,
        opened_by=entry.operator, status_at=entry.at, asked="it was declared",
        asked_at=entry.at, because=what.because,
        roles=[commander] if entry.operator else [], entries=1, seq=entry.seq,
    )  # fmt: skip
    return replace(made, clocks=objectives.clocks(made))


def step(incident: Incident, entry: Entry, objectives: Objectives) -> Incident:
    """The incident after one more entry."""
    after = replace(_told(incident, entry), entries=incident.entries + 1,
                    seq=max(incident.seq, entry.seq))  # fmt: skip
    return replace(after, clocks=objectives.clocks(after))


def _told(incident: Incident, entry: Entry) -> Incident:
    match entry.what:
        case Happened():
            return tell(incident, entry.what)
        case SeveritySet(severity=severity):
            asked = f"severity is {severity} now"
            return replace(incident, severity=severity, asked=asked, asked_at=entry.at)
        case StatusSet():
            return _status(incident, entry.what, entry.at)
        case RoleGiven() | RoleAccepted():
            return replace(incident, roles=_roles(incident, entry.what, entry))
        case UpdateSent(text=text):
            written = fields_of(text).texts
            title = written.pop("title", incident.title)
            return replace(
                incident, asked="", updates=incident.updates + 1, last_update=text, title=title,
                updated_at=entry.at, texts=incident.texts | written,
            )  # fmt: skip
        case EvidenceKept():
            return replace(incident, evidence=[*incident.evidence, entry.what])
        case ItemAdded(id=id, text=text, owner=owner, due=due):
            others = [item for item in incident.items if item.id != id]
            item = Item(id=id, text=text, owner=owner, due=due)
            return replace(incident, items=[*others, item])
        case ItemDone(id=id):
            return replace(incident, items=[replace(item, done_at=entry.at) if item.id == id
                                            else item for item in incident.items])  # fmt: skip
        case Breached(clock=clock):
            return replace(incident, breaches=list(dict.fromkeys([*incident.breaches, clock])))
        case Edited(section=section, text=text):
            return _edited(incident, section, text)
        case Published():
            return replace(incident, published_at=entry.at)
        case Closed():
            return replace(incident, closed_at=entry.at)
    return incident


_SECTIONS: dict[str, Section] = {"identified": "cause", "resolved": "resolution"}
"""The section of the report that the words of a status are for."""


def _status(incident: Incident, what: StatusSet, at: float) -> Incident:
    section = _SECTIONS.get(what.status)
    texts = incident.texts | ({section: what.text} if section and what.text else {})
    return replace(
        incident, status=what.status, status_at=at, texts=texts,
        asked=f"status is {what.status.upper()} now", asked_at=at,
        resolved_at=at if what.status == "resolved" else None,
    )  # fmt: skip


def _roles(incident: Incident, what: RoleGiven | RoleAccepted, entry: Entry) -> list[RoleHeld]:
    if isinstance(what, RoleAccepted):
        return [replace(held, accepted_at=entry.at, before="")
                if (held.role, held.who) == (what.role, what.who) else held
                for held in incident.roles]  # fmt: skip
    own = what.who == entry.operator
    given = RoleHeld(
        role=what.role, who=what.who, domain=what.domain, accepted_at=entry.at if own else None,
        before="" if own or what.role == "expert" else incident.holder(what.role),
    )  # fmt: skip
    # There is one of each role, and of experts one a person.
    kept = [
        held for held in incident.roles
        if held.role != what.role or (what.role == "expert" and held.who != what.who)
    ]  # fmt: skip
    return sorted([*kept, given], key=lambda held: list(ROLES).index(held.role))


def _edited(incident: Incident, section: Section, text: str) -> Incident:
    if section == "title":
        return replace(incident, title=text)
    if section == "services":
        return replace(incident, services=services_of(text))
    return replace(incident, texts=incident.texts | {section: text})


def fault(incident: Incident, what: Change, operator: str) -> str | None:
    """Why this cannot be added now, as a sentence; ``None`` when it can."""
    if incident.closed_at is not None and not isinstance(what, AFTERWARDS):
        return f"incident {incident.id} is closed; notes, items and texts can still be added"
    return _FAULTS[type(what)](incident, what, operator) if type(what) in _FAULTS else None


def _no_status(incident: Incident, what: StatusSet, _: str) -> str | None:
    if what.status == incident.status and not what.text:
        others = ", ".join(status for status in STATUSES if status != what.status)
        return f"its status is {what.status} already; the others are {others}"
    return None


def _no_severity(incident: Incident, what: SeveritySet, _: str) -> str | None:
    return f"it is {what.severity} already" if what.severity == incident.severity else None


def _no_role(incident: Incident, what: RoleAccepted, operator: str) -> str | None:
    given = any((held.role, held.who) == (what.role, what.who) for held in incident.roles)
    if not given:
        return f"nobody asked {what.who} to be {ROLES[what.role]}"
    return None if what.who == operator else f"only {what.who} can accept this role"


def _no_item(incident: Incident, what: ItemDone, _: str) -> str | None:
    if any(item.id == what.id for item in incident.items):
        return None
    known = ", ".join(item.id for item in incident.items) or "none yet"
    return f"there is no item {what.id!r}; there is {known}"


def _no_end(incident: Incident, _: Closed, __: str) -> str | None:
    if incident.closed_at is not None:
        return "it is closed already"
    return (
        None
        if incident.status == "resolved"
        else (f"it is {incident.status}: set its status to resolved first, then close it")
    )


def _empty(_: Incident, what: Noted | Edited | ItemAdded | UpdateSent | RoleGiven,
           __: str) -> str | None:  # fmt: skip
    words = what.who if isinstance(what, RoleGiven) else what.text
    return None if words.strip() else "there are no words in it"


_FAULTS: dict[type, Callable[..., str | None]] = {
    StatusSet: _no_status, SeveritySet: _no_severity, RoleAccepted: _no_role, ItemDone: _no_item,
    Closed: _no_end, Noted: _empty, Edited: _empty, ItemAdded: _empty, UpdateSent: _empty,
    RoleGiven: _empty,
}  # fmt: skip


def ordered(entries: Sequence[Entry]) -> list[Entry]:
    """Entries in the order of what they tell; of the same moment, as they were written."""
    return sorted(entries, key=lambda entry: (entry.at, entry.seq))
