"""What a declaration says, filled from the alert or the finding that led to it."""

from __future__ import annotations

from ainur_tui.model.alert import Alert, Severity
from ainur_tui.model.board import BoardView, Finding
from ainur_tui.model.incident import SERVICES, Opened
from ainur_tui.model.incidentcalls import OpenIncident
from ainur_tui.model.target import overlaps, whole_of
from ainur_tui.model.text import clean

FIRING = frozenset({"firing", "recovering"})


def opened(call: OpenIncident, view: BoardView, now: float) -> Opened | str:
    """The declaration, or why there is none. Detected is when the alert began to fire, not when
    somebody came to declare it."""
    alert = _alert(call, view)
    target = call.target or (alert.target if alert else "")
    finding = next((f for f in view.findings if f.target == target and not f.caused_by), None)
    title = clean(call.title.strip(), 200) or _title(alert, finding)
    if not target:
        return "name a target: which service does it concern?"
    if not title:
        return "give it a title: no alert and no finding tells what is wrong"
    # What was folded under it may have fired first: it was the first sign of the same trouble.
    firing = [a for a in view.alerts if a.state in FIRING and target in (a.target, a.caused_by)]
    since = [now, *(a.since for a in firing if alert is not None)]
    if alert is None and finding is not None and finding.since is not None:
        since.append(finding.since)
    return Opened(
        title=title, severity=call.severity or _severity(alert, finding), target=target,
        services=call.services or services(target, view), detected_at=min(since),
        acknowledged_at=min([now, *(a.ack.at for a in firing if a.ack is not None)]),
        alert=alert.name if alert else None, because=_because(target, view),
    )  # fmt: skip


def services(target: str, view: BoardView) -> list[str]:
    """The template's names of what suffers: the target, and what it drags down now."""
    hurt = [target, *(one.name for one in view.targets if one.cause == target)]
    roots = (whole_of(name) for name in hurt)
    return list(dict.fromkeys(SERVICES[root] for root in roots if root in SERVICES))


def _because(target: str, view: BoardView) -> str:
    """What is held for the cause now: the first finding of what drags the target down, or its
    own."""
    known = view.target(target)
    root = (known.cause if known else None) or target
    found = next((f for f in view.findings if overlaps(f.target, root)), None)
    return clean(f"{found.target}: {found.text}", 300) if found is not None else ""


def _alert(call: OpenIncident, view: BoardView) -> Alert | None:
    """The alert that was named; else the gravest on the target, the oldest of equals."""
    firing = [a for a in view.alerts if a.state in FIRING]
    if call.alert is not None:
        firing = [a for a in firing if a.name == call.alert]
    if call.target:
        firing = [a for a in firing if a.target == call.target]
    elif call.alert is None:
        return None
    return min(firing, key=lambda a: (a.severity, a.since), default=None)


def _title(alert: Alert | None, finding: Finding | None) -> str:
    if alert is not None:
        return alert.summary
    return f"{finding.target}: {finding.text}" if finding is not None else ""


def _severity(alert: Alert | None, finding: Finding | None) -> Severity:
    found = alert.severity if alert else finding.severity if finding else None
    return next((s for s in ("P1", "P2", "P3", "P4") if s == found), "P3")
