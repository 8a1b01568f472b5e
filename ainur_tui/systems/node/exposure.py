"""Whether the world is answered what only the operator should be: unsafe RPC methods."""

from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import urlsplit

import msgspec

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.client import Call, NodeClient, RpcRefused
from ainur_tui.systems.node.shapes import Methods

HARMLESS = ("system_peers", "system_reservedPeers")
"""Methods the node counts as unsafe that only read: they tell what else is answered there."""
SLOW = 60.0

EXPOSED = Signal(
    name="node.rpc.exposed", title="Unsafe RPC methods open to the world", unit="count", warn=0,
    trouble="unsafe RPC methods answered to the world",
)  # fmt: skip
_COLUMNS = [
    Column(name="endpoint", title="Endpoint"),
    Column(name="reach", title="Reached by", limit=12),
    Column(name="methods", title="Methods", unit="count", rank=1),
    Column(name="unsafe", title="Unsafe methods", limit=60),
]


def is_public(url: str) -> bool:
    """Whether the world may reach that address: a public IP, or a name of the public DNS."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        local = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc", ".flycast")
        return "." in host and not host.endswith(local)


class ExposureProbe(Probe):
    """Asks each endpoint, as anyone could, two unsafe methods that change nothing. Those in
    ``public_rpc`` count as reached by the world, others where their address says so."""

    name = "node.exposure"
    target = "node"

    def __init__(self, config: Node, context: Context) -> None:
        # Endpoints have their own time to answer within: one that is late is a row, no failure.
        self.interval, self.deadline = max(SLOW, config.interval), 2 * config.timeout
        urls = dict.fromkeys([*config.public_rpc, *config.rpc])
        public = {url for url in urls if url in config.public_rpc or is_public(url)}
        self._ends = [
            (NodeClient([url], context, config.timeout * 0.8), url in public) for url in urls
        ]
        self.signals = (EXPOSED,) if public else ()
        self._context = context

    async def read(self) -> Sample:
        found = await asyncio.gather(*(self._ask(client) for client, _ in self._ends))
        now, rows, readings = self._context.clock.now(), [], []
        for (client, public), (count, answered, problem) in zip(self._ends, found, strict=True):
            words = problem or ", ".join(answered) or "refused: a good sign"
            tone: Tone = "quiet" if problem else "none"
            if answered:
                words = f"answered: {words}"
                tone = "fail" if public else "none"
            reach = "the world" if public else "its network"
            rows.append(Row(key=client.peer, cells=[client.peer, reach, count, words], tone=tone))
        if self.signals:
            told = [one for (_, public), one in zip(self._ends, found, strict=True) if public]
            known = any(problem is None for _, _, problem in told)
            readings.append(
                Reading(
                    target="node", signal=EXPOSED.name, source="JSON-RPC", observed_at=now,
                    value=sum(len(answered) for _, answered, _ in told) if known else None,
                    note=None if known else told[0][2],
                )
            )  # fmt: skip
        table = Table(
            name="node.exposure", target="node", title="RPC exposure", columns=_COLUMNS, rows=rows,
            observed_at=now, source="JSON-RPC", interval=self.interval,
        )  # fmt: skip
        return Sample(readings, [table])

    async def close(self) -> None:
        """Close its connections."""
        for client, _ in self._ends:
            await client.close()

    async def _ask(self, client: NodeClient) -> tuple[int | None, list[str], str | None]:
        """How many methods it lists, which unsafe ones it answers, and why it cannot be asked."""
        calls: list[Call] = [("rpc_methods", Methods, ())]
        calls += [(method, msgspec.Raw, ()) for method in HARMLESS]
        try:
            listed, *found = await client.batch(calls)
        except ProbeFailure as failure:
            return None, [], str(failure)
        count = len(listed.methods) if isinstance(listed, Methods) else None
        answered = [m for m, told in zip(HARMLESS, found, strict=True) if _answered(told)]
        silent = next((told for told in found if not _refused(told) and not _answered(told)), None)
        return count, answered, None if answered or silent is None else str(silent)


def _answered(told: object) -> bool:
    return not isinstance(told, ProbeFailure)


def _refused(told: object) -> bool:
    return isinstance(told, RpcRefused)
