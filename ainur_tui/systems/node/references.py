"""Other nodes of the chain, asked whether ours is on the same one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Node
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.network import Other
from ainur_tui.systems.node.shapes import Hash, Header, Runtime

FRESH = 20.0
"""Seconds for which a comparison serves."""
EACH = 2.0
"""Seconds one reference may take in all: a silent one costs the others nothing."""


async def genesis(client: NodeClient, deadline: float) -> str:
    """The hash of the first block, by the old family of methods or by the new one."""
    try:
        found: str = await client.call("chain_getBlockHash", Hash, 0, deadline=deadline)
    except RpcRefused as refused:
        if not refused.hidden:
            raise
        found = await client.call("chainSpec_v1_genesisHash", Hash, deadline=deadline)
    return found.lower()


class References:
    """Compares genesis, height and the hash at a height that is final on both sides."""

    def __init__(self, client: NodeClient, config: Node, context: Context) -> None:
        self._client = client
        self._clock = context.clock
        self._each = min(EACH, config.timeout * 0.8)
        self._others = [NodeClient([url], context, self._each) for url in config.references]
        self._turn = asyncio.Lock()
        self._at = float("-inf")
        self._last: Sequence[Other] = ()

    async def look(self) -> Sequence[Other]:
        """What they say, now or at most :data:`FRESH` seconds ago. Never raises."""
        if not self._others:
            return ()
        async with self._turn:
            if self._clock.monotonic() - self._at >= FRESH:
                self._last = await asyncio.gather(*map(self._compare, self._others))
                self._at = self._clock.monotonic()
            return self._last

    async def close(self) -> None:
        """Close their connections."""
        for other in self._others:
            await other.close()

    async def _compare(self, other: NodeClient) -> Other:
        try:
            async with asyncio.timeout(self._each):
                return await self._ask(other)
        except TimeoutError:
            return Other(other.peer, problem="does not answer in time")
        except ProbeFailure as failure:
            return Other(other.peer, problem=str(failure))

    async def _ask(self, other: NodeClient) -> Other:
        both = (self._client, other)
        firsts, runtimes, heads, finals = await asyncio.gather(
            asyncio.gather(*(genesis(one, self._each) for one in both)),
            asyncio.gather(_runtime(self._client), _runtime(other)),
            asyncio.gather(*(one.call("chain_getHeader", Header) for one in both)),
            asyncio.gather(*(_final(one) for one in both)),
        )
        height = min(finals)
        hashes = await asyncio.gather(
            *(one.call("chain_getBlockHash", Hash | None, height) for one in both)
        )
        same = None if None in hashes else hashes[0].lower() == hashes[1].lower()
        return Other(
            other.peer,
            genesis=firsts[0] == firsts[1],
            same=same,
            height=height,
            ahead=heads[1].height - heads[0].height,
            runtimes=runtimes,
        )


async def _final(client: NodeClient) -> int:
    head = await client.call("chain_getFinalizedHead", Hash)
    return (await client.call("chain_getHeader", Header, head)).height


async def _runtime(client: NodeClient) -> int | None:
    try:
        found: Runtime = await client.call("state_getRuntimeVersion", Runtime)
    except RpcRefused:
        return None
    return found.spec_version
