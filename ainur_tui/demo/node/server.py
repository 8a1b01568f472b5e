"""HTTP and WebSocket on one port, and the Prometheus page on another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from email.utils import formatdate
from typing import Any

from aiohttp import WSMsgType, web

from ainur_tui.demo.node.chain import Chain
from ainur_tui.demo.node.chainhead import BLOCKS_OF, EVENT, FOLLOW, STORAGE, UNFOLLOW, Following
from ainur_tui.demo.node.peers import VERSION
from ainur_tui.demo.node.rpc import SUBSCRIPTIONS, Json, Methods, RpcError

QUEUE = 256
"""Heads that wait for a slow subscriber before it is cut off, as the real node does."""


class RpcServer:
    """JSON-RPC for anyone who connects; ``publish`` tells subscribers of new heads."""

    def __init__(self, chain: Chain, methods: Methods) -> None:
        self._chain = chain
        self._methods = methods
        self._finalized = chain.finalized
        self._subscribers: dict[str, tuple[str, asyncio.Queue[Json]]] = {}
        self._follows: dict[str, Following] = {}
        self.calls = 0

    def application(self) -> web.Application:
        """The aiohttp application to serve on the RPC port."""
        application = web.Application(client_max_size=15 * 1024 * 1024)
        application.add_routes([web.post("/", self.post), web.get("/", self.get)])
        application.add_routes([web.get("/health", self.health)])
        return application

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response(self._methods.health())

    async def post(self, request: web.Request) -> web.Response:
        answer = self._answer(await request.read())
        told = {"Date": formatdate(time.time() + self._chain.skew, usegmt=True)}
        if answer is None:
            return web.Response(status=204, headers=told)
        return web.json_response(answer, headers=told)

    async def get(self, request: web.Request) -> web.StreamResponse:
        if not web.WebSocketResponse().can_prepare(request):
            return web.Response(
                status=405, text="Used HTTP Method is not allowed. POST is required\n"
            )
        return await self._talk(request)

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=15 * 1024 * 1024)
        await socket.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue(QUEUE)
        sender = asyncio.create_task(_send(socket, queue))
        try:
            async for message in socket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    answer = self._answer(message.data, queue)
                    if answer is not None:
                        await socket.send_json(answer)
        finally:
            sender.cancel()
            for key in [key for key, value in self._subscribers.items() if value[1] is queue]:
                self._end(key)
        return socket

    def _answer(self, raw: str | bytes, queue: asyncio.Queue[Json] | None = None) -> Any:
        try:
            given = json.loads(raw)
        except ValueError:
            return _error(None, RpcError(-32700, "Parse error"))
        if isinstance(given, list) and given:
            answers = [self._one(call, queue) for call in given]
            return [answer for answer in answers if answer is not None] or None
        return self._one(given, queue)

    def _one(self, call: Any, queue: asyncio.Queue[Json] | None) -> Json | None:
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            return _error(None, RpcError(-32600, "Invalid request"))
        self.calls += 1
        key, method = call.get("id"), call["method"]
        params = call.get("params") or []
        try:
            first = str(params[0]) if isinstance(params, list) and params else ""
            if (method in SUBSCRIPTIONS or method == FOLLOW) and self._methods.offers(method):
                result: Any = self._subscribe(method, queue, runtime=first == "True")
            elif method in {UNFOLLOW, *(end for end, _ in SUBSCRIPTIONS.values())}:
                ended = self._end(first)
                result = None if method == UNFOLLOW else ended
            elif method in BLOCKS_OF:
                result = self._block_of(method, first, params)
            else:
                result = self._methods.call(method, params)
        except RpcError as error:
            return _error(key, error)
        return {"jsonrpc": "2.0", "result": result, "id": key} if "id" in call else None

    def _subscribe(self, method: str, queue: asyncio.Queue[Json] | None, *, runtime: bool) -> str:
        if queue is None:
            raise RpcError(-32601, "Method not found")
        key, chain = secrets.token_urlsafe(12), self._chain
        self._subscribers[key] = (method, queue)
        if method == FOLLOW:
            self._follows[key] = Following(chain, self._methods.runtime() if runtime else None)
            self._tell(key, *self._follows[key].opening())
            return key
        new = method == "chain_subscribeNewHeads"
        self._tell(key, chain.header(chain.best if new else chain.finalized))
        return key

    def _end(self, key: str) -> bool:
        self._follows.pop(key, None)
        return self._subscribers.pop(key, None) is not None

    def _block_of(self, method: str, key: str, params: list[Any]) -> Any:
        """Of a block pinned for a subscriber; of a subscription that is over there is nothing."""
        following = self._follows.get(key)
        if following is None:
            return {"result": "limitReached"} if method == STORAGE else None
        try:
            found = following.answer(method, params[1])
        except (KeyError, IndexError):
            raise RpcError(-32801, "Invalid block hash") from None
        return found if method != STORAGE else self._read(key, found, params[2])

    def _read(self, key: str, block: str | None, items: list[Json]) -> Json:
        """What the state holds, told by events of an operation."""
        operation = {"operationId": secrets.token_urlsafe(6)}
        values = [{"key": one["key"], "value": self._methods.storage(one["key"], block)}
                  for one in items]  # fmt: skip
        found = [one for one in values if one["value"] is not None]
        told = [{"event": "operationStorageItems", "items": found} | operation] * bool(found)
        self._tell(key, *told, {"event": "operationStorageDone"} | operation)
        return {"result": "started", "discardedItems": 0} | operation

    def publish(self, imported: list[int]) -> None:
        """Tell subscribers of the heads just imported, and of those finalized by them."""
        finalized = range(self._finalized + 1, self._chain.finalized + 1)
        self._finalized = self._chain.finalized
        for key, (method, _) in list(self._subscribers.items()):
            if method == FOLLOW:
                self._tell(key, *self._follows[key].moved())
                continue
            numbers = imported if method == "chain_subscribeNewHeads" else finalized
            self._tell(key, *(self._chain.header(number) for number in numbers))

    def _tell(self, key: str, *results: Json) -> None:
        method, queue = self._subscribers[key]
        name = EVENT if method == FOLLOW else SUBSCRIPTIONS[method][1]
        try:
            for result in results:
                queue.put_nowait({
                    "jsonrpc": "2.0", "method": name,
                    "params": {"subscription": key, "result": result},
                })  # fmt: skip
        except asyncio.QueueFull:
            self._end(key)
        if results and results[-1].get("event") == "stop":
            self._end(key)


async def _send(socket: web.WebSocketResponse, queue: asyncio.Queue[Json]) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            await socket.send_json(await queue.get())


def _error(key: Any, error: RpcError) -> Json:
    return {"jsonrpc": "2.0", "error": error.json, "id": key}


def metrics_page(chain: Chain, began: float, constructed: int, calls: int) -> str:
    """The Prometheus text of the node."""
    label = 'chain="ainur_testnet"'
    page: list[str] = []

    def metric(name: str, kind: str, about: str, *values: tuple[str, float]) -> None:
        page.extend((f"# HELP {name} {about}", f"# TYPE {name} {kind}"))
        page.extend(f"{name}{{{extra}{label}}} {value:g}" if value < 1e5 else
                    f"{name}{{{extra}{label}}} {value:.0f}" for extra, value in values)  # fmt: skip

    metric("substrate_block_height", "gauge", "Block height info of the chain",
           ('status="best",', chain.best), ('status="finalized",', chain.finalized),
           ('status="sync_target",', chain.target))  # fmt: skip
    metric("substrate_number_leaves", "gauge", "Number of known chain leaves", ("", 1))
    metric("substrate_ready_transactions_number", "gauge",
           "Number of transactions in the ready queue", ("", len(chain.pool)))  # fmt: skip
    metric("substrate_sub_libp2p_peers_count", "gauge", "Number of connected peers",
           ("", chain.peers))  # fmt: skip
    metric("substrate_sub_libp2p_is_major_syncing", "gauge",
           "Whether the node is performing a major sync or not.", ("", chain.syncing))  # fmt: skip
    metric("substrate_finality_grandpa_round", "gauge", "Highest completed GRANDPA round.",
           ("", chain.finalized - chain.start))  # fmt: skip
    metric("substrate_proposer_block_constructed_count", "counter",
           "Blocks constructed by this node", ("", constructed))  # fmt: skip
    metric("substrate_rpc_calls_finished", "counter", "Number of processed RPC calls",
           ("", calls))  # fmt: skip
    metric("substrate_database_cache_bytes", "gauge", "RocksDB cache size in bytes",
           ("", 33_554_432 + chain.best % 4096 * 512))  # fmt: skip
    metric("substrate_build_info", "gauge", "A metric with a constant '1' value",
           (f'name="ainur-node",version="{VERSION}",', 1))  # fmt: skip
    metric("substrate_process_start_time_seconds", "gauge",
           "Number of seconds between the UNIX epoch and the moment the process started",
           ("", began))  # fmt: skip
    page += ["# TYPE process_start_time_seconds gauge", f"process_start_time_seconds {began:.2f}"]
    page += ["# TYPE process_cpu_seconds_total counter",
             f"process_cpu_seconds_total {time.process_time():.2f}"]  # fmt: skip
    return "\n".join(page) + "\n"
