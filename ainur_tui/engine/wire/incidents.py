"""The calls about incidents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ainur_tui.engine.alerts import ruleinquiry
from ainur_tui.engine.alerts.notifier import PATIENCE
from ainur_tui.engine.wire.method import Method, Nothing
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.failure import UNAVAILABLE, ProbeFailure, Refused
from ainur_tui.model.incident import UpdateSent
from ainur_tui.model.incidentcalls import (
    ChangeIncident,
    IncidentQuery,
    IncidentsQuery,
    KeepEvidence,
    OpenIncident,
    SendUpdate,
)
from ainur_tui.model.text import clean
from ainur_tui.model.units import moment
from ainur_tui.rules import slo
from ainur_tui.rules.incidents import handover
from ainur_tui.rules.oncall import Turn, on_call
from ainur_tui.systems.telling import Writer

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


async def _list(engine: Engine, query: IncidentsQuery, _: Peer) -> Any:
    return engine.incidents.all(query.limit)


async def _show(engine: Engine, query: IncidentQuery, _: Peer) -> Any:
    file = engine.incidents.file(query.id)
    if (turn := _turn(engine)) is not None:
        file.on_call = f"{turn.who} until {moment(turn.until, engine.now())}"
    return file


def _turn(engine: Engine) -> Turn | None:
    roster = engine.environment.oncall
    return on_call(roster.people, roster.start, roster.days, engine.now()) if roster else None


async def _handover(engine: Engine, _: Nothing, __: Peer) -> Any:
    view = engine.view()
    inventory = ruleinquiry.inventory(engine, view.alerts)
    parts = handover.handover(view, engine.incidents.all(50), inventory, _turn(engine))
    return handover.sheet(parts, view.environment, view.at)


async def _open(engine: Engine, call: OpenIncident, peer: Peer) -> Any:
    return await engine.incidents.open(call, peer)


async def _change(engine: Engine, call: ChangeIncident, peer: Peer) -> Any:
    return await engine.incidents.change(call, peer)


async def _draft(engine: Engine, query: IncidentQuery, _: Peer) -> Any:
    return await engine.evidence.drafts(query.id)


async def _keep(engine: Engine, call: KeepEvidence, peer: Peer) -> Any:
    return await engine.evidence.keep(call, peer)


async def _capsule(engine: Engine, query: IncidentQuery, _: Peer) -> Any:
    return await engine.evidence.capsule(query.id)


async def _send(engine: Engine, call: SendUpdate, peer: Peer) -> Any:
    """To everybody who takes texts; that it was taken is on the record, and by whom."""
    incident = engine.incidents.get(call.id)
    writers = engine.judging.writers
    if not writers:
        raise Refused("no notifier is configured: copy the message and send it", UNAVAILABLE)
    title = clean(call.text.strip().partition("\n")[0], 200)
    failed = await asyncio.gather(*(_wrote(one, title, call.text) for one in writers))
    via = [f"sent to {one.name}" for one, why in zip(writers, failed, strict=True) if not why]
    if not via:
        raise Refused(f"the message was not sent: {'; '.join(failed)}", UNAVAILABLE)
    via += [why for why in failed if why]
    change = ChangeIncident(
        id=incident.id, key=f"send:{engine.now():.3f}", what=UpdateSent(text=call.text, via=via)
    )
    return await engine.incidents.change(change, peer)


async def _wrote(writer: Writer, title: str, text: str) -> str:
    """Why it did not arrive; empty when it did."""
    try:
        async with asyncio.timeout(PATIENCE):
            await writer.write(title, text)
    except TimeoutError:
        return f"{writer.name}: no answer within {PATIENCE:.0f} s"
    except ProbeFailure as failure:
        return f"{writer.name}: {clean(failure, 200)}"
    return ""


async def _slo(engine: Engine, _: Nothing, __: Peer) -> Any:
    now = engine.now()
    since = now - slo.WINDOW
    asked = (slo.UP, slo.SLOW, slo.PLANNED)
    long = {limit: await engine.history.beyond(limit, since) for limit in asked}
    fine = await engine.history.series(slo.FINE)
    events = await engine.history.events(since)
    return slo.judge(long, fine, engine.incidents.all(500), events, now)


METHODS: dict[str, Method] = {
    "incidents": Method("read", IncidentsQuery, _list),
    "handover": Method("read", Nothing, _handover),
    "slo": Method("read", Nothing, _slo),
    "incident.show": Method("read", IncidentQuery, _show),
    "incident.draft": Method("read", IncidentQuery, _draft),
    "incident.open": Method("operate", OpenIncident, _open),
    "incident.change": Method("operate", ChangeIncident, _change),
    "incident.keep": Method("operate", KeepEvidence, _keep),
    "incident.send": Method("operate", SendUpdate, _send),
    "incident.capsule": Method("operate", IncidentQuery, _capsule),
}
