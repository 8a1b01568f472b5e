"""The calls about actions: plan, run, and what is said to a run. Their results are words of
:mod:`ainur_tui.model.action`."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.model.action import ActionSpec, Plan, Run


class PlanQuery(msgspec.Struct, kw_only=True):
    """What a person wants done; nothing happens yet."""

    action: str
    target: str
    params: dict[str, str] = {}


class RunCall(msgspec.Struct, kw_only=True):
    """The decision. ``key`` makes a second identical call refused; ``seen`` is the plan's
    ``before`` as the person saw it; ``confirm`` the typed name for R3. ``secrets`` are parameters
    of type ``secret``: held for the run in memory, never written. ``take_over`` ends another's
    lease, which needs a ``reason`` and is told to its holder. ``again`` is the plan's word of the
    middle (``asks``), given ahead: the run does not stop to ask for it."""

    action: str
    target: str
    key: str
    params: dict[str, str] = {}
    seen: dict[str, Any] | None = None
    confirm: str | None = None
    reason: str = ""
    secrets: dict[str, str] = {}
    take_over: bool = False
    again: str | None = None


class ConfirmCall(msgspec.Struct, kw_only=True):
    """The word a run asks for in its middle (``Run.asking``)."""

    id: str
    word: str


class AbortCall(msgspec.Struct, kw_only=True):
    """End a run at its next safe point. Stopping another's needs a ``reason``: they are told."""

    id: str
    reason: str = ""


class RunsQuery(msgspec.Struct, kw_only=True):
    """One run by id, or the newest ``limit``."""

    id: str | None = None
    limit: int = 50


RESULTS: dict[str, object] = {
    "actions": list[ActionSpec],
    "plan": Plan,
    "run": Run,
    "abort": Run,
    "confirm": Run,
    "runs": list[Run],
}
