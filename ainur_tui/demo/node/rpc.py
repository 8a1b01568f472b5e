"""The node's JSON-RPC: methods by name, errors as the real node words them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ainur_tui.demo.node import runtime as node_runtime
from ainur_tui.demo.node.chain import AUTHORITIES, Chain
from ainur_tui.demo.node.chainhead import BLOCKS_OF, FOLLOW, OLD, UNFOLLOW
from ainur_tui.demo.node.peers import VERSION, connections, peer_id, peers

Json = dict[str, Any]
UNSAFE = {
    "system_peers", "system_reservedPeers", "system_unstable_networkState", "author_hasKey",
    "system_addReservedPeer", "system_removeReservedPeer", "system_addLogFilter",
    "system_resetLogFilter",
}  # fmt: skip
TIMESTAMP_NOW = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"
"""twox128("Timestamp") and twox128("Now"), one after the other."""
EVENTS = "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7"
"""twox128("System") and twox128("Events"), one after the other."""
STATE_KEPT = 256
PROPERTIES = {"ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "AINU"}
ALIASES = {
    "chain_getHead": "chain_getBlockHash",
    "chain_getFinalisedHead": "chain_getFinalizedHead",
    "chain_getRuntimeVersion": "state_getRuntimeVersion",
}
SUBSCRIPTIONS = {
    "chain_subscribeNewHeads": ("chain_unsubscribeNewHeads", "chain_newHead"),
    "chain_subscribeFinalizedHeads": ("chain_unsubscribeFinalizedHeads", "chain_finalizedHead"),
}


class RpcError(Exception):
    """An error answer: JSON-RPC code and message."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.json: Json = {"code": code, "message": message}
        if data is not None:
            self.json["data"] = data


class Methods:
    """What the node answers; ``safe`` refuses the unsafe methods as ``--rpc-methods safe`` does."""

    def __init__(self, chain: Chain, *, safe: bool = False) -> None:
        self._chain = chain
        self._safe = safe
        self._reserved: list[str] = []
        self.filters: dict[str, str] = {}
        """What was added to the log's filters, by module."""
        self._methods: dict[str, Callable[..., Any]] = {
            "system_health": self.health,
            "system_syncState": self.sync_state,
            "system_version": lambda: VERSION,
            "system_chain": lambda: "Ainur Testnet",
            "system_chainType": lambda: "Live",
            "system_name": lambda: "Ainur Node",
            "system_properties": lambda: PROPERTIES,
            "system_nodeRoles": lambda: ["Authority"],
            "system_localPeerId": lambda: peer_id(chain.seed, 0),
            "system_localListenAddresses": lambda: [
                f"/ip4/127.0.0.1/tcp/30333/p2p/{peer_id(chain.seed, 0)}"
            ],
            "system_peers": lambda: peers(chain),
            "chain_getHeader": self.header,
            "chain_getFinalizedHead": lambda: chain.hash(chain.finalized),
            "chain_getBlockHash": self.block_hash,
            "chain_getBlock": self.block,
            "state_getRuntimeVersion": self.runtime,
            "state_getMetadata": self.metadata,
            "state_getStorage": self.storage,
            "author_pendingExtrinsics": lambda: list(chain.pool),
            "author_hasKey": lambda key, _kind: key == self._keys()[0],
            "system_reservedPeers": lambda: list(self._reserved),
            "system_addReservedPeer": self.reserve,
            "system_removeReservedPeer": self.release,
            "system_addLogFilter": lambda given: self.filters.update([given.split("=")]),
            "system_resetLogFilter": self.filters.clear,
            "system_unstable_networkState": lambda: connections(chain),
            "state_call": self.state_call,
            "grandpa_roundState": self.round_state,
            "rpc_methods": lambda: {"methods": self.names},
            "chainSpec_v1_chainName": lambda: "Ainur Testnet",
            "chainSpec_v1_genesisHash": lambda: chain.genesis,
            "chainSpec_v1_properties": lambda: PROPERTIES,
        }  # fmt: skip
        for alias, method in ALIASES.items():
            self._methods[alias] = self._methods[method]

    @property
    def names(self) -> list[str]:
        """Every method, the subscriptions included."""
        ends = [end for end, _ in SUBSCRIPTIONS.values()]
        every = [*self._methods, *SUBSCRIPTIONS, *ends, FOLLOW, UNFOLLOW, *BLOCKS_OF]
        return sorted(name for name in every if self.offers(name))

    def offers(self, method: str) -> bool:
        """Whether a method is there; the old family may be gone."""
        return not ("node-new-rpc" in self._chain.faults and method.startswith(OLD))

    def call(self, method: Any, params: Any) -> Any:
        """The result of one call; raises :class:`RpcError`."""
        if method not in self._methods or not self.offers(method):
            raise RpcError(-32601, "Method not found")
        if self._safe and method in UNSAFE:
            raise RpcError(-32601, "RPC call is unsafe to be called externally")
        given = params if isinstance(params, list) else list((params or {}).values())
        try:
            return self._methods[method](*given)
        except (TypeError, ValueError, AttributeError) as error:
            raise RpcError(-32602, "Invalid params", str(error)) from None

    def health(self) -> Json:
        chain = self._chain
        return {"peers": chain.peers, "isSyncing": chain.syncing, "shouldHavePeers": True}

    def sync_state(self) -> Json:
        chain = self._chain
        return {
            "startingBlock": chain.start,
            "currentBlock": chain.best,
            "highestBlock": chain.target,
        }

    def reserve(self, address: str) -> None:
        place, mark, peer = address.rpartition("/p2p/")
        if not mark or not place.startswith("/"):
            raise RpcError(-32000, "Peer id is missing from the address")
        self._reserved.append(peer)

    def release(self, peer: str) -> None:
        self._reserved = [one for one in self._reserved if one != peer]

    def _number_of(self, wanted: str) -> int | None:
        """The height of a hash: looked for among the newest blocks, and genesis."""
        chain = self._chain
        near = range(chain.best, max(chain.best - 512, 0), -1)
        return next((n for n in (*near, chain.finalized, 0) if chain.hash(n) == wanted), None)

    def header(self, wanted: str | None = None) -> Json | None:
        number = self._chain.best if wanted is None else self._number_of(wanted)
        return None if number is None else self._chain.header(number)

    def block(self, wanted: str | None = None) -> Json | None:
        header = self.header(wanted)
        if header is None:
            return None
        inherent = "0x280402000b" + self._chain.hash(int(header["number"], 16), "time")[2:14]
        return {"block": {"header": header, "extrinsics": [inherent]}, "justifications": None}

    def block_hash(self, number: int | str | list[int | str] | None = None) -> Any:
        """The hash at a height, or a list of them for a list of heights."""
        if isinstance(number, list):
            return [self.block_hash(one) for one in number]
        if number is None:
            number = self._chain.best
        height = int(number, 16) if isinstance(number, str) else int(number)
        if height == 0:
            return self._chain.genesis
        return self._chain.hash(height) if 0 < height <= self._chain.best else None

    def runtime(self, _at: str | None = None) -> Json:
        return {
            "specName": "ainur-runtime",
            "implName": "ainur-runtime",
            "authoringVersion": 1,
            "specVersion": 104,
            "implVersion": 1,
            "apis": [
                ["0xdf6acb689907609b", 5],
                ["0x37e397fc7c91f5e4", 2],
                ["0xdd718d5cc53262d4", 1],
            ],
            "transactionVersion": 2,
            "systemVersion": 1,
            "stateVersion": 1,
        }

    def storage(self, key: str, at: str | None = None) -> str | None:
        """``Timestamp.Now`` (SCALE: 64 bits, little end first, milliseconds) and, of a block,
        ``System.Events``; no other key is.
        The state of old blocks is gone, as that of a node that is not an archive."""
        age = 0.0
        if at is not None:
            height = self._number_of(at)
            if height is None or height < self._chain.best - STATE_KEPT:
                raise RpcError(
                    4003, f"Client error: UnknownBlock: State already discarded for {at}"
                )
            if key.lower() == EVENTS:
                return f"0x{node_runtime.events(self._chain.seed, height).hex()}"
            age = (self._chain.best - height) * self._chain.block_time
        if key.lower() != TIMESTAMP_NOW:
            return None
        return "0x" + int((self._chain.timestamp - age) * 1000).to_bytes(8, "little").hex()

    def metadata(self, _at: str | None = None) -> str:
        return f"0x{node_runtime.metadata().hex()}"

    def _keys(self) -> list[str]:
        return [self._chain.hash(number, "authority") for number in range(AUTHORITIES)]

    def state_call(self, name: str, _data: str, _at: str | None = None) -> str:
        """One function of the runtime: who takes turns (SCALE: a count, then 32 bytes each)."""
        if name != "AuraApi_authorities":
            raise RpcError(-32000, "Client error", f"the runtime has no function {name}")
        return f"0x{AUTHORITIES << 2:02x}" + "".join(key[2:] for key in self._keys())

    def round_state(self) -> Json:
        chain = self._chain
        votes = {"currentWeight": 4, "missing": []}
        best = {
            "round": chain.finalized - chain.start + 1, "totalWeight": 4, "thresholdWeight": 3,
            "prevotes": votes, "precommits": votes,
        }  # fmt: skip
        return {"setId": 3, "best": best, "background": []}
