"""Kills in playbooks: ``python -m tests.faults.playbooks --trials 100 [--seed N] [--lanes N]``.

The engine is killed at a random point of a playbook, sometimes the next one too. What must hold:
the next engine has the run, at the step it was at or the one that came of it; no step is lost or
done twice; earlier observations are made again; and it ends verified with one restart.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.client.remote import Remote
from ainur_tui.model.playbook import OVER, PlaybookRun
from ainur_tui.model.playbookcalls import DecideCall, PlaybookRunsQuery, StartCall
from ainur_tui.model.runcalls import RunCall
from tests.engine.engines import hello, paths
from tests.faults import playbook_engine as world
from tests.faults.nursery import Engine, Nursery, nursery

POINTS = ("looking", "deciding", "while it is ordered", "acting", "proving", "at a moment")
PATIENCE = 60.0
AGAIN = 0.3


@dataclass
class Outcome:
    """``at`` is the step at which the engine died as it was last told, ``resumed`` the step and
    state in which the next one had it."""

    point: str
    at: str = ""
    resumed: str = ""
    kills: int = 0
    bad: list[str] = field(default_factory=list)


class Lane:
    """One folder with its world; its engines follow one another."""

    def __init__(self, folder: Path, engines: Nursery) -> None:
        self.folder = folder
        self._engines = engines
        self._engine: Engine | None = None
        self.remote: Remote | None = None
        (folder / "books").mkdir(parents=True)
        (folder / "books" / "trial.toml").write_text(world.BOOK)

    async def connected(self) -> Remote:
        if self.remote is None:
            self._engine = await self._engines.engine(str(self.folder))
            async with asyncio.timeout(PATIENCE):
                while self.remote is None:
                    with contextlib.suppress(OSError, TimeoutError, Disconnected):
                        self.remote = await Remote.open(paths(self.folder).socket, hello())
                    await asyncio.sleep(0.02)
        return self.remote

    def kill(self) -> None:
        if self._engine is not None:
            self._engine.kill()

    async def killed(self) -> None:
        self.kill()
        while self._engine is not None and not self._engine.dead:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if self.remote is not None:
            await self.remote.close()
            self.remote = None


async def trial(lane: Lane, rng: random.Random) -> Outcome:
    """One playbook with its kills, judged."""
    world.write(lane.folder, {"up": False, "boots": 1, "book": []})
    found = Outcome(rng.choice(POINTS))
    remote = await lane.connected()
    await _until(lambda: _down(remote), "the board shows the trouble")
    run: PlaybookRun = await remote.call("playbook.start", StartCall(name="trial"))
    last = await _work(lane, run, found.point, rng)
    found.at = f"{last.now.id} {last.now.state}"
    await lane.killed()
    found.kills = 1
    if rng.random() < AGAIN:
        await lane.connected()
        await asyncio.sleep(rng.uniform(0.0, 0.4))
        await lane.killed()
        found.kills = 2
    resumed = await _resumed(lane, run.id, found)
    if resumed is None:
        return found
    found.resumed = f"{resumed.now.id} {resumed.now.state}"
    _judge(last, resumed, found)
    ended = await _work(lane, resumed, "", rng)
    boots = world.read(lane.folder)["book"]
    if ended.state != "verified":
        found.bad.append(f"it ended {ended.state}: {ended.message}")
    if len(boots) != 1:
        found.bad.append(f"restarted {len(boots)} times")
    return found


def _judge(last: PlaybookRun, resumed: PlaybookRun, found: Outcome) -> None:
    """What was over stays over, as it was; everything before the step at hand is over."""
    for before, after in zip(last.steps, resumed.steps, strict=True):
        if before.state in OVER and (before.state, before.words) != (after.state, after.words):
            found.bad.append(f"{before.id}: was {before.state}, is {after.state}")
    if resumed.at < last.at:
        found.bad.append(f"it went back from {last.now.id} to {resumed.now.id}")
    if any(one.state not in OVER for one in resumed.steps[: resumed.at]):
        found.bad.append("a step before the one at hand is not over")
    looked = [
        one
        for one, what in zip(resumed.steps, resumed.book.step, strict=True)
        if one.state == "passed" and what.run is None and one in last.steps[: last.at]
    ]
    if resumed.state == "running" and any(not one.again for one in looked):
        found.bad.append("an earlier observation was not made again")


async def _work(lane: Lane, run: PlaybookRun, point: str, rng: random.Random) -> PlaybookRun:
    """Go on until the end, or until the engine is killed; the run as it was told last."""
    remote = await lane.connected()
    end = time.monotonic() + (rng.uniform(0.0, 2.5) if point == "at a moment" else PATIENCE)
    try:
        while run.state == "running":
            state = run.now.state
            late = time.monotonic() > end
            if (point == state and (state == "deciding" or rng.random() < 0.4)) or (late and point):
                return run
            if late:
                raise AssertionError(f"it stands still: {run.now}")
            if state == "deciding":
                order = RunCall(action="restart", target="api", key="x", reason="a trial")
                call = DecideCall(id=run.id, step=run.now.id, choice="run", call=order)
                if point == "while it is ordered":
                    asyncio.get_running_loop().call_later(rng.uniform(0.0, 0.03), lane.kill)
                with contextlib.suppress(CallError):  # it went on meanwhile
                    await remote.call("playbook.decide", call)
            elif state == "stuck":  # its action was cut down with the engine
                again = DecideCall(id=run.id, step=run.now.id, choice="retry")
                await remote.call("playbook.decide", again)
            await asyncio.sleep(0.02)
            run = (await remote.call("playbook.runs", PlaybookRunsQuery(id=run.id)))[0]
    except (Disconnected, TimeoutError):
        if not point:
            raise
    return run


async def _resumed(lane: Lane, id: str, found: Outcome) -> PlaybookRun | None:
    """The run as the next engine takes it up."""
    remote = await lane.connected()
    runs: list[PlaybookRun] = []

    async def taken_over() -> bool:
        runs[:] = await remote.call("playbook.runs", PlaybookRunsQuery(id=id))
        return not runs or runs[0].state != "running" or runs[0].taken_over > 0

    await _until(taken_over, "the next engine takes it up")
    if not runs:
        found.bad.append("the next engine knows nothing of it")
        return None
    return runs[0]


async def _down(remote: Remote) -> bool:
    view = (await remote.call("board")).signal("api", "api.up")
    return view is not None and view.value == 0


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not await condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE:g} s: {what}")
        await asyncio.sleep(0.02)


async def trials(folder: Path, number: int, seed: int, lanes: int = 3) -> list[Outcome]:
    """Run them, a few worlds at the same time; the seed decides each trial's kills."""
    left, found = iter(range(number)), []

    async def lane(name: int) -> None:
        one = Lane(folder / f"lane-{name}", engines)
        try:
            for index in left:
                outcome = await trial(one, random.Random(f"{seed}-{index}"))
                found.append(outcome)
                for words in outcome.bad:
                    sys.stderr.write(f"trial {index} ({outcome.point}, {outcome.at} then"
                                     f" {outcome.resumed}): {words}\n")  # fmt: skip
        finally:
            await one.killed()

    async with nursery("tests.faults.playbook_engine") as engines:
        await asyncio.gather(*(lane(name) for name in range(min(lanes, number))))
    return found


def table(found: list[Outcome]) -> str:
    lines = [f"{'killed':<22}{'trials':>8}{'kills':>8}{'wrong':>8}   died at → resumed at"]
    for point in POINTS:
        those = [one for one in found if one.point == point]
        where = Counter(f"{one.at} → {one.resumed}" for one in those).most_common(3)
        told = "; ".join(f"{words} ({times})" for words, times in where)
        kills, wrong = sum(one.kills for one in those), sum(bool(one.bad) for one in those)
        lines.append(f"{point:<22}{len(those):>8}{kills:>8}{wrong:>8}   {told}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill engines during playbooks and judge.")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=3)
    args = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ainur-playbooks-") as folder:
        found = asyncio.run(trials(Path(folder), args.trials, args.seed, args.lanes))
    print(table(found))
    bad = sum(bool(one.bad) for one in found)
    print(f"{len(found)} trials, seed {args.seed}, {sum(one.kills for one in found)} kills, "
          f"{bad} wrong, {time.monotonic() - begun:.0f} s")  # fmt: skip
    return int(bad > 0 or len(found) < args.trials)


if __name__ == "__main__":
    sys.exit(main())
