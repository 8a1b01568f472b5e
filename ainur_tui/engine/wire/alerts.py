"""The calls about alerts: who is on them, what is silenced, and what the rules are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ainur_tui.engine.alerts import elsewhere, ruleinquiry
from ainur_tui.engine.wire.method import Method, Nothing, only_watching
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.alertcalls import AckCall, AlertRef, BacktestCall, SilenceCall, UnsilenceCall
from ainur_tui.model.failure import USAGE, Refused

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


async def _ack(engine: Engine, call: AckCall, peer: Peer) -> Any:
    only_watching(engine, KEEPER)
    return await engine.judging.attention.ack(call, peer, engine.view().alerts)


KEEPER = "keeps this; it is not running"


async def _silence(engine: Engine, call: SilenceCall, peer: Peer) -> Any:
    if not call.dry:
        only_watching(engine, KEEPER)
    if call.id is not None and (kept := elsewhere.find(engine, call.id)) is not None:
        raise Refused(f"the {kept.origin} keeps it: it is made longer there, and ended here", USAGE)
    return await engine.judging.attention.silence(call, peer, engine.view().alerts)


async def _unsilence(engine: Engine, call: UnsilenceCall, peer: Peer) -> Any:
    only_watching(engine, KEEPER)
    if (kept := elsewhere.find(engine, call.id)) is not None:
        return await elsewhere.end(engine, kept, peer)
    return await engine.judging.attention.end(call.id, peer)


async def _rules(engine: Engine, _: Nothing, __: Peer) -> Any:
    if not engine.watching:
        judges = {one.name for one in engine.systems if one.silencer is not None}
        await engine.looks.once(judges, elsewhere.LOOK)
    return ruleinquiry.inventory(engine, engine.view().alerts)


async def _detail(engine: Engine, ref: AlertRef, _: Peer) -> Any:
    return await ruleinquiry.detail(engine, ref.name, ref.target, engine.view().alerts)


async def _doctor(engine: Engine, _: Nothing, __: Peer) -> Any:
    await engine.looks.first_round()
    engine.view()  # what was read a moment ago counts as delivered
    return await ruleinquiry.diagnose(engine)


async def _backtest(engine: Engine, call: BacktestCall, _: Peer) -> Any:
    return await ruleinquiry.test_back(engine, call)


METHODS: dict[str, Method] = {
    "alerts.ack": Method("operate", AckCall, _ack),
    "alerts.silence": Method("operate", SilenceCall, _silence),
    "alerts.unsilence": Method("operate", UnsilenceCall, _unsilence),
    "alerts.rules": Method("read", Nothing, _rules),
    "alerts.detail": Method("read", AlertRef, _detail),
    "alerts.doctor": Method("read", Nothing, _doctor),
    "alerts.backtest": Method("read", BacktestCall, _backtest),
}
