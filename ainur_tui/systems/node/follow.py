"""The head by the newer RPC family: one ``chainHead_v1_follow`` on a WebSocket of its own.

The node tells of blocks as they come and keeps (pins) each until it is let go; the header of a
pinned one can be had. A stop, a lost connection or a block that is no longer pinned begin anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.endpoints import socket_urls
from ainur_tui.systems.node.scaleheader import header_of
from ainur_tui.systems.node.shapes import Hash, Header, Runtime, Text

KEPT = 16
"""Newest blocks that stay pinned: another of them may become the best one."""
MOST_PINNED = 512
"""Pins that nobody has looked at for so long that it is simpler to begin anew; the node itself ends
a subscription with more."""


class _Spec(msgspec.Struct):
    type: Text = ""
    spec: Runtime | None = None


class _Item(msgspec.Struct):
    value: Text | None = None


class _Event(msgspec.Struct, rename="camel"):
    event: Text
    finalized_block_hashes: list[Hash] = []
    finalized_block_runtime: _Spec | None = None
    new_runtime: _Spec | None = None
    block_hash: Hash | None = None
    best_block_hash: Hash | None = None
    operation_id: Text | None = None
    items: list[_Item] = []


class _Started(msgspec.Struct, rename="camel"):
    operation_id: Text | None = None


class _Params(msgspec.Struct):
    subscription: Text
    result: msgspec.Raw


class _Told(msgspec.Struct):
    params: _Params


class FollowedHead(NamedTuple):
    """The best block, the finalized height, and the newest runtime told of."""

    best: Header
    finalized: int
    runtime: Runtime | None


@dataclass
class _Following:
    """What one subscription has told."""

    best: str | None = None
    finalized: str | None = None
    runtime: Runtime | None = None
    pinned: deque[str] = field(default_factory=deque)
    stopped: bool = False
    known: asyncio.Event = field(default_factory=asyncio.Event)
    values: dict[str, str | None] = field(default_factory=dict)
    """Of operations on the state, by their ids, until they are asked for."""
    ended: set[str] = field(default_factory=set)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: _Event) -> None:
        if event.operation_id is not None:
            self._advance(event.operation_id, event)
            return
        reported = [*event.finalized_block_hashes] if event.event == "initialized" else []
        if event.event == "newBlock" and event.block_hash:
            reported.append(event.block_hash)
        self.pinned.extend(reported)
        if event.finalized_block_hashes:
            self.finalized = event.finalized_block_hashes[-1]
        if told := event.new_runtime or event.finalized_block_runtime:
            self.runtime = told.spec
        self.best = event.best_block_hash or self.best
        self.stopped |= event.event == "stop" or len(self.pinned) > MOST_PINNED
        if self.stopped or (self.best and self.finalized):
            self.known.set()

    def _advance(self, operation: str, event: _Event) -> None:
        if len(self.values) > KEPT:
            self.values.clear()
        if event.event == "operationStorageItems" and event.items:
            self.values[operation] = event.items[0].value
        else:
            self.ended.add(operation)
        self.moved.set()

    async def value(self, operation: str) -> str | None:
        """What an operation found, once it has come to its end."""
        while operation not in self.ended:
            self.moved.clear()
            await self.moved.wait()
        self.ended.clear()
        return self.values.pop(operation, None)

    def released(self) -> list[str]:
        """Blocks that need not be kept any longer."""
        wanted = {self.best, self.finalized, *list(self.pinned)[-KEPT:]}
        gone = list(dict.fromkeys(one for one in self.pinned if one not in wanted))
        self.pinned = deque(one for one in self.pinned if one in wanted)
        return gone


class Follow:
    """Follows while it is looked at; :meth:`look` begins it and proves that it is alive."""

    def __init__(self, config: Node, context: Context) -> None:
        self._client = NodeClient(socket_urls(config.rpc), context, config.timeout, self._take)
        self._turn = asyncio.Lock()
        self._name: str | None = None
        self._heard: dict[str, _Following] = {}

    @property
    def peer(self) -> str:
        """Who is followed."""
        return self._client.peer

    async def look(self, deadline: float) -> FollowedHead:
        """The head as it is now. Raises :class:`ProbeFailure`, :class:`RpcRefused` where the node
        does not have this family."""
        try:
            async with asyncio.timeout(deadline), self._turn:
                found = await self._ask(deadline) if self._name else None
                if found is None:
                    await self._begin(deadline)
                    found = await self._ask(deadline)
        except TimeoutError:
            raise ProbeFailure("timeout", f"no head from {self.peer} by chainHead_v1") from None
        if found is None:
            raise ProbeFailure("unavailable", f"{self.peer} stops telling of its head")
        return found

    async def stored(self, key: str, deadline: float) -> str | None:
        """What the state of the best block last looked at holds under a key (both hex)."""
        following = self._heard.get(self._name or "")
        if following is None or following.best is None:
            return None
        asked = [{"key": key, "type": "value"}]
        try:
            async with asyncio.timeout(deadline):
                started = await self._client.call(
                    "chainHead_v1_storage", _Started, self._name, following.best, asked, None,
                    deadline=deadline,
                )  # fmt: skip
                operation = started.operation_id
                return await following.value(operation) if operation else None
        except TimeoutError:
            raise ProbeFailure("timeout", f"no state from {self.peer} by chainHead_v1") from None

    async def close(self) -> None:
        """Close the connection, and what is followed with it."""
        await self._client.close()

    async def _begin(self, deadline: float) -> None:
        if self._name is not None:
            await self._quietly("chainHead_v1_unfollow", self._name, deadline=deadline)
        self._name = None
        self._heard.clear()
        self._name = await self._client.call("chainHead_v1_follow", Text, True, deadline=deadline)

    async def _ask(self, deadline: float) -> FollowedHead | None:
        """The headers of what is followed; ``None`` where the subscription has come to its end."""
        name = str(self._name)
        following = self._heard.setdefault(name, _Following())
        await following.known.wait()
        best, final = following.best, following.finalized
        if following.stopped or best is None or final is None:
            return None
        try:
            told = [
                await self._client.call(
                    "chainHead_v1_header", Text | None, name, block, deadline=deadline
                )
                for block in (best, final)
            ]
            if gone := following.released():
                await self._quietly("chainHead_v1_unpin", name, gone, deadline=deadline)
            if None in told:
                return None
            head, last = (header_of(one) for one in told)
        except RpcRefused:
            return None
        except ValueError as error:
            raise ProbeFailure("bad answer", f"chainHead_v1_header: {error}") from None
        return FollowedHead(head, last.height, following.runtime)

    async def _quietly(self, method: str, *params: Any, deadline: float) -> None:
        """What the node may have forgotten already is no failure."""
        try:
            await self._client.call(method, Any, *params, deadline=deadline)
        except RpcRefused:
            return

    def _take(self, raw: bytes) -> None:
        """One notification; those of subscriptions that ended are not wanted."""
        try:
            told = msgspec.json.decode(raw, type=_Told).params
            event = msgspec.json.decode(told.result, type=_Event)
        except (msgspec.MsgspecError, RecursionError):
            return
        if self._name in {None, told.subscription} and len(self._heard) < KEPT:
            self._heard.setdefault(told.subscription, _Following()).take(event)
