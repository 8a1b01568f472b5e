"""What decides who is called: the rules, what people said of their alerts, who is told, and how
soon each severity is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Environment
from ainur_tui.engine.alerts.alerting import Alerting
from ainur_tui.engine.alerts.attention import Attention
from ainur_tui.engine.alerts.keeping import Keeper
from ainur_tui.engine.alerts.notifier import Notifier
from ainur_tui.engine.board.board import Board
from ainur_tui.engine.history.history import History
from ainur_tui.engine.journal import Journal
from ainur_tui.model.event import Event
from ainur_tui.model.secret import Redactor
from ainur_tui.rules.graph import Graph
from ainur_tui.rules.incidents.objectives import Objectives
from ainur_tui.rules.severity import levels
from ainur_tui.systems.base import Clock
from ainur_tui.systems.rulebook import Rulebook, rulebook
from ainur_tui.systems.system import System
from ainur_tui.systems.telling import Writer


@dataclass(frozen=True)
class Judging:
    """The parts, wired. ``problems`` are sentences of what could not be taken over as it is
    configured or kept."""

    rulebook: Rulebook
    attention: Attention
    alerting: Alerting
    keeper: Keeper
    notifier: Notifier
    writers: Sequence[Writer]
    objectives: Objectives
    problems: Sequence[str]


def judging_of(
    environment: Environment,
    paths: Paths,
    graph: Graph,
    systems: Sequence[System],
    *,
    board: Board,
    history: History,
    journal: Journal,
    clock: Clock,
    redact: Redactor,
    event: Callable[[Event], None],
) -> Judging:
    """Everything that judges an environment and calls people for it."""
    own = environment.alerts
    book = rulebook(own, prometheus=environment.prometheus is not None)
    grades = levels(own.response, own.update)
    attention = Attention(paths.attention, journal, clock, redact, event)
    kept = attention.load()
    alerting = Alerting(book.rules, clock, board, graph, attention)
    receivers = [one for system in systems for one in system.receivers]
    return Judging(
        book,
        attention,
        alerting,
        Keeper(alerting, board, history, clock, event),
        Notifier(receivers, grades, clock, history, redact),
        [one for one in receivers if isinstance(one, Writer)],
        Objectives(grades, frozenset(environment.incidents.postmortem)),
        [*book.problems, *filter(None, [kept])],
    )
