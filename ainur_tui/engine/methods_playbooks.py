"""The calls about playbooks: name, the access it needs, its parameters, its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ainur_tui.engine.gates import UNAVAILABLE
from ainur_tui.engine.peer import Peer
from ainur_tui.model.failure import Refused
from ainur_tui.model.playbookcalls import DecideCall, PlaybookRunsQuery, StartCall
from ainur_tui.model.wire import Access

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


class _Nothing(msgspec.Struct):
    pass


async def _books(engine: Engine, _: _Nothing, __: Peer) -> Any:
    return list(engine.playbooks.books.values())


async def _runs(engine: Engine, query: PlaybookRunsQuery, _: Peer) -> Any:
    if query.incident is not None:
        return engine.playbooks.runs_of(query.incident)
    return engine.playbooks.runs(query.id, query.limit)


async def _start(engine: Engine, call: StartCall, peer: Peer) -> Any:
    _only_watching(engine)
    await engine.looks.first_round()
    book = engine.playbooks.books.get(call.name)
    if call.incident is None and book is not None:
        call.incident = await engine.incidents.concerning(book.target, peer)
    return await engine.playbooks.start(call, peer)


async def _decide(engine: Engine, call: DecideCall, peer: Peer) -> Any:
    _only_watching(engine)
    return await engine.playbooks.decide(call, peer)


def _only_watching(engine: Engine) -> None:
    if not engine.watching:
        raise Refused("only the engine process works through playbooks; it is not running",
                      UNAVAILABLE)  # fmt: skip


Handler = Callable[["Engine", Any, Peer], Awaitable[Any]]
METHODS: dict[str, tuple[Access, type[msgspec.Struct], Handler]] = {
    "playbooks": ("read", _Nothing, _books),
    "playbook.runs": ("read", PlaybookRunsQuery, _runs),
    "playbook.start": ("operate", StartCall, _start),
    "playbook.decide": ("operate", DecideCall, _decide),
}
