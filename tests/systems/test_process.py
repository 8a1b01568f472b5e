"""Programs as argument vectors: bounded, killed with all they started, told in clean words."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems import piping, process

ENV = {"PATH": os.defpath}


async def test_output_code_and_stdin_come_back() -> None:
    done = await process.run(["cat"], stdin=b"a b", env=ENV, deadline=5)
    assert (done.code, done.stdout, done.stderr) == (0, b"a b", "")


async def test_stderr_is_clean_and_redacted() -> None:
    script = "import sys; sys.stderr.write('\\x1b[2J hunter2secret\\n'); sys.exit(3)"
    done = await process.run(
        [sys.executable, "-c", script], env=ENV, deadline=5,
        redact=Redactor([Secret("hunter2secret")]),
    )  # fmt: skip
    assert done.code == 3
    assert "␛" in done.stderr
    assert "hunter2secret" not in done.stderr


async def test_the_environment_is_only_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary-value")
    done = await process.run(["env"], env=ENV, deadline=5)
    assert b"CANARY" not in done.stdout


async def test_the_whole_group_dies_at_the_deadline(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {note}; wait"
    with pytest.raises(ProbeFailure, match="longer than") as caught:
        await process.run(["sh", "-c", script], env=ENV, deadline=0.5)
    assert caught.value.kind == "timeout"
    assert await _gone(int(note.read_text()))


async def test_too_much_output_is_refused() -> None:
    with pytest.raises(ProbeFailure) as caught:
        await process.run(["yes"], env=ENV, deadline=5, limit=1000)
    assert caught.value.kind == "too large"


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ProbeFailure) as caught:
        await process.run(["/nowhere/pg_dump"], env=ENV, deadline=5)
    assert caught.value.kind == "missing"
    assert "pg_dump" in str(caught.value)


async def test_a_stream_is_read_by_a_thread_and_ends_with_its_code() -> None:
    async with piping.stream(["sh", "-c", "printf data; exit 4"], env=ENV) as child:
        with os.fdopen(child.fd, "rb") as source:
            data = await asyncio.to_thread(source.read)
        done = await child.finish()
    assert (data, done.code) == (b"data", 4)


async def test_leaving_a_stream_kills_it() -> None:
    async with piping.stream(["sh", "-c", "echo $$; exec sleep 60"], env=ENV) as child:
        with os.fdopen(child.fd, "rb") as source:
            pid = int(await asyncio.to_thread(source.readline))
    assert await _gone(pid)


async def test_a_sink_gives_and_is_read_at_the_same_time() -> None:
    data = bytes(3 << 20)  # more than both pipes hold
    async with piping.sink(["cat"], env=ENV, output=True) as child:
        with os.fdopen(child.output, "rb") as source:
            reading = asyncio.create_task(asyncio.to_thread(source.read))
            assert await child.give(data)
            child.close()
            assert await reading == data
        assert (await child.finish()).code == 0


async def _gone(pid: int) -> bool:
    for _ in range(200):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        await asyncio.sleep(0.01)
    return False
