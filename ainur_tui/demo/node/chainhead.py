"""The newer RPC family of the node: a ``chainHead_v1_follow``, its events and pinned blocks."""

from __future__ import annotations

from typing import Any

from ainur_tui.demo.node.chain import Chain
from ainur_tui.demo.node.scale import compact, many

Json = dict[str, Any]
FOLLOW, UNFOLLOW = "chainHead_v1_follow", "chainHead_v1_unfollow"
EVENT = "chainHead_v1_followEvent"
STORAGE = "chainHead_v1_storage"
BLOCKS_OF = ("chainHead_v1_header", "chainHead_v1_unpin", STORAGE)
MOST_PINNED = 512
OLD = ("system_", "chain_", "state_", "author_", "grandpa_")
"""How the methods of the old family begin."""


def header_bytes(header: Json) -> bytes:
    """A header in SCALE: the parent, the number, two roots, the digest's items as they are."""
    parent, state, extrinsics = (
        bytes.fromhex(header[name][2:]) for name in ("parentHash", "stateRoot", "extrinsicsRoot")
    )
    logs = many(bytes.fromhex(log[2:]) for log in header["digest"]["logs"])
    return parent + compact(int(header["number"], 16)) + state + extrinsics + logs


class Following:
    """What one subscriber has been told, and the blocks that are pinned for it until it lets go."""

    def __init__(self, chain: Chain, runtime: Json | None) -> None:
        self._chain = chain
        self._runtime = runtime
        self._best = self._final = chain.finalized
        self._pinned = {chain.hash(self._final): self._final}

    def opening(self) -> list[Json]:
        """The finalized block, then all that came after it."""
        event: Json = {
            "event": "initialized", "finalizedBlockHashes": [self._chain.hash(self._final)],
        }  # fmt: skip
        if self._runtime is not None:
            event["finalizedBlockRuntime"] = {"type": "valid", "spec": self._runtime}
        return [event, *(self.moved() or [self._best_changed()])]

    def moved(self) -> list[Json]:
        """What happened since it was last told; a stop where it holds on to too much."""
        chain, told = self._chain, list[Json]()
        for number in range(self._best + 1, chain.best + 1):
            self._pinned[chain.hash(number)] = number
            told.append({
                "event": "newBlock", "blockHash": chain.hash(number),
                "parentBlockHash": chain.hash(number - 1), "newRuntime": None,
            })  # fmt: skip
            self._best = number
        if told:
            told.append(self._best_changed())
        if chain.finalized > self._final:
            final = range(self._final + 1, chain.finalized + 1)
            self._final = chain.finalized
            told.append({
                "event": "finalized", "prunedBlockHashes": [],
                "finalizedBlockHashes": [chain.hash(number) for number in final],
            })  # fmt: skip
        return told if len(self._pinned) <= MOST_PINNED else [{"event": "stop"}]

    def _best_changed(self) -> Json:
        return {"event": "bestBlockChanged", "bestBlockHash": self._chain.hash(self._best)}

    def answer(self, method: str, wanted: str | list[str]) -> str | None:
        """A pinned block's header, or its hash where more is asked of it, or letting blocks go.
        Raises KeyError for one that is not pinned."""
        if method == "chainHead_v1_unpin":
            for block in [wanted] if isinstance(wanted, str) else wanted:
                del self._pinned[block]
            return None
        header = self._chain.header(self._pinned[str(wanted)])
        return str(wanted) if method == STORAGE else "0x" + header_bytes(header).hex()
