"""Two operators press Enter in the same moment, a hundred times (S-42, F-65)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import RunCall
from tests.engine.acting import Restart, World1

TIMES = 100
BOTH = (Peer("mira", "operate", "pts/1"), Peer("otto", "operate", "pts/2"))
PAIRS = [("api", "api"), ("api", "api/machine/17"), ("api/machine/17", "api")]


async def test_one_acts_and_the_other_is_told_who(tmp_path: Path) -> None:
    action = Restart(("api", "api/machine"))
    world = await World1(tmp_path, action).open()
    rng = random.Random(11)
    for number in range(TIMES):
        before = action.boots
        calls = [
            RunCall(action="restart", target=target, key=f"{number}-{who.operator}", reason="now",
                    seen={"boots": before, "zone": ["a", "b"]})
            for who, target in zip(BOTH, rng.choice(PAIRS), strict=True)
        ]  # fmt: skip
        asked = list(zip(calls, BOTH, strict=True))
        rng.shuffle(asked)
        found = await asyncio.gather(
            *(world.executor.run(call, who) for call, who in asked), return_exceptions=True
        )
        (run,) = [one for one in found if isinstance(one, Run)]
        (refused,) = [one for one in found if isinstance(one, Refused)]
        loser = next(who for who in BOTH if who.operator != run.operator)
        assert f"{run.operator} holds {run.plan.target}" in str(refused), loser
        assert (await world.ended(run)).state == "verified"
        assert action.boots == before + 1
        assert world.leases.views() == []
    entries = await world.journal.entries(limit=10_000)
    kinds = [(entry.kind, entry.state) for entry in entries]
    assert kinds.count(("intent", "running")) == TIMES
    assert kinds.count(("result", "verified")) == TIMES
    assert kinds.count(("note", "refused")) == TIMES
    assert (await world.journal.verify()).ok
