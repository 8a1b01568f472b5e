"""A run as it is shown and as it is recorded, at each step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.record import plain
from ainur_tui.model.action import Run, Undo
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.journal import EntryKind
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.acting import Observation
from ainur_tui.systems.base import Clock

_EVENT_KINDS: dict[str, EventKind] = {
    "restart": "restart", "scale": "scale", "backup": "backup", "deploy": "deploy",
    "rollback": "deploy", "secret-set": "secret", "secret-unset": "secret",
    "secret-import": "secret", "flag-set": "flag", "log-level": "setting",
    "maintenance": "setting",
}  # fmt: skip


def event_of(run: Run, text: str, at: float) -> Event:
    """A run's beginning or end as it is drawn on the charts."""
    return Event(
        key=f"run:{run.id}:{'begun' if run.finished_at is None else 'ended'}",
        at=at,
        kind=_EVENT_KINDS.get(run.plan.action, "action"),
        target=run.plan.target,
        text=text,
    )


def ending_of(run: Run) -> Event | None:
    """The end of a run as an event; ``None`` while it goes on, and for one that never began."""
    if run.finished_at is None or run.state == "refused":
        return None
    return event_of(run, f"{run.plan.title}: {run.state}. {run.message}", run.finished_at)


class RunRecord:
    """Keeps ``run``, the newest picture; ``changed`` hears of each new one. What comes from
    outside is cleaned and redacted here."""

    def __init__(
        self,
        run: Run,
        *,
        journal: Journal,
        clock: Clock,
        redact: Redactor,
        changed: Callable[[Run], None],
        tty: str,
    ) -> None:
        self.run = run
        self.clock = clock
        self._journal = journal
        self._redact = redact
        self._changed = changed
        self._tty = tty

    async def _conclude(
        self, seen: Observation, failure: str | None, mends: Sequence[Undo] = ()
    ) -> None:
        """Journal the verdict and show it."""
        by = self._safe(seen.by)
        message = by
        if failure is not None:
            message = f"{self._safe(failure).removesuffix('.')}. The world shows: {by}"
        run = replace(
            self.run,
            state=seen.state,
            message=message,
            verified_by=by if seen.state == "verified" else None,
            finished_at=self.clock.now(),
            mends=list(mends),
        )
        result = {
            "message": run.message,
            "verified_by": run.verified_by,
            "seconds": (run.finished_at or run.started_at) - run.started_at,
            "result": run.result,
            "mends": [msgspec.to_builtins(one) for one in run.mends],
        }
        await self._write("result", run.state, result)
        self._show(run)

    def words(self, error: BaseException) -> str:
        """An error for people: ours by its kind alone, for it may hold anything."""
        if isinstance(error, ActionFailure | ProbeFailure):
            return self._safe(str(error))
        return f"our own code failed ({type(error).__name__}); the engine's log has more"

    async def _note(
        self, index: int, state: str, name: str, detail: str, seconds: float | None = None
    ) -> None:
        found = {"step": index, "name": name, "detail": detail, "seconds": seconds}
        await self._write("step", state, found)

    async def _write(self, kind: EntryKind, state: str, detail: dict[str, Any]) -> None:
        # The intent with the whole plan is on the disk: what has begun is finished even when the
        # disk fills up meanwhile; the journal's problem is shown as a notice.
        with contextlib.suppress(JournalUnwritable):
            await self._journal.append(
                kind,
                self.run.id,
                operator=self.run.operator,
                tty=self._tty,
                action=self.run.plan.action,
                target=self.run.plan.target,
                state=state,
                detail=detail,
            )

    def _mark_unfinished(self, why: str) -> None:
        for index, step in enumerate(self.run.steps):
            if step.state in {"waiting", "running"}:
                running = step.state == "running"
                self._step(
                    index,
                    state="unknown" if running else "skipped",
                    detail=why if running else step.detail,
                )

    def _step(self, index: int, **changes: Any) -> None:
        steps = list(self.run.steps)
        if index < len(steps):
            steps[index] = replace(steps[index], **changes)
            self._show(replace(self.run, steps=steps))

    def _show(self, run: Run) -> None:
        self.run = run
        self._changed(run)

    def _safe(self, text: str) -> str:
        return str(plain(text, self._redact))
