"""The node's peers: who they are, where they stand, and which way each is connected."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

from ainur_tui.demo.node.chain import FOREIGN, Chain

Json = dict[str, Any]
VERSION = "1.0.0-5f1c8a2"


@functools.cache
def peer_id(seed: int, number: int) -> str:
    """A libp2p peer id (base58 of an ed25519 key)."""
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    key = hashlib.sha256(f"{seed}/peer/{number}".encode()).digest()
    value, text = int.from_bytes(b"\x00\x24\x08\x01\x12\x20" + key, "big"), ""
    while value:
        value, rest = divmod(value, 58)
        text = alphabet[rest] + text
    return "1" + text


def peers(chain: Chain) -> list[Json]:
    """Who it is connected to, as ``system_peers`` tells it."""
    eclipsed = "node-eclipse" in chain.faults
    found = []
    for number in range(1, chain.peers + 1):
        height = chain.best - 4 - number % 3 if eclipsed else chain.target - number // 7
        found.append({
            "peerId": peer_id(chain.seed, number),
            "roles": "AUTHORITY" if number <= 3 else "FULL",
            "bestHash": chain.hash(height, FOREIGN if eclipsed else "block"),
            "bestNumber": height,
        })  # fmt: skip
    return found


def connections(chain: Chain) -> Json:
    """Every third peer is one that called us; one runs an older version."""
    seed, found = chain.seed, {}
    for number in range(1, chain.peers + 1):
        address = f"/ip4/10.0.0.{number}/tcp/30333"
        inward = {"localAddr": "/ip4/10.0.0.100/tcp/30333", "sendBackAddr": address}
        found[peer_id(seed, number)] = {
            "endpoint": {"dialing": [address, "Dialer"]} if number % 3 else {"listening": inward},
            "versionString": f"Ainur Node/{VERSION if number != 5 else '0.9.4-77aa01c'} (peer)",
        }
    return {"peerId": peer_id(seed, 0), "connectedPeers": found, "notConnectedPeers": {}}
