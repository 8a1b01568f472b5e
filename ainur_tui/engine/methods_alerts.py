"""The calls about alerts: who is on them, what is silenced, and what the rules are worth."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ainur_tui.engine import ruleinquiry
from ainur_tui.engine.gates import UNAVAILABLE
from ainur_tui.engine.peer import Peer
from ainur_tui.model.alertcalls import AckCall, AlertRef, BacktestCall, SilenceCall, UnsilenceCall
from ainur_tui.model.failure import Refused
from ainur_tui.model.wire import Access

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

Handler = Callable[["Engine", Any, Peer], Awaitable[Any]]


class Nothing(msgspec.Struct):
    """Parameters of a call that takes none."""


def _only_watching(engine: Engine) -> None:
    if not engine.watching:
        raise Refused("only the engine process keeps this; it is not running", UNAVAILABLE)


async def _ack(engine: Engine, call: AckCall, peer: Peer) -> Any:
    _only_watching(engine)
    return await engine.attention.ack(call, peer, engine.view().alerts)


async def _silence(engine: Engine, call: SilenceCall, peer: Peer) -> Any:
    if not call.dry:
        _only_watching(engine)
    return await engine.attention.silence(call, peer, engine.view().alerts)


async def _unsilence(engine: Engine, call: UnsilenceCall, peer: Peer) -> Any:
    _only_watching(engine)
    return await engine.attention.end(call.id, peer)


async def _rules(engine: Engine, _: Nothing, __: Peer) -> Any:
    return ruleinquiry.inventory(engine, engine.view().alerts)


async def _detail(engine: Engine, ref: AlertRef, _: Peer) -> Any:
    return await ruleinquiry.detail(engine, ref.name, ref.target, engine.view().alerts)


async def _doctor(engine: Engine, _: Nothing, __: Peer) -> Any:
    await engine.looks.first_round()
    engine.view()  # what was read a moment ago counts as delivered
    return await ruleinquiry.diagnose(engine)


async def _backtest(engine: Engine, call: BacktestCall, _: Peer) -> Any:
    return await ruleinquiry.test_back(engine, call)


HANDLERS: dict[str, tuple[Access, type[msgspec.Struct], Handler]] = {
    "alerts.ack": ("operate", AckCall, _ack),
    "alerts.silence": ("operate", SilenceCall, _silence),
    "alerts.unsilence": ("operate", UnsilenceCall, _unsilence),
    "alerts.rules": ("read", Nothing, _rules),
    "alerts.detail": ("read", AlertRef, _detail),
    "alerts.doctor": ("read", Nothing, _doctor),
    "alerts.backtest": ("read", BacktestCall, _backtest),
}
"""Name → the access it needs, the type of its parameters, its handler."""
