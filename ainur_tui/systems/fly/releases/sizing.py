"""Size: other processors or memory for machines, one after another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ProbeFailure, Refused
from ainur_tui.systems.acting import Step, World
from ainur_tui.systems.answers import text
from ainur_tui.systems.fly.fleet import EachMachine, judged, well, which
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.machines import Machine, size_name
from ainur_tui.systems.fly.releases.replacing import Config, Replacing
from ainur_tui.systems.fly.releases.sizelist import Size, SizeList

STEP = 256
"""MiB: memory comes in multiples of this."""
LEAST = {"shared": 256, "performance": 2048}
MOST = {"shared": 2048, "performance": 8192}
"""MiB for each processor of a kind."""
SIZES = [f"shared-cpu-{n}x" for n in (1, 2, 4, 8)] + [f"performance-{n}x" for n in (1, 2, 4, 8, 16)]
SIZE_PARAMS = [
    Param(name="size", type="str", help="processors of each machine", choices=SIZES),
    Param(name="memory", type="str", help="memory of each machine: 1024 (MB), 2GB"),
]
BILL = "https://fly.io/dashboard/{}/billing"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}", re.IGNORECASE)
_SIZE = re.compile(r"(?:(shared)-cpu|(performance)(?:-cpu)?)-([0-9]{1,2})x")
_MEMORY = re.compile(r"([0-9]{1,6})\s*(mb|gb|mib|gib)?", re.IGNORECASE)


ROLLING = "one machine is away at a time; each must serve before the next is replaced"


class _Resize(EachMachine):
    verb = "resize"
    owner: str
    loss = ""

    def __init__(self, hands: Hands, sizes: SizeList | None = None) -> None:
        super().__init__(hands)
        self._sizes = sizes

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = {name: value.strip() for name, value in params.items() if value.strip()}
        if not given or set(given) - {"size", "memory"}:
            raise Refused("size and memory go together, and with nothing else", USAGE)
        all = await judged(self.hands)
        live, unread = await self._live()
        guests = {m.id: guest(m.config, given, live) for m, _ in all}
        chosen = [m for m, _ in all if dict(m.config.get("guest") or {}) != guests[m.id]]
        if not chosen:
            raise Refused("every machine has this size already", UNAVAILABLE)
        # Those that do not serve come first: replacing them costs no one a request.
        chosen.sort(key=lambda m: next(how.state == "up" for one, how in all if one is m))
        former = {(size_of(m.config), _memory(m.config)) for m in chosen}
        undo = None
        if len(former) == 1:
            size, memory = next(iter(former))
            undo = Undo(action="scale", target=target, params={"size": size, "memory": str(memory)})
        alone = well(all) < 2
        wanted = {size_of({"guest": guests[m.id]}) for m in chosen}
        prices = [_price(live, name) for name in dict.fromkeys([*(s for s, _ in former), *wanted])]
        warnings = [unread] if unread else []
        if alone:
            warnings.append(f"{self.owner} is away while its machine is replaced{self.loss}")
        return self.draft(
            target, given, all, chosen, world,
            title=f"Resize {which(chosen)} of {target}",
            affects=alone or target == "db",
            undo=undo,
            warnings=warnings,
            facts=[f"{m.id}: {words(m.config)} → {words({'guest': guests[m.id]})}" for m in chosen]
            + ([] if alone else [ROLLING])
            + [f"price a month of each, with its least memory: {', '.join(prices)}"]
            + await self.bill(),
            goal={"guest": {m.id: guests[m.id] for m in chosen}},
        )  # fmt: skip

    async def cost(self, config: Config, was: int, now: int) -> str:
        """What other numbers of machines like this cost a month, in words."""
        live, _ = await self._live()
        size = live.get(size_of(config))
        if size is None or size.price is None:
            return "the price is not told"
        words = f"${was * size.price:.2f} → ${now * size.price:.2f}"
        return f"price a month, with the least memory of {size.name}: {words}"

    async def bill(self) -> list[str]:
        """Where people see what is really paid; the platform tells no program."""
        try:
            slug = text(await self.hands.client.about(), "organization.slug", 80)
        except ProbeFailure:
            return []
        return [f"the bill: {BILL.format(slug)}"] if slug and _SLUG.fullmatch(slug) else []

    async def _live(self) -> tuple[dict[str, Size], str]:
        """The platform's sizes, or none and the sentence why they are not known."""
        if self._sizes is None:
            return {}, ""
        try:
            return await self._sizes.sizes(), ""
        except ProbeFailure as failure:
            return {}, f"The platform's sizes cannot be read; the documented ones hold: {failure}"

    def steps(self, plan: Plan) -> list[Step]:
        found = []
        for one in plan.goal["machines"]:
            change = partial(_with_guest, plan.goal["guest"][one["id"]])
            step = Replacing(self.hands, one["id"], change)
            name = self.step_name(one["id"], one["region"])
            found.append(Step(name, step.work, undo=step.undo))
        return found

    async def proof(self, machine: Machine, plan: Plan, lacks: list[str]) -> str | None:
        wanted = plan.goal["guest"][machine.id]
        have = machine.config.get("guest") or {}
        if any(have.get(key) != value for key, value in wanted.items()):
            lacks.append(f"{machine.id} is {words(machine.config)}")
            return None
        found = await self.stands(machine, plan, lacks)
        return None if found is None else f"{found}, {words(machine.config)}"


class ResizeApi(_Resize):
    """Rolling; offered as a part of ``scale``."""

    owner = "The API"
    spec = ActionSpec(
        name="scale", targets=["api"], risk="R2", summary="Change the size of the machines",
        params=SIZE_PARAMS,
    )  # fmt: skip


class ResizeDatabase(_Resize):
    """The database's machines are replaced: every session ends."""

    owner = "The database"
    loss = ": every session ends, open transactions are lost"
    spec = ActionSpec(
        name="scale",
        targets=["db"],
        risk="R3",
        summary="Change the size of the database's machine: it restarts, every session ends",
        params=SIZE_PARAMS,
        inverse="scale db to the size before",
    )


def guest(config: Config, given: dict[str, str], live: Mapping[str, Size]) -> dict[str, Any]:
    """The guest that is wanted, its memory kept where it fits; raises Refused (64). ``live`` are
    the platform's sizes, where they are known."""
    now: dict[str, Any] = dict(config.get("guest") or {})
    if "size" in given:
        now["cpu_kind"], now["cpus"] = _size(given["size"], list(live) or SIZES)
    kind, cpus = str(now.get("cpu_kind") or "shared"), int(now.get("cpus") or 1)
    least, most = LEAST.get(kind, STEP) * cpus, MOST.get(kind, 8192) * cpus
    if (size := live.get(size_name(kind, cpus))) is not None:
        least, most = size.least, size.most
    if "memory" in given:
        memory = _megabytes(given["memory"])
        if not least <= memory <= most:
            raise Refused(
                f"{size_name(kind, cpus)} has between {least} and {most} MB, not {memory}", USAGE
            )
    else:
        memory = min(max(int(now.get("memory_mb") or least), least), most)
    return now | {"memory_mb": memory}


def size_of(config: Config) -> str:
    """The size's name: ``shared-cpu-1x``, ``performance-2x``."""
    found = config.get("guest") or {}
    return size_name(str(found.get("cpu_kind") or "shared"), int(found.get("cpus") or 1))


def words(config: Config) -> str:
    """Size and memory in words."""
    return f"{size_of(config)}, {_memory(config)} MB"


def _memory(config: Config) -> int:
    return int((config.get("guest") or {}).get("memory_mb") or 0)


def _price(live: Mapping[str, Size], name: str) -> str:
    price = live[name].price if name in live else None
    return f"{name} {'not told' if price is None else f'${price:.2f}'}"


def _size(value: str, sizes: Sequence[str]) -> tuple[Literal["shared", "performance"], int]:
    found = _SIZE.fullmatch(value)
    name = found and size_name(found[1] or found[2], int(found[3]))
    if found is None or name not in sizes:
        gone = "; dedicated sizes are called performance now" if "dedicated" in value else ""
        raise Refused(f"there is no size {value[:40]}{gone}; one of {', '.join(sizes)}", USAGE)
    return ("shared" if found[1] else "performance"), int(found[3])


def _megabytes(value: str) -> int:
    found = _MEMORY.fullmatch(value)
    if found is None:
        raise Refused("memory must be a number of MB, or such as 2GB", USAGE)
    memory = int(found[1]) * (1024 if (found[2] or "").lower().startswith("g") else 1)
    if memory < STEP or memory % STEP:
        raise Refused(f"memory must be a multiple of {STEP} MB", USAGE)
    return memory


def _with_guest(wanted: dict[str, Any], config: Config) -> dict[str, Any]:
    return {**config, "guest": wanted}
