"""Configured log files: here, and over SSH by a stand-in that tails like the real one."""

from __future__ import annotations

import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.config.types import Environment, Frontend, Host, LogFile, Logs
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.logs.files import RemoteFile
from ainur_tui.systems.logs.system import connect
from ainur_tui.systems.logsource import LogSource
from tests.systems.test_journald import STAY, argv, children, context, lines, tool

__all__ = ["context"]


def stamped(second: int) -> str:
    return f"2026-11-24T10:00:{second:02d}Z INFO line {second}"


def environment(*files: LogFile, **more: Any) -> Environment:
    return Environment(name="test", logs=Logs(files=list(files)), **more)


def sources(context: Context, *files: LogFile, **more: Any) -> tuple[LogSource, ...]:
    return connect(environment(*files, **more), context).logs


async def test_a_file_is_followed(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "error.log"
    path.write_text("one\ntwo\n")
    file = LogFile(name="nginx", path=os.fspath(path), target="frontend")
    (source,) = sources(context, file, frontend=Frontend(url="http://127.0.0.1:1"))
    assert (source.name, source.target) == ("nginx", "frontend")
    async with aclosing(source.batches(None)) as batches:  # type: ignore[type-var]
        assert [line.text for line in await lines(batches, 2)] == ["one", "two"]


async def test_over_ssh_lines_come_by_an_argument_vector_that_asks_nobody(
    tmp_path: Path, context: Context
) -> None:
    tool(tmp_path, "ssh", f"print({stamped(1)!r})\nprint({stamped(2)!r})\n{STAY}")
    (source,) = sources(context, LogFile(name="far", path="/var/log/a.log", ssh="ops@web1"))
    before = set(children())
    async with aclosing(source.batches(None)) as batches:  # type: ignore[type-var]
        found = await lines(batches, 2)
    assert [line.text for line in found] == [stamped(1), stamped(2)]
    (words,) = argv(tmp_path, "ssh")
    assert words[-7:] == ["--", "ops@web1", "tail", "-n", "200", "-F", "/var/log/a.log"]
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(words)
    assert set(children()) <= before


@pytest.mark.parametrize(
    ("resume", "fresh", "dropped"), [(2, [3, 4], 0), (4, [], 0), (0, [1, 2, 3, 4], None)]
)
async def test_after_a_break_it_goes_on_without_repeats(
    tmp_path: Path, context: Context, resume: int, fresh: list[int], dropped: int | None
) -> None:
    script = "".join(f"print({stamped(second)!r})\n" for second in (1, 2, 3, 4))
    tool(tmp_path, "ssh", script + STAY)
    source = RemoteFile("far", "host", "web1", "/var/log/a.log", context)
    at = 1_795_514_400.0 + resume
    async with aclosing(source.batches(at)) as batches:  # type: ignore[type-var]
        batch = await anext(batches)
        while not batch.lines and batch.dropped == 0 and fresh:
            batch = await anext(batches)
    assert [line.text for line in batch.lines] == [stamped(second) for second in fresh]
    assert batch.dropped == dropped
    assert batch.gap_since == (at if dropped is None else None)


async def test_what_ssh_says_when_it_ends_is_the_reason(tmp_path: Path, context: Context) -> None:
    tool(tmp_path, "ssh", "sys.stderr.write('Host key verification failed.')\nsys.exit(255)\n")
    source = RemoteFile("far", "host", "web1", "/var/log/a.log", context)

    async def all_of_it() -> list[int]:
        return [len(batch.lines) async for batch in source.batches(None)]

    with pytest.raises(ProbeFailure, match=r"\(255\) Host key verification failed"):
        await all_of_it()


@pytest.mark.parametrize("path", ["relative.log", "/a b", "/a;reboot", "/$(reboot)", "/a\nb", "/"])
def test_a_path_the_other_shell_would_read_otherwise_is_refused(
    context: Context, path: str
) -> None:
    with pytest.raises(ProbeFailure):
        sources(context, LogFile(name="far", path=path, ssh="web1"))


@pytest.mark.parametrize(
    ("files", "more"),
    [
        ([LogFile(name="a", path="/a", target="db")], {}),
        ([LogFile(name="a", path="/a")], {"host": None}),
        ([LogFile(name="a", path="/a"), LogFile(name="a", path="/b")], {"host": Host()}),
    ],
)
def test_a_file_about_nothing_or_named_twice_is_refused(
    context: Context, files: list[LogFile], more: dict[str, Any]
) -> None:
    with pytest.raises(ProbeFailure):
        sources(context, *files, **more)


def test_none_is_as_good_as_any_number(context: Context) -> None:
    assert sources(context) == ()
