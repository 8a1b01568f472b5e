"""Ordering the action of a playbook's step, under a key that is on the disk before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from ainur_tui.engine.runs.executor import Executor
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.failure import BAD_DATA, Refused
from ainur_tui.model.playbook import PlaybookRun
from ainur_tui.model.playbookcalls import DecideCall
from ainur_tui.rules.playbooks.playbooks import change

Keep = Callable[[PlaybookRun, PlaybookRun], Awaitable[None]]
"""Puts a run on the disk: as it was, as it is."""


async def order(
    run: PlaybookRun, call: DecideCall, peer: Peer, executor: Executor, keep: Keep
) -> PlaybookRun:
    """Have the executor act. Whatever ends meanwhile, it is known afterwards whether it began, and
    nothing begins twice. Raises Refused; the step is then as it was."""
    do, wish = run.now.do, call.call
    if do is None or wish is None or (wish.action, wish.target) != (do.action, do.target):
        raise Refused("this is not the action of the step", BAD_DATA)
    key = f"playbook-{run.id}-{run.now.id}-{run.now.attempt}"
    ordered = change(run, state="ordered", key=key)
    await keep(run, ordered)
    try:
        acted = await executor.run(replace(wish, key=key), peer)
    except Refused:
        await keep(ordered, run)
        raise
    after = change(ordered, state="acting", action=acted.id)
    await keep(ordered, after)
    return after
