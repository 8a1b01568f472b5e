"""The playbook runs an engine knows: on the disk before they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from ainur_tui.engine.playbooks import store as playbookstore
from ainur_tui.model.event import Event
from ainur_tui.model.failure import CANNOT_CREATE, Refused
from ainur_tui.model.playbook import PlaybookRun
from ainur_tui.rules.playbooks.events import happened
from ainur_tui.systems.base import Clock

SHOWN = 900.0
"""Seconds for which a run that ended is still told to the consoles."""


class Kept:
    """The runs by id, oldest first. ``event`` hears what happened in one, ``moved`` that there is
    something new to tell; without a path nothing outlives the engine."""

    def __init__(
        self,
        path: Path | None,
        clock: Clock,
        event: Callable[[Event], None],
        moved: Callable[[], None],
    ) -> None:
        self._path = path
        self._clock = clock
        self._event = event
        self._moved = moved
        self._runs: dict[str, PlaybookRun] = {}

    def active(self) -> list[PlaybookRun]:
        """Those that go on, newest first."""
        return [run for run in reversed(self._runs.values()) if run.state == "running"]

    def views(self) -> list[PlaybookRun]:
        """Those that go on and those that ended lately, newest first."""
        now = self._clock.now()
        ended = [
            run
            for run in reversed(self._runs.values())
            if run.finished_at is not None and now - run.finished_at < SHOWN
        ]
        return [*self.active(), *ended]

    def going(self, book: str, incident: str | None) -> PlaybookRun | None:
        """The run of a playbook that goes on for an incident, else for none that is known yet."""
        found = [run for run in self.active() if run.book.name == book]
        if incident is None:
            return next(iter(found), None)
        ours = (run for run in found if run.incident == incident)
        return next(ours, None) or next((run for run in found if run.incident is None), None)

    def runs_of(self, incident: str) -> list[PlaybookRun]:
        """Every run of an incident, oldest first, with the log lines its steps kept."""
        return [run for run in self._runs.values() if run.incident == incident]

    def runs(self, id: str | None, limit: int) -> list[PlaybookRun]:
        """One run, or the newest, newest first."""
        if id is not None:
            return [self._runs[id]] if id in self._runs else []
        return list(reversed(self._runs.values()))[: max(limit, 0)]

    def _load(self) -> str | None:
        runs, problem = playbookstore.load(self._path) if self._path else ([], None)
        self._runs = {run.id: run for run in runs}
        return problem

    async def _keep(self, before: PlaybookRun | None, after: PlaybookRun) -> None:
        """On the disk, then told. Raises Refused where it cannot be kept: a playbook that would be
        forgotten must not go on as if it were not."""
        runs = playbookstore.worth({**self._runs, after.id: after})
        if self._path is not None and (before is None or _bare(before) != _bare(after)):
            try:
                await playbookstore.save(self._path, list(runs.values()))
            except OSError as error:
                raise Refused(
                    f"{self._path}: {error.strerror}; it is as before", CANNOT_CREATE
                ) from None
        self._runs = runs
        for event in happened(before, after, self._clock.now()):
            self._event(event)
        self._moved()


def _bare(run: PlaybookRun) -> PlaybookRun:
    """Without what moves at every look and is looked at anew by the next engine anyway."""
    steps = [
        replace(one, words="", held=None) if one.state in {"looking", "proving"} else one
        for one in run.steps
    ]
    return replace(run, steps=steps)
