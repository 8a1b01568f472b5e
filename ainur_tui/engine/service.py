"""The heart: systems, board, history, alerts, logs and actions of one environment, wired."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Environment
from ainur_tui.engine.alerts.judging import judging_of
from ainur_tui.engine.board.board import Board
from ainur_tui.engine.board.needs import Needs
from ainur_tui.engine.history.history import History
from ainur_tui.engine.incidents.evidence import Evidence
from ainur_tui.engine.incidents.incidents import Incidents
from ainur_tui.engine.journal import Journal
from ainur_tui.engine.logs.hub import LogHub
from ainur_tui.engine.notices import A_WHILE, Notices
from ainur_tui.engine.playbooks.playbooks import Playbooks
from ainur_tui.engine.probing.baseline import BaselineProbe
from ainur_tui.engine.probing.connecting import (
    ConnectByName,
    Redaction,
    Resolve,
    connect_all,
    let_go,
)
from ainur_tui.engine.probing.drills import DrillsProbe
from ainur_tui.engine.probing.looking import Looks
from ainur_tui.engine.relay import Relay
from ainur_tui.engine.runs.catalogue import Catalogue
from ainur_tui.engine.runs.executor import KEPT_RUNS, Executor
from ainur_tui.engine.runs.glass import Glass
from ainur_tui.engine.runs.leases import Leases
from ainur_tui.engine.runs.planning import Planner
from ainur_tui.engine.watching import Watch
from ainur_tui.engine.whole import whole
from ainur_tui.engine.wire import about, methods
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.engine.wire.presences import Presences
from ainur_tui.engine.wire.publish import Picture
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.wire import Hello
from ainur_tui.rules.graph import NEEDS
from ainur_tui.rules.judge import declared
from ainur_tui.systems.base import Clock
from ainur_tui.systems.registry import connect

EVENTS_KEPT = 86400.0


class Engine:
    """One environment's engine. ``start``, then ``call`` or ``check``, then ``close``.

    ``picture`` is what clients are told. ``connect`` connects one system by name.
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
        self.relay = Relay(self)
        self._paths = paths
        self._clock = clock
        self.config_digest = config_digest
        self._resolve = resolve_secret
        self._connect = connect
        self.redact = Redaction()
        self._notices = Notices(clock)
        self.presences = Presences(clock, self.relay.moved.set)
        self.evidence = Evidence(self)
        self.watching = False
        self._held = AsyncExitStack()
        self._cut: Callable[[], None] = lambda: None
        self.started_at = clock.now()

    async def start(self, *, watching: bool) -> None:
        """Open the stores and connect the systems. ``watching``: also schedule the probes, follow
        the logs, judge alerts and recover runs; only for the holder of the environment's lock.
        Where that fails or is broken off, everything is let go of again."""
        try:
            await self._start(watching=watching)
        except BaseException:
            await self.close()
            raise

    async def _start(self, *, watching: bool) -> None:
        self.watching = watching
        connected = await connect_all(
            self.environment, clock=self._clock, redact=self.redact,
            resolve=self._resolve, connect=self._connect, state=self._paths.state_dir,
        )  # fmt: skip
        self.systems = connected.systems
        self._held.push_async_callback(lambda: let_go(self.systems))
        await self._open_stores(watching=watching)
        self._make_board(connected.absent)
        self._make_hands(watching=watching)
        self.board.restore(events=await self.history.events(self._clock.now() - EVENTS_KEPT))
        await self.judging.keeper.recall(watching=watching)
        self._notices.add(await self.incidents.start(writable=watching))
        watch = Watch(self, self._clock)
        # From the last to the first: what runs comes to its end while all it needs is there.
        for stop in (watch.stop, self.looks.stop, self.playbooks.close):
            self._held.push_async_callback(stop)
        if watching:
            await self._begin_watching(watch)
        else:
            await self.executor.open(recover=False)

    async def _open_stores(self, *, watching: bool) -> None:
        self.history = History(self._paths.history, self._clock)
        self._held.push_async_callback(self.history.close)
        self._notices.add(await self.history.open(writable=watching))
        self.journal = Journal(
            self._paths.journal, self._paths.head, clock=self._clock, redact=self.redact,
            host=socket.gethostname(),
        )  # fmt: skip
        self._held.callback(self.journal.close)
        self.needs = Needs(
            self._paths.needs, self.environment.needs or NEEDS, self.journal, self._clock,
            targets=lambda: [target.name for target in self.board.targets()], event=self.add_event,
        )  # fmt: skip
        self._notices.add(self.needs.load())
        self.logs = LogHub(
            [source for system in self.systems for source in system.logs], self._clock, self.redact,
            self._paths.state_dir if watching else None,
        )  # fmt: skip
        self._held.callback(self.logs.close)

    def _make_board(self, absent: dict[str, str]) -> None:
        probes = [probe for system in self.systems for probe in system.probes]
        if self.environment.api is not None:
            probes.append(BaselineProbe(self.history, self._clock))
        if self.environment.backup is not None:
            probes.append(
                DrillsProbe(self.journal, lambda: self.executor.runs(limit=KEPT_RUNS), self._clock)
            )
        self.looks = Looks(probes, self.logs, self.relay.arrived, self._clock)
        self.board = Board(
            self.environment.name,
            targets=[target for system in self.systems for target in system.targets],
            signals=declared(
                (one for probe in (*probes, *self.looks.log_probes) for one in probe.signals),
                self.environment.thresholds,
            ),
            graph=self.needs.graph, clock=self._clock, not_configured=absent,
        )  # fmt: skip
        self.judging = judging_of(
            self.environment, self._paths, self.needs.graph, self.systems, board=self.board,
            history=self.history, journal=self.journal, clock=self._clock, redact=self.redact,
            event=self.add_event,
        )  # fmt: skip
        for sentence in self.judging.problems:
            self._notices.add(sentence)

    def _make_hands(self, *, watching: bool) -> None:
        """What changes the world, and what is told of it."""
        graph = self.needs.graph
        self.leases = Leases(self._clock, self.history if watching else None)
        self.glass = Glass(self.journal, self._clock, self.redact, self.add_event)
        planner = Planner(
            Catalogue([action for system in self.systems for action in system.actions]),
            self.leases, self.glass, self._clock, board=self.view, dependants=graph.dependants,
        )  # fmt: skip
        self.executor = Executor(
            planner,
            journal=self.journal, leases=self.leases, clock=self._clock, redact=self.redact,
            changed=self.relay.ran, event=self.add_event,
            tell=lambda sentence: self._notices.add(sentence, A_WHILE),
        )  # fmt: skip
        self.incidents = Incidents(
            self._paths.incidents, self.judging.objectives,
            clock=self._clock, redact=self.redact, graph=graph, view=self.view,
            events=self.relay.past, event=self.add_event, changed=self.relay.moved.set,
            keep=self.evidence.freeze,
        )  # fmt: skip
        self._held.push_async_callback(self.incidents.stop)
        self._held.push_async_callback(self.evidence.stop)
        self.playbooks = Playbooks(
            self._paths.playbooks if watching else None, self.environment.playbooks,
            self.executor, self._clock,
            board=self.view, look=self.looks.once, logs=self.logs.query, event=self.add_event,
            moved=self.relay.moved.set, redact=self.redact, incident=self.incidents.current,
        )  # fmt: skip

    async def _begin_watching(self, watch: Watch) -> None:
        self._notices.add(await self.journal.open())
        await self.leases.open()
        self.board.on_event = self.relay.happened
        await watch.start()
        await self.looks.start()
        self._held.push_async_callback(lambda: self.executor.stop(force=self.forced))
        self._cut = self.executor.cut
        await self.executor.open(recover=True)
        self.incidents.catch_up()
        self._notices.add(await self.playbooks.open(self.looks.first_round))
        self.relay.listeners.add(self.playbooks.wake)

    async def close(self) -> None:
        """End what runs at the next safe point, then let go of everything."""
        await self._held.aclose()

    def hurry(self) -> None:
        """Wait for nothing any more: what runs is cut, its verdict is *unknown*."""
        self.forced = True
        self._cut()

    async def check(self, targets: set[str] | None, timeout: float | None) -> BoardView:
        """The picture after each probe (of ``targets``, where given) has run once more."""
        await self.looks.once(targets, timeout)
        return self.view()

    async def call(self, method: str, params: msgspec.Raw, peer: Peer | Hello) -> Any:
        """Answer a call. ``peer`` may be a Hello: a caller inside this process.

        Raises Refused (``code`` is an exit code) or WireFault (a JSON-RPC code).
        """
        if isinstance(peer, Hello):
            peer = Peer(peer.operator, about.granted(self, peer), peer.tty)
        return await methods.dispatch(self, method, params, peer)

    def view(self) -> BoardView:
        """The whole picture, judged now."""
        return whole(self, self._notices.now())

    def now(self) -> float:
        """Epoch seconds, by the engine's clock."""
        return self._clock.now()

    def add_event(self, event: Event) -> None:
        """Something happened; the board passes it to the history."""
        self.board.add_event(event)
        self.relay.moved.set()
