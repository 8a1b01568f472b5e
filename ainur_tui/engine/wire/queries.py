"""The call about saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ainur_tui.engine import queries
from ainur_tui.engine.wire.method import Method
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.querycalls import QueryCall

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


async def _queries(engine: Engine, call: QueryCall, _: Peer) -> Any:
    return await queries.ask(engine, call)


METHODS: dict[str, Method] = {"queries": Method("read", QueryCall, _queries)}
