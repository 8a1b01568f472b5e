"""A playbook run as the command line's JSON (``contract.md``)."""

from __future__ import annotations

from typing import Any

from ainur_tui.cli.shape import VERSION
from ainur_tui.model.playbook import PlaybookRun
from ainur_tui.model.units import rfc3339


def shape(run: PlaybookRun) -> dict[str, Any]:
    """One run, all of its steps."""
    return {
        "version": VERSION, "id": run.id, "playbook": run.book.name, "target": run.target,
        "operator": run.operator, "state": run.state, "why": run.why or None,
        "message": run.message, "incident": run.incident,
        "started_at": rfc3339(run.started_at), "finished_at": rfc3339(run.finished_at),
        "at": run.now.id,
        "steps": [
            {"id": one.id, "title": what.title, "state": one.state, "words": one.words,
             "began_at": rfc3339(one.began), "ended_at": rfc3339(one.ended), "run": one.action,
             "rechecked": one.again or None}
            for one, what in zip(run.steps, run.book.step, strict=True)
        ],
    }  # fmt: skip
