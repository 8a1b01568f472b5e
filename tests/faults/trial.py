"""One trial: begin an action, kill the engine at a random point, start the next one, judge.

What must hold, wherever the kill fell:

* whoever got an answer has a run on the record; without an intent nothing was changed;
* nothing is done twice, neither by the next engine nor by the same call repeated;
* "verified" is said only when the world is as the plan wanted it, "failed" only when it is not;
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
from ainur_tui.model.wire import BoardQuery, RunCall, RunsQuery
from tests.engine.engines import paths
from tests.faults.lane import Lane
from tests.faults.platform import Platform
from tests.faults.words import digest

POINTS = (
    "while it is decided",
    "before a change", "after a change, unanswered", "as the record grows", "at a moment",
    "after the end",
)  # fmt: skip
CHANGES = {
    ("restart", "api"): 6, ("restart", "api/machine/a1"): 3, ("restart", "api/machine/b2"): 3,
    ("scale", "1"): 5, ("scale", "3"): 1, ("scale", "4"): 2, ("keep", "api"): 1,
    ("stop", "api"): 8, ("stop", "api/machine/b2"): 4, ("drain", "api/machine/a1"): 3,
}  # fmt: skip
"""How many changes an action sends (leases and their release are among them)."""
LONGEST = 20.0
"""Seconds after which a trial that was not killed by its own point is killed."""
PATIENCE = 20.0
"""Seconds the next engine may take to its verdict."""
TORN = 0.15
"""How often the kill also leaves half a line at the end of the record, as a power cut may."""


@dataclass
class Outcome:
    """``state``: the verdict, or *not begun*. ``bad`` is what did not hold."""

    action: str
    point: str
    state: str = "not begun"
    torn: bool = False
    bad: list[str] = field(default_factory=list)


def wish(rng: random.Random, number: int) -> tuple[RunCall, str]:
    """A random call, and the secret in it."""
    secret = f"canary-{rng.randrange(1 << 60):x}"
    action, target, params = rng.choice(
        [
            ("restart", "api", {}),
            ("restart", f"api/machine/{rng.choice(['a1', 'b2'])}", {}),
            ("scale", "api", {"count": "1"}),
            ("scale", "api", {"count": rng.choice(["3", "4"])}),
            ("stop", rng.choice(["api", "api/machine/b2"]), {}),
            ("drain", "api/machine/a1", {}),
            ("keep", "api", {"digest": digest(secret)}),
        ]
    )
    call = RunCall(
        action=action, target=target, params=params, key=f"key-{number}-{rng.randrange(1 << 30)}",
        reason="a trial", confirm=target, secrets={"value": secret} if action == "keep" else {},
    )  # fmt: skip
    return call, secret


def holds(call: RunCall, world: Platform) -> bool:
    """Whether the world is as the call wanted it, by the world's own books."""
    match call.action, call.target:
        case "restart", "api":
            return {"restart a1", "restart b2"} <= set(world.calls)
        case "restart", target:
            return f"restart {target.rpartition('/')[2]}" in world.calls
        case "stop", target:
            ids = list(world.machines) if target == "api" else ["b2"]
            return all(world.machines[id]["state"] == "stopped" for id in ids)
        case "drain", _:
            return bool(world.machines["a1"]["cordoned"])
        case "scale", _:
            return len(world.machines) == int(call.params["count"])
        case _:
            return world.secret == call.params["digest"]


def arm(lane: Lane, point: str, call: RunCall, rng: random.Random) -> asyncio.TimerHandle | None:
    """Have the engine killed at a random point of that kind."""
    if point in POINTS[1:3]:
        most = CHANGES[call.action, call.params.get("count", call.target)]
        wanted = (rng.randrange(1, most + 1), point == POINTS[1])
        lane.world.at = lambda number, before: lane.kill() if (number, before) == wanted else None
    longest = {"while it is decided": 0.05, "at a moment": 1.2}.get(point)
    if longest is None:
        return None
    return asyncio.get_running_loop().call_later(rng.uniform(0.0, longest), lane.kill)


async def until_killed(lane: Lane, point: str, rng: random.Random) -> None:
    """Return when the engine is dead, at the latest soon after its run's end."""
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
        if asyncio.get_running_loop().time() > end:
            lane.kill()
        await asyncio.sleep(0.004)


async def trial(lane: Lane, number: int, rng: random.Random) -> Outcome:
    """Raises nothing that a trial may bring; what did not hold is in the outcome."""
    remote = await lane.connected()
    lane.world.anew()
    call, secret = wish(rng, number)
    found = Outcome(call.action, rng.choice(POINTS))
    await remote.call("board", BoardQuery(fresh=True))  # the new machines are known
    timer = arm(lane, found.point, call, rng)
    asked = asyncio.ensure_future(remote.call("run", call))
    await until_killed(lane, found.point, rng)
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
    await judge(lane, found, call, answered, list(lane.world.effects))
    if files := lane.has(secret):
        found.bad.append(f"the secret is in {files}")
    return found


async def judge(
    lane: Lane, found: Outcome, call: RunCall, answered: Run | None, done: list[str]
) -> None:
    """What the next engine makes of it; ``done`` reached the world before the kill."""
    bad, world = found.bad, lane.world
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
    if run.state != "unknown" and (run.state == "verified") != holds(call, world):
        bad.append(f"{run.state} ({run.message}), the world: {world.calls}")
    if world.effects != done:
        bad.append(f"repeated: {world.effects[len(done) :]}")
    if twice := [what for what, times in Counter(world.effects).items() if times > 1]:
        bad.append(f"done twice: {twice}")
    results = [entry for entry in lane.entries(id) if entry.kind == "result"]
    if len(results) != 1 or len(intents) != 1:
        bad.append(f"{len(intents)} intents, {len(results)} results")
    verdict = await after.call("journal.verify")
    if not verdict.ok:
        bad.append(f"the record: {verdict.reason}")
    if leases := (await after.call("board")).leases:
        bad.append(f"leases are left: {leases}")


async def ended(after: Remote, id: str) -> Run:
    """The run when its verdict is in, or as it stands when that takes too long."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while True:
        run: Run = (await after.call("runs", RunsQuery(id=id)))[0]
        if run.finished_at is not None or asyncio.get_running_loop().time() > end:
            return run
        await asyncio.sleep(0.02)
