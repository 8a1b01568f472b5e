"""journalctl and systemctl, by stand-ins that write what the real ones write."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from ainur_tui.config.types import SecretSource
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.journald import JournalSource
from ainur_tui.systems.logsource import RawBatch, RawLine
from ainur_tui.systems.systemctl import Systemctl, check_unit
from tests.systems.test_tail import RealClock


def tool(folder: Path, name: str, body: str) -> None:
    """An executable Python script; it writes its arguments to ``<name>.argv`` first."""
    path = folder / name
    told = f"{path}.argv"
    path.write_text(
        f"#!{sys.executable}\nimport json, os, sys, time\n"
        f"open({told!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n{body}"
    )
    path.chmod(0o755)


def argv(folder: Path, name: str) -> list[list[str]]:
    return [json.loads(line) for line in (folder / f"{name}.argv").read_text().splitlines()]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    def find(name: str) -> str | None:
        path = tmp_path / name
        return str(path) if path.exists() else None

    def secret(source: SecretSource) -> Secret:
        raise AssertionError(source)

    env = {"PATH": os.environ["PATH"]}
    return Context("test", RealClock(), Redactor(), Tools(find, env), secret)


def record(message: object, at: int, cursor: str, priority: str = "6") -> str:
    return json.dumps(
        {
            "__CURSOR": cursor, "__REALTIME_TIMESTAMP": str(at * 1_000_000), "MESSAGE": message,
            "PRIORITY": priority, "_PID": "7",
        }
    )  # fmt: skip


async def lines(batches: AsyncIterator[RawBatch], count: int) -> list[RawLine]:
    found: list[RawLine] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += (await anext(batches)).lines
    return found


def children() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE]


STAY = "sys.stdout.flush()\ntime.sleep(60)\n"


async def test_records_become_lines(tmp_path: Path, context: Context) -> None:
    records = [
        record("2026-11-24 02:00:05 💤 Idle", 100, "c1"),
        record([99, 97, 102, 195, 169, 255], 101, "c2", "4"),
        record(None, 102, "c3"),
        "not json",
        record("fatal", 103, "c4", "2"),
    ]
    tool(tmp_path, "journalctl", f"print({chr(10).join(records)!r})\n{STAY}")
    source = JournalSource("node", "node", "ainur-node", context)
    before = len(children())
    async with aclosing(source.batches(None)) as batches:  # type: ignore[type-var]
        found = await lines(batches, 5)
        assert len(children()) == before + 1
    assert len(children()) == before
    assert [(line.at, line.text, line.level) for line in found if line.text != "not json"] == [
        (100.0, "2026-11-24 02:00:05 💤 Idle", None),
        (101.0, "café\ufffd", "warn"),
        (102.0, "(a message larger than journalctl shows)", None),
        (103.0, "fatal", "fatal"),
    ]
    assert argv(tmp_path, "journalctl") == [
        ["-u", "ainur-node", "-o", "json", "--no-pager", "-f", "-n", "200"]
    ]


async def test_it_goes_on_after_the_cursor(tmp_path: Path, context: Context) -> None:
    tool(tmp_path, "journalctl", f"print({record('x', 100, 'c9')!r})\n")
    source = JournalSource("node", "node", "ainur-node", context)
    assert len(await lines(source.batches(None), 1)) == 1
    tool(tmp_path, "journalctl", f"print({record('y', 90, 'ca')!r})\n{STAY}")
    async with aclosing(source.batches(100.0)) as batches:  # type: ignore[type-var]
        assert [line.text for line in await lines(batches, 1)] == ["y"]
    assert argv(tmp_path, "journalctl")[-1][-2:] == ["--after-cursor", "c9"]


async def test_without_a_cursor_the_time_decides(tmp_path: Path, context: Context) -> None:
    records = f"{record('x', 100, 'c1')}\n{record('y', 101, 'c2')}"
    tool(tmp_path, "journalctl", f"print({records!r})\n{STAY}")
    source = JournalSource("node", "node", "ainur-node", context)
    async with aclosing(source.batches(100.0)) as batches:  # type: ignore[type-var]
        assert [line.text for line in await lines(batches, 1)] == ["y"]
    assert "--after-cursor" not in argv(tmp_path, "journalctl")[0]


async def test_its_end_is_told_with_its_words(tmp_path: Path, context: Context) -> None:
    tool(tmp_path, "journalctl", "sys.exit('No journal files were\\x1b[31m found.')")
    with pytest.raises(ProbeFailure) as failure:
        await lines(JournalSource("node", "node", "ainur-node", context).batches(None), 1)
    assert failure.value.kind == "unavailable"
    assert "No journal files were␛[31m found." in failure.value.detail


async def test_silence_beats(tmp_path: Path, context: Context) -> None:
    tool(tmp_path, "journalctl", STAY)
    source = JournalSource("node", "node", "ainur-node", context)
    async with asyncio.timeout(5), aclosing(source.batches(None)) as batches:  # type: ignore[type-var]
        assert [len((await anext(batches)).lines) for _ in range(2)] == [0, 0]


async def test_no_tools_on_this_machine(context: Context) -> None:
    with pytest.raises(ProbeFailure, match="no journalctl") as failure:
        await anext(JournalSource("node", "node", "ainur-node", context).batches(None))
    assert failure.value.kind == "missing"
    with pytest.raises(ProbeFailure, match="no systemctl"):
        await Systemctl("ainur-node", context).show(5)


async def test_a_units_properties_are_read_clean(tmp_path: Path, context: Context) -> None:
    tool(
        tmp_path,
        "systemctl",
        "print('LoadState=loaded\\nActiveState=active\\nMainPID=7\\nDescription=a=b\\x1b[31m')",
    )
    found = await Systemctl("ainur-node", context).show(5)
    assert found == {
        "LoadState": "loaded", "ActiveState": "active", "MainPID": "7", "Description": "a=b␛[31m",
    }  # fmt: skip
    assert argv(tmp_path, "systemctl")[0][:2] == ["show", "ainur-node"]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("print('LoadState=not-found')", "missing", "unit ainur-node not found"),
        ("sys.exit('System has not been booted with systemd as init')", "missing", "does not run"),
        ("time.sleep(60)", "timeout", "longer than"),
        ("sys.exit('boom')", "unavailable", "boom"),
    ],
)
async def test_failures_of_show(
    tmp_path: Path, context: Context, body: str, kind: str, words: str
) -> None:
    tool(tmp_path, "systemctl", body)
    with pytest.raises(ProbeFailure, match=words) as failure:
        await Systemctl("ainur-node", context).show(0.5)
    assert failure.value.kind == kind


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Failed to restart: Access denied", "needs privilege"),
        ("Failed to restart ainur-node.service: Unit not found.", "not found"),
        ("Job failed. See journalctl -xe", "Job failed"),
    ],
)
async def test_failures_of_restart(tmp_path: Path, context: Context, said: str, words: str) -> None:
    tool(tmp_path, "systemctl", f"sys.exit({said!r})")
    with pytest.raises(ActionFailure, match=words):
        await Systemctl("ainur-node", context).act("restart", 5)


@pytest.mark.parametrize("unit", ["--force", "a b", "a;reboot", "$(x)", "", "../x", "a\nb"])
async def test_names_that_are_no_unit(tmp_path: Path, context: Context, unit: str) -> None:
    with pytest.raises(ProbeFailure):
        check_unit(unit)
    tool(tmp_path, "systemctl", "")
    tool(tmp_path, "journalctl", "")
    calls: list[Callable[[], object]] = [
        lambda: Systemctl(unit, context).show(5),
        lambda: anext(JournalSource("node", "node", unit, context).batches(None)),
    ]
    for call in calls:
        with pytest.raises(ProbeFailure):
            await call()  # type: ignore[misc]
    assert not (tmp_path / "systemctl.argv").exists()
    assert not (tmp_path / "journalctl.argv").exists()
