"""The guide's two messages (§4), filled from an incident; the next starts from the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ainur_tui.model.alert import Severity
from ainur_tui.model.event import Event
from ainur_tui.model.happened import once
from ainur_tui.model.incident import SERVICES, Entry, Happened, Incident, Section
from ainur_tui.model.target import overlaps
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock, many
from ainur_tui.rules.incidents.events import DONE, begun, ends_playbook, short
from ainur_tui.rules.incidents.facts import ELSEWHERE

WORDS: dict[Severity, str] = {"P1": "CRITICAL", "P2": "HIGH", "P3": "MEDIUM", "P4": "LOW"}
"""The template's words for the matrix's severities (G-301); LOW is not in the template."""
TODO = "TODO"
SO_FAR, UNSURE, LATER = "so far ", "not confirmed yet; seen was ", "follows with the post-mortem"
UNWRITTEN = (TODO, SO_FAR, UNSURE, LATER)
"""What a field begins with that nobody wrote: what is measured or proposed is so anew next time."""
_ACTIONS = 8
_HEADS: dict[str, Section] = {
    "Issue": "title", "Impact": "impact", "Root cause": "cause", "Resolution": "resolution",
    "Prevention": "prevention",
}  # fmt: skip


@dataclass(frozen=True)
class Fields:
    """What a person wrote into a message: sections, and the list of what was done."""

    texts: dict[Section, str] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)


def fields_of(message: str) -> Fields:
    """Read a message back. A field that is as it was proposed is not written."""
    texts: dict[Section, str] = {}
    actions: list[str] = []
    for row in message.splitlines():
        head, colon, rest = row.partition(":")
        section = _HEADS.get(head)
        if colon and section is not None:
            words = clean(rest.strip())
            if words and not words.startswith(UNWRITTEN):
                texts[section] = words
        elif row.startswith("- "):
            actions.append(clean(row[2:].strip()))
    return Fields(texts, [action for action in actions if action != "none yet"])


def services_of(text: str) -> list[str]:
    """Services by their names in the template, from words with commas; others are kept."""
    known = SERVICES | {name.lower(): name for name in SERVICES.values()}
    names = [part.strip() for part in text.split(",") if part.strip()]
    return list(dict.fromkeys(known.get(name.lower(), clean(name, 40)) for name in names))


def minute(at: float) -> str:
    """A moment as people write it to others: ``2026-11-24 14:02 UTC``."""
    return f"{clock(at, date=True)[:16]} UTC"


def notification(
    incident: Incident, entries: Sequence[Entry], *, impact: str, every: float | None, now: float
) -> str:
    """INCIDENT ALERT (G-121). ``impact`` is what the signals say, where nobody wrote it yet;
    ``every`` are the seconds until the message after this one, ``None``: at a change."""
    following = minute(now + every) if every is not None else "at the next change of its status"
    return "\n".join([
        "INCIDENT ALERT - Ainur Protocol", "",
        f"Severity: {WORDS[incident.severity]} ({incident.severity})",
        f"Service: {', '.join(incident.services) or f'{TODO} which'}",
        f"Issue: {incident.title}",
        f"Started: {minute(incident.detected_at)}",
        f"Impact: {incident.texts.get('impact') or _so_far(impact)}",
        f"Status: {incident.status.upper()}", "",
        "Actions taken:",
        *(f"- {action}" for action in _actions(incident, entries)), "",
        f"Next update: {following}",
    ]) + "\n"  # fmt: skip


def resolution(incident: Incident, *, promised: bool) -> str:
    """RESOLVED (G-124). ``promised``: incidents of this severity get a post-mortem (G-344)."""
    end = incident.restored_at if incident.restored_at is not None else incident.status_at
    minutes = max(1, round((end - incident.detected_at) / 60))
    text = incident.texts
    cause = LATER if promised else f"{TODO} what caused it"
    if incident.because:
        cause = f"{UNSURE}{incident.because}"
    alone = ELSEWHERE if incident.recovered is not None else f"{TODO} what was done"
    done = "; ".join(incident.done) or alone
    later = LATER if promised else f"{TODO} what keeps it from coming again"
    told = [
        "RESOLVED - Ainur Protocol", "",
        f"The incident affecting {', '.join(incident.services) or incident.title} has been"
        " resolved.", "",
        f"Duration: {many(minutes, 'minute')}",
        f"Root cause: {text.get('cause') or cause}",
        f"Resolution: {text.get('resolution') or done}",
        f"Prevention: {text.get('prevention') or later}",
    ]  # fmt: skip
    if promised:
        told += ["", "Post-mortem will be published within 24 hours."]
    return "\n".join(told) + "\n"


def told_to_others(event: Event) -> bool:
    """Whether an event is worth a line to others: what was done and how it ended; of a playbook,
    its end. What the platform tells of single machines is not: it is how our action went."""
    if event.kind not in DONE or event.key.endswith(":begun") or event.key.startswith("fly:"):
        return False
    return event.kind != "playbook" or ends_playbook(event)


def _so_far(impact: str) -> str:
    return impact if impact.startswith(TODO) else f"{SO_FAR}{impact}"


def _actions(incident: Incident, entries: Sequence[Entry]) -> list[str]:
    """What the last message told, as it was written, what was done since, what is under way."""
    told = fields_of(incident.last_update).actions
    since = incident.updated_at if incident.updated_at is not None else incident.detected_at
    events = once([entry.what.event for entry in entries
                   if isinstance(entry.what, Happened) and not entry.what.aside])  # fmt: skip
    done = [
        f"{clock(event.at)[:5]} {_named(event, incident)}{', under way' if begun(event) else ''}"
        for event in events
        if event.at >= since and (told_to_others(event) or begun(event))
    ]  # fmt: skip
    return [*told, *done][-_ACTIONS:] or ["none yet"]


def _named(event: Event, incident: Incident) -> str:
    """What was done; where it was done to something else, to what."""
    own = event.kind == "playbook" or overlaps(event.target, incident.target)
    words = event.text.rpartition(" · ")[0] if begun(event) else ""  # by whom is for ourselves
    words = words or short(event)
    return words if own else f"{event.target}: {words}"
