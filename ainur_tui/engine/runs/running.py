"""One run: its steps, what is taken back, and what the world says in the end (S-45, S-46)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec.structs import replace

from ainur_tui.engine.journal import Journal
from ainur_tui.engine.record import plain
from ainur_tui.engine.runs.leases import LeaseLost, Leases
from ainur_tui.engine.runs.observing import left_by, observe
from ainur_tui.engine.runs.recovery import RECOVERED
from ainur_tui.engine.runs.word import Asking
from ainur_tui.model.action import Lease, Run, StepState, Undo
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.units import duration
from ainur_tui.systems.acting import Action, Observation, Step
from ainur_tui.systems.base import Clock

SETTLE = 10.0
"""Seconds in which the world may still prove a failed step wrong (F-72)."""

STOPPED = "the engine was asked to stop"

_log = logging.getLogger(__name__)


class Running(Asking):
    """Works through a run's plan. It is the ``StepContext`` of its steps.

    ``run`` is the newest picture; ``changed`` hears of each new one, cleaned and redacted.
    """

    def __init__(
        self,
        run: Run,
        lease: Lease,
        *,
        journal: Journal,
        leases: Leases,
        clock: Clock,
        redact: Redactor,
        changed: Callable[[Run], None],
        tty: str = "",
        secrets: Mapping[str, Secret] | None = None,
    ) -> None:
        super().__init__(run, journal=journal, clock=clock, redact=redact, changed=changed, tty=tty)
        self.run_id = run.id
        self.secrets: Mapping[str, Secret] = secrets or {}
        self._lease = lease
        self._leases = leases
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._why = STOPPED
        self._current = 0

    @property
    def step_name(self) -> str:
        """The step it is at."""
        return self.run.steps[self._current].name if self.run.steps else self.run.plan.title

    def stop(self, why: str = STOPPED, *, hurry: bool = True) -> None:
        """Ask for an end at the next safe point: what the running step's policy says. ``hurry``:
        somebody waits for it, so that the verdict is what the world shows at once."""
        if not self._stop.is_set():
            self._why = why
            self._show(replace(self.run, message=f"stopping: {self._safe(why)}"))
        self._stop.set()
        if hurry:
            self._hurry.set()

    async def work(self, action: Action) -> None:
        """Do it all; whatever happens, a verdict is journalled. Cancelled: verdict *unknown*."""
        heartbeat = asyncio.ensure_future(self._heartbeat())
        try:
            steps = action.steps(self.run.plan)
            for index, step in enumerate(steps):
                if step.policy != "finish":
                    self._step(index, policy=step.policy)
            failure = await self._steps(steps)
            within = SETTLE if failure else None
            settled = all(step.state in {"done", "skipped"} for step in self.run.steps)
            seen = await observe(
                action, self.run.plan, self.clock, within, hurry=self._hurry,
                settled=bool(failure) and settled,
            )  # fmt: skip
            await self._conclude(seen, failure, await self._left(action, seen))
        except asyncio.CancelledError:
            self._mark_unfinished("the engine was stopped by force")
            await self._conclude(Observation("unknown", "nobody looked"), "stopped by force")
            raise
        except Exception as error:  # the verdict must be written, whatever went wrong in our code
            _log.exception("run %s", self.run_id)
            self._mark_unfinished(self.words(error))
            await self._conclude(Observation("unknown", "nobody looked"), self.words(error))
        finally:
            heartbeat.cancel()
            await self._leases.release(self.run_id)

    async def recover(self, action: Action | None, how_far: str) -> None:
        """Read what became of a run an engine before this one left behind; repeat nothing.

        Cancelled: it stays unfinished in the record, and the next engine reads it again.
        """
        heartbeat = asyncio.ensure_future(self._heartbeat())
        try:
            seen = Observation("unknown", "this action cannot be observed here any more")
            mends: list[Undo] = []
            if action is not None:
                seen = await observe(action, self.run.plan, self.clock)
                mends = await self._left(action, seen)
            await self._conclude(seen, f"{RECOVERED}{how_far}", mends)
        finally:
            heartbeat.cancel()
            await self._leases.release(self.run_id)

    # What a step may use.

    def progress(self, detail: str) -> None:
        self._step(self._current, detail=self._safe(detail))

    def keep(self, **result: Any) -> None:
        self._show(replace(self.run, result=self.run.result | plain(result, self._redact)))

    async def until(
        self, condition: Callable[[], Awaitable[str | None]], deadline: float, every: float = 0.5
    ) -> str:
        end = self.clock.monotonic() + deadline
        reason = ""
        while True:
            left = end - self.clock.monotonic()
            try:
                async with asyncio.timeout(max(left, 0.05)):
                    found = await condition()
                if found:
                    return found
            except (ProbeFailure, TimeoutError) as failure:
                reason = str(failure) or "no answer"
            if self.clock.monotonic() + every >= end:
                last = reason or self.run.steps[self._current].detail
                raise ActionFailure(f"not within {deadline:g} s" + (f": {last}" if last else ""))
            await asyncio.sleep(every)

    # How it goes through the steps.

    async def _steps(self, steps: list[Step]) -> str | None:
        """The sentence of what went wrong, or ``None``."""
        done: list[Step] = []
        failure: str | None = None
        for index, step in enumerate(steps):
            if failure is None and self._stop.is_set():
                failure = f"stopped before “{step.name}”: {self._why}"
            if failure is not None:
                self._step(index, state="skipped")
                continue
            try:
                await self._leases.renew(self.run_id, self._lease)
            except LeaseLost as lost:
                failure = f"stopped before “{step.name}”: {lost}"
                self._step(index, state="skipped")
                continue
            failure = await self._one(index, step)
            if failure is None:
                done.append(step)
        if failure is not None:
            failure += await self._take_back(done)
        return failure

    async def _one(self, index: int, step: Step) -> str | None:
        self._current = index
        started, ticks = self.clock.now(), self.clock.monotonic()
        self._step(index, state="running", started_at=started)
        await self._note(index, "running", step.name, "")
        state: StepState = "done"
        failure: str | None = None
        try:
            detail = self._safe(await self._obeying(step))
        except _CutShort as cut:
            state, detail = "skipped" if self.unanswered else "unknown", f"cut short: {cut}"
            failure = f"“{step.name}” was cut short: {cut}"
        except Exception as error:  # any fault of a step is its result
            if not isinstance(error, ActionFailure | ProbeFailure):
                _log.exception("step %s of %s", step.name, self.run_id)
            state, detail = "failed", self.words(error)
            failure = f"“{step.name}” failed: {detail}"
        seconds = self.clock.monotonic() - ticks
        self._step(index, state=state, seconds=seconds, detail=detail)
        await self._note(index, state, step.name, detail, seconds)
        return failure

    async def _obeying(self, step: Step) -> str:
        """Run the step; it is cancelled when its time is over, and an ``abort`` step also when a
        stop is asked for."""
        work = asyncio.ensure_future(step.work(self))
        stop = asyncio.ensure_future(self._stop.wait())
        waited = {work, stop} if step.policy == "abort" else {work}
        try:
            await asyncio.wait(waited, timeout=step.limit, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                late = f"it took longer than {duration(step.limit)}"
                raise _CutShort(self._why if stop.done() and stop in waited else late)
            return await work
        finally:
            for task in (work, stop):
                task.cancel()
            await asyncio.gather(work, stop, return_exceptions=True)

    async def _take_back(self, done: list[Step]) -> str:
        words = ""
        for step in reversed(done):
            if step.undo is None:
                continue
            try:
                await step.undo()
                words += f"; “{step.name}” was taken back"
            except Exception as error:  # one that fails must not keep the others from it
                if not isinstance(error, ActionFailure | ProbeFailure):
                    _log.exception("taking back step %s of %s", step.name, self.run_id)
                words += f"; “{step.name}” could not be taken back: {self.words(error)}"
        return words

    async def _left(self, action: Action, seen: Observation) -> list[Undo]:
        return [] if seen.state == "verified" else await left_by(action, self.run.plan)

    async def _heartbeat(self) -> None:
        while True:
            # Loss is judged before the next step; the running one is not torn apart.
            with contextlib.suppress(LeaseLost):
                await self._leases.renew(self.run_id, self._lease)
            await asyncio.sleep(self._leases.ttl / 3)


class _CutShort(Exception):
    """A step was cancelled: a stop was asked for, or its time was over. The text says which."""
