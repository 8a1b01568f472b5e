"""The calls about playbooks: name, the access it needs, its parameters, its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ainur_tui.engine.wire.method import Method, Nothing, only_watching
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.playbookcalls import DecideCall, PlaybookRunsQuery, StartCall

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

KEEPER = "works through playbooks; it is not running"


async def _books(engine: Engine, _: Nothing, __: Peer) -> Any:
    return list(engine.playbooks.books.values())


async def _runs(engine: Engine, query: PlaybookRunsQuery, _: Peer) -> Any:
    if query.incident is not None:
        return engine.playbooks.runs_of(query.incident)
    return engine.playbooks.runs(query.id, query.limit)


async def _start(engine: Engine, call: StartCall, peer: Peer) -> Any:
    only_watching(engine, KEEPER)
    await engine.looks.first_round()
    book = engine.playbooks.books.get(call.name)
    if call.incident is None and book is not None:
        call.incident = await engine.incidents.concerning(book.target, peer)
    return await engine.playbooks.start(call, peer)


async def _decide(engine: Engine, call: DecideCall, peer: Peer) -> Any:
    only_watching(engine, KEEPER)
    return await engine.playbooks.decide(call, peer)


METHODS: dict[str, Method] = {
    "playbooks": Method("read", Nothing, _books),
    "playbook.runs": Method("read", PlaybookRunsQuery, _runs),
    "playbook.start": Method("operate", StartCall, _start),
    "playbook.decide": Method("operate", DecideCall, _decide),
}
