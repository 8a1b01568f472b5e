"""The calls about playbooks. Their results are words of :mod:`ainur_tui.model.playbook`."""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.playbook import Playbook, PlaybookRun
from ainur_tui.model.runcalls import RunCall

Choice = Literal["run", "done", "skip", "retry", "abort", "take-over"]


class StartCall(msgspec.Struct, kw_only=True):
    """``playbook.start``. One that goes on already for this playbook and incident is given back
    instead."""

    name: str
    why: str = ""
    incident: str | None = None


class DecideCall(msgspec.Struct, kw_only=True):
    """``playbook.decide``: what a person decides at the step ``step`` (its id; another one refuses
    the call). ``run`` needs the call of the action, ``skip``, ``abort`` and ``take-over`` a
    reason."""

    id: str
    step: str
    choice: Choice
    reason: str = ""
    call: RunCall | None = None


class PlaybookRunsQuery(msgspec.Struct, kw_only=True):
    """``playbook.runs``: one by id, all of an incident, or the newest ``limit``."""

    id: str | None = None
    incident: str | None = None
    limit: int = 20


RESULTS: dict[str, object] = {
    "playbooks": list[Playbook],
    "playbook.start": PlaybookRun,
    "playbook.decide": PlaybookRun,
    "playbook.runs": list[PlaybookRun],
}
