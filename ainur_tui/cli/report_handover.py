"""``ainur-tui report handover``: what the next shift has to know."""

from __future__ import annotations

from typing import Any, NamedTuple

from ainur_tui.cli import common
from ainur_tui.cli.invocation import Invocation
from ainur_tui.client.remote import Remote
from ainur_tui.model.board import BoardView
from ainur_tui.model.incidentcalls import IncidentsQuery
from ainur_tui.model.wire import BoardQuery
from ainur_tui.rules import handover as rules
from ainur_tui.rules.oncall import on_call


class Sheet(NamedTuple):
    """What it tells, of which environment, when (epoch seconds)."""

    parts: dict[str, list[rules.Row]]
    environment: str
    at: float


async def gather(call: Invocation, hours: float | None) -> Sheet:
    """The board, the incidents and the silences as they are now."""
    del hours
    async with common.link(call) as engine:
        fresh = not isinstance(engine, Remote)  # one of our own has to look once
        view: BoardView = await engine.call("board", BoardQuery(fresh=fresh, timeout=10.0))
        incidents = await engine.call("incidents", IncidentsQuery(limit=50))
        inventory = await engine.call("alerts.rules")
    roster = call.loaded.environment.oncall
    turn = on_call(roster.people, roster.start, roster.days, view.at) if roster else None
    return Sheet(rules.handover(view, incidents, inventory, turn), view.environment, view.at)


def body(found: Sheet) -> dict[str, Any]:
    """As JSON, moments as the contract writes them."""
    return rules.builtins(*found)


def markdown(found: Sheet) -> str:
    """For people."""
    return rules.markdown(*found)
