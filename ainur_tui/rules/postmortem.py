"""The guide's post-mortem (§9) as Markdown, as far as an incident's record can write it."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.incident import Entry, Incident, Item, Section
from ainur_tui.model.incidentwords import kind, words
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock
from ainur_tui.rules.incidentfacts import moments, well, wrong
from ainur_tui.rules.incidents import ordered

_ROOM, _ROW_ROOM = 1000, 160
_FREE: dict[str, Section] = {
    "Root Cause": "cause", "Resolution": "resolution", "Lessons Learned": "lessons",
}  # fmt: skip


def postmortem(incident: Incident, entries: Sequence[Entry], *, impact: str, now: float) -> str:
    """The document. What nobody wrote and nothing proves stands there as TODO."""
    told = ordered(entries)
    found = moments(incident, told)
    end = found[-1].at
    text = incident.texts
    rows = [
        f"# Incident Post-Mortem: {_line(incident.title)}", "",
        "## Summary",
        f"- **Date**: {clock(incident.detected_at, date=True)[:10]}",
        f"- **Duration**: {_span(end - incident.detected_at) if end else 'it goes on'}",
        f"- **Severity**: {incident.severity}",
        f"- **Services**: {', '.join(map(_line, incident.services)) or 'TODO'}",
        f"- **Impact**: {_line(text.get('impact') or impact)}",
        f"- **Incident**: {incident.id}, {_roles(incident)}", "",
        "## Timeline",
        *(f"- {_moment(m.at, incident.detected_at)}: {m.name} ({_line(m.told)})" for m in found),
        "",
        "## Root Cause",
        _line(text.get("cause", "")) or "TODO: what caused it, and why it could", "",
        "## Resolution",
        _line(text.get("resolution", "")) or "TODO: what was done", "",
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
        "## Record",
        "| Time (UTC) | Kind | What | By |", "| --- | --- | --- | --- |",
        *(_row(entry, incident.detected_at) for entry in told),
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
        if section is not None and text and not text.startswith("TODO"):
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


def _span(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes // 60} hours {minutes % 60} minutes"


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
