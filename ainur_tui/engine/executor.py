"""The only door through which anything is changed: plan, gates, intent, run (S-24, S-36…S-47)."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from ainur_tui.engine import gates
from ainur_tui.engine.catalogue import Catalogue
from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.keys import Keys
from ainur_tui.engine.leases import LeaseLost, Leases, in_the_way
from ainur_tui.engine.peer import Peer
from ainur_tui.engine.recovery import call_of, rebuild, usual_seconds, what_happened
from ainur_tui.engine.running import Running
from ainur_tui.engine.runrecord import event_of
from ainur_tui.model.action import ActionSpec, Lease, Plan, Run, StepRecord
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.model.wire import PlanQuery, RunCall
from ainur_tui.systems.base import Action, Clock, World

PLAN_DEADLINE = 15.0  # seconds for reading the facts
KEPT_RUNS = 200
READ_BACK = 2000  # entries of the record read at the start


class Executor:
    """Plans and runs actions. ``changed`` hears each new picture of a run, ``event`` what to draw
    on the charts. ``board`` is the picture judged now, ``dependants`` who needs a target."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        journal: Journal,
        leases: Leases,
        clock: Clock,
        redact: Redactor,
        board: Callable[[], BoardView],
        dependants: Callable[[str], list[str]],
        changed: Callable[[Run], None],
        event: Callable[[Event], None],
    ) -> None:
        self._catalogue = catalogue
        self._journal = journal
        self._leases = leases
        self._clock = clock
        self._redact = redact
        self._board = board
        self._dependants = dependants
        self._changed = changed
        self._event = event
        self._runs: dict[str, Run] = {}
        self._keys = Keys()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._working: dict[str, Running] = {}
        self._stopping = False

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
        for run in list(self._runs.values()) if recover else []:
            if run.finished_at is None:
                await self._recover(run)

    def specs(self) -> list[ActionSpec]:
        """The catalogue."""
        return self._catalogue.specs()

    def runs(self, id: str | None = None, limit: int = 50) -> list[Run]:
        """One run, or the newest, newest first."""
        if id is not None:
            return [self._runs[id]] if id in self._runs else []
        return list(reversed(self._runs.values()))[: max(limit, 0)]

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
        action = self._catalogue.find(query.action, query.target, self._board())
        plan = await self._fresh(action, query.target, query.params)
        if plan.blocked is None and (lease := self._leases.holder(query.target)):
            plan = replace(plan, blocked=in_the_way(lease, self._clock.now()))
        return plan

    async def run(self, call: RunCall, peer: Peer) -> Run:
        """Begin it. Returns once the intent is on the disk; raises Refused when a gate is shut.

        A second call with the same key answers with the same run and begins nothing (S-37).
        """
        if peer.access != "operate":
            raise Refused("this connection may only read", gates.DENIED)
        secrets = {name: Secret(value) for name, value in call.secrets.items()}
        call = replace(call, secrets={})  # from here on nothing that is kept holds a value
        return await self._keys.once(
            call, lambda: self._begin(call, peer, secrets), self._runs.__getitem__
        )

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

    async def _fresh(self, action: Action, target: str, params: dict[str, str]) -> Plan:
        usual = usual_seconds(self._runs.values(), action.spec.name, target)
        world = World(self._board(), self._dependants, usual)
        try:
            return await asyncio.wait_for(action.plan(target, params, world), PLAN_DEADLINE)
        except ProbeFailure as failure:
            raise Refused(f"the facts cannot be read: {failure}", gates.UNAVAILABLE) from failure
        except TimeoutError:
            raise Refused(
                f"the facts cannot be read: no answer in {PLAN_DEADLINE:g} s", gates.UNAVAILABLE
            ) from None

    async def _begin(self, call: RunCall, peer: Peer, secrets: Mapping[str, Secret]) -> Run:
        if self._stopping:
            raise Refused("the engine is stopping", gates.UNAVAILABLE)
        action = self._catalogue.find(call.action, call.target, self._board())
        gates.loop_guard(call, action.spec.risk, self._runs.values(), self._clock.now())
        id = uuid.uuid4().hex[:12]
        why = f"{call.action} ({clean(call.reason)})" if call.reason.strip() else call.action
        lease = await self._leases.take(call.target, peer.operator, why, id)
        try:
            plan = await self._fresh(action, call.target, call.params)
            gates.judge(plan, call, gates.names_of(plan.target, self._board()))
            run = Run(
                id=id,
                plan=plan,
                operator=peer.operator,
                state="running",
                started_at=self._clock.now(),
                steps=[StepRecord(name=name, state="waiting") for name in plan.steps],
                message="",
            )
            await self._intent(run, call, peer)
        except BaseException:
            await self._leases.release(id)
            raise
        self._launch(run, action, self._running(run, lease, peer.tty, secrets))
        return run

    async def _intent(self, run: Run, call: RunCall, peer: Peer) -> None:
        try:
            await self._journal.append(
                "intent",
                run.id,
                operator=peer.operator,
                tty=peer.tty,
                action=run.plan.action,
                target=run.plan.target,
                state="running",
                detail={"plan": msgspec.to_builtins(run.plan), "call": msgspec.to_builtins(call)},
            )
        except JournalUnwritable as error:
            if run.plan.risk in {"R2", "R3"}:
                raise Refused(
                    f"{error}; without it nothing risky is begun", gates.CANNOT_CREATE
                ) from None

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
        with contextlib.suppress(
            LeaseLost
        ):  # two were left for one target: both are only looked at
            await self._leases.renew(run.id, lease)
        action = self._catalogue.pick(run.plan.action, run.plan.target)
        self._follow(run.id, self._running(run, lease, "").recover(action, what_happened(run)))

    def _running(
        self, run: Run, lease: Lease, tty: str, secrets: Mapping[str, Secret] | None = None
    ) -> Running:
        return Running(
            run,
            lease,
            journal=self._journal,
            leases=self._leases,
            clock=self._clock,
            redact=self._redact,
            changed=self._note,
            tty=tty,
            secrets=secrets,
        )

    def _follow(self, id: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks[id] = asyncio.create_task(work)

        def over(_: asyncio.Task[None]) -> None:
            del self._tasks[id]
            self._working.pop(id, None)
            run = self._runs[id]
            if run.finished_at is not None and run.state != "verified":
                self._event(
                    event_of(run, f"{run.plan.title}: {run.state}. {run.message}", run.finished_at)
                )
            self._changed(run)

        task.add_done_callback(over)

    def _note(self, run: Run) -> None:
        self._runs[run.id] = run
        while len(self._runs) > KEPT_RUNS and (oldest := next(iter(self._runs))) not in self._tasks:
            del self._runs[oldest]
            self._keys.forget(oldest)
        self._changed(run)
