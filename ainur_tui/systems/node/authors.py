"""Authorship: blocks made and slots missed over the newest blocks, by author."""

from __future__ import annotations

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.client import Call, NodeClient, RpcRefused
from ainur_tui.systems.node.digest import Made, Tally, authorities, made, tally
from ainur_tui.systems.node.metrics import NodeMetrics
from ainur_tui.systems.node.shapes import Hash, Header, Sealed, Text

WINDOW = 100
FIRST, MOST = 4, 30
"""Headers asked in the first read, which a one-shot check waits for, and in any later one."""
UNSETTLED = 3
"""The newest blocks are asked again: another may have taken their place."""
LONGEST_GAP = 100_000
"""Slots; a chain that stood still for longer has no tally worth its time."""

SIGNALS = (
    Signal(name="node.slots.missed", title="Slots without a block", unit="ratio", scale=1.0),
    Signal(name="node.slots.own", title="Own slots missed", unit="count"),
    Signal(name="node.authored", title="Blocks made since its start", unit="count"),
)
_COLUMNS = [
    Column(name="author", title="Author", limit=24),
    Column(name="slots", title="Slots", unit="count"),
    Column(name="blocks", title="Blocks", unit="count"),
    Column(name="missed", title="Missed", unit="count"),
    Column(name="last", title="Last block", unit="height", rank=1),
    Column(name="whose", title="Key", rank=1, limit=12),
]


class AuthorsProbe(Probe):
    """Keeps the slots of the newest :data:`WINDOW` blocks and asks only for those it lacks."""

    name = "node.authors"
    target = "node"
    signals = SIGNALS

    def __init__(
        self, client: NodeClient, metrics: NodeMetrics | None, config: Node, context: Context
    ) -> None:
        # Each answer has the configured time; at the first that is late this ends by itself.
        self.interval, self.deadline = max(10.0, config.interval), 3 * config.timeout
        self._client = client
        self._metrics = metrics
        self._context = context
        self._seen: dict[int, Made | None] = {}
        self._own: dict[str, bool] = {}
        self._most = FIRST

    async def read(self) -> Sample:
        try:
            return await self._read()
        except ProbeFailure as failure:
            # That the node does not answer is the head's to tell.
            readings = [self._reading(signal.name, None, str(failure)) for signal in SIGNALS]
            return Sample(readings, [self._table({}, [], "", missing=str(failure))])

    async def _read(self) -> Sample:
        best = (await self._client.call("chain_getHeader", Header)).height
        await self._fill(best)
        keys = await self._authorities()
        await self._ask_own(keys)
        chain = self._unbroken(best)
        slots = [one.slot for one in chain.values()]
        sane = bool(slots) and max(slots) - min(slots) < LONGEST_GAP
        found = tally(chain, len(keys)) if sane else {}
        due, missed = (sum(getattr(t, of) for t in found.values()) for of in ("slots", "missed"))
        own = [at for at, key in enumerate(keys) if self._own.get(key) and at in found]
        mine = [found[at].missed for at in own]
        metrics = await self._metrics.read() if self._metrics else {}
        over = f"over the last {len(chain)} blocks" if chain else "no slot in its blocks"
        return Sample(
            [
                self._reading("node.slots.missed", missed / due if due else None, over),
                self._reading("node.slots.own", sum(mine) if mine else None,
                              over if mine else "which key is its own is not told"),
                self._reading("node.authored",
                              metrics.get("substrate_proposer_block_constructed_count")),
            ],
            [self._table(found, keys, over)],
        )  # fmt: skip

    async def _fill(self, best: int) -> None:
        lowest = max(1, best - WINDOW + 1)
        kept = range(lowest, best - UNSETTLED + 1)
        self._seen = {height: one for height, one in self._seen.items() if height in kept}
        wanted = [h for h in range(best, lowest - 1, -1) if h not in self._seen][: self._most]
        self._most = MOST
        hashes = await self._client.call("chain_getBlockHash", list[Hash | None], wanted)
        asked: list[Call] = [
            ("chain_getHeader", Sealed | None, (block,)) for block in hashes if block
        ]
        for header in await self._client.batch(asked):
            if isinstance(header, Sealed):
                self._seen[header.height] = made(header.digest.logs)

    def _unbroken(self, best: int) -> dict[int, Made]:
        """The blocks from the newest down to the first that is not known: no gap is a miss."""
        found: dict[int, Made] = {}
        while (one := self._seen.get(best)) is not None:
            found[best] = one
            best -= 1
        return found

    async def _authorities(self) -> list[str]:
        """The keys that take turns by slot; none where the runtime has no Aura."""
        try:
            return authorities(
                await self._client.call("state_call", Text, "AuraApi_authorities", "0x")
            )
        except (RpcRefused, ValueError):
            return []

    async def _ask_own(self, keys: list[str]) -> None:
        """Which of the keys the node holds: an unsafe method, so mostly answered at home only."""
        asked = [key for key in keys if key not in self._own][:MOST]
        calls: list[Call] = [("author_hasKey", bool, (key, "aura")) for key in asked]
        for key, told in zip(asked, await self._client.batch(calls), strict=True):
            if isinstance(told, bool):
                self._own[key] = told

    def _table(
        self, found: dict[int, Tally], keys: list[str], over: str,
        missing: str = "its blocks tell no slot: neither Aura nor Babe",
    ) -> Table:  # fmt: skip
        rows = [self._row(at, told, keys) for at, told in sorted(found.items())]
        return Table(
            name="node.authors", target="node", title="Authors", columns=_COLUMNS, rows=rows,
            observed_at=self._context.clock.now(), source=f"JSON-RPC {self._client.peer}",
            interval=self.interval, note=over,
            missing=None if rows else missing,
        )  # fmt: skip

    def _row(self, at: int, told: Tally, keys: list[str]) -> Row:
        key = keys[at] if 0 <= at < len(keys) else None
        name = f"{at}" if at >= 0 else "nobody"
        whose = {True: "this node's", False: "another's", None: "not told"}
        return Row(
            key=name,
            cells=[f"{name}  {key[:10]}…{key[-4:]}" if key else name, told.slots, told.blocks,
                   told.missed, told.last, whose[self._own.get(key or "")]],
            tone="warn" if told.slots > 1 and not told.blocks else "none",
            detail={"key": key} if key else {},
        )  # fmt: skip

    def _reading(self, signal: str, value: float | None, note: str | None = None) -> Reading:
        return Reading(
            target="node", signal=signal, value=value, source=f"JSON-RPC {self._client.peer}",
            observed_at=self._context.clock.now(), note=note,
        )  # fmt: skip
