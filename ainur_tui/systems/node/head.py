"""The node's head: does it answer, does its chain grow, is it near its peers and final."""

from __future__ import annotations

import asyncio

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.heads import Heads
from ainur_tui.systems.node.pace import Pace
from ainur_tui.systems.node.shapes import Header, Health

WATCHED = 1.2
"""Block times a first read must have watched in vain before it says that nothing is imported."""
STALLED = 3.0
MARGIN = 0.2


def signals(block_time: float) -> tuple[Signal, ...]:
    """What the head probe delivers; thresholds on time follow the chain's block time."""
    return (
        Signal(name="node.up", title="RPC answers", unit="bool", worse="below", fail=1, vital=True),
        Signal(name="node.best", title="Best block", unit="blocks"),
        Signal(name="node.finalized", title="Finalized block", unit="blocks"),
        Signal(name="node.target", title="Sync target", unit="blocks"),
        Signal(
            name="node.lag", title="Behind the target", unit="blocks", warn=5, fail=100,
            origin="guide", trouble="behind its peers by",
        ),
        Signal(
            name="node.finality.lag", title="Best to finalized", unit="blocks", warn=10,
            trouble="finality behind the best block by",
        ),
        Signal(
            name="node.block.age", title="Since the last block", unit="s", warn=3 * block_time,
            fail=10 * block_time, trouble="no new block for",
        ),
        Signal(
            name="node.import.stalled", title="Block import stalled", unit="bool", warn=0,
            trouble="imports no new block",
        ),
        Signal(name="node.import.rate", title="Blocks imported", unit="/s", statistic="mean"),
        Signal(
            name="node.peers", title="Peers", unit="count", worse="below", fail=1,
        ),
        Signal(name="node.syncing", title="Far behind, as it believes", unit="bool"),
    )  # fmt: skip


class HeadProbe(Probe):
    """Health, best and finalized block, and how long ago the best block advanced by our clock.

    A first read cannot know that age, so it takes the time of the best block from the chain; where
    that is old or not to be had it waits for the next block. The deadline has room for that wait.
    """

    name = "node.head"
    target = "node"

    def __init__(self, client: NodeClient, heads: Heads, config: Node, context: Context) -> None:
        self.interval = config.interval
        self._timeout = config.timeout
        self._patience = 1.5 * config.block_time + 0.5
        self.deadline = config.timeout + self._patience + MARGIN
        self.signals = signals(config.block_time)
        self._block_time = config.block_time
        self._client = client
        self._heads = heads
        self._source = ""
        self._clock = context.clock
        self._head: Header | None = None
        self._advanced = 0.0
        self._stalled = False
        self._pace = Pace()

    async def read(self) -> Sample:
        head = await self._heads.look(self._timeout)
        self._source = head.source
        note = "; ".join(filter(None, (self._fallback(), head.note))) or None
        if self._head is None:
            await self._first_look(head.best)
            now = self._clock.monotonic()
        else:
            now = self._clock.monotonic()
            self._look(head.best)
        age = max(0.0, now - self._advanced)
        if age > STALLED * self._block_time:
            self._stalled = True
        best, final, target = head.best.height, head.finalized, head.target
        no_block = f"none in {age:.1f} s" if self._stalled else None
        return Sample(
            [
                self._reading("node.up", 1.0, note),
                self._reading("node.best", best),
                self._reading("node.finalized", final),
                self._reading("node.target", target, None if target else "it knows no target"),
                self._reading("node.lag", None if target is None else target - best),
                self._reading("node.finality.lag", None if final is None else max(0, best - final)),
                self._reading("node.block.age", age),
                self._reading("node.import.stalled", float(self._stalled), no_block),
                self._rate(now, best),
                self._peers(head.health),
                self._reading(
                    "node.syncing", float(head.health.is_syncing) if head.health else None
                ),
            ]
        )

    def _fallback(self) -> str | None:
        """Who answers, where that is not the first one."""
        why = self._client.fallback
        return f"answers at {self._client.peer}; {why}" if why else None

    def _left(self, end: float) -> float:
        return max(0.05, end - self._clock.monotonic())

    def _reading(self, signal: str, value: float | None, note: str | None = None) -> Reading:
        return Reading(
            target="node", signal=signal, value=value, source=self._source,
            observed_at=self._clock.now(), note=note,
        )  # fmt: skip

    def _look(self, header: Header) -> None:
        """Take note of the best block; another one than before means that import goes on."""
        if header != self._head:
            self._head, self._advanced, self._stalled = header, self._clock.monotonic(), False

    async def _first_look(self, header: Header) -> None:
        """Find out how old the best block is, waiting for a newer one where that is needed."""
        began = self._clock.monotonic()
        age = await self._age_by_chain(began + self._timeout)
        self._look(header)
        if age is not None:
            self._advanced = began - age
            if age < WATCHED * self._block_time:
                return
        until = began + self._patience
        while (left := until - self._clock.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.15, self._block_time / 10))
            try:
                newer = await self._heads.best(self._left(until))
            except ProbeFailure:
                continue
            if newer != header:
                self._look(newer)
                return
        self._stalled = self._clock.monotonic() - began >= WATCHED * self._block_time

    async def _age_by_chain(self, end: float) -> float | None:
        """Seconds since the best block's own time stamp, where the runtime keeps one."""
        at = await self._heads.time(min(1.0, self._left(end)))
        if at is None:
            return None
        age = self._clock.now() - at
        return max(0.0, age) if -60 < age < 10 * 365 * 86400 else None

    def _rate(self, now: float, best: int) -> Reading:
        """Blocks a second over the last minute, once there is a span to divide by."""
        self._pace.add(now, best)
        rate = self._pace.rate
        return self._reading(
            "node.import.rate", rate, "needs two readings" if rate is None else None
        )

    def _peers(self, health: Health | None) -> Reading:
        if health is None:
            return self._reading("node.peers", None, "neither its RPC nor its metrics tell")
        if health.peers == 0 and not health.should_have_peers:
            return self._reading("node.peers", None, "none, and the node says it needs none")
        note = None if health.peers else "0 peers, although it should have some"
        return self._reading("node.peers", health.peers, note)
