"""One trial: begin an action, kill the engine at a random point, start the next one, judge.

What must hold, wherever the kill fell:

* whoever got an answer has a run on the record; without an intent nothing was changed;
* nothing is done twice, neither by the next engine nor by the same call repeated;
* "verified" is said only when the world is as the plan wanted it, "failed" only when it is not;
  "unknown" says what was seen;
* the record's chain is whole, every intent has one result, no lease is left, no secret is kept.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.client.remote import Remote
from ainur_tui.model.action import Run
from ainur_tui.model.runcalls import RunCall, RunsQuery
from ainur_tui.model.wire import BoardQuery
from tests.engine.engines import paths
from tests.faults.lane import Lane
from tests.faults.wishes import Wish, wishes

POINTS = (
    "while it is decided",
    "before a change", "after a change, unanswered", "as the record grows", "at a moment",
    "after the end",
)  # fmt: skip
LONGEST = 40.0
"""Seconds after which a trial that was not killed by its own point is killed."""
PATIENCE = 90.0
"""Seconds the next engine may take to its verdict."""
TORN = 0.15
"""How often the kill also leaves half a line at the end of the record, as a power cut may."""
AGAIN = 0.2
"""How often the next engine is killed as well, while it reads the world."""
STRIDE = 17
SHOWS, NOBODY = "The world shows: ", "nobody looked"


@dataclass
class Outcome:
    """``state``: the verdict, or *not begun*. ``bad`` is what did not hold."""

    action: str
    point: str
    state: str = "not begun"
    torn: bool = False
    again: bool = False
    said: str = ""
    bad: list[str] = field(default_factory=list)


def arm(lane: Lane, point: str, wish: Wish, rng: random.Random) -> asyncio.TimerHandle | None:
    """Have the engine killed at a random point of that kind."""
    if point in POINTS[1:3]:
        wanted = (rng.randrange(1, wish.most + 1), point == POINTS[1])
        lane.world.at = lambda number, before: lane.kill() if (number, before) == wanted else None
    longest = {"while it is decided": 0.05, "at a moment": 2.0}.get(point)
    if longest is None:
        return None
    return asyncio.get_running_loop().call_later(rng.uniform(0.0, longest), lane.kill)


async def until_killed(
    lane: Lane, point: str, asked: asyncio.Future[Run], rng: random.Random
) -> None:
    """Return when the engine is dead, at the latest soon after its run's end (or a refusal)."""
    journal, before = paths(lane.folder).journal, len(lane.entries())
    grown, seen = rng.randrange(1, 6), 0
    end = asyncio.get_running_loop().time() + LONGEST
    while not lane.dead:
        size = journal.stat().st_size if journal.exists() else 0
        if size != seen:
            seen, entries = size, lane.entries()
            new = len(entries) - before
            ended = any(entry.kind == "result" for entry in entries[before:])
            if ended or (point == "as the record grows" and new >= grown):
                lane.kill()
        refused = asked.done() and not asked.cancelled() and asked.exception() is not None
        if refused or asyncio.get_running_loop().time() > end:
            lane.kill()
        await asyncio.sleep(0.004)


async def trial(lane: Lane, number: int, rng: random.Random) -> Outcome:
    """Raises nothing that a trial may bring; what did not hold is in the outcome. Trials whose
    numbers follow one another ask for different things, so that a hundred ask for everything."""
    remote = await lane.connected()
    secret = f"canary-{rng.randrange(1 << 60):x}"
    all = wishes(secret, lane)
    wish = all[number * STRIDE % len(all)]
    lane.anew(rng)
    wish.prepare(lane.world)
    call = RunCall(
        action=wish.action, target=wish.target, params=wish.params, secrets=wish.secrets,
        key=f"key-{number}-{rng.randrange(1 << 30)}", reason="a trial", confirm=wish.target,
    )  # fmt: skip
    found = Outcome(wish.action, rng.choice(POINTS))
    await remote.call("board", BoardQuery(fresh=True))  # the new machines are known
    timer = arm(lane, found.point, wish, rng)
    asked = asyncio.ensure_future(remote.call("run", call))
    await until_killed(lane, found.point, asked, rng)
    if timer is not None:
        timer.cancel()
    answered: Run | None = None
    try:
        answered = await asked
    except (Disconnected, TimeoutError):
        pass
    except CallError as refused:
        found.bad.append(f"refused: {refused}")
    await lane.killed()
    lane.world.at = lambda number, before: None
    if rng.random() < TORN:
        found.torn = True
        lane.tear(rng)
    done = lane.effects
    if rng.random() < AGAIN:
        found.again = True
        await lane.connected()
        await asyncio.sleep(rng.uniform(0.0, 1.5))  # anywhere in its reading
        lane.kill()
        await lane.killed()
    await judge(lane, found, wish, call, answered, done)
    if files := lane.has(secret):
        found.bad.append(f"the secret is in {files}")
    return found


async def judge(
    lane: Lane, found: Outcome, wish: Wish, call: RunCall, answered: Run | None, done: list[str]
) -> None:
    """What the next engine makes of it; ``done`` reached the world before the kill."""
    bad = found.bad
    after = await lane.connected()
    intents = [
        entry
        for entry in lane.entries()
        if entry.kind == "intent" and entry.detail["call"]["key"] == call.key
    ]
    if not intents:
        if answered is not None:
            bad.append("answered without an intent on the record")
        if done:
            bad.append(f"changed without an intent: {done}")
        return
    id = intents[0].id
    if answered is not None and answered.id != id:
        bad.append("another run is on the record than was answered")
    run = await ended(after, id)
    found.state = run.state if run.finished_at is not None else "open"
    if run.finished_at is None:
        bad.append(f"no verdict in {PATIENCE:g} s: {lane.last_words()}")
    again = await after.call("run", call)
    if again.id != id:
        bad.append("the same call began a second run")
    held = wish.holds(lane, run.plan)
    if run.state != "unknown" and (run.state == "verified") != held:
        bad.append(f"{run.state} ({run.message}), the world: {lane.world.book}")
    found.said = run.message
    if run.state == "unknown" and (NOBODY in run.message or SHOWS not in run.message):
        bad.append(f"handed over without evidence: {run.message}")
    if lane.effects != done:
        bad.append(f"repeated: {lane.effects[len(done) :]}")
    if twice := doubled(lane.effects):
        bad.append(f"done twice: {twice}")
    results = [entry for entry in lane.entries(id) if entry.kind == "result"]
    if len(results) != 1 or len(intents) != 1:
        bad.append(f"{len(intents)} intents, {len(results)} results")
    verdict = await after.call("journal.verify")
    if not verdict.ok:
        bad.append(f"the record: {verdict.reason}")
    if leases := (await after.call("board")).leases:
        bad.append(f"leases are left: {leases}")


def doubled(effects: list[str]) -> list[str]:
    """What was done twice. A machine leaves routing for its update and again for its stop: that is
    twice only when it had not come back."""
    routed, last = ("cordon ", "uncordon "), dict[str, str]()
    once = Counter(what for what in effects if not what.startswith(routed))
    found = [what for what, times in once.items() if times > 1]
    for what in effects:
        if what.startswith(routed):
            id = what.rpartition(" ")[2]
            found += [what] if last.get(id) == what else []
            last[id] = what
    return found


async def ended(after: Remote, id: str) -> Run:
    """The run when its verdict is in, or as it stands when that takes too long."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while True:
        run: Run = (await after.call("runs", RunsQuery(id=id)))[0]
        if run.finished_at is not None or asyncio.get_running_loop().time() > end:
            return run
        await asyncio.sleep(0.02)
