"""Who the node is connected to."""

from __future__ import annotations

from collections import Counter

from ainur_tui.config.types import Node
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.branch import Stand
from ainur_tui.systems.node.client import SAFE_MODE, NodeClient, RpcRefused
from ainur_tui.systems.node.flagcheck import parsed
from ainur_tui.systems.node.peerwatch import Look, PeerWatch
from ainur_tui.systems.node.shapes import Connected, Peer
from ainur_tui.systems.node.unitwatch import UnitWatch

MOST = 500
BEHIND = 5
SIGNALS = (
    Signal(name="node.peers.in", title="Peers that called us", unit="count"),
    Signal(name="node.peers.out", title="Peers we called", unit="count"),
)
WAYS = ("in", "out")
LIMITS = {"--in-peers": "32", "--out-peers": "8"}
"""The flags that limit them, and what the node takes without."""
STANDS: dict[Stand | None, str] = {"ours": "our chain", "other": "another chain", None: "—"}
_COLUMNS = [
    Column(name="peer", title="Peer", limit=24),
    Column(name="roles", title="Roles", rank=2, limit=12),
    Column(name="best", title="Best", unit="height", rank=1),
    Column(name="behind", title="Behind us", unit="blocks", rank=2),
    Column(name="stands", title="Stands on", rank=1, limit=13),
    Column(name="way", title="Way", rank=2, limit=4),
    Column(name="version", title="Version", rank=3, limit=40),
]


class PeersProbe(Probe):
    """The table of peers. A node that hides them is in its safe mode: good, and said so."""

    name = "node.peers"
    target = "node"
    signals = SIGNALS

    def __init__(
        self, watch: PeerWatch, client: NodeClient, unit: UnitWatch | None, config: Node,
        context: Context,
    ) -> None:  # fmt: skip
        self.interval = max(10.0, config.interval)
        self._within = config.timeout
        self.deadline = 2 * config.timeout
        self._watch = watch
        self._unit = unit
        self._client = client
        self._context = context

    async def read(self) -> Sample:
        look = await self._watch.look(self._within)
        if look.failure is not None:
            # That the node does not answer at all is the head's to tell.
            way = str(look.failure)
            if isinstance(look.failure, RpcRefused) and look.failure.unsafe:
                way = f"{SAFE_MODE}; a good sign. Ask the node from its own machine to see them"
            return Sample(self._ways(look, way), [self._table([], missing=way)])
        pairs = list(zip(look.peers, look.stands, strict=True))[:MOST]
        rows = [self._row(peer, stand, look) for peer, stand in pairs]
        over = len(look.peers) - MOST
        notes = [self._versions(look), f"{over} more are not shown" if over > 0 else ""]
        return Sample(self._ways(look), [self._table(rows, note="; ".join(filter(None, notes)))])

    def _versions(self, look: Look) -> str:
        """How many peers run what, the most of them first; nothing where they all run the same."""
        told = [one.version_string for one in look.connections.values() if one.version_string]
        # Behind the version stands the name that its operator has given it.
        runs = Counter(clean(one.partition(" (")[0], 60) for one in told)
        if len(runs) < 2:
            return ""
        most = ", ".join(f"{count} run {version}" for version, count in runs.most_common(3))
        return self._context.redact(most)

    def _ways(
        self, look: Look, why: str = "the node does not tell its connections"
    ) -> list[Reading]:
        """How many peers called us and how many we called, against the limits of the flags."""
        flags = parsed(self._unit.flags) if self._unit else {}
        found = []
        for signal, way, (flag, default) in zip(SIGNALS, WAYS, LIMITS.items(), strict=True):
            ways = [_way(one) for one in look.connections.values()]
            limit = flags.get(flag, default) if flags else ""
            found.append(
                Reading(
                    target="node", signal=signal.name, source=f"JSON-RPC {self._client.peer}",
                    value=ways.count(way) if ways else None, note=None if ways else why,
                    limit=float(limit) if limit.isdecimal() else None,
                    observed_at=self._context.clock.now(),
                )
            )  # fmt: skip
        return found

    def _row(self, peer: Peer, stand: Stand | None, look: Look) -> Row:
        best, link = look.best, look.connections.get(peer.peer_id, Connected())
        behind = None if peer.best_number is None else max(0, best - peer.best_number)
        late = behind is not None and behind > BEHIND
        ahead = stand is None and peer.best_number is not None and peer.best_number > best
        where = "ahead of us" if ahead else STANDS[stand]
        return Row(
            key=clean(peer.peer_id, 80),
            cells=[
                clean(peer.peer_id, 80),
                clean(peer.roles, 40),
                peer.best_number,
                behind,
                where,
                _way(link),
                self._context.redact(clean(link.version_string or "—", 60)),
            ],
            tone="fail" if stand == "other" else "warn" if late else "none",
            detail={"peer": clean(peer.peer_id, 80), "best hash": clean(peer.best_hash, 80)},
        )

    def _table(
        self, rows: list[Row], *, note: str | None = None, missing: str | None = None
    ) -> Table:
        return Table(
            name="node.peers", target="node", title="Peers", columns=_COLUMNS, rows=rows,
            observed_at=self._context.clock.now(), source=f"JSON-RPC {self._client.peer}",
            interval=self.interval, note=note, missing=missing,
        )  # fmt: skip


def _way(link: Connected) -> str:
    return "out" if "dialing" in link.endpoint else "in" if "listening" in link.endpoint else "—"
