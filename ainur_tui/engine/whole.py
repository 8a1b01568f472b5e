"""The whole picture: the board, and what everything beside it has to tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ainur_tui.model.board import BoardView

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

SHOWN_RUNS = 20


def whole(engine: Engine, notices: Iterable[str]) -> BoardView:
    """All of it, judged now; ``notices`` are the engine's own."""
    view = engine.board.view()
    told = [*view.notices, *notices, *engine.history.notices, *engine.playbooks.problems]
    parts = (engine.journal, engine.history, engine.incidents)
    told += [part.problem for part in parts if part.problem]
    told += engine.judging.notifier.problems()
    active = engine.executor.active
    known = {run.id for run in active}
    past = [run for run in engine.executor.runs(limit=SHOWN_RUNS) if run.id not in known]
    alerts = engine.judging.alerting.evaluate(view)
    return replace(
        view,
        alerts=alerts,
        playbooks=engine.playbooks.views(),
        proposals=engine.playbooks.proposals(view, alerts),
        runs=[*active, *past],
        leases=engine.leases.views(),
        logs=engine.logs.views(),
        presence=engine.presences.views(),
        break_glass=engine.glass.now(),
        incidents=engine.incidents.open_now(),
        notices=list(dict.fromkeys(told)),
    )
