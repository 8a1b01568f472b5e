"""The only door through which anything is changed: plan, gates, intent, run (S-24, S-36…S-47)."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from msgspec.structs import replace

from ainur_tui.engine.journal import Journal
from ainur_tui.engine.runs import decisions, gates
from ainur_tui.engine.runs.keys import Keys
from ainur_tui.engine.runs.leases import LeaseLost, Leases
from ainur_tui.engine.runs.planning import Planner
from ainur_tui.engine.runs.recovery import call_of, rebuild, what_happened
from ainur_tui.engine.runs.running import Running
from ainur_tui.engine.runs.runrecord import ending_of, event_of
from ainur_tui.engine.runs.takeover import Interruptions
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import ActionSpec, Lease, Plan, Run, StepRecord
from ainur_tui.model.event import Event
from ainur_tui.model.failure import DENIED, UNAVAILABLE, Refused
from ainur_tui.model.runcalls import AbortCall, ConfirmCall, PlanQuery, RunCall
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Clock

KEPT_RUNS = 200
READ_BACK = 2000  # entries of the record read at the start


class Executor:
    """Plans and runs actions. ``changed`` hears each new picture of a run, ``event`` what to draw
    on the charts, ``tell`` what everybody must read."""

    def __init__(
        self,
        planner: Planner,
        *,
        journal: Journal,
        leases: Leases,
        clock: Clock,
        redact: Redactor,
        changed: Callable[[Run], None],
        event: Callable[[Event], None],
        tell: Callable[[str], None],
    ) -> None:
        self._planner = planner
        self._journal = journal
        self._leases = leases
        self._clock = clock
        self._redact = redact
        self._changed = changed
        self._event = event
        self._runs: dict[str, Run] = {}
        self._keys = Keys()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._working: dict[str, Running] = {}
        self._stopping = False
        self._interruptions = Interruptions(
            self._working, self._tasks, journal=journal, leases=leases, clock=clock,
            redact=redact, event=event, tell=tell,
        )  # fmt: skip

    async def open(self, *, recover: bool) -> None:
        """Take up the record: past runs, and (``recover``) those without a result, whose verdict
        is read from the world. Nothing is ever repeated (S-36)."""
        try:
            entries = await self._journal.entries(limit=READ_BACK)
        except OSError:
            return  # the journal itself says what is wrong with it
        self._runs = rebuild(entries)
        for entry in entries:
            if entry.kind == "intent" and (call := call_of(entry)) and entry.id in self._runs:
                self._keys.keep(call, entry.id)
        if recover:
            left = [run for run in self._runs.values() if run.finished_at is None]
            await self._leases.only([run.id for run in left])
            for run in left:
                await self._recover(run)

    def specs(self) -> list[ActionSpec]:
        """The catalogue."""
        return self._planner.catalogue.specs()

    def runs(self, id: str | None = None, limit: int = 50) -> list[Run]:
        """One run, or the newest, newest first."""
        if id is not None:
            return [self._runs[id]] if id in self._runs else []
        return list(reversed(self._runs.values()))[: max(limit, 0)]

    def ordered(self, key: str) -> Run | None:
        """The run that was begun under this key, also by an engine before this one."""
        return self._runs.get(self._keys.run_of(key) or "")

    @property
    def active(self) -> list[Run]:
        """Runs that are being worked on (recovering ones included)."""
        return [self._runs[id] for id in self._tasks if id in self._runs]

    @property
    def acting(self) -> list[Run]:
        """Those that change the world; one that only recovers may be left to the next engine."""
        return [self._runs[id] for id in self._working]

    async def plan(self, query: PlanQuery) -> Plan:
        """What would be done; nothing happens. Raises Refused when it makes no sense."""
        action = self._planner.find(query.action, query.target)
        gates.secrets_apart(action.spec, query.params)
        runs = self._runs.values()
        plan = await self._planner.fresh(action, query.target, query.params, runs)
        return self._planner.surrounded(plan, self.active)

    async def run(self, call: RunCall, peer: Peer) -> Run:
        """Begin it. Returns once the intent is on the disk; raises Refused when a gate is shut.

        A second call with the same key answers with the same run and begins nothing (S-37).
        """
        if peer.access != "operate":
            raise Refused("this connection may only read", DENIED)
        if action := self._planner.catalogue.pick(call.action, call.target):
            gates.secrets_apart(action.spec, call.params, call.secrets)
        secrets = {name: Secret(value) for name, value in call.secrets.items()}
        call = replace(call, secrets={})  # from here on nothing that is kept holds a value
        return await self._keys.once(
            call, lambda: self._decide(call, peer, secrets), self._runs.__getitem__
        )

    async def abort(self, call: AbortCall, peer: Peer) -> Run:
        """End one run at its next safe point; the run as it stands. Raises Refused."""
        await self._interruptions.abort(self._runs.get(call.id), call, peer)
        return self._runs[call.id]

    async def confirm(self, call: ConfirmCall, peer: Peer) -> Run:
        """Give a run the word it asks for; the run as it stands. Raises Refused."""
        await self._interruptions.confirm(call, peer)
        return self._runs[call.id]

    async def stop(self, *, force: bool) -> None:
        """End every run at its next safe point (``force``: at once, verdict unknown)."""
        self._stopping = True
        await self._keys.settled()
        for running in self._working.values():
            running.stop()
        for id in self._tasks.keys() - self._working.keys():
            self._tasks[id].cancel()  # recovering: the next engine reads the world again
        if force:
            self.cut()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def cut(self) -> None:
        """End every run at once; the verdict is *unknown*."""
        for task in self._tasks.values():
            task.cancel()

    async def _fresh(self, action: Action, call: RunCall) -> Plan:
        return await self._planner.fresh(action, call.target, call.params, self._runs.values())

    async def _decide(self, call: RunCall, peer: Peer, secrets: Mapping[str, Secret]) -> Run:
        try:
            return await self._begin(call, peer, secrets)
        except Refused as refusal:
            await decisions.refused(self._journal, refusal, call, peer)
            raise

    async def _begin(self, call: RunCall, peer: Peer, secrets: Mapping[str, Secret]) -> Run:
        if self._stopping:
            raise Refused("the engine is stopping", UNAVAILABLE)
        action = self._planner.find(call.action, call.target)
        gates.loop_guard(call, action.spec.risk, self._runs.values(), self._clock.now())
        id = uuid.uuid4().hex[:12]
        why = f"{call.action} ({clean(call.reason)})" if call.reason.strip() else call.action
        if call.take_over:
            # Nobody is displaced for what would be refused anyway.
            self._planner.judge(await self._fresh(action, call), call)
            await self._interruptions.take_over(call, peer)
        lease = await self._leases.take(call.target, peer.operator, why, id)
        try:
            plan = await self._fresh(action, call)
            self._planner.judge(plan, call)
            run = Run(
                id=id, plan=plan, operator=peer.operator, state="running", message="",
                started_at=self._clock.now(),
                steps=[StepRecord(name=name, state="waiting") for name in plan.steps],
            )  # fmt: skip
            await decisions.intend(self._journal, run, call, peer, self._planner.glass.now())
        except BaseException:
            await self._leases.release(id)
            raise
        running = self._running(run, lease, peer.tty, secrets)
        running.ahead = call.again
        self._launch(run, action, running)
        return run

    def _launch(self, run: Run, action: Action, running: Running) -> None:
        self._working[run.id] = running
        self._note(run)
        self._event(event_of(run, f"{run.plan.title} · {run.operator}", run.started_at))
        self._follow(run.id, running.work(action))

    async def _recover(self, run: Run) -> None:
        lease = Lease(
            target=run.plan.target,
            holder=run.operator,
            reason=f"{run.plan.action}, being recovered",
            expires_at=self._clock.now(),
            run=run.id,
        )
        # Two may have been left for one target: both are only looked at.
        with contextlib.suppress(LeaseLost):
            await self._leases.renew(run.id, lease)
        action = self._planner.catalogue.pick(run.plan.action, run.plan.target)
        self._follow(run.id, self._running(run, lease, "").recover(action, what_happened(run)))

    def _running(
        self, run: Run, lease: Lease, tty: str, secrets: Mapping[str, Secret] | None = None
    ) -> Running:
        return Running(
            run, lease, journal=self._journal, leases=self._leases, clock=self._clock,
            redact=self._redact, changed=self._note, tty=tty, secrets=secrets,
        )  # fmt: skip

    def _follow(self, id: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks[id] = asyncio.create_task(work)

        def over(_: asyncio.Task[None]) -> None:
            del self._tasks[id]
            self._working.pop(id, None)
            run = self._runs[id]
            if run.state != "verified" and (ending := ending_of(run)) is not None:
                self._event(ending)
            self._changed(run)

        task.add_done_callback(over)

    def _note(self, run: Run) -> None:
        self._runs[run.id] = run
        while len(self._runs) > KEPT_RUNS and (oldest := next(iter(self._runs))) not in self._tasks:
            del self._runs[oldest]
            self._keys.forget(oldest)
        self._changed(run)
