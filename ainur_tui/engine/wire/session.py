"""One connected client: its calls, and what it is told (≤ 4 pictures, ≤ 10 log pages a second).

Nothing is queued for a client but the answers to its own calls, whose number is bounded. What it
is told is computed when it can take it, from the newest there is: a client that does not read
costs no memory and misses nothing but what was overtaken (F-49).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from ainur_tui.engine.wire import about
from ainur_tui.engine.wire.messages import message, params_of
from ainur_tui.engine.wire.peer import (
    INTERNAL,
    INVALID_REQUEST,
    PARSE_ERROR,
    Peer,
    WireFault,
)
from ainur_tui.model.action import Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.text import clean
from ainur_tui.model.wire import (
    PROTOCOL,
    Hello,
    LookingAt,
    Request,
    Subscribe,
    WireError,
)

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

URGENT_EVERY = 0.25
BOARD_EVERY = 2.0
"""Plain numbers; what is urgent (states, alerts, runs) goes at once."""
LOGS_EVERY = 0.1
HEARTBEAT = 2.0
LINES_PER_PAGE = 500
MOST_CALLS = 32
"""Calls of one client that are answered at the same time."""

MISMATCH = 69

Send = Callable[[bytes], Awaitable[None]]

_log = logging.getLogger(__name__)
_request = msgspec.json.Decoder(Request)
_encode = msgspec.json.Encoder()


class ClientSession:
    """``send`` writes one line and waits until the client took it. ``name`` gives the operator's
    name for what a hello claims: the socket's credentials decide, not the claim."""

    def __init__(self, engine: Engine, send: Send, name: Callable[[str], str]) -> None:
        self._engine = engine
        self._send = send
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._replies: deque[bytes] = deque()
        self._free = asyncio.Semaphore(MOST_CALLS)
        self._calls: set[asyncio.Task[None]] = set()
        self._runs: dict[str, Run] = {}
        self._subscribed: Subscribe | None = None
        self._sent = 0
        self._sent_tables: dict[str, int] = {}
        self._log_seq: int | None = None
        self._board_at = self._logs_at = float("-inf")

    async def run(self, lines: Callable[[], Awaitable[bytes | None]]) -> None:
        """Serve until ``lines`` gives ``None`` (the client is gone)."""
        wake = self._wake.set
        self._engine.relay.listeners.add(wake)
        self._engine.relay.run_listeners.add(self._ran)
        self._engine.logs.listeners.add(wake)
        pump = asyncio.create_task(self._pump())
        try:
            while (line := await lines()) is not None and not pump.done():
                await self._free.acquire()
                self._start(self._answer(line))
        finally:
            self._engine.presences.leave(self)
            self._engine.logs.listeners.discard(wake)
            if self._timer is not None:
                self._timer.cancel()
            self._engine.relay.listeners.discard(wake)
            self._engine.relay.run_listeners.discard(self._ran)
            for task in (pump, *self._calls):
                task.cancel()
            await asyncio.gather(pump, *self._calls, return_exceptions=True)

    # Calls.

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _answer(self, line: bytes) -> None:
        id = 0
        try:
            request = _request.decode(line)
            id = request.id
            result = await self._handle(request)
            reply = message(id=id, result=msgspec.Raw(_encode.encode(result)))
        except (Refused, WireFault) as fault:
            reply = message(id=id, error=WireError(fault.code, str(fault)))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            words = f"this is not a request: {clean(error, 200)}"
            reply = message(error=WireError(PARSE_ERROR, words))
        except Exception as error:  # a fault of ours is an answer too, never a lost connection
            _log.exception("answering a call")
            words = f"our own code failed ({type(error).__name__}); the engine's log has more"
            reply = message(id=id, error=WireError(INTERNAL, words))
        self._replies.append(reply)
        self._wake.set()

    async def _handle(self, request: Request) -> Any:
        if request.method == "hello":
            return self._hello(params_of(request, Hello))
        if self._peer is None:
            raise WireFault("the first call on a connection is hello", INVALID_REQUEST)
        if request.method == "subscribe":
            self._engine.presences.enter(self, self._peer)
            return self._subscribe(params_of(request, Subscribe))
        if request.method == "presence":
            at = params_of(request, LookingAt)
            return self._engine.presences.look(self, self._peer, at)
        return await self._engine.call(request.method, request.params, self._peer)

    def _hello(self, hello: Hello) -> Any:
        if hello.protocol != PROTOCOL:
            raise WireFault(
                f"this engine speaks protocol {PROTOCOL} (version {self._engine.version}), the"
                f" client {hello.protocol} (version {clean(hello.version, 40)}): stop the engine"
                " (ainur-tui engine stop) and a matching one is started",
                MISMATCH,
            )
        operator = self._name(clean(hello.operator, 64))
        self._peer = Peer(operator, about.granted(self._engine, hello), clean(hello.tty, 64))
        return about.welcome(self._engine, self._peer)

    def _subscribe(self, wanted: Subscribe) -> None:
        before = self._subscribed
        if before is None:
            self._sent = 0
        self._sent_tables = {name: self._sent_tables.get(name, 0) for name in wanted.tables}
        if wanted.logs is not None:
            self._engine.logs.query(replace(wanted.logs, limit=1))  # a bad pattern is refused now
            if before is None or before.logs != wanted.logs:
                self._log_seq = wanted.logs.after
        self._subscribed = wanted
        self._board_at = self._logs_at = float("-inf")
        self._wake.set()

    def _ran(self, run: Run) -> None:
        if self._subscribed is not None:
            self._runs[run.id] = run
            self._wake.set()

    # What is told.

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._replies:
                await self._send(self._replies.popleft())
                self._free.release()
            if self._subscribed is None:
                continue
            waits = [await self._tell_runs(), await self._tell_board(), await self._tell_logs()]
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(min(waits), self._wake.set)

    async def _notify(self, method: str, params: Any) -> None:
        body = msgspec.Raw(_encode.encode(params))
        await self._send(message(method=method, params=body))

    async def _tell_runs(self) -> float:
        while self._runs:
            await self._notify("run", self._runs.pop(next(iter(self._runs))))
        return HEARTBEAT

    async def _tell_board(self) -> float:
        """Tell what changed, if it is time; returns the seconds until the next time."""
        picture = self._engine.picture
        every = (
            URGENT_EVERY
            if picture.urgent > self._sent
            else BOARD_EVERY
            if picture.revision > self._sent
            else HEARTBEAT
        )
        wait = self._board_at + every - self._loop.time()
        if picture.view is None or wait > 0:
            return wait if wait > 0 else HEARTBEAT
        update = picture.since(self._sent, self._sent_tables)
        if update.presence is not None:
            update.presence = self._engine.presences.told(self, update.presence)
        self._sent = picture.revision
        self._sent_tables = dict.fromkeys(self._sent_tables, picture.revision)
        self._board_at = self._loop.time()
        await self._notify("board", update)
        return HEARTBEAT

    async def _tell_logs(self) -> float:
        query = self._subscribed.logs if self._subscribed else None
        if query is None:
            return HEARTBEAT
        wait = self._logs_at + LOGS_EVERY - self._loop.time()
        if wait > 0:
            return wait
        self._logs_at = self._loop.time()
        most = min(max(query.limit, 1), LINES_PER_PAGE)
        logs = self._engine.logs
        onward = replace(query, after=self._log_seq, before=None, around=None, forward=False)
        page = logs.query(replace(onward, limit=most))
        # Lines that do not match have been looked at too, and are not looked at again.
        self._log_seq = logs.newest
        if page.lines or page.gaps:
            await self._notify("logs", page)
        return HEARTBEAT
