"""The socket: who may come in, what odd input does, and how clients are told (S-24, F-49)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.client.remote import Remote
from ainur_tui.engine.wire import server as server_module
from ainur_tui.engine.wire.server import Server, Unreachable, may_connect, operator
from ainur_tui.model.action import Run
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.model.update import Update
from ainur_tui.model.wire import PROTOCOL, BoardQuery, Subscribe
from tests.engine.acting import call
from tests.engine.engines import Little, connected, engine, hello, paths, serving, until


class Wire:
    """A client that may say anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, folder: Path) -> Wire:
        return cls(*await asyncio.open_unix_connection(paths(folder).socket, limit=1 << 26))

    async def say(self, line: bytes) -> dict[str, Any]:
        self.writer.write(line + b"\n")
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), 5)
        found: dict[str, Any] = json.loads(line)
        assert found["protocol"] == PROTOCOL
        assert found["jsonrpc"] == "2.0"
        return found

    async def hello(self, **more: Any) -> dict[str, Any]:
        params = {
            "protocol": PROTOCOL,
            "version": "1",
            "access": "operate",
            "operator": "mira",
        } | more
        return await self.say(json.dumps({"id": 1, "method": "hello", "params": params}).encode())


async def test_the_socket_is_ours_alone(tmp_path: Path) -> None:
    async with serving(tmp_path):
        mode = paths(tmp_path).socket.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not paths(tmp_path).socket.exists()


async def test_a_dead_engines_socket_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(paths(tmp_path).socket))
    dead.close()
    async with serving(tmp_path), await connected(tmp_path) as remote:
        assert remote.welcome.environment == "test"


async def test_a_path_too_long_is_told(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        with pytest.raises(Unreachable, match="too long"):
            await Server(made, tmp_path / ("x" * 120)).start()
        with pytest.raises(Unreachable, match="no socket at"):
            await Server(made, tmp_path / "nowhere" / "s").start()


def test_who_may_connect() -> None:
    own = os.geteuid()
    assert may_connect(own, 1, None)
    assert may_connect(0, 0, None)
    assert not may_connect(65534, 65534, None)
    assert may_connect(65534, 65534, 65534)
    assert not may_connect(65534, 65534, 4242)
    assert may_connect(987654, 4242, 4242)


def test_the_kernel_names_the_operator() -> None:
    assert operator(os.geteuid(), "mira") == "mira"
    assert operator(1, "mira") == "daemon"
    assert operator(987654, "mira") == "uid 987654"


async def test_a_stranger_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "may_connect", lambda *_: False)
    async with serving(tmp_path):
        with pytest.raises(CallError, match="another user") as refused:
            await connected(tmp_path)
    assert refused.value.code == 77


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello?", -32700),
        (b"", -32700),
        (b"[]", -32700),
        (b'{"id": "x"}', -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'{"id": 7, "method": "board"}', -32600),
        (b'{"id": 7, "method": "hello", "params": {"protocol": "one"}}', -32602),
        (b'{"id": 7, "method": "hello"}', -32602),
    ],
)
async def test_odd_input_is_answered(tmp_path: Path, line: bytes, code: int) -> None:
    async with serving(tmp_path):
        wire = await Wire.open(tmp_path)
        assert (await wire.say(line))["error"]["code"] == code
        assert (await wire.hello())["result"]["operator"] == "mira"
        wire.writer.close()


async def test_a_request_without_end_is_cut(tmp_path: Path) -> None:
    async with serving(tmp_path) as made:
        wire = await Wire.open(tmp_path)
        wire.writer.write(b"x" * (2 << 20))
        assert "at most" in (await wire.hear())["error"]["message"]
        wire.writer.close()
        async with await connected(tmp_path) as remote:
            assert (await remote.call("engine.status")).pid == os.getpid()
        await until(lambda: made.clients == 0)


async def test_another_protocol_is_told_in_words(tmp_path: Path) -> None:
    async with serving(tmp_path):
        wire = await Wire.open(tmp_path)
        error = (await wire.hello(protocol=9))["error"]
        assert error["code"] == 69
        assert f"protocol {PROTOCOL} " in error["message"]
        assert "engine stop" in error["message"]
        assert (await wire.say(b'{"id": 2, "method": "board"}'))["error"]["code"] == -32600
        wire.writer.close()


async def test_access_is_the_engines_to_give(tmp_path: Path) -> None:
    async with serving(tmp_path), await connected(tmp_path, "read") as remote:
        assert remote.welcome.access == "read"
        with pytest.raises(CallError) as refused:
            await remote.call("run", call())
        assert refused.value.code == 77
        assert (await remote.call("actions"))[0].name == "restart"


async def test_calls_overtake_each_other(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little), await connected(tmp_path) as remote:
        await until(lambda: little.pulse.reads)
        little.pulse.hold.clear()
        slow = asyncio.ensure_future(remote.call("board", BoardQuery(fresh=True)))
        assert (await remote.call("engine.status")).clients == 1
        assert not slow.done()
        little.pulse.hold.set()
        assert (await slow).environment == "test"


async def told(remote: Remote, kind: type[Any], count: int = 1) -> list[Any]:
    found = []
    async with asyncio.timeout(10):
        async for item in remote:
            if isinstance(item, kind):
                found.append(item)
                if len(found) == count:
                    return found
    raise AssertionError("the engine went away")


async def first_told(remote: Remote, kind: type[Any], wanted: Callable[[Any], bool]) -> Any:
    while True:
        (found,) = await told(remote, kind)
        if wanted(found):
            return found


async def test_first_all_then_what_changed(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little) as made, await connected(tmp_path) as remote:
        await until(lambda: made.picture.view and made.picture.view.state == "up")
        await remote.call("subscribe", Subscribe())
        (first,) = await told(remote, Update)
        assert [target.name for _, target in first.targets.put] == ["api"]
        assert first.state == "up"
        assert first.not_configured
        assert first.tables is None
        await remote.call("subscribe", Subscribe(tables=["api.queues"]))
        (second,) = await told(remote, Update)
        assert [table.name for table in second.tables] == ["api.queues"]
        assert second.targets is None
        assert second.not_configured is None
        little.pulse.queue = 50
        await remote.call("board", BoardQuery(fresh=True))
        found = await first_told(remote, Update, lambda update: update.state == "degraded")
        assert found.targets is not None
        assert found.tables is not None
        assert found.tables[0].rows[0].cells == [50]


async def test_at_most_four_pictures_a_second(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little) as made, await connected(tmp_path) as remote:
        await remote.call("subscribe", Subscribe())
        loop = asyncio.get_running_loop()
        times: list[float] = []
        async with asyncio.timeout(10):
            async for found in remote:
                if isinstance(found, Update):
                    times.append(loop.time())
                if len(times) == 5:
                    break
                little.pulse.queue = 50 - little.pulse.queue
                await made.looks.once({"api"}, None)
        gaps = [b - a for a, b in pairwise(times)]
        assert min(gaps) > 0.2


async def test_runs_are_told_step_by_step(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little), await connected(tmp_path) as remote:
        await remote.call("subscribe", Subscribe())
        run = await remote.call("run", call())
        found = await first_told(remote, Run, lambda told: told.state == "verified")
        assert found.id == run.id
        assert (await remote.call("run", call())).id == run.id
        assert little.restart.boots == 2


async def test_lines_are_told_and_what_was_skipped_is_counted(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little) as made, await connected(tmp_path) as remote:
        await little.lines.queue.put(["old one", "old two"])
        await until(lambda: made.logs.query(LogQuery()).lines)
        await remote.call("subscribe", Subscribe(logs=LogQuery(limit=10)))
        (page,) = await told(remote, LogPage)
        assert [line.message for line in page.lines] == ["old one", "old two"]
        await little.lines.queue.put([f"line {n}" for n in range(100)])
        (page,) = await told(remote, LogPage)
        assert [line.message for line in page.lines] == [f"line {n}" for n in range(90, 100)]
        assert page.skipped == 90


async def test_a_pattern_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path), await connected(tmp_path) as remote:
        with pytest.raises(CallError) as refused:
            await remote.call("subscribe", Subscribe(logs=LogQuery(pattern="(")))
        assert refused.value.code == 64


async def test_a_client_that_does_not_read_costs_nobody(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little) as made:
        deaf = await Wire.open(tmp_path)
        await deaf.hello()
        for number in range(400):
            request = {"id": number + 2, "method": "board", "params": {}}
            deaf.writer.write(json.dumps(request).encode() + b"\n")
        async with await connected(tmp_path) as remote:
            run = await remote.call("run", call())
            await until(lambda: not made.executor.active)
            (found,) = await remote.call("runs")
            assert (found.id, found.state) == (run.id, "verified")
        deaf.writer.close()
        await until(lambda: made.clients == 0)


async def test_a_client_that_dies_in_a_call_is_forgotten(tmp_path: Path) -> None:
    little = Little()
    async with serving(tmp_path, little) as made:
        await until(lambda: little.pulse.reads)
        little.pulse.hold.clear()
        wire = await Wire.open(tmp_path)
        await wire.hello()
        wire.writer.write(b'{"id": 2, "method": "board", "params": {"fresh": true}}\n')
        wire.writer.close()
        await until(lambda: made.clients == 0)
        little.pulse.hold.set()


async def test_clients_are_sent_away_at_the_end(tmp_path: Path) -> None:
    async with serving(tmp_path):
        remote = await connected(tmp_path)
    with pytest.raises(Disconnected):
        await remote.call("run", call())
    with pytest.raises(Disconnected):
        await remote.call("engine.status")
    await remote.close()
    with pytest.raises(OSError, match=r".*"):
        await Remote.open(paths(tmp_path).socket, hello())
