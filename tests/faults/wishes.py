"""What is asked for in a trial, and how the world's own books tell whether it is so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ainur_tui.model.action import Plan
from tests.faults.lane import Lane
from tests.faults.platform import BROKEN, REPOSITORY, Platform
from tests.faults.words import digest
from tests.systems.flyfake import exit_event

API = ("a1", "b2")
KEPT = "ainur_stopped"
Holds = Callable[[Lane, Plan], bool]


def _as_it_is(_: Platform) -> None:
    """Nothing to prepare."""


@dataclass(frozen=True)
class Wish:
    """A call. ``most``: about how many changes it sends, leases and their release among them;
    ``holds``: whether the world is as it was wanted. ``secrets`` travel apart."""

    action: str
    target: str
    most: int
    holds: Holds
    params: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Platform], None] = _as_it_is


def found(world: Platform, id: str) -> dict[str, Any]:
    """A machine of either app; an empty one when it is gone."""
    return next((app[id] for app in world.apps.values() if id in app), {})


def serving(*ids: str) -> Holds:
    """Started and routed."""
    return lambda lane, _: all(
        (m := found(lane.world, id)).get("state") == "started" and not m["cordoned"] for id in ids
    )


def resting(*ids: str, state: str = "stopped") -> Holds:
    return lambda lane, _: all(found(lane.world, id).get("state") == state for id in ids)


def restarted(*ids: str) -> Holds:
    """Turned once by us, and serving."""
    done = serving(*ids)
    return lambda lane, plan: (
        {f"restart {id}" for id in ids} <= {*lane.world.book} and done(lane, plan)
    )


def cordoned(wanted: bool) -> Holds:
    return lambda lane, _: found(lane.world, "a1")["cordoned"] is wanted


def counted(number: int, region: str = "sjc") -> Holds:
    """So many machines; those made are in the region."""
    return lambda lane, _: (
        len(machines := list(lane.world.machines.values())) == number
        and (region == "sjc" or all(m["region"] == region for m in machines))
    )


def runs(image: str) -> Holds:
    done = serving(*API)
    return lambda lane, plan: (
        done(lane, plan)
        and all(
            m["config"]["image"] == f"{REPOSITORY}:{image}" for m in lane.world.machines.values()
        )
    )


def sized(cpus: int, *ids: str) -> Holds:
    done = serving(*ids)
    return lambda lane, plan: (
        done(lane, plan)
        and all(found(lane.world, id)["config"]["guest"]["cpus"] == cpus for id in ids)
    )


def in_use(name: str, value: str | None) -> Holds:
    """The platform has it, and so has every machine, which serves with it."""
    done = serving(*API)
    return lambda lane, plan: (
        done(lane, plan)
        and all(
            there.get(name) == value
            for there in (lane.world.values, *(lane.world.in_use.get(id, {name: ""}) for id in API))
        )
    )


def staged(name: str, value: str) -> Holds:
    return lambda lane, _: lane.world.values.get(name) == value and not lane.world.in_use


def restored(lane: Lane, _: Plan) -> bool:
    """As many as there were, routed, and nothing reminds of the emergency."""
    machines = list(lane.world.machines.values())
    return len(machines) == 2 and all(
        m["state"] == "started" and not m["cordoned"] and KEPT not in m["config"]["metadata"]
        for m in machines
    )


def backed_up(lane: Lane, plan: Plan) -> bool:
    """The manifest is there, and the data are what it says."""
    manifest, data = (
        lane.folder / "backups" / f"{plan.goal['id']}{end}" for end in (".json", ".dump.zst")
    )
    if not manifest.exists() or not data.exists():
        return False
    said = json.loads(manifest.read_text())["sha256"]
    return bool(said == hashlib.sha256(data.read_bytes()).hexdigest())


def saved(lane: Lane, _: Plan) -> bool:
    path = lane.folder / "saved.json"
    return path.exists() and {m["id"] for m in json.loads(path.read_text())["machines"]} == {*API}


def unit(*, active: bool, turned: bool) -> Holds:
    verb = "restart" if turned else "start" if active else "stop"
    return lambda lane, _: lane.world.unit.active is active and f"unit {verb}" in lane.world.book


def all_down(lane: Lane, plan: Plan) -> bool:
    return resting(*API, "d9")(lane, plan) and not lane.world.unit.active


def all_up(lane: Lane, plan: Plan) -> bool:
    in_service = in_use("MAINTENANCE_MODE", "false")(lane, plan)
    return serving(*API, "d9")(lane, plan) and lane.world.unit.active and in_service


# What was before.


def at_rest(*ids: str, kept: int = 0) -> Callable[[Platform], None]:
    """Stopped and out of routing, as our own stop leaves them; ``kept`` as an emergency does."""

    def prepare(world: Platform) -> None:
        for id in ids:
            m = found(world, id)
            at = m["events"][0]["timestamp"] / 1000 + 1
            m["events"].insert(0, exit_event(at, 0, requested=True))
            m["state"], m["cordoned"] = "stopped", id in API
            if kept:
                m["config"]["metadata"][KEPT] = str(kept)

    return prepare


def emergency_and_one_lost(world: Platform) -> None:
    at_rest("a1", kept=2)(world)
    del world.machines["b2"]


def drained(world: Platform) -> None:
    found(world, "a1")["cordoned"] = True


def values(**given: str) -> Callable[[Platform], None]:
    """Set before, and every machine has them."""

    def prepare(world: Platform) -> None:
        world.put(dict(given))
        world.in_use = {id: dict(given) for id in API}

    return prepare


def silent_unit(world: Platform) -> None:
    world.unit.active = False


def shut_down(world: Platform) -> None:
    values(MAINTENANCE_MODE="true")(world)
    at_rest(*API, "d9")(world)
    silent_unit(world)


def wishes(secret: str, lane: Lane) -> list[Wish]:
    """All there are; ``secret`` is the value where one is stored."""
    one = "api/machine/b2"
    typed, flag = {"value": secret}, {"name": "ENABLE_AUCTION_SYSTEM", "value": "false"}
    off = values(MAINTENANCE_MODE="true")
    found = [
        Wish("restart", "api", 10, restarted(*API)),
        Wish("restart", one, 5, restarted("b2")),
        Wish("restart", "db", 3, restarted("d9")),
        Wish("restart", "node", 1, unit(active=True, turned=True)),
        Wish("stop", "node", 1, unit(active=False, turned=False)),
        Wish("start", "node", 1, unit(active=True, turned=False), prepare=silent_unit),
        Wish("scale", "api", 5, counted(1), {"count": "1"}),
        Wish("scale", "api", 1, counted(3), {"count": "3"}),
        Wish("scale", "api", 2, counted(4), {"count": "4"}),
        Wish("scale", "api", 12, counted(2, "lax"), {"region": "lax"}),
        Wish("scale", "api", 10, sized(2, *API), {"size": "shared-cpu-2x"}),
        Wish("scale", "db", 3, sized(2, "d9"), {"size": "shared-cpu-2x"}),
        Wish("stop", "api", 8, resting(*API)),
        Wish("stop", one, 4, resting("b2")),
        Wish("stop", "db", 3, resting("d9")),
        Wish("start", "api", 8, serving(*API), prepare=at_rest(*API)),
        Wish("start", one, 4, serving("b2"), prepare=at_rest("b2")),
        Wish("start", "db", 3, serving("d9"), prepare=at_rest("d9")),
        Wish("suspend", one, 4, resting("b2", state="suspended")),
        Wish("drain", "api/machine/a1", 3, cordoned(True)),
        Wish("undrain", "api/machine/a1", 3, cordoned(False), prepare=drained),
        Wish("deploy", "api", 10, runs("v2"), {"image": "v2"}),
        Wish("deploy", "api", 7, lambda lane, _: False, {"image": BROKEN}),
        Wish("rollback", "api", 10, runs("v0")),
        Wish("emergency-stop", "api", 10, resting(*API), {"reason": "rehearsal"}),
        Wish("restore-count", "api", 10, restored, prepare=at_rest(*API, kept=2)),
        Wish("restore-count", "api", 6, restored, prepare=emergency_and_one_lost),
        Wish("shutdown-all", "api", 30, all_down, {"workers": "abort", "reason": "a rehearsal"}),
        Wish("start-all", "api", 25, all_up, prepare=shut_down),
        Wish("keep", "api", 1, lambda lane, _: lane.world.secret == digest(secret),
             {"digest": digest(secret)}, typed),
        Wish("secret-set", "api", 11, in_use("API_TOKEN", secret), {"name": "API_TOKEN"}, typed),
        Wish("secret-set", "api", 1, staged("API_TOKEN", secret),
             {"name": "API_TOKEN", "stage": "true"}, typed),
        Wish("secret-set", "api", 11, in_use("API_TOKEN", secret), {"name": "API_TOKEN"}, typed,
             values(API_TOKEN="former")),
        Wish("secret-unset", "api", 11, in_use("API_TOKEN", None), {"name": "API_TOKEN"},
             prepare=values(API_TOKEN="former")),
        Wish("flag-set", "api", 11, in_use("ENABLE_AUCTION_SYSTEM", "false"), flag),
        Wish("log-level", "api", 11, in_use("LOG_LEVEL", "debug"), {"level": "debug"}),
        Wish("maintenance", "api", 11, in_use("MAINTENANCE_MODE", "true"), {"mode": "on"}),
        Wish("maintenance", "api", 11, in_use("MAINTENANCE_MODE", "false"), {"mode": "off"},
             prepare=off),
        Wish("config-save", "api", 1, saved, {"path": str(lane.folder / "saved.json")}),
    ]  # fmt: skip
    return found + ([Wish("backup", "db", 1, backed_up)] if lane.database else [])
