"""Incidents: entries that are only ever added, and what they make of one.

An entry says what (:data:`What`) happened, when and by whom; everything else about an incident
follows from its entries (:func:`ainur_tui.rules.incidents.incidents.fold`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.alert import Severity
from ainur_tui.model.event import Event
from ainur_tui.model.incidentclock import Clock, ClockName

Status = Literal["investigating", "identified", "fixing", "resolved"]
Role = Literal["commander", "technical", "communications", "expert"]
Section = Literal[
    "title", "services", "impact", "cause", "resolution", "prevention", "well", "wrong", "lessons",
]  # fmt: skip

STATUSES: tuple[Status, ...] = ("investigating", "identified", "fixing", "resolved")
ROLES: dict[Role, str] = {
    "commander": "Incident Commander", "technical": "Technical Lead",
    "communications": "Communications Lead", "expert": "Subject Matter Expert",
}  # fmt: skip
SECTIONS: dict[Section, str] = {
    "title": "what it is, in a few words", "services": "which services suffer",
    "impact": "what users notice", "cause": "root cause", "resolution": "what was done",
    "prevention": "what keeps it from coming again", "well": "what went well",
    "wrong": "what went wrong", "lessons": "lessons learned",
}  # fmt: skip
SERVICES: dict[str, str] = {
    "api": "API", "db": "Database", "node": "Blockchain", "frontend": "Frontend",
    "storage": "Storage", "workers": "Workers",
}  # fmt: skip
"""The template's services by target; Storage and Workers are missing in the guide (G-301)."""


class What(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What an entry tells."""


class Opened(What, frozen=True, kw_only=True, tag="opened"):
    """It was declared. ``alert`` is the rule that led to it; ``acknowledged_at`` when a person
    first answered: with the declaration, or before it by acknowledging the alert. ``because`` is
    what the board held for the cause then."""

    title: str
    severity: Severity
    target: str
    services: list[str]
    detected_at: float
    acknowledged_at: float
    alert: str | None = None
    because: str = ""


class SeveritySet(What, frozen=True, kw_only=True, tag="severity"):
    severity: Severity
    reason: str = ""


class StatusSet(What, frozen=True, kw_only=True, tag="status"):
    """``text`` is what is known by then: the cause once identified, what was done once resolved."""

    status: Status
    text: str = ""


class RoleGiven(What, frozen=True, kw_only=True, tag="role"):
    """``domain`` tells experts apart (database, blockchain)."""

    role: Role
    who: str
    domain: str = ""


class RoleAccepted(What, frozen=True, kw_only=True, tag="accepted"):
    role: Role
    who: str


class Noted(What, frozen=True, kw_only=True, tag="note"):
    text: str


class Happened(What, frozen=True, kw_only=True, tag="event"):
    """An event of the board; ``before`` it was declared. ``aside``: another incident is about its
    target."""

    event: Event
    before: bool = False
    aside: bool = False


class UpdateSent(What, frozen=True, kw_only=True, tag="update"):
    """A message to others; ``via`` says how it left (copied, a file, a notifier's answer)."""

    text: str
    via: list[str]


class EvidenceKept(What, frozen=True, kw_only=True, tag="evidence"):
    """A file in the incident's folder; ``size`` in bytes."""

    name: str
    sha256: str
    size: int
    about: str


class ItemAdded(What, frozen=True, kw_only=True, tag="item"):
    """Something to do afterwards; ``due`` is epoch seconds."""

    id: str
    text: str
    owner: str = ""
    due: float | None = None


class ItemDone(What, frozen=True, kw_only=True, tag="item-done"):
    id: str


class Breached(What, frozen=True, kw_only=True, tag="breach"):
    """A clock ran out at ``due``."""

    clock: ClockName
    due: float


class Edited(What, frozen=True, kw_only=True, tag="edit"):
    section: Section
    text: str


class Published(What, frozen=True, kw_only=True, tag="published"):
    """The post-mortem is out."""


class Closed(What, frozen=True, kw_only=True, tag="closed"):
    text: str = ""


Change = (
    SeveritySet | StatusSet | RoleGiven | RoleAccepted | Noted | UpdateSent | ItemAdded | ItemDone
    | Edited | Published | Closed
)  # fmt: skip
"""What a person can add."""
Told = Opened | Happened | EvidenceKept | Breached | Change


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """``at`` is the moment of what it tells, ``seq`` its place in the record; two entries of one
    incident with the same ``key`` are one."""

    incident: str
    key: str
    at: float
    what: Told
    seq: int = 0
    operator: str = ""
    host: str = ""
    tty: str = ""


class RoleHeld(msgspec.Struct, frozen=True, kw_only=True):
    """``before`` holds the role until ``who`` has accepted it."""

    role: Role
    who: str
    domain: str = ""
    accepted_at: float | None = None
    before: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    text: str
    owner: str
    due: float | None
    done_at: float | None = None


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What began it was seen to be over, and by what."""

    at: float
    why: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """As its entries tell. Times are epoch seconds; ``asked`` is why the others wait for a
    message (since ``asked_at``), empty when they do not; ``texts`` are the sections a person
    wrote, ``done`` the verified actions in few words; ``working``: a playbook about it goes on."""

    id: str
    title: str
    severity: Severity
    status: Status
    target: str
    services: list[str]
    alert: str | None
    detected_at: float
    acknowledged_at: float
    opened_at: float
    opened_by: str
    status_at: float
    resolved_at: float | None = None
    closed_at: float | None = None
    published_at: float | None = None
    asked: str = ""
    asked_at: float | None = None
    updates: int = 0
    updated_at: float | None = None
    last_update: str = ""
    roles: list[RoleHeld] = []
    items: list[Item] = []
    evidence: list[EvidenceKept] = []
    breaches: list[ClockName] = []
    because: str = ""
    recovered: Recovered | None = None
    done: list[str] = []
    working: bool = False
    texts: dict[Section, str] = {}
    clocks: list[Clock] = []
    entries: int = 0
    seq: int = 0

    @property
    def restored_at(self) -> float | None:
        """When users were served again: as it was seen, else as somebody said."""
        return self.recovered.at if self.recovered is not None else self.resolved_at

    @property
    def unsaid(self) -> Recovered | None:
        """That it is over, while nobody has said RESOLVED."""
        return None if self.status == "resolved" or self.closed_at is not None else self.recovered

    def clock(self, name: ClockName) -> Clock | None:
        """The clock of that name, where it runs or ran."""
        return next((clock for clock in self.clocks if clock.name == name), None)

    def holder(self, role: Role) -> str:
        """Who has a role now: the new one only once they accepted."""
        held = next((held for held in self.roles if held.role == role), None)
        return "" if held is None else held.who if held.accepted_at is not None else held.before
