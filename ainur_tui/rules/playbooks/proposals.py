"""Which playbook fits what is wrong: the root's, never a symptom's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, Finding
from ainur_tui.model.playbook import Playbook, Proposal
from ainur_tui.model.target import whole_of
from ainur_tui.rules.playbooks.conditions import judge


def proposals(
    books: Sequence[Playbook], board: BoardView, alerts: Sequence[Alert]
) -> list[Proposal]:
    """One a playbook, in the order of the troubles: the worst root first. A finding or alert that
    another target explains proposes nothing; a part's finding does not hide its whole's. One that
    is for later comes last."""
    causes = {one.name: one.cause for one in board.targets if one.cause}
    found: dict[str, Proposal] = {}
    named = {book.name: book for book in books}
    for finding in board.findings:
        if _root(finding, causes):
            for book in books:
                if finding.signal in book.fits.signals:
                    found.setdefault(book.name, _of_finding(book, finding))
    for alert in alerts:
        if alert.state == "firing" and alert.caused_by is None and alert.target not in causes:
            for book in books:
                if alert.name in book.fits.alerts:
                    found.setdefault(book.name, _of_alert(book, alert))
    return sorted(found.values(), key=lambda one: _later(named[one.playbook], board))


def _later(book: Playbook, board: BoardView) -> bool:
    return any(judge(one, book.target, board, 0.0, {}).holds for one in book.fits.later)


def _root(finding: Finding, causes: Mapping[str, str]) -> bool:
    whole = whole_of(finding.target)
    own = finding.caused_by is None or finding.caused_by == whole
    return own and causes.get(finding.target, whole) == whole and whole not in causes


def _of_finding(book: Playbook, finding: Finding) -> Proposal:
    return Proposal(
        playbook=book.name, title=book.title, target=book.target, since=finding.since,
        severity=finding.severity, why=f"{finding.target}: {finding.text}",
    )  # fmt: skip


def _of_alert(book: Playbook, alert: Alert) -> Proposal:
    return Proposal(
        playbook=book.name, title=book.title, target=book.target, since=alert.since,
        severity=alert.severity, why=alert.summary,
    )  # fmt: skip
