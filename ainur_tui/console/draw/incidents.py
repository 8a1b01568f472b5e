"""Incidents: the list, one of them with its clocks and roles, and its timeline."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.console.draw.alarm import GRAVE, clock_tone, over
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Span, Tone, ends, fit, line, width, wrap
from ainur_tui.model import slowords
from ainur_tui.model.alert import Severity
from ainur_tui.model.incident import ROLES, Entry, Incident
from ainur_tui.model.incidentcalls import IncidentFile
from ainur_tui.model.incidentwords import CLOCKS, kind, left, words
from ainur_tui.model.severity import LEVELS
from ainur_tui.model.slo import Slo
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.table import Tone as RowTone
from ainur_tui.model.units import age, moment

_ROW_TONE: dict[str, RowTone] = {"P1": "fail", "P2": "warn"}
_KIND_TONE: dict[str, RowTone] = {"breach": "fail", "opened": "warn", "note": "ok"}


def listing(found: Sequence[Incident], now: float) -> Table:
    """One row an incident, the open ones first."""
    columns = [
        Column(name="id", title="incident"), Column(name="severity", title="sev"),
        Column(name="status", title="status"), Column(name="title", title="what", limit=90),
        Column(name="since", title="declared", unit="age", rank=1),
        Column(name="commander", title="commander", rank=2),
        Column(name="services", title="services", rank=3),
    ]  # fmt: skip
    rows = [
        Row(
            key=one.id, target=one.target, tone=_tone(one),
            cells=[one.id, one.severity, _status(one), one.title, one.opened_at,
                   one.holder("commander") or "nobody", ", ".join(one.services)],
        )
        for one in found
    ]  # fmt: skip
    return Table(name="incidents", target="", title="Incidents", columns=columns, rows=rows,
                 observed_at=now, source="the record of incidents")  # fmt: skip


def timeline(file: IncidentFile, now: float) -> Table:
    """The entries of one, the newest first."""
    columns = [
        Column(name="at", title="at"), Column(name="kind", title="what"),
        Column(name="text", title="", limit=200), Column(name="by", title="by", rank=1),
    ]  # fmt: skip
    rows = [
        Row(
            key=str(entry.seq),
            cells=[moment(entry.at, now), _kind(entry), words(entry), entry.operator],
            tone=_KIND_TONE.get(kind(entry), "quiet" if _before(entry.what) else "none"),
            detail={"text": words(entry), "host": entry.host, "tty": entry.tty,
                    "entry": str(entry.seq)},
        )
        for entry in reversed(file.entries)
    ]  # fmt: skip
    return Table(name=f"timeline {file.incident.id}", target=file.incident.target,
                 title=f"Timeline of {file.incident.id}", columns=columns, rows=rows,
                 observed_at=now, source="the record of incidents",
                 note="(…) before it was declared")  # fmt: skip


def facts(file: IncidentFile, scene: Scene, columns: int) -> list[Line]:
    """Where one stands: severity and status, clocks, roles, what is to be done."""
    one = file.incident
    head = line((f" {one.severity} ", "fail" if one.severity in GRAVE else "warn"),
                (f"{_status(one).upper()}  ", "strong"), (one.title, "text"))  # fmt: skip
    took = f"declared {age(scene.now - one.opened_at)} ago by {one.opened_by or 'nobody'} "
    rows = [ends(head, line((took, "quiet")), columns)]
    rows += _flow([line((f" {CLOCKS[each.name]} ", "quiet"),
                        (f"{left(each, scene.now)}  ", clock_tone(each, scene.now)))
                   for each in one.clocks], columns)  # fmt: skip
    rows.append(fit(_roles(one, file.on_call, scene), columns))
    if seen := over(one, scene, columns, press="t Enter"):
        rows.append(seen)
    if one.asked and one.closed_at is None:
        asked = line((" a message is due: ", "warn"), (f"{one.asked}   ", "text"), ("d", "key"),
                     (" drafts it", "quiet"))  # fmt: skip
        rows.append(fit(asked, columns))
    still = [item for item in one.items if item.done_at is None]
    told = [f"services {', '.join(one.services) or 'not told (e)'}",
            f"{one.updates} message{'' if one.updates == 1 else 's'} sent",
            f"evidence: {len(one.evidence)} kept"]  # fmt: skip
    if still:
        told.append(f"{len(still)} item{'' if len(still) == 1 else 's'} to do")
    rows.append(fit(line((" " + " · ".join(told), "quiet")), columns))
    return rows


def _flow(parts: Sequence[Line], columns: int) -> list[Line]:
    """Parts one after the other, in as many lines as they take."""
    rows: list[Line] = [EMPTY]
    for part in parts:
        if rows[-1] and width(rows[-1]) + width(part) > columns + 2:
            rows.append(EMPTY)
        rows[-1] = (*rows[-1], *part)
    return rows


def meanings() -> list[tuple[Severity, str]]:
    """Each severity and what it means, as the guide has it."""
    return [(level.severity, level.means) for level in LEVELS.values()]


def nothing(scene: Scene, columns: int) -> list[Line]:
    """What to say while there is no incident to show."""
    if scene.lost is not None:
        return [line((" the engine does not answer: its record of incidents is not known",
                      "unknown"))]  # fmt: skip
    if scene.view is None:
        return [line((" asking the engine …", "quiet"))]
    told = (
        "No incident is on record. I declares one; it takes over what is selected on the Overview."
    )
    lines = [line((" " + part, "text")) for part in wrap(told, max(20, columns - 2), 3)]
    return [*lines, EMPTY, *(line((f" {name}  ", "strong"), (about, "quiet"))
                             for name, about in meanings())]  # fmt: skip


def objectives(found: Sequence[Slo], columns: int) -> Line:
    """What is left of what was promised, in one line."""
    spans: list[Span] = [(" ", "text")]
    for one in found:
        low = one.left < one.budget / 4
        tone: Tone = "fail" if one.left < 0 else "warn" if low else "text"
        spans += [(f"{one.name} {slowords.percent(one.objective)} ", "quiet"),
                  (slowords.budget(one), tone)]  # fmt: skip
        pages = next((burn for burn in one.burns if burn.pages), None)
        if pages is not None:
            spans.append((f" burn {pages.rate:.0f}", "fail"))
        spans.append(("   ", "text"))
    if width(spans) > columns + 3:
        spans = [(text.removesuffix(" left"), tone) for text, tone in spans]
    return fit(tuple(spans), columns)


def _status(one: Incident) -> str:
    return "closed" if one.closed_at is not None else one.status


def _tone(one: Incident) -> RowTone:
    if one.closed_at is not None:
        return "quiet"
    return "ok" if one.status == "resolved" else _ROW_TONE.get(one.severity, "none")


def _kind(entry: Entry) -> str:
    return f"({kind(entry)})" if _before(entry.what) else kind(entry)


def _before(what: object) -> bool:
    return bool(getattr(what, "before", False))


def _roles(one: Incident, on_call: str, scene: Scene) -> Line:
    here = {p.operator for p in scene.view.presence} if scene.view else set()
    spans: list[Span] = [(" ", "text")]
    for held in one.roles:
        domain = f" {held.domain}" if held.domain else ""
        spans += [(f"{ROLES[held.role]}{domain} ", "quiet"), (held.who, "text")]
        if held.accepted_at is None:
            before = f", {held.before} until then" if held.before else ""
            spans.append((f" (asked{before})", "warn"))
        elif held.role == "commander" and one.closed_at is None and held.who not in here:
            spans.append((" (at no console)", "warn"))
        spans.append(("   ", "text"))
    if on_call:
        spans += [("on call ", "quiet"), (on_call, "text")]
    if not one.roles and not on_call:
        spans.append(("nobody has a role: o", "warn"))
    return tuple(spans)
