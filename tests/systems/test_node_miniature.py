"""The node's system against the miniature's node process, unit and journal."""
# ruff: noqa: ASYNC110, ASYNC220 - other processes have no events to wait on

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.config.types import Environment, Node
from ainur_tui.demo.service import free_port
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.rules.logs.lines import parse
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.logsource import RawLine
from ainur_tui.systems.node.system import connect
from ainur_tui.systems.system import System
from tests.systems.nodeworld import WORLD, Clock, Told, no_secret, of, probe


@dataclass
class Miniature:
    folder: Path
    system: System


@pytest.fixture
async def miniature(tmp_path: Path) -> AsyncIterator[Miniature]:
    rpc, metrics, manager = free_port(), free_port(), free_port()
    command = [
        sys.executable, "-m", "ainur_tui.demo.node", "--dir", str(tmp_path), "--rpc-port",
        str(rpc), "--metrics-port", str(metrics), "--block-time", "0.4", "--seed", "1",
    ]  # fmt: skip
    units = {"port": manager, "units": {"ainur-node": {"command": command, "env": {}}}}
    (tmp_path / "units.json").write_text(json.dumps(units))

    def find(name: str) -> str | None:
        path = tmp_path / "bin" / name
        return str(path) if path.exists() else None

    tools = Tools(find, {"PATH": os.environ["PATH"]})
    process = subprocess.Popen(
        [sys.executable, "-m", "ainur_tui.demo.units", "--dir", str(tmp_path)]
    )
    try:
        async with asyncio.timeout(20):
            while find("journalctl") is None:
                await asyncio.sleep(0.02)
            system = connect(
                Environment(
                    node=Node(
                        rpc=[f"ws://127.0.0.1:{rpc}"], block_time=0.4, timeout=3.0,
                        metrics=f"http://127.0.0.1:{metrics}/metrics",
                    )
                ),
                Context("test", Clock(), Redactor(), tools, no_secret),
            )  # fmt: skip
            assert system is not None
            while await answers(system) is None:
                await asyncio.sleep(0.05)
        yield Miniature(tmp_path, system)
        assert system.close is not None
        await system.close()
    finally:
        process.terminate()
        process.wait(20)


async def answers(system: System) -> Any:
    try:
        return of(await probe(system, "head").read())
    except ProbeFailure:
        return None


async def test_well_logged_and_restarted(miniature: Miniature) -> None:
    system = miniature.system
    head = await answers(system)
    assert head["node.import.stalled"].value == 0
    assert head["node.lag"].value == 0
    facts = await probe(system, "facts").read()
    assert {row.key for row in facts.tables[0].rows} >= {"Chain", "Runtime", "Running since"}
    assert (await probe(system, "peers").read()).tables[0].rows
    assert of(await probe(system, "unit").read())["node.unit"].value == 1

    plan = await system.actions[0].plan("node", {}, WORLD)
    told = Told(Clock())
    for step in system.actions[0].steps(plan):
        await step.work(told)
    seen = await system.actions[0].observe(plan)
    assert seen.state == "verified", seen.by
    async with asyncio.timeout(10):  # the unit is asked once for several looks
        while not (events := (await probe(system, "unit").read()).events):
            await asyncio.sleep(0.05)
    assert [event.kind for event in events] == ["restart"]

    lines: list[RawLine] = []
    async with asyncio.timeout(10), aclosing(system.logs[0].batches(None)) as batches:  # type: ignore[type-var]
        while not any("🏆 Imported" in line.text for line in lines):
            lines += (await anext(batches)).lines
    imported = next(line for line in lines if "🏆 Imported" in line.text)
    assert parse(imported.text, imported.at).level == "info"


@pytest.mark.parametrize(
    ("fault", "signal", "value"),
    [("node-stalled", "node.import.stalled", 1), ("node-no-peers", "node.peers", 0)],
)
async def test_faults_are_seen_by_a_first_look(
    miniature: Miniature, fault: str, signal: str, value: float
) -> None:
    (miniature.folder / "faults.json").write_text(json.dumps([fault]))
    async with asyncio.timeout(10):
        while (await first_look(miniature.system))[signal] != value:
            await asyncio.sleep(0.05)
    (miniature.folder / "faults.json").unlink()
    async with asyncio.timeout(10):
        while (await first_look(miniature.system))[signal] == value:
            await asyncio.sleep(0.05)


async def first_look(system: System) -> dict[str, float | None]:
    """What a one-shot check would read now."""
    head = probe(system, "head")
    head._head = None
    return {name: reading.value for name, reading in of(await head.read()).items()}
