"""JSON-RPC 2.0 to a node, over the configured endpoints in order.

An endpoint is asked by HTTP or over a WebSocket, as its scheme says, at the port it names and then
at the node's other one (:mod:`~ainur_tui.systems.node.endpoints`): it says which one answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, overload

import msgspec

from ainur_tui.model.failure import FailureKind, ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.clockwatch import ClockWatch
from ainur_tui.systems.node.endpoints import urls_of
from ainur_tui.systems.node.transport import Told, Transport, transport

T = TypeVar("T")
Call = tuple[str, Any, tuple[Any, ...]]
"""Method, shape of its result, parameters."""

SAFE_MODE = "hidden by the node's safe mode"
NOT_OFFERED = "not offered by this node"
PREFER_FIRST_AGAIN = 60.0
"""Seconds after which the first endpoint is tried again."""


class RpcRefused(ProbeFailure):
    """The node answered with a JSON-RPC error. ``unsafe``: it is in its safe mode; ``hidden``: for
    that or another reason it does not offer the method to us."""

    def __init__(self, method: str, code: int, message: str) -> None:
        self.code = code
        self.unsafe = "unsafe" in message.lower()
        self.hidden = code == -32601 or self.unsafe
        kind: FailureKind = (
            "forbidden" if self.unsafe else "missing" if self.hidden else "bad answer"
        )
        words = SAFE_MODE if self.unsafe else NOT_OFFERED if self.hidden else message
        super().__init__(kind, f"{method}: {words} ({code})")


class _NoBatch(Exception):
    """The node does not answer several calls in one question."""


class _Error(msgspec.Struct):
    code: int
    message: str = ""


class _Reply(msgspec.Struct):
    id: Any
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class NodeClient:
    """Calls the node. Failures are :class:`ProbeFailure`, a JSON-RPC error :class:`RpcRefused`.
    ``told`` gets what subscriptions say, where an endpoint is a WebSocket."""

    def __init__(
        self, endpoints: list[str], context: Context, deadline: float, told: Told | None = None
    ) -> None:
        urls = list(dict.fromkeys(url for entry in endpoints for url in urls_of(entry)))
        self._clock = context.clock
        self._redact = context.redact
        self._deadline = deadline
        self._ways = [transport(url, context, deadline, told) for url in urls]
        self._good = 0
        self._since = 0.0
        self._id = 0
        self._batches = True
        self.fallback: str | None = None

    @property
    def peer(self) -> str:
        """Who answers (or would be asked first), clean."""
        return self._ways[self._good].peer if self._ways else "no endpoint"

    @property
    def clock_watch(self) -> ClockWatch:
        """What is known of the clock of the machine that answers."""
        return self._ways[self._good].clock_watch if self._ways else ClockWatch()

    @overload
    async def call(
        self, method: str, shape: type[T], *params: Any, deadline: float | None = None
    ) -> T: ...
    @overload
    async def call(
        self, method: str, shape: Any, *params: Any, deadline: float | None = None
    ) -> Any: ...
    async def call(
        self, method: str, shape: Any, *params: Any, deadline: float | None = None
    ) -> Any:
        """Call a read-only ``method`` and check the result's shape; ``deadline`` in seconds."""
        return await self._anywhere(
            lambda way, left: self._ask(way, method, shape, params, left), deadline
        )

    async def batch(self, calls: Sequence[Call], deadline: float | None = None) -> list[Any]:
        """Several calls in one question: what each answered in its shape, or its failure in that
        place. A node that takes no batches is asked one by one. Raises only where none answers."""
        if not calls:
            return []
        if self._batches:
            try:
                found: list[Any] = await self._anywhere(
                    lambda way, left: self._ask_all(way, calls, left), deadline
                )
                return found
            except _NoBatch:
                self._batches = False
        return list(await asyncio.gather(*(self._alone(call, deadline) for call in calls)))

    async def _alone(self, call: Call, deadline: float | None) -> Any:
        method, shape, params = call
        try:
            return await self.call(method, shape, *params, deadline=deadline)
        except ProbeFailure as failure:
            return failure

    async def _anywhere(
        self, ask: Callable[[Transport, float], Awaitable[Any]], deadline: float | None
    ) -> Any:
        """Ask one endpoint after the other until one answers, within the deadline together."""
        total = self._deadline if deadline is None else deadline
        end = self._clock.monotonic() + total
        order = self._order()
        failures: list[tuple[str, ProbeFailure]] = []
        for count, index in enumerate(order):
            way = self._ways[index]
            left = max(0.05, end - self._clock.monotonic()) / (len(order) - count)
            try:
                found = await ask(way, left)
            except RpcRefused:
                raise
            except ProbeFailure as failure:
                failures.append((way.peer, failure))
                continue
            self._settle(index, failures)
            return found
        if not failures:
            raise ProbeFailure("internal", "no RPC endpoint is configured")
        if len(failures) == 1:
            raise failures[0][1]
        told = "; ".join(f"{peer}: {failure}" for peer, failure in failures)
        raise ProbeFailure(failures[0][1].kind, told)

    async def close(self) -> None:
        """Close all connections."""
        for way in self._ways:
            await way.close()

    def _order(self) -> list[int]:
        if self._good and self._clock.monotonic() - self._since > PREFER_FIRST_AGAIN:
            self._good = 0
        every = range(len(self._ways))
        return sorted(every, key=lambda index: (index != self._good, index))

    def _settle(self, index: int, failures: list[tuple[str, ProbeFailure]]) -> None:
        if index != self._good:
            self._good, self._since = index, self._clock.monotonic()
        if failures:
            self.fallback = f"{failures[0][0]}: {failures[0][1]}"
        elif index == 0:
            self.fallback = None

    async def _ask(
        self,
        way: Transport,
        method: str,
        shape: Any,
        params: tuple[Any, ...],
        deadline: float,
    ) -> Any:
        question = self._question(method, params)
        answer = await way.ask(question, deadline)
        try:
            reply = msgspec.json.decode(answer, type=_Reply)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise self._bad(method, error) from None
        return self._result(reply, question, shape)

    async def _ask_all(self, way: Transport, calls: Sequence[Call], deadline: float) -> list[Any]:
        questions = [self._question(method, params) for method, _, params in calls]
        answer = await way.ask(questions, deadline)
        try:
            replies = msgspec.json.decode(answer, type=list[_Reply])
        except (msgspec.MsgspecError, RecursionError, ValueError):
            raise _NoBatch from None
        by_id = {reply.id: reply for reply in replies if isinstance(reply.id, int)}
        found: list[Any] = []
        for question, (method, shape, _) in zip(questions, calls, strict=True):
            reply = by_id.get(question["id"])
            try:
                if reply is None:
                    raise ProbeFailure("bad answer", f"{method}: no answer in the batch")
                found.append(self._result(reply, question, shape))
            except ProbeFailure as failure:
                found.append(failure)
        return found

    def _question(self, method: str, params: tuple[Any, ...]) -> dict[str, Any]:
        self._id += 1
        return {"jsonrpc": "2.0", "id": self._id, "method": method, "params": list(params)}

    def _result(self, reply: _Reply, question: dict[str, Any], shape: Any) -> Any:
        method = question["method"]
        if reply.error is not None:
            message = self._redact(clean(reply.error.message, 200))
            raise RpcRefused(method, reply.error.code, message)
        if reply.id != question["id"]:
            raise ProbeFailure("bad answer", f"{method}: the answer is to another call")
        try:
            return msgspec.json.decode(reply.result, type=shape)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise self._bad(method, error) from None

    def _bad(self, method: str, error: Exception) -> ProbeFailure:
        return ProbeFailure("bad answer", f"{method}: {self._redact(clean(error, 160))}")
