"""Kill the keeper of the incidents again and again: ``python -m tests.faults.incidents --trials N
--seed S``. Nothing that was acknowledged may be missing, nothing may be there twice, and what
happened before the death is on the timeline after the next start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.incidents.incidents import Incidents
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, Trust
from ainur_tui.model.event import Event
from ainur_tui.model.incident import Happened, Noted
from ainur_tui.model.incidentcalls import ChangeIncident, OpenIncident
from ainur_tui.model.secret import Redactor
from ainur_tui.rules.graph import Graph
from ainur_tui.rules.incidents.objectives import Objectives
from ainur_tui.systems.base import Clock

PEER = Peer("mira", "operate", "pts/1")


def _happening(number: int, at: float) -> Event:
    return Event(key=f"h{number}", at=at, kind="deploy", target="api", text=f"deploy {number}")


def _history(folder: Path) -> list[Event]:
    """What the engine's own history would hold: it outlives a killed process."""
    file = folder / "history"
    lines = file.read_text().splitlines() if file.exists() else []
    return [_happening(*json.loads(line)) for line in lines]


def keeper(folder: Path, clock: Clock | None = None, alerts: Sequence[Alert] = ()) -> Incidents:
    """The shipped keeper with nothing around it."""
    view = BoardView(environment="t", at=time.time(), state="up", since=None, targets=[],
                     trust=Trust(fresh=0, all=0), alerts=list(alerts))  # fmt: skip
    return Incidents(
        folder / "incidents", Objectives(), clock=clock or SystemClock(), redact=Redactor(),
        graph=Graph(), view=lambda: view, events=lambda: _history(folder), event=lambda _: None,
        changed=lambda: None, keep=lambda _: None,
    )  # fmt: skip


async def _live(folder: Path, first: int, out: int) -> None:
    """Take events and notes until killed; tell each note once it is kept."""
    made = keeper(folder)
    await made.start(writable=True)
    made.catch_up()
    await made.open(OpenIncident(key="the one", target="api", title="it burns"), PEER)
    for number in range(first, first + 100_000):
        at = time.time()
        with (folder / "history").open("a") as file:
            file.write(json.dumps([number, at]) + "\n")
        made.saw(_happening(number, at))
        await made.change(ChangeIncident(key=f"n{number}", what=Noted(text=str(number))), PEER)
        os.write(out, f"{number}\n".encode())


def _one_life(folder: Path, first: int, seconds: float) -> list[int]:
    """Fork a keeper, kill it after ``seconds`` from its first word; the notes it told of."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            asyncio.run(_live(folder, first, write))
        finally:
            os._exit(1)
    os.close(write)
    told = b""
    end = time.monotonic() + 20
    while (left := end - time.monotonic()) > 0 and select.select([read], [], [], left)[0]:
        if not told:
            end = time.monotonic() + seconds
        told += os.read(read, 65536)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while chunk := os.read(read, 65536):
        told += chunk
    os.close(read)
    return [int(line) for line in told.split()]


async def _kept(folder: Path) -> tuple[list[int], list[str]]:
    """The notes and the events on the timeline after one more start, in the order written."""
    made = keeper(folder)
    await made.start(writable=True)
    made.catch_up()
    await made.stop()
    made = keeper(folder)
    await made.start(writable=False)
    entries = sorted(made.file("").entries, key=lambda entry: entry.seq)
    await made.stop()
    notes = [int(entry.what.text) for entry in entries if isinstance(entry.what, Noted)]
    return notes, [e.what.event.key for e in entries if isinstance(e.what, Happened)]


def trials(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kill it ``count`` times; what was acknowledged, lost, doubled or out of order."""
    chance = random.Random(seed)
    told: list[int] = []
    for number in range(count):
        told += _one_life(folder, number * 100_000, chance.uniform(0.0, 0.05))
    notes, events = asyncio.run(_kept(folder))
    happened = [event.key for event in _history(folder)]
    return {
        "kills": count, "acknowledged": len(told), "lost": len(set(told) - set(notes)),
        "doubled": len(notes) - len(set(notes)) + len(events) - len(set(events)),
        "disordered": int(notes != sorted(notes)), "events": len(happened),
        "events lost": len(set(happened) - set(events)),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trials(Path(folder), args.trials, args.seed)
    print(json.dumps(found))
    return int(bool(found["lost"] or found["doubled"] or found["events lost"]
                    or found["disordered"]))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
