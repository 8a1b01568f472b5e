"""The chain's own time: when the best block was made, as the runtime keeps it."""

from __future__ import annotations

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.node.client import NodeClient

TIMESTAMP_NOW = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"
"""Storage key of the runtime's ``Timestamp.Now``: twox128("Timestamp") and twox128("Now")."""
LATEST = 4_102_444_800.0
"""The year 2100: a time behind it, or of the time before chains, is none."""


def moment_of(stored: str | None) -> float | None:
    """Epoch seconds of the stored value; ``None`` where there is none or it is senseless."""
    try:
        at = int.from_bytes(bytes.fromhex(str(stored)[2:18]), "little") / 1000
    except ValueError:
        return None
    return at if 0 < at < LATEST else None


async def best_time(client: NodeClient, deadline: float) -> float | None:
    """When the best block was made; ``None`` where the runtime does not keep it or tell."""
    try:
        found = await client.call("state_getStorage", str | None, TIMESTAMP_NOW, deadline=deadline)
    except ProbeFailure:
        return None
    return moment_of(found)
