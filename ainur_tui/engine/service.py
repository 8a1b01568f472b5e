"""The heart: systems, board, history, alerts, logs and actions of one environment, wired."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Environment
from ainur_tui.engine import methods
from ainur_tui.engine.alerting import Alerting
from ainur_tui.engine.attention import Attention
from ainur_tui.engine.baseline import BaselineProbe
from ainur_tui.engine.board import Board
from ainur_tui.engine.catalogue import Catalogue
from ainur_tui.engine.connecting import ConnectByName, Redaction, Resolve, connect_all, signals_of
from ainur_tui.engine.drills import DrillsProbe
from ainur_tui.engine.evidence import Evidence
from ainur_tui.engine.executor import KEPT_RUNS, Executor
from ainur_tui.engine.glass import Glass
from ainur_tui.engine.history import History
from ainur_tui.engine.incidents import Incidents
from ainur_tui.engine.journal import Journal
from ainur_tui.engine.leases import Leases
from ainur_tui.engine.logs import LogHub
from ainur_tui.engine.looking import Looks
from ainur_tui.engine.needs import Needs
from ainur_tui.engine.notices import A_WHILE, Notices
from ainur_tui.engine.notifier import Notifier
from ainur_tui.engine.peer import Peer, WireFault
from ainur_tui.engine.planning import Planner
from ainur_tui.engine.playbooks import Playbooks
from ainur_tui.engine.presences import Presences
from ainur_tui.engine.publish import Picture
from ainur_tui.engine.runrecord import ending_of
from ainur_tui.engine.watching import Watch, recall
from ainur_tui.model.action import Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.wire import Access, BoardQuery, Hello
from ainur_tui.rules.graph import NEEDS, Graph
from ainur_tui.rules.objectives import Objectives
from ainur_tui.rules.severity import levels
from ainur_tui.systems.base import Clock, Probe, Sample, Writer
from ainur_tui.systems.registry import connect
from ainur_tui.systems.rulebook import rulebook

__all__ = ["Engine", "Peer", "WireFault"]

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
        self.config_digest = config_digest
        self._resolve = resolve_secret
        self._connect = connect
        self.redact = Redaction()
        self._notices = Notices(clock)
        self.presences = Presences(clock, self._moved)
        self.evidence = Evidence(self)
        self._watch: Watch | None = None
        self.watching = False
        self.started_at = clock.now()

    async def start(self, *, watching: bool) -> None:
        """Open the stores and connect the systems. ``watching``: also schedule the probes, follow
        the logs, judge alerts and recover runs; only for the holder of the environment's lock."""
        self.watching = watching
        connected = await connect_all(
            self.environment, clock=self._clock, redact=self.redact,
            resolve=self._resolve, connect=self._connect, state=self._paths.state_dir,
        )  # fmt: skip
        self.systems = connected.systems
        self.history = History(self._paths.history, self._clock)
        self._notices.add(await self.history.open(writable=watching))
        self.journal = Journal(
            self._paths.journal, self._paths.head, clock=self._clock, redact=self.redact,
            host=socket.gethostname(),
        )  # fmt: skip
        self.needs = Needs(
            self._paths.needs, self.environment.needs or NEEDS, self.journal, self._clock,
            targets=lambda: [target.name for target in self.board.targets()], event=self.add_event,
        )  # fmt: skip
        self._notices.add(self.needs.load())
        graph = self.needs.graph
        self.logs = LogHub(
            [source for system in self.systems for source in system.logs], self._clock, self.redact,
            self._paths.state_dir if watching else None,
        )  # fmt: skip
        probes = [probe for system in self.systems for probe in system.probes]
        if self.environment.api is not None:
            probes.append(BaselineProbe(self.history, self._clock))
        if self.environment.backup is not None:
            probes.append(
                DrillsProbe(self.journal, lambda: self.executor.runs(limit=KEPT_RUNS), self._clock)
            )
        self.looks = Looks(probes, self.logs, self._arrived, self._clock)
        self.board = Board(
            self.environment.name,
            targets=[target for system in self.systems for target in system.targets],
            signals=signals_of([*probes, *self.looks.log_probes], self.environment),
            graph=graph,
            clock=self._clock,
            not_configured=connected.absent,
        )
        self._judge_by(graph)
        self.leases = Leases(self._clock, self.history if watching else None)
        self.glass = Glass(self.journal, self._clock, self.redact, self.add_event)
        planner = Planner(
            Catalogue([action for system in self.systems for action in system.actions]),
            self.leases, self.glass, self._clock,
            board=self.view, dependants=graph.dependants,
        )  # fmt: skip
        self.executor = Executor(
            planner,
            journal=self.journal,
            leases=self.leases,
            clock=self._clock,
            redact=self.redact,
            changed=self._ran,
            event=self.add_event,
            tell=lambda sentence: self._notices.add(sentence, A_WHILE),
        )
        own = self.environment.alerts
        objectives = Objectives(
            levels(own.response, own.update), frozenset(self.environment.incidents.postmortem)
        )
        self.incidents = Incidents(
            self._paths.incidents, objectives,
            clock=self._clock, redact=self.redact, graph=graph, view=self.view, events=self._past,
            event=self.add_event, changed=self._moved, keep=self.evidence.freeze,
        )  # fmt: skip
        self.playbooks = Playbooks(
            self._paths.playbooks if watching else None, self.environment.playbooks,
            self.executor, self._clock,
            board=self.view, look=self.looks.once, logs=self.logs.query, event=self.add_event,
            moved=self._moved, redact=self.redact, incident=self.incidents.current,
        )  # fmt: skip
        self.board.restore(
            await self.history.states(), await self.history.events(self._clock.now() - EVENTS_KEPT)
        )
        self._notices.add(await self.incidents.start(writable=watching))
        if watching:
            await self._begin_watching()
        else:
            await recall(self)  # what fired is not forgotten because one look is too short
            await self.executor.open(recover=False)

    def _judge_by(self, graph: Graph) -> None:
        own = self.environment.alerts
        self.rulebook = rulebook(own, prometheus=self.environment.prometheus is not None)
        for sentence in self.rulebook.problems:
            self._notices.add(sentence)
        self.attention = Attention(
            self._paths.attention, self.journal, self._clock, self.redact, self.add_event
        )
        self._notices.add(self.attention.load())
        self.alerting = Alerting(
            self.rulebook.rules, self._clock, self.board, graph, self.attention
        )
        self.writers = [one for system in self.systems for one in system.receivers
                        if isinstance(one, Writer)]  # fmt: skip
        self.notifier = Notifier(
            [receiver for system in self.systems for receiver in system.receivers],
            levels(own.response, own.update), self._clock, self.history, self.redact,
        )  # fmt: skip

    async def _begin_watching(self) -> None:
        self._notices.add(await self.journal.open())
        await self.leases.open()
        self.board.on_event = self._happened
        self._watch = Watch(self, self._clock)
        await self._watch.start()
        await self.looks.start()
        await self.executor.open(recover=True)
        self.incidents.catch_up()
        self._notices.add(await self.playbooks.open(self.looks.first_round))
        self.listeners.add(self.playbooks.wake)

    async def close(self) -> None:
        """End what runs at the next safe point, then let go of everything."""
        if self.watching:
            await self.executor.stop(force=self.forced)
        await self.playbooks.close()
        await self.looks.stop()
        if self._watch is not None:
            await self._watch.stop()
        for system in self.systems:
            if system.close is not None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(system.close(), 2.0)
        self.logs.close()
        await self.evidence.stop()
        await self.incidents.stop()
        await self.history.close()
        self.journal.close()

    def hurry(self) -> None:
        """Wait for nothing any more: what runs is cut, its verdict is *unknown*."""
        self.forced = True
        self.executor.cut()

    async def check(self, targets: set[str] | None, timeout: float | None) -> BoardView:
        """One picture without a running engine: each probe once, all at the same time."""
        await self.looks.once(targets, timeout)
        return self.view()

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
        told = [*view.notices, *self._notices.now(), *self.history.notices]
        told += self.playbooks.problems
        told += filter(None, (self.journal.problem, self.history.problem, self.incidents.problem))
        told += self.notifier.problems()
        active = self.executor.active
        known = {run.id for run in active}
        past = [run for run in self.executor.runs(limit=SHOWN_RUNS) if run.id not in known]
        alerts = self.alerting.evaluate(view)
        return replace(
            view,
            alerts=alerts,
            playbooks=self.playbooks.views(),
            proposals=self.playbooks.proposals(view, alerts),
            runs=[*active, *past],
            leases=self.leases.views(),
            logs=self.logs.views(),
            presence=self.presences.views(),
            break_glass=self.glass.now(),
            incidents=self.incidents.open_now(),
            notices=list(dict.fromkeys(told)),
        )

    async def board_now(self, query: BoardQuery) -> BoardView:
        """The picture; ``fresh``: after the probes have run once more."""
        wanted = set(query.targets) or None
        if query.fresh:
            await self.looks.once(wanted, query.timeout)
        return self.view()

    def granted(self, hello: Hello) -> Access:
        """The access a caller gets: what it asks for, within what the configuration allows."""
        both = (hello.access, self.environment.access)
        return "operate" if both == ("operate", "operate") else "read"

    def now(self) -> float:
        """Epoch seconds, by the engine's clock."""
        return self._clock.now()

    def add_event(self, event: Event) -> None:
        """Something happened; the board passes it to the history."""
        self.board.add_event(event)
        self._moved()

    def _happened(self, event: Event) -> None:
        self.history.add_event(event)
        self.incidents.saw(event)

    def _arrived(self, probe: Probe, outcome: Sample | ProbeFailure, seconds: float) -> None:
        if isinstance(outcome, ProbeFailure):
            self.history.add(self.board.fail(probe, outcome, seconds))
        else:
            self.board.record(probe, outcome, seconds)
            self.history.add(outcome.readings)
        self.looks.saw(probe)
        self._moved()

    def _past(self) -> list[Event]:
        ended = (ending_of(run) for run in self.executor.runs(limit=SHOWN_RUNS))
        return [*self.board.events(), *filter(None, ended)]

    def _ran(self, run: Run) -> None:
        if (ending := ending_of(run)) is not None:
            self.incidents.saw(ending)  # a verified one is no event of the charts: it has its begin
        for listener in tuple(self.run_listeners):
            listener(run)
        self._moved()

    def _moved(self) -> None:
        if self._watch is not None:
            self._watch.moved.set()
