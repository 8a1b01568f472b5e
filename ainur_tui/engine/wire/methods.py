"""Every call the engine answers: its name, the access it needs, its parameters, its handler.

The access is checked here and nowhere else, whatever a screen believed (S-24).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ainur_tui.engine.logs import evidence as logevidence
from ainur_tui.engine.wire import about
from ainur_tui.engine.wire import alerts as methods_alerts
from ainur_tui.engine.wire import incidents as methods_incidents
from ainur_tui.engine.wire import playbooks as methods_playbooks
from ainur_tui.engine.wire import queries as methods_queries
from ainur_tui.engine.wire.method import Method, Nothing, only_watching
from ainur_tui.engine.wire.peer import INVALID_PARAMS, METHOD_NOT_FOUND, Peer, WireFault
from ainur_tui.model.failure import DENIED, TRY_AGAIN, UNAVAILABLE, Refused
from ainur_tui.model.logevidence import LogEvidence
from ainur_tui.model.logquery import LogCountsQuery, LogNewQuery, LogQuery
from ainur_tui.model.needscalls import NeedsCall
from ainur_tui.model.runcalls import AbortCall, ConfirmCall, PlanQuery, RunCall, RunsQuery
from ainur_tui.model.secret import Secret
from ainur_tui.model.series import SeriesQuery
from ainur_tui.model.text import clean, meant
from ainur_tui.model.wire import BoardQuery, BreakGlassCall, JournalQuery, StopCall

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


async def dispatch(engine: Engine, name: str, params: msgspec.Raw, peer: Peer) -> Any:
    """Answer a call. Raises Refused or WireFault."""
    method = METHODS.get(name)
    if method is None:
        words = f"there is no method {clean(name, 80)!r}{meant(name, METHODS)}"
        raise WireFault(words, METHOD_NOT_FOUND)
    if method.access == "operate" and peer.access != "operate":
        raise Refused(f"{name} needs the right to operate; this connection may only read", DENIED)
    try:
        given = msgspec.json.decode(params, type=method.params)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WireFault(f"{name}: {clean(error, 200)}", INVALID_PARAMS) from None
    answer = await method.handle(engine, given, peer)
    await engine.judging.keeper.keep()  # an answer may tell of what was judged on the way to it
    return answer


async def _hello(engine: Engine, _: Nothing, peer: Peer) -> Any:
    return about.welcome(engine, peer)


async def _board(engine: Engine, query: BoardQuery, _: Peer) -> Any:
    if query.fresh:
        return await engine.check(set(query.targets) or None, query.timeout)
    return engine.view()


async def _history(engine: Engine, query: SeriesQuery, _: Peer) -> Any:
    return await engine.history.series(query)


async def _logs(engine: Engine, query: LogQuery, _: Peer) -> Any:
    return await engine.logs.page(query)


async def _log_counts(engine: Engine, query: LogCountsQuery, _: Peer) -> Any:
    return engine.logs.counts(query)


async def _log_news(engine: Engine, query: LogNewQuery, _: Peer) -> Any:
    return engine.logs.news(query)


async def _log_evidence(engine: Engine, evidence: LogEvidence, peer: Peer) -> Any:
    if not engine.watching:
        raise Refused("only the engine process writes the journal; it is not running", UNAVAILABLE)
    await logevidence.note(engine.journal, evidence, peer)


async def _actions(engine: Engine, _: Nothing, __: Peer) -> Any:
    return engine.executor.specs()


async def _plan(engine: Engine, query: PlanQuery, _: Peer) -> Any:
    await engine.looks.first_round()
    return await engine.executor.plan(query)


async def _run(engine: Engine, call: RunCall, peer: Peer) -> Any:
    only_watching(engine, "runs actions; it is not running")
    for value in call.secrets.values():
        engine.redact.learn(Secret(value))
    await engine.looks.first_round()
    return await engine.executor.run(call, peer)


async def _abort(engine: Engine, call: AbortCall, peer: Peer) -> Any:
    return await engine.executor.abort(call, peer)


async def _confirm(engine: Engine, call: ConfirmCall, peer: Peer) -> Any:
    return await engine.executor.confirm(call, peer)


async def _break_glass(engine: Engine, call: BreakGlassCall, peer: Peer) -> Any:
    only_watching(engine, "lifts policies; it is not running")
    await engine.glass.put(call.reason, peer)


async def _needs(engine: Engine, _: Nothing, __: Peer) -> Any:
    return engine.needs.view()


async def _set_needs(engine: Engine, call: NeedsCall, peer: Peer) -> Any:
    only_watching(engine, "keeps who needs whom")
    return await engine.needs.put(call, peer)


async def _runs(engine: Engine, query: RunsQuery, _: Peer) -> Any:
    return engine.executor.runs(query.id, query.limit)


async def _journal(engine: Engine, query: JournalQuery, _: Peer) -> Any:
    try:
        return await engine.journal.entries(query.after, query.limit)
    except OSError as error:
        raise Refused(f"the journal cannot be read: {error.strerror}", UNAVAILABLE) from None


async def _verify(engine: Engine, _: Nothing, __: Peer) -> Any:
    try:
        return await engine.journal.verify()
    except OSError as error:
        raise Refused(f"the journal cannot be read: {error.strerror}", UNAVAILABLE) from None


async def _status(engine: Engine, _: Nothing, peer: Peer) -> Any:
    return about.status(engine, peer)


async def _stop(engine: Engine, call: StopCall, _: Peer) -> Any:
    active = engine.executor.acting
    if active and not call.force:
        what = ", ".join(f"{run.plan.action} of {run.plan.target}" for run in active)
        raise Refused(f"the engine is at work ({what}); it stops when that is done", TRY_AGAIN)
    engine.forced = call.force
    engine.stop_asked.set()


METHODS: dict[str, Method] = {
    "hello": Method("read", Nothing, _hello),
    "board": Method("read", BoardQuery, _board),
    "history": Method("read", SeriesQuery, _history),
    "logs": Method("read", LogQuery, _logs),
    "logs.counts": Method("read", LogCountsQuery, _log_counts),
    "logs.new": Method("read", LogNewQuery, _log_news),
    "logs.evidence": Method("operate", LogEvidence, _log_evidence),
    "actions": Method("read", Nothing, _actions),
    "plan": Method("read", PlanQuery, _plan),
    "run": Method("operate", RunCall, _run),
    "abort": Method("operate", AbortCall, _abort),
    "confirm": Method("operate", ConfirmCall, _confirm),
    "break-glass": Method("operate", BreakGlassCall, _break_glass),
    "needs": Method("read", Nothing, _needs),
    "needs.set": Method("operate", NeedsCall, _set_needs),
    "runs": Method("read", RunsQuery, _runs),
    "journal": Method("read", JournalQuery, _journal),
    "journal.verify": Method("read", Nothing, _verify),
    "engine.status": Method("read", Nothing, _status),
    "engine.stop": Method("operate", StopCall, _stop),
    **methods_alerts.METHODS,
    **methods_incidents.METHODS,
    **methods_playbooks.METHODS,
    **methods_queries.METHODS,
}
"""``subscribe`` and ``presence`` belong to a connection and are answered by its session."""
