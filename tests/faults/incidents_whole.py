"""Kill the whole program in the middle of an incident: ``python -m tests.faults.incidents_whole
--trials 100 [--seed N]``.

The miniature's API is down, its alerts fire, an incident is open, a playbook goes on, somebody
writes notes, a console is on a terminal. The engine or the console is killed at a random moment;
whoever is gone is started again. What must hold: every note that was acknowledged is on the
timeline, once; every alert that fired fires still, since the same moment, and nothing told that it
was over; the playbook is at the step it was at, what had passed still stands.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.client.remote import Remote
from ainur_tui.config.load import load
from ainur_tui.config.paths import paths_for
from ainur_tui.model.alert import ACTIVE
from ainur_tui.model.incident import Closed, Happened, Noted, StatusSet
from ainur_tui.model.incidentcalls import (
    ChangeIncident,
    IncidentFile,
    IncidentQuery,
    OpenIncident,
)
from ainur_tui.model.playbook import OVER, PlaybookRun
from ainur_tui.model.playbookcalls import DecideCall, PlaybookRunsQuery, StartCall
from tests.engine.engines import hello
from tests.helpers import Miniature, miniature
from tests.terminal.screen import Terminal

FAULT, BOOK, RULE = "api-all-down", "api-down", "ApiDown"
PATIENCE = 60.0
LONGEST, SOON = 1.2, 0.1
"""Seconds after which the kill comes at the latest; where the playbook was begun just before."""
ANEW, CONSOLES = 0.3, 0.3
"""Shares of the trials in which the playbook was begun a moment ago; in which the console dies."""
PAUSE = 0.03
STAYS = 0.7
"""Seconds for which the alerts are looked at after a start: falsely over is over soon."""

Firing = dict[tuple[str, str], float]


@dataclass
class Outcome:
    killed: str
    at: str = ""
    notes: int = 0
    bad: list[str] = field(default_factory=list)


class Whole:
    """The program's processes around one incident."""

    def __init__(self, mini: Miniature) -> None:
        program = mini.program
        environment = load(program.config).environment
        self.socket = paths_for(environment).socket
        self._argv, self._environment = program.argv("engine", "--stay"), program.environment
        self._console = program.argv()
        self.remote: Remote | None = None
        self.engine: asyncio.subprocess.Process | None = None
        self.console: Terminal | None = None
        self.told: list[str] = []
        self.run: PlaybookRun | None = None

    async def connected(self) -> Remote:
        """A connection to the engine that runs, or to a new one."""
        if self.remote is not None:
            return self.remote
        if self.engine is None:
            quiet = asyncio.subprocess.DEVNULL
            self.engine = await asyncio.create_subprocess_exec(
                *self._argv, env=self._environment, stdout=quiet, stderr=quiet
            )
        async with asyncio.timeout(PATIENCE):
            while self.remote is None:
                with contextlib.suppress(OSError, TimeoutError, Disconnected):
                    self.remote = await Remote.open(self.socket, hello())
                await asyncio.sleep(0.02)
        return self.remote

    def open_console(self) -> None:
        """One on a terminal, read all the time, on the Incidents tab."""
        terminal = self.console = Terminal(self._console, self._environment, (80, 24))
        terminal.press("7")
        threading.Thread(target=_read, args=(terminal,), daemon=True).start()

    async def kill_engine(self) -> None:
        """At once, as a power cut would; also one that the console started."""
        if self.remote is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.remote.welcome.pid, signal.SIGKILL)
            await self.remote.close()
            self.remote = None
        if self.engine is not None and self.engine.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.engine.kill()
            await self.engine.wait()
        self.engine = None

    def kill_console(self) -> None:
        if self.console is not None:
            self.console.kill()

    async def write(self, name: str) -> None:
        """Notes without end, a few a second; each is kept once the engine has acknowledged it."""
        remote = await self.connected()
        with contextlib.suppress(Disconnected, CallError, TimeoutError):
            for number in range(1_000_000):
                note = f"{name}.{number}"
                change = ChangeIncident(key=note, what=Noted(text=note))
                await remote.call("incident.change", change)
                self.told.append(note)
                await asyncio.sleep(PAUSE)

    async def begin_playbook(self) -> None:
        """Begin it; one that goes on is ended first."""
        remote = await self.connected()
        await self.end_playbook()
        self.run = await remote.call("playbook.start", StartCall(name=BOOK))

    async def end_playbook(self) -> None:
        remote = await self.connected()
        for one in await remote.call("playbook.runs", PlaybookRunsQuery()):
            if one.state == "running":
                end = DecideCall(id=one.id, step=one.now.id, choice="abort", reason="a trial")
                await remote.call("playbook.decide", end)

    async def end(self) -> None:
        """Leave nothing behind that goes on."""
        remote = await self.connected()
        await self.end_playbook()
        for what in (StatusSet(status="resolved"), Closed()):
            await remote.call("incident.change", ChangeIncident(key=f"{what}", what=what))

    async def firing(self) -> Firing:
        """What fires, since when."""
        view = await (await self.connected()).call("board")
        return {(a.name, a.target): a.since for a in view.alerts if a.state in ACTIVE}


def _read(terminal: Terminal) -> None:
    with contextlib.suppress(OSError, ValueError):
        while terminal.process.poll() is None:
            terminal.pump(0.2)


@asynccontextmanager
async def burning(mini: Miniature) -> AsyncIterator[Whole]:
    """An incident in the middle: alerts fire, it is declared, the playbook waits for a person."""
    whole = Whole(mini)
    try:
        remote = await whole.connected()
        mini.fault(FAULT)
        async with asyncio.timeout(PATIENCE):
            while (RULE, "api") not in await whole.firing():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        await remote.call(
            "incident.open", OpenIncident(key=uuid.uuid4().hex, target="api", alert=RULE)
        )
        await whole.begin_playbook()
        whole.open_console()
        yield whole
        mini.fault(FAULT, clear=True)
        await whole.end()
    finally:
        whole.kill_console()
        await whole.kill_engine()


async def trial(whole: Whole, name: str, rng: random.Random) -> Outcome:
    """One kill, judged."""
    found = Outcome("console" if rng.random() < CONSOLES else "engine")
    before = await whole.firing()
    anew = rng.random() < ANEW
    if anew:
        await whole.begin_playbook()
    writing = asyncio.create_task(whole.write(name))
    await asyncio.sleep(rng.uniform(0.0, SOON if anew else LONGEST))
    assert whole.run is not None
    found.at = f"{whole.run.now.id} {whole.run.now.state}"
    if found.killed == "console":
        whole.kill_console()
        whole.open_console()
        writing.cancel()
    else:
        await whole.kill_engine()
    await asyncio.wait({writing})
    found.notes = len(whole.told)
    await _judge(whole, before, found)
    return found


async def _judge(whole: Whole, before: Firing, found: Outcome) -> None:
    end = time.monotonic() + STAYS
    while time.monotonic() < end:
        now = await whole.firing()
        found.bad += [f"{key} fired since {since}, now {now.get(key, 'not at all')}"
                      for key, since in before.items() if now.get(key) != since]  # fmt: skip
        if found.bad:
            return
        await asyncio.sleep(0.1)
    remote = await whole.connected()
    file: IncidentFile = await remote.call("incident.show", IncidentQuery())
    notes = [e.what.text for e in file.entries if isinstance(e.what, Noted)]
    since = file.incident.detected_at
    events = [e.what.event.key for e in file.entries
              if isinstance(e.what, Happened) and e.at >= since]  # fmt: skip
    if lost := set(whole.told) - set(notes):
        found.bad.append(f"{len(lost)} acknowledged notes are lost, {min(lost)} is one")
    if len(notes) != len(set(notes)) or len(events) != len(set(events)):
        found.bad.append("an entry is there twice")
    if any(":resolved:" in key for key in events):
        found.bad.append("the timeline tells that an alert is over")
    if sum(key.startswith(f"alert:{RULE}:api:firing") for key in events) != 1:
        found.bad.append("the begin of the alert is not told once")
    _judge_playbook(whole, await remote.call("playbook.runs", PlaybookRunsQuery()), found)


def _judge_playbook(whole: Whole, runs: list[PlaybookRun], found: Outcome) -> None:
    last = whole.run
    assert last is not None
    going = [one for one in runs if one.state == "running"]
    if [one.id for one in going] != [last.id]:
        found.bad.append(f"{[one.id for one in going]} go on, not {last.id}")
        return
    whole.run = going[0]
    if going[0].at < last.at:
        found.bad.append(f"the playbook went back from {last.now.id} to {going[0].now.id}")
    for was, one in zip(last.steps, going[0].steps, strict=True):
        if was.state in OVER and (was.state, was.words) != (one.state, one.words):
            found.bad.append(f"{was.id} was {was.state}, is {one.state}")


async def trials(mini: Miniature, number: int, seed: int) -> list[Outcome]:
    """Run them, one after the other; the seed decides each trial's kill."""
    found = []
    async with burning(mini) as whole:
        for index in range(number):
            outcome = await trial(whole, str(index), random.Random(f"{seed}-{index}"))
            found.append(outcome)
            for words in outcome.bad:
                sys.stderr.write(f"trial {index} ({outcome.killed}, {outcome.at}): {words}\n")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill engine and console in an incident.")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="ainur-incidents-") as folder,
        miniature(Path(folder)) as mini,
    ):
        found = asyncio.run(trials(mini, args.trials, args.seed))
    bad = sum(bool(one.bad) for one in found)
    told = {
        "trials": len(found), "seed": args.seed, "seconds": round(time.monotonic() - begun),
        "engines": sum(one.killed == "engine" for one in found), "wrong": bad,
        "consoles": sum(one.killed == "console" for one in found),
        "acknowledged": found[-1].notes if found else 0,
        "died at": sorted({one.at for one in found}),
    }  # fmt: skip
    print(json.dumps(told))
    return int(bad > 0 or len(found) < args.trials)


if __name__ == "__main__":
    sys.exit(main())
