"""The engine as a process: one at a time, signals, leaving, and dying (F-31, F-35, F-41, F-42)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ainur_tui.client.launch import LaunchFailed, answers, last_line, launch, start_engine
from ainur_tui.engine import lifecycle, record
from tests.engine.acting import Clock, call
from tests.engine.engines import connected, paths, until

ARGV = [sys.executable, "-m", "tests.engine.process"]


@asynccontextmanager
async def process(
    folder: Path, *words: str, env: dict[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    made = await asyncio.create_subprocess_exec(
        *ARGV, str(folder), *words, stderr=asyncio.subprocess.PIPE, env=os.environ | (env or {})
    )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.kill()
        await made.communicate()


async def answering(folder: Path) -> None:
    await until(lambda: answers(paths(folder).socket))


async def test_signals_end_it_and_leave_nothing(tmp_path: Path) -> None:
    async with process(tmp_path) as made:
        await answering(tmp_path)
        assert paths(tmp_path).pid.read_text() == f"{made.pid}\n"
        made.send_signal(signal.SIGHUP)
        async with process(tmp_path) as second:
            _, said = await asyncio.wait_for(second.communicate(), 20)
            assert second.returncode == 75
            assert b"an engine runs" in said
        async with await connected(tmp_path) as remote:
            assert (await remote.call("engine.status")).pid == made.pid
        made.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(made.wait(), 10) == 0
    assert not paths(tmp_path).socket.exists()
    assert not paths(tmp_path).pid.exists()
    assert oct((tmp_path / "run").stat().st_mode)[-3:] == "700"
    for file in (tmp_path / "state").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


async def test_killed_in_a_step_it_is_read_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    async with process(tmp_path) as made:
        await answering(tmp_path)
        async with await connected(tmp_path) as remote:
            run = await remote.call("run", call())

            async def begun() -> bool:
                # Shown a moment earlier than it is on the record, which the next engine reads.
                return any(entry.kind == "step" for entry in await remote.call("journal"))

            await until(begun)
            made.kill()
            await made.wait()
    async with process(tmp_path):
        await answering(tmp_path)
        async with await connected(tmp_path) as remote:

            async def judged() -> bool:
                return (await remote.call("runs"))[0].finished_at is not None

            await until(judged)
            found = await remote.call("runs")
            assert [(r.id, r.state) for r in found] == [(run.id, "failed")]
            assert "during “drain”" in found[0].message
            assert (await remote.call("journal.verify")).ok
            assert (await remote.call("board")).leases == []


async def test_asked_twice_it_waits_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    async with process(tmp_path) as made:
        await answering(tmp_path)
        async with await connected(tmp_path) as remote:
            await remote.call("run", call())
        made.send_signal(signal.SIGTERM)
        await until(lambda: not paths(tmp_path).socket.exists())
        assert made.returncode is None
        made.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(made.wait(), 10) == 0
    last = record.read(paths(tmp_path).journal)[-1]
    assert (last.kind, last.state) == ("result", "unknown")


async def test_it_leaves_when_nobody_needs_it_and_tells_systemd(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(20)
        async with process(
            tmp_path, "0.2", env={"NOTIFY_SOCKET": str(tmp_path / "notify")}
        ) as made:
            assert await asyncio.to_thread(channel.recv, 100) == b"READY=1"
            assert await asyncio.to_thread(channel.recv, 100) == b"STOPPING=1"
            assert await asyncio.wait_for(made.wait(), 10) == 0


async def test_several_clients_start_one_detached_engine(tmp_path: Path) -> None:
    argv, log = [*ARGV, str(tmp_path)], paths(tmp_path).log
    await asyncio.gather(*(launch(argv, log, paths(tmp_path).socket, 20) for _ in range(3)))
    async with await connected(tmp_path) as remote:
        pid = (await remote.call("engine.status")).pid
        assert os.getsid(pid) not in (os.getsid(0), pid)
        assert _input_of(pid) == Path("/dev/null")
        await asyncio.to_thread(start_engine, argv, log)
        assert (await remote.call("engine.status")).pid == pid
        await remote.call("engine.stop")
    await until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


def _input_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/fd/0").readlink()


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_an_engine_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import sys; sys.exit('the disk is \\x1b[2J full')"]
    log = tmp_path / "state" / "engine.log"
    with pytest.raises(LaunchFailed, match="the disk is ␛"):
        await launch(argv, log, tmp_path / "none", 0.5)
    assert last_line(tmp_path / "nowhere") == ""


def test_folders_that_are_not_ours_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(lifecycle.Unsafe, match="others may write"):
        lifecycle.private(tmp_path / "open")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(lifecycle.Unsafe, match="not a folder"):
        lifecycle.private(tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(lifecycle.Unsafe, match="cannot be made"):
        lifecycle.private(tmp_path / "file")
    for before, group, after in ((0o755, False, 0o700), (0o2755, True, 0o2750)):
        folder = tmp_path / f"{before:o}"
        folder.mkdir()
        folder.chmod(before)
        assert lifecycle.private(folder) == (folder.stat().st_gid if group else None)
        assert folder.stat().st_mode & 0o7777 == after
    assert lifecycle.private(tmp_path / "new" / "deep") is None


def test_idle_is_counted_from_the_last_need() -> None:
    class Ticks(Clock):
        def monotonic(self) -> float:
            return self.ticks

    clock, busy = Ticks(), [True]
    idle = lifecycle.Idle(clock, lambda: busy[0], 600)
    assert not idle.is_over()
    clock.advance(700)
    busy[0] = False
    assert not idle.is_over()
    leaves_at = idle.leaves_at
    assert leaves_at == clock.wall + 600
    clock.advance(599)
    assert not idle.is_over()
    busy[0] = True
    assert not idle.is_over()
    assert not idle.leaves_at
    busy[0] = False
    assert not idle.is_over()
    clock.advance(601)
    assert idle.is_over()
