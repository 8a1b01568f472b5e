"""What the console knows: the newest picture, the link, and the last hour of the drawn signals."""

from __future__ import annotations

import time
from collections.abc import Callable

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.model.action import FINAL, Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.logquery import LogPage
from ainur_tui.model.playbook import PlaybookRun
from ainur_tui.model.series import Series
from ainur_tui.model.wire import Welcome

RECENT = 600.0
"""Seconds for which an ended action stays on every screen."""
MOST_RUNS = 200
"""Runs of actions, and of playbooks, that are remembered."""
UNSETTLED = 86400.0
"""The same for one whose verdict is unknown: somebody has to look, and says so by Esc."""


class Store:
    """Listens to the session and makes :class:`Scene` s. Holds no widget."""

    def __init__(
        self,
        glyphs: Glyphs,
        environment: str,
        *,
        operator: str,
        read_only: bool,
        changed: Callable[[], None],
        lines: Callable[[LogPage], None],
        relinked: Callable[[], None],
    ) -> None:
        self._glyphs = glyphs
        self._environment = environment
        self._operator = operator
        self._read_only = read_only
        self._changed = changed
        self._lines = lines
        self._relinked = relinked
        self._received = 0.0
        self.view: BoardView | None = None
        self.welcome: Welcome | None = None
        self.lost: str | None = None
        self.series: dict[tuple[str, str], Series] = {}
        self.span = 3600.0
        self.runs: dict[str, Run] = {}
        self.playbooks: dict[str, PlaybookRun] = {}
        self.dismissed: set[str] = set()
        self.asking = ""
        """What the engine is being asked at this moment on the operator's wish."""
        self._told_runs: dict[str, Run] = {}

    def linked(self, welcome: Welcome) -> None:
        """An engine answers."""
        self.welcome, self.lost = welcome, None
        self._relinked()
        self._changed()

    def unlinked(self, reason: str) -> None:
        """No engine answers; the picture stays, and ages."""
        self.lost = reason
        self._changed()

    def board(self, view: BoardView) -> None:
        """The newest picture."""
        self.view, self._received = view, time.monotonic()
        # Of a run that no update told of anew the picture has the old: ``ran`` is newer.
        known, self._told_runs = self._told_runs, {run.id: run for run in view.runs}
        self.runs |= {id: run for id, run in self._told_runs.items() if run is not known.get(id)}
        self.playbooks |= {run.id: run for run in view.playbooks}
        self._forget()
        self._changed()

    def lines(self, page: LogPage) -> None:
        """New log lines of the subscription."""
        self._lines(page)

    def ran(self, run: Run) -> None:
        """A run went a step further."""
        self.runs[run.id] = run
        self._changed()

    def add_series(self, series: list[Series]) -> None:
        """Take the answer of a history call."""
        there = {target.name for target in self.view.targets} if self.view else set()
        kept = {of: one for of, one in self.series.items() if of[0] in there}
        self.series = kept | {(one.target, one.signal): one for one in series}

    @property
    def read_only(self) -> bool:
        """Whether this console may not act: asked for, or all that the engine grants."""
        return self._read_only or (self.welcome is not None and self.welcome.access == "read")

    def current_runs(self, now: float) -> list[Run]:
        """Runs worth a line on every screen: those going on, then those just ended."""
        found = [
            run
            for run in self.runs.values()
            if run.id not in self.dismissed
            and run.state not in {"planned", "refused"}
            and (run.state not in FINAL or now - (run.finished_at or now) < _shown(run))
        ]
        return sorted(found, key=lambda run: (run.state in FINAL, -run.started_at))

    def current_notices(self) -> list[str]:
        """What the engine says of itself or of what others did, until it is dismissed."""
        told = self.view.notices if self.view and self.lost is None else []
        return [words for words in told if words not in self.dismissed]

    def dismiss(self) -> None:
        """Hide ended actions and notices; another notice, or a run that ends later, is shown."""
        ended = {run.id for run in self.runs.values() if run.state in FINAL}
        told = self.view.notices if self.view else []
        self.dismissed = ended | (self.dismissed & set(told)) | set(self.current_notices())

    def scene(self) -> Scene:
        """Everything to draw from, now."""
        return Scene(
            glyphs=self._glyphs,
            now=time.time(),
            view=self.view,
            welcome=self.welcome,
            elapsed=time.monotonic() - self._received if self.view else 0.0,
            lost=self.lost,
            series=self.series,
            span=self.span,
            read_only=self.read_only,
            environment=self._environment,
            operator=self._operator,
        )

    def _forget(self) -> None:
        """A console on a wall hears of runs for months."""
        if len(self.runs) > MOST_RUNS:
            newest = sorted(self.runs.values(), key=lambda run: run.started_at)[-MOST_RUNS:]
            self.runs = {run.id: run for run in newest}
        if len(self.playbooks) > MOST_RUNS:
            last = sorted(self.playbooks.values(), key=lambda run: run.started_at)[-MOST_RUNS:]
            self.playbooks = {run.id: run for run in last}


def _shown(run: Run) -> float:
    return UNSETTLED if run.state == "unknown" else RECENT
