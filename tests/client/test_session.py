"""What the console talks to: there again by itself, on real sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from ainur_tui.client import remote as remote_module
from ainur_tui.client import session as session_module
from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.client.local import Local
from ainur_tui.client.session import Session
from ainur_tui.engine.wire.server import Server
from ainur_tui.model.action import Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.model.wire import PROTOCOL, Welcome
from tests.engine.acting import call
from tests.engine.engines import Little, engine, hello, paths, serving, until


class Ear:
    """A listener that keeps what it heard."""

    def __init__(self) -> None:
        self.links: list[Welcome] = []
        self.reasons: list[str] = []
        self.boards: list[BoardView] = []
        self.pages: list[LogPage] = []
        self.runs: list[Run] = []
        self.linked = self.links.append
        self.unlinked = self.reasons.append
        self.board = self.boards.append
        self.lines = self.pages.append
        self.ran = self.runs.append


async def test_everything_comes_over_one_session(tmp_path: Path) -> None:
    little, ear = Little(), Ear()
    session = Session(paths(tmp_path).socket, hello(), ear, launch=None)
    async with serving(tmp_path, little):
        running = asyncio.create_task(session.run())
        await until(lambda: session.board and session.board.state == "up")
        assert ear.links[0].environment == "test"
        assert session.board is ear.boards[-1]
        assert session.board is not None
        assert session.board.tables == []
        await session.look_at(["api.queues"], LogQuery())
        await until(lambda: session.board and session.board.table("api.queues"))
        await little.lines.queue.put(["hello there"])
        await until(lambda: ear.pages)
        assert ear.pages[0].lines[0].message == "hello there"
        run = await session.call("run", call())
        await until(lambda: ear.runs and ear.runs[-1].state == "verified")
        assert ear.runs[-1].id == run.id
        with pytest.raises(CallError) as refused:
            await session.call("run", call("nowhere", key="k2"))
        assert refused.value.code == 64
        await session.close()
        await asyncio.wait_for(running, 5)


async def test_it_comes_back_and_looks_at_the_same(tmp_path: Path) -> None:
    ear = Ear()
    session = Session(paths(tmp_path).socket, hello(), ear, launch=None)
    with pytest.raises(Disconnected):
        await session.call("board")
    running = asyncio.create_task(session.run())
    await until(lambda: ear.reasons)
    assert ear.reasons[0] == "no engine answers"
    await session.look_at(["api.queues"], None)
    async with serving(tmp_path):
        await until(lambda: session.board and session.board.table("api.queues"))
    await until(lambda: "the engine went away" in ear.reasons)
    assert session.board is not None
    with pytest.raises(Disconnected):
        await session.call("board")
    async with serving(tmp_path):
        await until(lambda: len(ear.links) == 2)
        await until(lambda: session.board and session.board.table("api.queues"))
        await session.close()
    await asyncio.wait_for(running, 5)


async def test_it_starts_an_engine_where_none_answers(tmp_path: Path) -> None:
    ear = Ear()
    (tmp_path / "run").mkdir()
    async with engine(tmp_path) as made:
        server = Server(made, paths(tmp_path).socket)
        started = 0

        async def launch() -> None:
            nonlocal started
            started += 1
            if started == 1:
                raise OSError("no room")
            await server.start()

        session = Session(paths(tmp_path).socket, hello(), ear, launch=launch)
        running = asyncio.create_task(session.run())
        await until(lambda: ear.links)
        assert ear.reasons[0] == "the engine cannot be started: no room"
        assert started == 2
        await session.close()
        await running
        await server.close()


async def test_another_protocol_is_told_and_nothing_started(tmp_path: Path) -> None:
    ear = Ear()
    launched: list[int] = []

    async def launch() -> None:
        launched.append(1)

    session = Session(paths(tmp_path).socket, hello(protocol=PROTOCOL + 1), ear, launch=launch)
    async with serving(tmp_path):
        running = asyncio.create_task(session.run())
        await until(lambda: ear.reasons)
        assert "engine stop" in ear.reasons[0]
        assert launched == []
        await session.close()
        await running


@pytest.mark.parametrize(("words", "name"), [("RESULTS", "hello"), ("NOTIFICATIONS", "board")])
async def test_an_engine_of_another_build_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, name: str
) -> None:
    """The number of the protocol is the same, and its words are not."""
    monkeypatch.setitem(getattr(remote_module, words), name, list[int])
    ear = Ear()
    session = Session(paths(tmp_path).socket, hello(), ear, launch=None)
    async with serving(tmp_path):
        running = asyncio.create_task(session.run())
        await until(lambda: remote_module.OTHER_BUILD in ear.reasons)
        await session.close()
        await running


async def test_a_silent_engine_is_a_lost_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "SILENCE", 0.05)
    ear = Ear()
    session = Session(paths(tmp_path).socket, hello(), ear, launch=None)
    async with serving(tmp_path) as made:
        made.picture.view = None
        running = asyncio.create_task(session.run())
        await until(lambda: any("silent" in reason for reason in ear.reasons))
        await session.close()
        await running


async def test_the_same_calls_inside_the_process(tmp_path: Path) -> None:
    async with engine(tmp_path, watching=False) as made, Local(made.call, hello("read")) as local:
        assert local.welcome.access == "read"
        assert (await local.call("board")).environment == "test"
        with pytest.raises(CallError) as refused:
            await local.call("run", call())
        assert refused.value.code == 77


def test_the_client_imports_little() -> None:
    code = (
        "import sys, ainur_tui.client.session, ainur_tui.client.launch, ainur_tui.client.local;"
        "print([m for m in ('httpx', 'asyncpg', 'textual', 'psutil', 'sqlite3',"
        " 'ainur_tui.engine', 'ainur_tui.systems', 'ainur_tui.config') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "[]\n"
