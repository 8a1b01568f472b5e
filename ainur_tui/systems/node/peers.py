"""Who the node is connected to."""

from __future__ import annotations

from ainur_tui.config.types import Node
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.branch import Stand
from ainur_tui.systems.node.client import SAFE_MODE, NodeClient, RpcRefused
from ainur_tui.systems.node.peerwatch import PeerWatch
from ainur_tui.systems.node.shapes import Peer

MOST = 500
BEHIND = 5
STANDS: dict[Stand | None, str] = {"ours": "our chain", "other": "another chain", None: "—"}
_COLUMNS = [
    Column(name="peer", title="Peer", limit=56),
    Column(name="roles", title="Roles", rank=2, limit=12),
    Column(name="best", title="Best", unit="blocks", rank=1),
    Column(name="behind", title="Behind us", unit="blocks", rank=2),
    Column(name="stands", title="Stands on", rank=1, limit=13),
]


class PeersProbe(Probe):
    """The table of peers. A node that hides them is in its safe mode: good, and said so."""

    name = "node.peers"
    target = "node"
    signals = ()

    def __init__(
        self, watch: PeerWatch, client: NodeClient, config: Node, context: Context
    ) -> None:
        self.interval = max(10.0, config.interval)
        self.deadline = config.timeout
        self._watch = watch
        self._client = client
        self._context = context

    async def read(self) -> Sample:
        look = await self._watch.look(self.deadline * 0.9)
        if look.failure is not None:
            if not isinstance(look.failure, RpcRefused) or not look.failure.hidden:
                raise look.failure
            way = f"{SAFE_MODE}; a good sign. Ask the node from its own machine to see them"
            return Sample(tables=[self._table([], missing=way)])
        pairs = list(zip(look.peers, look.stands, strict=True))[:MOST]
        rows = [self._row(peer, stand, look.best) for peer, stand in pairs]
        over = len(look.peers) - MOST
        more = f"{over} more are not shown" if over > 0 else None
        return Sample(tables=[self._table(rows, note=more)])

    def _row(self, peer: Peer, stand: Stand | None, best: int) -> Row:
        behind = None if peer.best_number is None else max(0, best - peer.best_number)
        late = behind is not None and behind > BEHIND
        ahead = stand is None and peer.best_number is not None and peer.best_number > best
        where = "ahead of us" if ahead else STANDS[stand]
        return Row(
            key=clean(peer.peer_id, 80),
            cells=[clean(peer.peer_id, 80), clean(peer.roles, 40), peer.best_number, behind, where],
            tone="fail" if stand == "other" else "warn" if late else "none",
            detail={"best hash": clean(peer.best_hash, 80)},
        )

    def _table(
        self, rows: list[Row], *, note: str | None = None, missing: str | None = None
    ) -> Table:
        return Table(
            name="node.peers", target="node", title="Peers", columns=_COLUMNS, rows=rows,
            observed_at=self._context.clock.now(), source=f"JSON-RPC {self._client.peer}",
            interval=self.interval, note=note, missing=missing,
        )  # fmt: skip
