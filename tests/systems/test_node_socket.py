"""JSON-RPC over a kept WebSocket: shared, bounded, opened again, never led elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.node import rpcsocket
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.shapes import Text
from tests.systems import nodeworld
from tests.systems.nodeworld import Clock, Connect, FakeNode, grows, of, probe
from tests.systems.test_http import Authority
from tests.systems.web import answer_with, app_server, raw_server

# The fixtures of the other file, shared.
clock, context, system = nodeworld.clock, nodeworld.context, nodeworld.system


@dataclass
class SocketNode(FakeNode):
    """The made-up node behind a WebSocket; ``reply`` may answer a question in its own way."""

    opened: list[web.WebSocketResponse] = field(default_factory=list)
    reply: Callable[[web.WebSocketResponse, bytes], Awaitable[bool]] | None = None
    ahead: float = 0.0

    def __post_init__(self) -> None:
        super().__init__()

    async def talk(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        socket.headers["Date"] = formatdate(time.time() + self.ahead, usegmt=True)
        await socket.prepare(request)
        self.opened.append(socket)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            if self.reply and await self.reply(socket, message.data.encode()):
                continue
            call = message.json()
            if isinstance(call, list):
                await socket.send_json([await self.answer(one) for one in call])
            else:
                await socket.send_json(await self.answer(call))
        return socket


@pytest.fixture
async def node() -> AsyncIterator[SocketNode]:
    found = SocketNode()
    app = web.Application()

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/")

    app.router.add_get("/", found.talk)
    app.router.add_get("/elsewhere", elsewhere)
    async with app_server(app) as url:
        found.url = url.replace("http", "ws")
        yield found


@pytest.fixture
async def client(node: SocketNode, context: Context) -> AsyncIterator[NodeClient]:
    found = NodeClient([node.url], context, 10.0)
    yield found
    await found.close()


async def test_calls_share_one_connection(node: SocketNode, client: NodeClient) -> None:
    found = await asyncio.gather(
        client.call("system_chain", Text),
        client.batch([("system_version", Text, ()), ("nothing", Text, ())]),
        *(client.call("system_name", Text) for _ in range(5)),
    )
    assert found[0] == "Ainur"
    assert found[1][0] == "1.0.0"
    assert isinstance(found[1][1], RpcRefused)
    assert found[2:] == ["ainur-node"] * 5
    assert len(node.opened) == 1
    assert client.peer == node.url


async def test_answers_find_their_question_in_any_order(
    node: SocketNode, client: NodeClient
) -> None:
    held: list[bytes] = []

    async def late(socket: web.WebSocketResponse, raw: bytes) -> bool:
        held.append(raw)
        if len(held) == 2:
            await socket.send_str('{"jsonrpc":"2.0","method":"x","params":{}}')
            await socket.send_str('{"jsonrpc":"2.0","id":777,"result":"nobody asked"}')
            await socket.send_str('{"jsonrpc":"2.0","id":2,"result":"second"}')
            await socket.send_str('{"jsonrpc":"2.0","id":1,"result":"first"}')
        return True

    node.reply = late
    found = await asyncio.gather(client.call("a", Text), client.call("b", Text))
    assert found == ["first", "second"]


async def test_a_lost_connection_is_opened_again(node: SocketNode, client: NodeClient) -> None:
    async def gone(socket: web.WebSocketResponse, _: bytes) -> bool:
        await socket.close()
        return True

    node.reply = gone
    with pytest.raises(ProbeFailure, match="closed the connection"):
        await client.call("system_chain", Text)
    node.reply = None
    assert await client.call("system_chain", Text) == "Ainur"
    assert len(node.opened) == 2


async def test_a_silent_peer_costs_its_deadline_and_the_connection(
    node: SocketNode, client: NodeClient
) -> None:
    async def silent(_: web.WebSocketResponse, __: bytes) -> bool:
        return True

    node.reply = silent
    with pytest.raises(ProbeFailure) as failure:
        await client.call("system_chain", Text, deadline=0.2)
    assert failure.value.kind == "timeout"
    node.reply = None
    assert await client.call("system_chain", Text) == "Ainur"
    assert len(node.opened) == 2


async def test_what_is_too_large_or_no_json(
    node: SocketNode, client: NodeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpcsocket, "BYTES", 1000)
    words = iter(("[" * 2000, "[" * 900, "<html>", '{"id": 1, "id": "\x1b[31m'))

    async def hostile(socket: web.WebSocketResponse, _: bytes) -> bool:
        await socket.send_str(next(words))
        return True

    node.reply = hostile
    with pytest.raises(ProbeFailure) as failure:
        await client.call("system_chain", Text)
    assert failure.value.kind == "too large"
    for _ in range(3):
        with pytest.raises(ProbeFailure, match="no JSON-RPC"):
            await client.call("system_chain", Text)
    node.reply = None
    assert await client.call("system_chain", Text) == "Ainur"


async def test_a_node_that_takes_no_batches(node: SocketNode, client: NodeClient) -> None:
    async def whole(socket: web.WebSocketResponse, raw: bytes) -> bool:
        if not raw.startswith(b"["):
            return False
        error = '{"code":-32005,"message":"Batched requests are not supported by this server"}'
        await socket.send_str(f'{{"jsonrpc":"2.0","error":{error},"id":null}}')
        return True

    node.reply = whole
    calls = [("system_chain", Text, ()), ("system_name", Text, ())]
    assert await client.batch(calls) == ["Ainur", "ainur-node"]


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/nothing", "missing", "404 where a WebSocket"),
        ("/elsewhere", "bad answer", "no|not speak"),
    ],
)
async def test_what_is_no_websocket_and_what_leads_elsewhere(
    node: SocketNode, context: Context, path: str, kind: str, words: str
) -> None:
    client = NodeClient([node.url + path], context, 10.0)
    with pytest.raises(ProbeFailure, match=words) as failure:
        await client.call("system_chain", Text)
    assert failure.value.kind == kind
    await client.close()


async def test_a_certificate_that_is_not_trusted(context: Context, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.server("localhost", -1, 10)
    async with raw_server(answer_with(b"ok"), ssl=server) as peer:
        client = NodeClient([f"wss://{peer}/rpc"], context, 10.0)
        with pytest.raises(ProbeFailure) as failure:
            await client.call("system_chain", Text)
        assert failure.value.kind == "tls"
        await client.close()


async def test_the_handshake_tells_the_clock_and_is_done_again(
    node: SocketNode, client: NodeClient, clock: Clock
) -> None:
    node.ahead = 30
    await client.call("system_chain", Text)
    assert client.clock_watch.difference == pytest.approx(30, abs=2)
    node.ahead = -30
    clock.ahead += rpcsocket.RENEWED + 1
    await client.call("system_chain", Text)
    assert len(node.opened) == 2
    assert client.clock_watch.difference == pytest.approx(-91, abs=2)


async def test_the_whole_system_by_websocket(node: SocketNode, system: Connect) -> None:
    node.answers["chain_getHeader"] = grows(node)
    where = system(rpc=[node.url])
    head = of(await probe(where, "head").read())
    assert head["node.up"].value == 1
    assert head["node.best"].source == f"JSON-RPC {node.url}"
    rows = {row.key: row.cells[1] for row in (await probe(where, "facts").read()).tables[0].rows}
    assert rows["Answered by"] == node.url
    assert len((await probe(where, "peers").read()).tables[0].rows) == 2
