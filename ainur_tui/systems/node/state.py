"""What the node's state tells: session and era where those pallets are, how far back it goes."""

from __future__ import annotations

import re

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.node.chaintime import TIMESTAMP_NOW
from ainur_tui.systems.node.client import Call, NodeClient
from ainur_tui.systems.node.shapes import Hash, Header, Text

COUNTERS = {
    "Session": "0xcec5070d609dd3497f72bde07fc96ba072763800a36a99fdfc7c10f6415f6ee6",
    "Era": "0x5f3e4907f716ac89b6347d15ececedca487df464e44a534ba6b0cbb32407b587",
}
"""Storage keys of ``Session.CurrentIndex`` and ``Staking.ActiveEra``: both begin with 32 bits."""
DEPTHS = (250, 1000)
"""Blocks back: within the 256 a node keeps by default, and what the guide prunes to."""


async def counters(client: NodeClient, deadline: float) -> list[tuple[str, object]]:
    """Session and era as facts; none where the runtime has no such pallet or does not tell."""
    calls: list[Call] = [("state_getStorage", Text | None, (key,)) for key in COUNTERS.values()]
    try:
        answers = await client.batch(calls, deadline=deadline)
    except ProbeFailure:
        return []
    found: list[tuple[str, object]] = []
    for name, told in zip(COUNTERS, answers, strict=True):
        if isinstance(told, str) and re.fullmatch(r"0x[0-9a-fA-F]{8,}", told):
            found.append((name, f"{int.from_bytes(bytes.fromhex(told[2:10]), 'little'):,}"))
    return found


async def kept(client: NodeClient, deadline: float) -> object:
    """How far back the node answers for the state, in words; a failure where it does not tell."""
    try:
        best = (await client.call("chain_getHeader", Header, deadline=deadline)).height
        heights = [1, *(best - depth for depth in DEPTHS if best > depth)]
        hashes = await client.call(
            "chain_getBlockHash", list[Hash | None], heights, deadline=deadline
        )
        asked: list[Call] = [
            ("state_getStorage", Text | None, (TIMESTAMP_NOW, block)) for block in hashes if block
        ]
        told = iter(await client.batch(asked, deadline=deadline))
        there = [block is not None and isinstance(next(told), str) for block in hashes]
    except ProbeFailure as failure:
        return failure
    if there[0]:
        return "all of it: an archive, block 1's state is there"
    known = [depth for depth, has in zip(DEPTHS, there[1:], strict=False) if has]
    gone = [depth for depth, has in zip(DEPTHS, there[1:], strict=False) if not has]
    least = f"at least {max(known):,} blocks" if known else "the newest blocks"
    return f"pruned: {least}, not {min(gone):,}" if gone else f"pruned: {least}"
