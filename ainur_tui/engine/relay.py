"""What happens is passed on: to the board, the history, the incidents, and whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ainur_tui.engine.runs.runrecord import ending_of
from ainur_tui.engine.whole import SHOWN_RUNS
from ainur_tui.model.action import Run
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Probe, Sample

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


class Relay:
    """``listeners`` are called after the picture moved, ``run_listeners`` at each step of a run;
    ``moved`` is set when there is something new to make a picture of."""

    def __init__(self, engine: Engine) -> None:
        self.listeners: set[Callable[[], None]] = set()
        self.run_listeners: set[Callable[[Run], None]] = set()
        self.moved = asyncio.Event()
        self._engine = engine

    def happened(self, event: Event) -> None:
        """An event is new on the board."""
        self._engine.history.add_event(event)
        self._engine.incidents.saw(event)

    def arrived(self, probe: Probe, outcome: Sample | ProbeFailure, seconds: float) -> None:
        """A probe has run."""
        engine = self._engine
        if isinstance(outcome, ProbeFailure):
            engine.history.add(engine.board.fail(probe, outcome, seconds))
        else:
            engine.board.record(probe, outcome, seconds)
            engine.history.add(outcome.readings)
        engine.looks.saw(probe)
        self.moved.set()

    def ran(self, run: Run) -> None:
        """A run of an action is a step further."""
        if (ending := ending_of(run)) is not None:
            # A verified one is no event of the charts: it has its begin.
            self._engine.incidents.saw(ending)
        for listener in tuple(self.run_listeners):
            listener(run)
        self.moved.set()

    def past(self) -> list[Event]:
        """What happened lately, the ends of runs included."""
        runs = self._engine.executor.runs(limit=SHOWN_RUNS)
        return [*self._engine.board.events(), *filter(None, map(ending_of, runs))]
