"""What the node's answers must look like; anything else is a bad answer, not a number."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Height = Annotated[int, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=2**31)]
Hash = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{64}$")]
Hex = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{1,13}$")]
Text = Annotated[str, Meta(max_length=4096)]
Blob = Annotated[str, Meta(max_length=6 * 2**20, pattern="^0x([0-9a-fA-F]{2})*$")]
"""Bytes as hex: the metadata of a large runtime has about a million digits."""


class Health(msgspec.Struct, rename="camel"):
    """``system_health``."""

    peers: Count
    is_syncing: bool
    should_have_peers: bool = True


class SyncState(msgspec.Struct, rename="camel"):
    """``system_syncState``; ``highest_block`` is absent when the node knows no target."""

    current_block: Height
    highest_block: Height | None = None


class Header(msgspec.Struct, rename="camel"):
    """``chain_getHeader``. Two headers are the same block when all of it is equal."""

    number: Hex
    parent_hash: Hash
    state_root: Text = ""
    extrinsics_root: Text = ""

    @property
    def height(self) -> int:
        """The block's number."""
        return int(self.number, 16)


class Digest(msgspec.Struct, frozen=True):
    """What consensus wrote into a header, as hex."""

    logs: Annotated[list[Text], Meta(max_length=64)] = []


class Sealed(Header):
    """A header with its digest."""

    digest: Digest = Digest()


class Runtime(msgspec.Struct, rename="camel"):
    """``state_getRuntimeVersion``."""

    spec_name: Text
    spec_version: Count
    transaction_version: Count = 0
    impl_version: Count = 0


class Peer(msgspec.Struct, rename="camel"):
    """One of ``system_peers``."""

    peer_id: Text
    roles: Text = ""
    best_hash: Text = ""
    best_number: Height | None = None


class Connected(msgspec.Struct, rename="camel"):
    """A connection of ``system_unstable_networkState``; ``endpoint`` has one key, the way of it."""

    endpoint: dict[str, Any] = {}
    version_string: Text | None = None


class Connections(msgspec.Struct, rename="camel"):
    """``system_unstable_networkState``."""

    connected_peers: dict[str, Connected]


class Methods(msgspec.Struct):
    """``rpc_methods``."""

    methods: list[Text]


Properties = dict[str, Any]
