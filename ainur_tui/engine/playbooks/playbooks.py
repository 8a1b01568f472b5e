"""Playbooks at work: each step is judged from the live board, told as an event, and on the disk
before anybody sees it (F-34, F-67)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from ainur_tui.engine.playbooks import store as playbookstore
from ainur_tui.engine.playbooks.kept import Kept
from ainur_tui.engine.playbooks.logs import with_lines
from ainur_tui.engine.playbooks.order import order
from ainur_tui.engine.runs.executor import Executor
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import Run
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import UNAVAILABLE, USAGE, Refused
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.model.playbook import PlaybookRun, Proposal, StepRun
from ainur_tui.model.playbookcalls import DecideCall, StartCall
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean, near
from ainur_tui.rules.playbooks import decisions
from ainur_tui.rules.playbooks import playbooks as rules
from ainur_tui.rules.playbooks.conditions import targets_of
from ainur_tui.rules.playbooks.file import shipped
from ainur_tui.rules.playbooks.proposals import proposals
from ainur_tui.systems.base import Clock

TICK = 1.0
"""Seconds after which every run is looked at though nothing moved: holds and deadlines pass."""
LOOK = 10.0
"""Seconds a round of probes may take that a proof asks for."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Playbooks(Kept):
    """Every playbook run of the environment; ``books`` by name. ``own`` is a folder of more.

    ``board`` is the picture judged now, ``look`` runs the probes of targets at once, ``event``
    hears what happened, ``moved`` that there is something new to tell, ``incident`` names the
    open incident that concerns a target.
    """

    def __init__(
        self,
        path: Path | None,
        own: str | None,
        executor: Executor,
        clock: Clock,
        *,
        board: Callable[[], BoardView],
        look: Callable[[set[str], float], Awaitable[None]],
        logs: Callable[[LogQuery], LogPage],
        event: Callable[[Event], None],
        moved: Callable[[], None],
        redact: Redactor,
        incident: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        super().__init__(path, clock, event, moved)
        self.books = {book.name: book for book in shipped()}
        self._refused: list[str] = []
        self._unkept: str | None = None
        if own is not None:
            books, self._refused = playbookstore.own(Path(own))
            self.books |= {book.name: book for book in books}
        self._executor = executor
        self._board = board
        self._look = look
        self._logs = logs
        self._redact = redact
        self._incident = incident
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self, first_round: Callable[[], Awaitable[None]]) -> str | None:
        """Take up what an earlier engine left; goes on once every probe was read anew. Returns a
        sentence when its file cannot be used."""
        problem = self._load()
        self._do(self._for_ever(first_round))
        return problem

    async def close(self) -> None:
        """Stop looking; what is on the disk goes on with the next engine."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """The board or a run moved."""
        self._wake.set()

    @property
    def problems(self) -> list[str]:
        """Sentences for everybody: own playbooks that are none, a file that cannot be written."""
        return [*self._refused, *([self._unkept] if self._unkept else [])]

    @property
    def busy(self) -> bool:
        """Whether one goes on that waits for no person."""
        return any(run.now.state not in {"deciding", "stuck"} for run in self.active())

    def proposals(self, board: BoardView, alerts: Sequence[Alert]) -> list[Proposal]:
        """The playbooks that fit what is wrong now."""
        return proposals(list(self.books.values()), board, alerts)

    async def start(self, call: StartCall, peer: Peer) -> PlaybookRun:
        """Begin a playbook, or give the run of it that goes on for the same incident. One that was
        begun before its incident was declared belongs to it from now on. Raises Refused."""
        book = self.books.get(call.name)
        if book is None:
            meant = near(call.name, list(self.books)) or list(self.books)
            words = f"there is no playbook {clean(call.name, 60)!r}"
            raise Refused(f"{words}; did you mean {' or '.join(meant)}?", USAGE)
        async with self._turn:
            incident = call.incident or self._incident(book.target)
            known = self.going(book.name, incident)
            if known is not None:
                if incident is None or known.incident == incident:
                    return known
                joined = replace(known, incident=incident)
                await self._keep(known, joined)
                return joined
            board = self._board()
            if board.target(book.target) is None:
                raise Refused(f"{book.target} is not watched here, so nothing could be judged",
                              UNAVAILABLE)  # fmt: skip
            run = PlaybookRun(
                id=uuid.uuid4().hex[:12], book=book, target=book.target, operator=peer.operator,
                state="running", started_at=self._clock.now(), why=clean(call.why, 300),
                steps=[StepRun(id=step.id) for step in book.step],
                incident=incident,
            )  # fmt: skip
            run = rules.begin(run, board)
            await self._keep(None, run)
            return await self._advance(run, board)

    async def decide(self, call: DecideCall, peer: Peer) -> PlaybookRun:
        """What a person decided about the step at hand. Raises Refused.

        Whoever asked may go away meanwhile; what was decided is done all the same.
        """
        return await asyncio.shield(self._do(self._decide(call, peer)))

    async def _decide(self, call: DecideCall, peer: Peer) -> PlaybookRun:
        async with self._turn:
            run = self._runs.get(call.id)
            if run is None:
                raise Refused(f"there is no playbook run {clean(call.id, 40)}", USAGE)
            decisions.allowed(run, call, peer.operator)
            if call.choice == "run" and run.now.state == "deciding":
                after = await order(run, call, peer, self._executor, self._keep)
            else:
                after = decisions.decided(run, call, peer.operator, self._clock.now())
                await self._keep(run, after)
            return await self._advance(after, self._board())

    async def _for_ever(self, first_round: Callable[[], Awaitable[None]]) -> None:
        if self.active():
            await first_round()
            async with self._turn:
                world = self._world(self._board())
                for run in self.active():
                    await self._keep(run, rules.taken_over(run, world))
        while True:
            try:
                await self._all()
            except Refused as refusal:
                self._unkept = f"playbooks stand still: {refusal}"
            except Exception:  # one bad step must not end all judging (F-76)
                _log.exception("playbooks")
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK if self.active() else None):
                    await self._wake.wait()

    async def _all(self) -> None:
        if not self.active():
            return
        board = self._board()
        async with self._turn:
            for run in self.active():
                await self._advance(run, board)
        self._unkept = None

    async def _advance(self, run: PlaybookRun, board: BoardView) -> PlaybookRun:
        after = rules.advance(run, self._world(board), self._clock.now())
        if after == run:
            return run
        after = with_lines(run, after, self._logs, self._redact, self._clock.now())
        await self._keep(run, after)
        return after

    def _world(self, board: BoardView) -> rules.World:
        return rules.World(board, self._run_by_id, self._executor.ordered)

    def _run_by_id(self, id: str) -> Run | None:
        return next(iter(self._executor.runs(id)), None)

    async def _keep(self, before: PlaybookRun | None, after: PlaybookRun) -> None:
        await super()._keep(before, after)
        entered = before is None or (before.at, before.now.state) != (after.at, after.now.state)
        if entered and after.now.state in {"looking", "proving"}:
            self._do(self._look_now(after))

    async def _look_now(self, run: PlaybookRun) -> None:
        """Have what the step at hand waits for read at once, whatever its interval."""
        wanted = [*run.step.expect, *run.step.expect_any]
        if targets := targets_of(wanted, run.target, self._board()):
            with contextlib.suppress(TimeoutError):
                await self._look(targets, LOOK)

    def _do(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
