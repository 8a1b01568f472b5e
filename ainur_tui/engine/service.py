"""The heart: systems, board, history, alerts, logs and actions of one environment, wired."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

import msgspec
import psutil
from msgspec.structs import replace

from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Environment
from ainur_tui.engine import methods
from ainur_tui.engine.alerting import Alerting
from ainur_tui.engine.board import Board
from ainur_tui.engine.catalogue import Catalogue
from ainur_tui.engine.connecting import ConnectByName, Redaction, Resolve, connect_all, signals_of
from ainur_tui.engine.executor import Executor
from ainur_tui.engine.history import History
from ainur_tui.engine.journal import Journal
from ainur_tui.engine.leases import Leases
from ainur_tui.engine.logs import LogHub
from ainur_tui.engine.peer import Peer, WireFault
from ainur_tui.engine.publish import Picture
from ainur_tui.engine.scheduler import Scheduler
from ainur_tui.engine.watching import Watch
from ainur_tui.model.action import Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.wire import PROTOCOL, Access, BoardQuery, EngineStatus, Hello, Welcome
from ainur_tui.rules import defaults
from ainur_tui.rules.graph import NEEDS, Graph
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.registry import connect

__all__ = ["Engine", "Peer", "WireFault"]

FIRST_LOOK = 6.0
"""Seconds a plan waits for the first round of probes of an engine that just started."""
LOGS_SETTLE = 1.2
EVENTS_KEPT = 86400.0
SHOWN_RUNS = 20

_log = logging.getLogger(__name__)


class Engine:
    """One environment's engine. ``start``, then ``call`` or ``check``, then ``close``.

    ``picture`` is what clients are told; ``listeners`` are called after it moved and at each step
    of a run. ``connect`` connects one system by name.
    """

    def __init__(
        self,
        environment: Environment,
        paths: Paths,
        *,
        clock: Clock,
        version: str,
        resolve_secret: Resolve,
        config_digest: str = "",
        stay: bool = False,
        connect: ConnectByName = connect,
    ) -> None:
        self.environment = environment
        self.version = version
        self.stay = stay
        self.clients = 0
        self.leaves_at: Callable[[], float | None] = lambda: None
        self.stop_asked = asyncio.Event()
        self.forced = False
        self.picture = Picture()
        self.listeners: set[Callable[[], None]] = set()
        self.run_listeners: set[Callable[[Run], None]] = set()
        self._paths = paths
        self._clock = clock
        self._digest = config_digest
        self._resolve = resolve_secret
        self._connect = connect
        self.redact = Redaction()
        self._notices: list[str] = []
        self.watching = False
        self.started_at = clock.now()

    async def start(self, *, watching: bool) -> None:
        """Open the stores and connect the systems. ``watching``: also schedule the probes, follow
        the logs, judge alerts and recover runs; only for the holder of the environment's lock."""
        self.watching = watching
        for folder in (self._paths.state_dir,) if watching else ():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        connected = await connect_all(
            self.environment,
            clock=self._clock,
            redact=self.redact,
            resolve=self._resolve,
            connect=self._connect,
        )
        self.systems = connected.systems
        self.history = History(self._paths.history if watching else None, self._clock)
        self._notice(await self.history.open())
        self.journal = Journal(
            self._paths.journal,
            self._paths.head,
            clock=self._clock,
            redact=self.redact,
            host=socket.gethostname(),
        )
        self.logs = LogHub(
            [source for system in self.systems for source in system.logs], self._clock, self.redact
        )
        self.log_probes = self.logs.probes()
        self.probes = [probe for system in self.systems for probe in system.probes]
        graph = Graph(self.environment.needs or NEEDS)
        self.board = Board(
            self.environment.name,
            targets=[target for system in self.systems for target in system.targets],
            signals=signals_of([*self.probes, *self.log_probes], self.environment),
            graph=graph,
            clock=self._clock,
            not_configured=connected.absent,
        )
        self.alerting = Alerting(defaults.rules(), self._clock, self.board, graph)
        self.scheduler = Scheduler(self.probes, self._arrived, self._clock)
        self.leases = Leases(self._clock, self.history if watching else None)
        self.executor = Executor(
            Catalogue([action for system in self.systems for action in system.actions]),
            journal=self.journal,
            leases=self.leases,
            clock=self._clock,
            redact=self.redact,
            board=self.view,
            dependants=graph.dependants,
            changed=self._ran,
            event=self.add_event,
        )
        self._unread = {probe.name for probe in self.probes}
        self._first_round = asyncio.Event()
        self._watch: Watch | None = None
        if watching:
            await self._begin_watching()
        else:
            await self.executor.open(recover=False)

    async def _begin_watching(self) -> None:
        self._notice(await self.journal.open())
        await self.leases.open()
        self.board.restore(events=await self.history.events(self._clock.now() - EVENTS_KEPT))
        self.board.on_event = self.history.add_event
        self._watch = Watch(self, self._clock)
        await self._watch.start()
        await self.logs.start()
        self.scheduler.add(self.log_probes)
        await self.scheduler.start()
        await self.executor.open(recover=True)

    async def close(self) -> None:
        """End what runs at the next safe point, then let go of everything."""
        if self.watching:
            await self.executor.stop(force=self.forced)
            await self.logs.stop()
        await self.scheduler.stop()
        if self._watch is not None:
            await self._watch.stop()
        for system in self.systems:
            if system.close is not None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(system.close(), 2.0)
        await self.history.close()
        self.journal.close()

    def hurry(self) -> None:
        """Wait for nothing any more: what runs is cut, its verdict is *unknown*."""
        self.forced = True
        self.executor.cut()

    async def check(self, targets: set[str] | None, timeout: float | None) -> BoardView:
        """One picture without a running engine: each probe once, all at the same time, while
        the logs show what they bring within ``LOGS_SETTLE``."""
        await self._look_once(targets, timeout)
        return self.view()

    async def _look_once(self, targets: set[str] | None, timeout: float | None) -> None:
        async def logs() -> None:
            if not self.log_probes:
                return
            await self.logs.start()
            await self.logs.settle(min(LOGS_SETTLE, timeout or LOGS_SETTLE))
            await Scheduler(self.log_probes, self._arrived, self._clock).run_now(targets, 1.0)
            await self.logs.stop()

        await asyncio.gather(self.scheduler.run_now(targets, timeout), logs())
        self._unread.clear()

    async def call(self, method: str, params: msgspec.Raw, peer: Peer | Hello) -> Any:
        """Answer a call. ``peer`` may be a Hello: a caller inside this process.

        Raises Refused (``code`` is an exit code) or WireFault (a JSON-RPC code).
        """
        if isinstance(peer, Hello):
            peer = Peer(peer.operator, self.granted(peer), peer.tty)
        return await methods.dispatch(self, method, params, peer)

    def view(self) -> BoardView:
        """The whole picture, judged now."""
        view = self.board.view()
        notices = [*view.notices, *self._notices]
        if self.journal.problem is not None and self.journal.problem not in notices:
            notices.append(self.journal.problem)
        active = self.executor.active
        known = {run.id for run in active}
        past = [run for run in self.executor.runs(limit=SHOWN_RUNS) if run.id not in known]
        return replace(
            view,
            alerts=self.alerting.evaluate(view),
            runs=[*active, *past],
            leases=self.leases.views(),
            logs=self.logs.views(),
            notices=notices,
        )

    async def board_now(self, query: BoardQuery) -> BoardView:
        """The picture; ``fresh``: after the probes have run once more."""
        wanted = set(query.targets) or None
        if query.fresh and self.watching:
            await self.scheduler.run_now(wanted, query.timeout)
        elif query.fresh:
            await self._look_once(wanted, query.timeout)
        return self.view()

    async def looked(self) -> None:
        """Wait until each probe was read once, but not for ever: plans rest on the board."""
        if not self.watching and self._unread:
            await self._look_once(None, FIRST_LOOK)
        elif self._unread:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._first_round.wait(), FIRST_LOOK)

    def granted(self, hello: Hello) -> Access:
        """The access a caller gets: what it asks for, within what the configuration allows."""
        both = (hello.access, self.environment.access)
        return "operate" if both == ("operate", "operate") else "read"

    def welcome(self, peer: Peer) -> Welcome:
        """The answer to a hello."""
        return Welcome(
            protocol=PROTOCOL,
            version=self.version,
            environment=self.environment.name,
            color=self.environment.color,
            access=peer.access,
            operator=peer.operator,
            pid=os.getpid(),
            stay=self.stay,
            config=self._digest,
            started_at=self.started_at,
            journal_ok=self.journal.writable,
        )

    def status(self, peer: Peer) -> EngineStatus:
        """What this process is and what it costs (memory in bytes)."""
        return EngineStatus(
            pid=os.getpid(),
            version=self.version,
            environment=self.environment.name,
            started_at=self.started_at,
            stay=self.stay,
            clients=self.clients,
            running=len(self.executor.active),
            idle_exit_at=self.leaves_at(),
            access=peer.access,
            memory=psutil.Process().memory_info().rss,
        )

    def log_wakes(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called when lines came; returns what ends it."""
        return self.logs.listen(wake)

    def add_event(self, event: Event) -> None:
        """Something happened; the board passes it to the history."""
        self.board.add_event(event)
        self._moved()

    def _arrived(self, probe: Probe, outcome: Sample | ProbeFailure, seconds: float) -> None:
        if isinstance(outcome, ProbeFailure):
            self.history.add(self.board.fail(probe, outcome, seconds))
        else:
            self.board.record(probe, outcome, seconds)
            self.history.add(outcome.readings)
        self._unread.discard(probe.name)
        if not self._unread:
            self._first_round.set()
        self._moved()

    def _ran(self, run: Run) -> None:
        for listener in tuple(self.run_listeners):
            listener(run)
        self._moved()

    def _moved(self) -> None:
        if self._watch is not None:
            self._watch.moved.set()

    def _notice(self, sentence: str | None) -> None:
        if sentence:
            self._notices.append(sentence)
