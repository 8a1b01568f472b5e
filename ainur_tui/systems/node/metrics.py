"""The node's Prometheus metrics, only for what JSON-RPC could not tell."""

from __future__ import annotations

from urllib.parse import urlsplit

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems import prometheus_text
from ainur_tui.systems.base import Context
from ainur_tui.systems.http import HttpClient

WANTED = (
    "substrate_ready_transactions_number", "process_start_time_seconds",
    "substrate_proposer_block_constructed_count", "substrate_sub_libp2p_peers_count",
    "substrate_sub_libp2p_is_major_syncing",
)  # fmt: skip
HEIGHT = "substrate_block_height"
"""One metric, told apart by its label ``status``: best, finalized, sync_target."""
HIGHEST = 2**53


class NodeMetrics:
    """A few totals from the metrics endpoint, and the chain's heights by their status; where it
    does not answer there are none."""

    def __init__(self, url: str, context: Context, deadline: float) -> None:
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/") or "/metrics"
        base = parts._replace(path="", query="", fragment="").geturl()
        self._client = HttpClient(
            base, clock=context.clock, redact=context.redact, deadline=deadline
        )

    async def read(self) -> dict[str, float]:
        """Totals by metric name, and ``best``, ``finalized`` and ``sync_target``."""
        try:
            answer = await self._client.get(self._path)
            scrape = prometheus_text.parse(answer.body, (*WANTED, HEIGHT))
        except ProbeFailure:
            return {}
        totals = {name: scrape.total(name) for name in WANTED}
        heights = {
            dict(labels).get("status", ""): height
            for labels, height in scrape.samples.get(HEIGHT, {}).items()
            if 0 <= height < HIGHEST
        }
        return heights | {name: total for name, total in totals.items() if total is not None}

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()
