"""What is done to one machine: out of routing, to rest, awake again, copied, destroyed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.api.metrics import CONNECTIONS
from ainur_tui.systems.fly.hands import AT_REST, BACK_WITHIN, Hands, sent, turned
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.machines import Machine

MARK = "ainur_action"
"""Metadata key that holds our action's id: a lost answer may have made a machine all the same."""
KEPT = "ainur_stopped"
"""Metadata key on each machine an emergency stop took down: how many there were. Kept on the
platform, so that any console can restore it, also when the machine this one ran on is lost."""
DRAIN = 2.0
"""Seconds between cordon and stop, for requests on their way, where nobody tells how many."""
SETTLE = 1.0
"""Seconds in which every edge of the platform hears of a cordon."""
FINISH = 10.0
"""Seconds a machine may take to finish what it holds; the platform gives it as many at a stop."""
PAUSE = 0.25
STOP_WITHIN = 30
LOOK_FOR = 30.0

Rest = Literal["stop", "suspend"]
RESTED = {"stop": "stopped", "suspend": "suspended"}


def wakes_itself(machine: Machine) -> bool:
    """Whether the platform's proxy may start it for a request that comes in."""
    services = machine.config.get("services") or []
    return any(isinstance(one, dict) and one.get("autostart") is not False for one in services)


async def unrouted(
    hands: Hands, machine: Machine, nonce: str, context: StepContext, drain: float
) -> None:
    """Send it no new requests, and let it finish those it has: ``drain`` seconds where it does not
    tell how many (0: it is not waited for)."""
    if machine.cordoned or not machine.config.get("services"):
        return
    await sent(hands.client.cordon(machine.id, nonce, hands.app), context)
    context.progress(f"{machine.id} gets no new requests")
    await asyncio.sleep(min(drain, SETTLE))
    end = hands.clock.monotonic() + FINISH
    while drain and hands.clock.monotonic() < end:
        holds = await held(hands, machine.id)
        if holds is None:
            await asyncio.sleep(max(drain - SETTLE, 0.0))
        if not holds:
            return
        context.progress(f"{machine.id} finishes {holds:.0f} requests")
        await asyncio.sleep(PAUSE)


async def held(hands: Hands, id: str) -> float | None:
    """The requests a machine works on besides our own, if it tells."""
    if hands.edge is None:
        return None
    try:
        scrape, _ = await hands.edge.metrics(frozenset(CONNECTIONS), id, 2.0)
    except ProbeFailure:
        return None
    name = scrape.first_of(CONNECTIONS)
    total = None if name is None else scrape.total(name)
    return None if total is None else max(total - 1, 0.0)


@contextlib.asynccontextmanager
async def aside(
    hands: Hands, machine: Machine, nonce: str, context: StepContext
) -> AsyncIterator[None]:
    """Out of routing while it is replaced or restarted, then routed again, whatever happens. One
    that gets no requests, or that nobody can stand in for, is left as it is."""
    now = hands.clock.now()
    taken = bool(machine.config.get("services")) and health(machine, now).state == "up"
    if taken:
        others = serving(await hands.client.machines(hands.app))
        taken = any(m.id != machine.id and health(m, now).state == "up" for m in others)
    try:
        if taken:
            await unrouted(hands, machine, nonce, context, DRAIN)
        yield
    finally:
        if taken:
            # Whether it is routed is looked at afterwards: an answer lost here decides nothing.
            with contextlib.suppress(ProbeFailure):
                await hands.client.uncordon(machine.id, nonce, hands.app)


def fit(hands: Hands, machine: Machine, context: StepContext) -> str | None:
    """What shows that a machine may be routed to again, or ``None`` after telling what it lacks."""
    how = health(replace(machine, cordoned=False), hands.clock.now())
    if how.state != "up":
        context.progress(f"{machine.id}: {how.note}")
        return None
    return how.note


async def restarted(hands: Hands, id: str, context: StepContext) -> str:
    """Restart one machine (start it where it is at rest) and wait until it serves again."""
    async with hands.leased(id, context) as nonce:
        before = await hands.client.machine(id, hands.app)

        async def again() -> Machine | None:
            machine = await hands.client.machine(id, hands.app)
            if turned(machine, before.last_turn, before.updated_at):
                return machine
            context.progress(f"{id} has not restarted yet")
            return None

        async def ready() -> str | None:
            machine = await again()
            return None if machine is None else fit(hands, machine, context)

        async def back() -> str | None:
            machine = await again()
            return None if machine is None else await hands.serves(machine, context.progress)

        async with aside(hands, before, nonce, context):
            change = hands.client.start if before.state in AT_REST else hands.client.restart
            context.progress(f"{id} was {before.state}; asked")
            await sent(change(id, nonce, hands.app), context)
            if before.cordoned and before.state in AT_REST:
                await sent(hands.client.uncordon(id, nonce, hands.app), context)
            await context.until(ready, BACK_WITHIN)
        return await context.until(back, BACK_WITHIN)


async def halted(
    hands: Hands, machine: Machine, nonce: str, context: StepContext, *,
    drain: float = DRAIN, how: Rest = "stop",
) -> None:  # fmt: skip
    """Out of routing, then at rest; routed again when it does not come to rest."""
    client, id, wanted = hands.client, machine.id, RESTED[how]
    try:
        await unrouted(hands, machine, nonce, context, drain)
        change = client.suspend if how == "suspend" else client.stop
        await sent(change(id, nonce, hands.app), context)
        if not await client.wait(machine, wanted, STOP_WITHIN, hands.app):
            raise ActionFailure(f"{id} did not stop within {STOP_WITHIN} s")
    except BaseException:
        if not machine.cordoned:
            with contextlib.suppress(ProbeFailure):
                await client.uncordon(id, nonce, hands.app)
        raise


async def rest(
    hands: Hands, id: str, context: StepContext, *, how: Rest = "stop", drain: float = DRAIN
) -> str:
    """Drain and stop (or suspend) one machine. It stays out of routing where the platform's proxy
    would start it again for the next request; :func:`wake` brings it back."""
    async with hands.leased(id, context) as nonce:
        machine = await hands.client.machine(id, hands.app)
        if machine.state in AT_REST:
            return f"{id} is {machine.state} already"
        await halted(hands, machine, nonce, context, drain=drain, how=how)
        if not machine.cordoned and machine.config.get("services") and not wakes_itself(machine):
            await sent(hands.client.uncordon(id, nonce, hands.app), context)

        async def rests() -> str | None:
            now = await hands.client.machine(id, hands.app)
            context.progress(f"{id} is {now.state}")
            return f"{id} is {now.state}" if now.state == RESTED[how] else None

        return await context.until(rests, LOOK_FOR)


async def wake(hands: Hands, id: str, context: StepContext) -> str:
    """Start one machine, route requests to it again, wait until it serves."""
    async with hands.leased(id, context) as nonce:
        machine = await hands.client.machine(id, hands.app)
        if machine.state in AT_REST:
            await sent(hands.client.start(id, nonce, hands.app), context)
        if machine.cordoned:
            await sent(hands.client.uncordon(id, nonce, hands.app), context)

        async def serves() -> str | None:
            return await hands.serves(await hands.client.machine(id, hands.app), context.progress)

        seen = await context.until(serves, BACK_WITHIN)
        if KEPT in (machine.config.get("metadata") or {}):
            await sent(hands.client.mark(id, KEPT, None, nonce), context)
        return seen


async def copied(
    hands: Hands, source: str, region: str, mark: str, context: StepContext
) -> tuple[str, str]:
    """A new machine with the configuration of ``source``: see :func:`made`."""
    model = await hands.client.machine(source, hands.app)
    if not model.whole:
        raise ActionFailure(f"the host of {source} does not answer; it cannot be copied now")
    return await made(hands, model.config, region, mark, context)


async def made(
    hands: Hands, config: Mapping[str, Any], region: str, mark: str, context: StepContext
) -> tuple[str, str]:
    """A new machine with this configuration: its id, and what shows that it serves. One with our
    mark that is there already is ours, and no other is made."""
    client = hands.client
    found = await _marked(hands, mark)
    if found is None:
        metadata = {**(config.get("metadata") or {}), MARK: mark}
        metadata.pop(KEPT, None)
        body = {"region": region, "config": {**config, "metadata": metadata}}
        await sent(client.create(body, hands.app), context)

        async def there() -> str | None:
            nonlocal found
            found = await _marked(hands, mark)
            return None if found is None else found.id

        await context.until(there, LOOK_FOR)
    if found is None:
        raise ActionFailure("no machine with our mark appeared")
    id = found.id

    async def serves() -> str | None:
        return await hands.serves(await client.machine(id, hands.app), context.progress)

    return id, await context.until(serves, BACK_WITHIN)


async def _marked(hands: Hands, mark: str) -> Machine | None:
    found = await hands.client.machines(hands.app, {MARK: mark})
    return next((m for m in found if (m.config.get("metadata") or {}).get(MARK) == mark), None)
