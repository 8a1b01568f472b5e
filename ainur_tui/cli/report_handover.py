"""``ainur-tui report handover``: what the next shift has to know."""

from __future__ import annotations

from typing import Any

from ainur_tui.cli import common
from ainur_tui.cli.invocation import Invocation
from ainur_tui.client.remote import Remote
from ainur_tui.model.incidentcalls import Sheet
from ainur_tui.model.wire import BoardQuery
from ainur_tui.rules.incidents import handover as rules


async def gather(call: Invocation, hours: float | None) -> Sheet:
    """The sheet as it is now."""
    del hours
    async with common.link(call) as engine:
        if not isinstance(engine, Remote):  # one of our own has to look once
            await engine.call("board", BoardQuery(fresh=True, timeout=10.0))
        found: Sheet = await engine.call("handover")
    return found


def body(found: Sheet) -> dict[str, Any]:
    """As JSON, moments as the contract writes them."""
    return rules.builtins(found)


def markdown(found: Sheet) -> str:
    """For people."""
    return found.text
