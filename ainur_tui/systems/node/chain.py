"""Whether the chain is well: the head, and everything that speaks for or against what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Table
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node import network
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.head import HeadProbe
from ainur_tui.systems.node.heads import Heads
from ainur_tui.systems.node.pace import Pace, until_synced
from ainur_tui.systems.node.peerwatch import Look, PeerWatch
from ainur_tui.systems.node.references import References, genesis

SIGNALS = (
    Signal(
        name="node.network", title="Network", unit="bool", worse="below", warn=1,
        trouble="network not well",
    ),
    Signal(name="node.finality.rate", title="Blocks finalized", unit="/s", statistic="mean"),
    Signal(name="node.sync.eta", title="Synced in", unit="s"),
    Signal(name="node.lag.seconds", title="Age of the best block by its own time", unit="s"),
    Signal(name="node.clock.skew", title="Node's clock ahead of ours", unit="s"),
)  # fmt: skip


class ChainProbe(Probe):
    """The head, and beside it at the same time: genesis, clock, peers' chains, references; judged
    together by one rule. Only the head's failure is this probe's: what else is not told is not
    known, and said so."""

    name = "node.chain"
    target = "node"

    def __init__(
        self, client: NodeClient, peers: PeerWatch, others: References, config: Node,
        context: Context, *, heads: Heads,
    ) -> None:  # fmt: skip
        self.head = HeadProbe(client, heads, config, context)
        self.interval, self.deadline = config.interval, self.head.deadline
        self.signals = (*self.head.signals, *SIGNALS)
        self._client = client
        self._heads = heads
        self._peers = peers
        self._others = others
        self._config = config
        self._context = context
        self._final, self._target = Pace(), Pace()

    async def read(self) -> Sample:
        within = self._config.timeout * 0.9
        head, peers, others, at, first = await asyncio.gather(
            self.head.read(),
            self._peers.look(within),
            self._others.look(),
            self._heads.time(min(1.0, within)),
            self._genesis(within),
        )
        known = {reading.signal: reading for reading in head.readings}
        now = self._context.clock.now()
        seen = self._seen(known, peers, others, None if at is None else at - now, first)
        found = network.checks(seen)
        well = network.verdict(found)
        ills = [check.words for check in found if check.well is False]
        eta, pace = self._pace(known)
        table = Table(
            name="node.network", target="node", title="Network", columns=network.COLUMNS,
            rows=network.rows(found, others), observed_at=now, source=self._source,
            interval=self.interval,
        )  # fmt: skip
        return Sample(
            [
                *head.readings,
                self._reading("node.network", None if well is None else float(well),
                              self._clean("; ".join(ills) or network.rule(found))),
                self._reading("node.finality.rate", self._final.rate),
                self._reading("node.sync.eta", eta, pace),
                self._reading("node.lag.seconds", None if at is None else max(0.0, now - at)),
                self._skew(),
            ],
            [table],
        )  # fmt: skip

    async def _genesis(self, within: float) -> bool | None:
        """Whether the first block is the configured one."""
        wanted = (self._config.genesis or "").strip().lower().removeprefix("0x")
        if not wanted:
            return None
        try:
            return (await genesis(self._client, within)).removeprefix("0x") == wanted
        except ProbeFailure:
            return None

    def _seen(
        self, known: dict[str, Reading], peers: Look, others: Sequence[network.Other],
        ahead: float | None, first: bool | None,
    ) -> network.Seen:  # fmt: skip
        count = _whole(known["node.peers"])
        return network.Seen(
            block_time=self._config.block_time,
            block_age=known["node.block.age"].value,
            stalled=bool(known["node.import.stalled"].value),
            peers=count,
            crowd=peers.crowd if count else None,
            behind=_whole(known["node.lag"]),
            unfinalized=_whole(known["node.finality.lag"]),
            skew=self._client.clock_watch.difference,
            chain_ahead=ahead,
            genesis=first,
            others=others,
        )

    def _pace(self, known: dict[str, Reading]) -> tuple[float | None, str]:
        now = self._context.clock.monotonic()
        for pace, signal in ((self._final, "node.finalized"), (self._target, "node.target")):
            height = _whole(known[signal])
            if height is not None:
                pace.add(now, height)
        return until_synced(
            _whole(known["node.lag"]), known["node.import.rate"].value, self._target.rate
        )

    def _skew(self) -> Reading:
        watch = self._client.clock_watch
        words = None
        if watch.bounds is not None:
            low, high = watch.bounds
            words = f"between {low:+.1f} and {high:+.1f} s, by the Date of its answers"
        return self._reading("node.clock.skew", watch.difference, words)

    def _reading(self, signal: str, value: float | None, note: str | None = None) -> Reading:
        return Reading(
            target="node", signal=signal, value=value, source=self._source,
            observed_at=self._context.clock.now(), note=note,
        )  # fmt: skip

    def _clean(self, text: str) -> str:
        return self._context.redact(clean(text, 300))

    @property
    def _source(self) -> str:
        return f"JSON-RPC {self._client.peer}"


def _whole(reading: Reading) -> int | None:
    return None if reading.value is None else int(reading.value)
