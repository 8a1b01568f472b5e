"""Who the node is connected to."""

from __future__ import annotations

from ainur_tui.config.types import Node
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.client import SAFE_MODE, NodeClient, RpcRefused
from ainur_tui.systems.node.shapes import Header, Peer

MOST = 500
BEHIND = 5
_COLUMNS = [
    Column(name="peer", title="Peer", limit=56),
    Column(name="roles", title="Roles", rank=2, limit=12),
    Column(name="best", title="Best", unit="blocks", rank=1),
    Column(name="behind", title="Behind us", unit="blocks", rank=1),
]


class PeersProbe(Probe):
    """The table of peers. A node that hides them is in its safe mode: good, and said so."""

    name = "node.peers"
    target = "node"
    signals = ()

    def __init__(self, client: NodeClient, config: Node, context: Context) -> None:
        self.interval = max(10.0, config.interval)
        self.deadline = config.timeout
        self._client = client
        self._context = context

    async def read(self) -> Sample:
        within = self.deadline * 0.45
        try:
            peers = await self._client.call("system_peers", list[Peer], deadline=within)
        except RpcRefused as refused:
            if not refused.hidden:
                raise
            way = f"{SAFE_MODE}; a good sign. Ask the node from its own machine to see them"
            return Sample(tables=[self._table([], missing=way)])
        header = await self._client.call("chain_getHeader", Header, deadline=within)
        peers.sort(key=lambda peer: (-(peer.best_number or 0), peer.peer_id))
        rows = [self._row(peer, header.height) for peer in peers[:MOST]]
        more = f"{len(peers) - MOST} more are not shown" if len(peers) > MOST else None
        return Sample(tables=[self._table(rows, note=more)])

    def _row(self, peer: Peer, best: int) -> Row:
        behind = None if peer.best_number is None else max(0, best - peer.best_number)
        return Row(
            key=clean(peer.peer_id, 80),
            cells=[clean(peer.peer_id, 80), clean(peer.roles, 40), peer.best_number, behind],
            tone="warn" if behind is not None and behind > BEHIND else "none",
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
