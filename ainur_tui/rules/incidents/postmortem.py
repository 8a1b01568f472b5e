"""The guide's post-mortem (§9) as Markdown, as far as an incident's record can write it."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.event import Event
from ainur_tui.model.happened import once
from ainur_tui.model.incident import Entry, Happened, Incident, Item, Section
from ainur_tui.model.incidentwords import kind, words
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock, duration, many
from ainur_tui.rules.incidents.events import ended_unasked, short
from ainur_tui.rules.incidents.facts import ELSEWHERE, began, checked, moments, well, wrong
from ainur_tui.rules.incidents.incidents import ordered
from ainur_tui.rules.incidents.leading import leading

PROPOSED = "PROPOSED"
"""How a text begins that the record suggests and nobody confirmed."""
_ROOM, _ROW_ROOM, _MOST = 1000, 400, 5
_CHANGES = frozenset({"deploy", "scale", "secret", "flag", "setting", "restart", "certificate"})
_FREE: dict[str, Section] = {
    "Root Cause": "cause", "Resolution": "resolution", "Lessons Learned": "lessons",
}  # fmt: skip


def postmortem(incident: Incident, entries: Sequence[Entry], *, impact: str, now: float) -> str:
    """The document. What nobody wrote stands there as PROPOSED where the record suggests it, and
    as TODO where nothing does."""
    told = ordered(entries)
    found = moments(incident, told)
    passed, shown = _passed(incident, told)
    text = incident.texts
    rows = [
        f"# Incident Post-Mortem: {_line(incident.title)}", "",
        "## Summary",
        f"- **Date**: {clock(incident.detected_at, date=True)[:10]}",
        *_began(incident, told),
        f"- **Duration**: {_duration(incident)}",
        f"- **Severity**: {incident.severity}",
        f"- **Services**: {', '.join(map(_line, incident.services)) or 'TODO'}",
        f"- **Impact**: {_line(_impact(text.get('impact', ''), impact))}",
        f"- **Incident**: {incident.id}, {_roles(incident)}", "",
        "## Timeline",
        *(f"- {_moment(m.at, incident.detected_at)}: {m.name} ({_line(m.told)})" for m in found),
        "",
        "## Root Cause",
        *([_line(text["cause"])] if "cause" in text else _cause(incident, told)), "",
        "## Resolution",
        _line(text.get("resolution", "")) or _resolution(incident), "",
        "## What Went Well",
        *_list([*_own(incident, "well"), *well(incident, told, now)]), "",
        "## What Went Wrong",
        *_list([*_own(incident, "wrong"), *wrong(incident, told, now)]), "",
        "## Action Items",
        *(_item(item) for item in incident.items),
        *([] if incident.items else ["- [ ] TODO: what keeps it from coming again - Owner: TODO"
                                     " - Due: TODO"]), "",
        "## Lessons Learned",
        _line(text.get("lessons", "")) or "TODO: what others can learn from it", "",
        "## Record", *passed,
        "| Time (UTC) | Kind | What | By |", "| --- | --- | --- | --- |",
        *(_row(entry, incident.detected_at) for entry in shown),
    ]  # fmt: skip
    if incident.evidence:
        rows += ["", "## Evidence"]
        rows += [f"- `{one.name}`: {_line(one.about)} (SHA-256 `{one.sha256}`)"
                 for one in incident.evidence]  # fmt: skip
    return "\n".join(rows) + "\n"


def sections_of(document: str) -> dict[Section, str]:
    """What a person wrote into the document, of the sections that hold free text only."""
    found: dict[Section, str] = {}
    for part in document.split("\n## ")[1:]:
        head, _, body = part.partition("\n")
        section = _FREE.get(head.strip())
        text = " ".join(body.split())
        if section is not None and text and not text.startswith(("TODO", PROPOSED)):
            found[section] = clean(text)
    return found


def _row(entry: Entry, start: float) -> str:
    what = clean(words(entry).replace("|", "\\|"), _ROW_ROOM)
    return f"| {_moment(entry.at, start)} | {kind(entry)} | {what} | {entry.operator} |"


def _moment(at: float | None, start: float) -> str:
    """The time; with the day where that is another than the first."""
    if at is None:
        return "TODO"
    full = clock(at, date=True)
    return full[11:] if full[:10] == clock(start, date=True)[:10] else full


def _began(incident: Incident, told: Sequence[Entry]) -> list[str]:
    """When its target turned ill, where that was before anything detected it."""
    at, since = began(incident, told), incident.detected_at
    gap = f"{duration(since - at)} before it was detected"
    return [f"- **Began**: {_moment(at, since)}, {gap}"] if since - at >= 1 else []


def _duration(incident: Incident) -> str:
    end = incident.restored_at
    if end is None:
        return "it goes on"
    if incident.unsaid is None:
        return _span(end - incident.detected_at)
    took = duration(end - incident.detected_at)
    return f"{took} from detection to recovery; not yet said RESOLVED"


def _impact(said: str, measured: str) -> str:
    """What a person wrote, and beside it what was measured: no message can disagree with it."""
    if not said or measured.startswith("TODO"):
        return said or measured
    return f"{said} (measured: {measured})"


def _cause(incident: Incident, told: Sequence[Entry]) -> list[str]:
    """What the board held for the cause, what had changed before, what the playbook's steps saw."""
    since = incident.detected_at
    rows = [f"- {_moment(e.at, since)}, {duration(since - e.at)} before: {short(e)}"
            for e in _changed(incident, told)]  # fmt: skip
    rows += [f"- checked: {clean(event.text.partition(': passed ')[2], _ROW_ROOM)}"
             for event in checked(incident, told)]  # fmt: skip
    if not incident.because and not rows:
        return ["TODO: what caused it, and why it could"]
    held = incident.because or "nothing named a cause; what is known:"
    return [f"{PROPOSED}, confirmed by nobody: {_line(held)}", *([""] if rows else []), *rows]


def _changed(incident: Incident, told: Sequence[Entry]) -> list[Event]:
    """The last changes before it, and machines that ended unasked: each told once."""
    before = [e.what.event for e in told if isinstance(e.what, Happened)
              and e.at <= incident.detected_at]  # fmt: skip
    return [e for e in once(before) if e.kind in _CHANGES or ended_unasked(e)][-_MOST:]


def _resolution(incident: Incident) -> str:
    if not incident.done:
        known = f": no action here was verified, {ELSEWHERE}" if incident.recovered else ""
        return f"TODO: what was done{known}"
    return f"{PROPOSED} from the actions: {_line('; '.join(incident.done))}"


def _passed(incident: Incident, told: Sequence[Entry]) -> tuple[list[str], list[Entry]]:
    """A sentence where something of before the detection did not lead to it, and the entries
    without that."""
    before = {e.seq: e.what.event for e in told
              if isinstance(e.what, Happened) and e.at < incident.detected_at}  # fmt: skip
    led = {event.key for event in leading(list(before.values()))}
    gone = {seq for seq, event in before.items() if event.key not in led}
    words = f"Left out here: {len(gone)} of before the detection: over by then, or told by another."
    return [words, ""] if gone else [], [e for e in told if e.seq not in gone]


def _span(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{many(minutes // 60, 'hour')} {many(minutes % 60, 'minute')}"


def _line(text: str) -> str:
    return clean(text, _ROOM)


def _own(incident: Incident, section: Section) -> list[str]:
    return [part.strip() for part in incident.texts.get(section, "").split(";") if part.strip()]


def _list(told: Sequence[str]) -> list[str]:
    return [f"- {_line(one)}" for one in told] or ["- TODO"]


def _item(item: Item) -> str:
    mark = "x" if item.done_at is not None else " "
    due = clock(item.due, date=True)[:10] if item.due is not None else "TODO"
    return f"- [{mark}] {_line(item.text)} - Owner: {item.owner or 'TODO'} - Due: {due}"


def _roles(incident: Incident) -> str:
    held = incident.holder("commander")
    return f"commanded by {held}" if held else "nobody commanded it"
