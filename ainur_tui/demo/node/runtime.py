"""The miniature's runtime: metadata (V14) of Ainur's pallets, and the events they emit."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ainur_tui.demo.node.scale import NONE, compact, many, maybe, text

U8, U32, U64, U128, BYTES, HASH, ACCOUNT, DATA, HASHES, PHASE, ERROR = range(11)
"""Types by their number in the metadata; the pallets' own come after them."""
Fields = Sequence[tuple[str | None, int]]
_PRIMITIVE = {"u8": 3, "u32": 5, "u64": 6, "u128": 7}


class Kind(NamedTuple):
    """An event of a pallet: its name and fields (name, type)."""

    name: str
    fields: Sequence[tuple[str, int]]


PALLETS: dict[tuple[str, int], tuple[Kind, ...]] = {
    ("System", 0): (
        Kind("ExtrinsicSuccess", [("weight", U64)]),
        Kind("ExtrinsicFailed", [("error", ERROR)]),
        Kind("CodeUpdated", []),
    ),
    ("Did", 8): (Kind("DidCreated", [("did", DATA), ("owner", ACCOUNT)]),),
    ("Registry", 9): (Kind("AgentRegistered", [("agent", ACCOUNT), ("name", DATA)]),),
    ("VcgAuction", 10): (
        Kind("AuctionOpened", [("auction_id", U64), ("creator", ACCOUNT)]),
        Kind("AuctionAwarded", [("auction_id", U64), ("winner", ACCOUNT), ("price", U128)]),
    ),
    ("Escrow", 11): (
        Kind("EscrowLocked", [("escrow_id", HASH), ("amount", U128)]),
        Kind("EscrowReleased", [("escrow_id", HASH), ("amount", U128)]),
    ),
    ("Reputation", 12): (Kind("ReputationChanged", [("agent", ACCOUNT), ("score", U32)]),),
}
"""By name and index, with their events in order."""


def _type(path: str, definition: bytes) -> bytes:
    return many(map(text, path.split("::") if path else [])) + NONE + definition + NONE


def _field(name: str | None, number: int) -> bytes:
    return maybe(text(name) if name else None) + compact(number) + maybe(None) + NONE


def _composite(path: str, fields: Fields) -> bytes:
    return _type(path, b"\x00" + many(_field(*field) for field in fields))


def _variant(path: str, kinds: Sequence[tuple[str, int, Fields]]) -> bytes:
    return _type(
        path,
        b"\x01"
        + many(
            text(name) + many(_field(*field) for field in fields) + bytes([index]) + NONE
            for name, index, fields in kinds
        ),
    )


def _sequence(number: int) -> bytes:
    return _type("", b"\x02" + compact(number))


def _primitive(name: str) -> bytes:
    return _type("", b"\x05" + bytes([_PRIMITIVE[name]]))


def metadata() -> bytes:
    """The runtime's metadata as ``state_getMetadata`` tells it."""
    types = [
        *map(_primitive, ("u8", "u32", "u64", "u128")),
        _type("", b"\x03" + (32).to_bytes(4, "little") + compact(U8)),
        _composite("primitive_types::H256", [(None, BYTES)]),
        _composite("sp_core::crypto::AccountId32", [(None, BYTES)]),
        _sequence(U8),
        _sequence(HASH),
        _variant("frame_system::Phase", [("ApplyExtrinsic", 0, [(None, U32)]),
                                         ("Finalization", 1, []), ("Initialization", 2, [])]),
        _variant("sp_runtime::DispatchError", [("Other", 0, []), ("BadOrigin", 2, [])]),
    ]  # fmt: skip
    of: dict[str, int] = {}
    for (name, _), kinds in PALLETS.items():
        of[name] = len(types)
        path = f"{'frame' if name == 'System' else 'pallet'}_{name.lower()}::pallet::Event"
        types.append(_variant(path, [(k.name, i, k.fields) for i, k in enumerate(kinds)]))
    event = len(types)
    inner: list[tuple[str, int, Fields]] = [(n, index, [(None, of[n])]) for n, index in PALLETS]
    types.append(_variant("ainur_runtime::RuntimeEvent", inner))
    record = len(types)
    types.append(_composite("frame_system::EventRecord",
                            [("phase", PHASE), ("event", event), ("topics", HASHES)]))  # fmt: skip
    records, runtime = len(types), len(types) + 1
    types += [_sequence(record), _composite("ainur_runtime::Runtime", [])]
    registry = many(compact(number) + one for number, one in enumerate(types))
    pallets = many(_pallet(name, index, of[name], records) for name, index in PALLETS)
    extrinsic = compact(DATA) + b"\x04" + NONE
    return b"meta\x0e" + registry + pallets + extrinsic + compact(runtime)


def _pallet(name: str, index: int, event: int, records: int) -> bytes:
    storage = None
    if name == "System":
        plain = b"\x00" + compact(records)
        storage = text(name) + many([text("Events") + b"\x01" + plain + many([b"\x00"]) + NONE])
    return (
        text(name) + maybe(storage) + maybe(None) + maybe(compact(event)) + NONE + maybe(None)
        + bytes([index])
    )  # fmt: skip


def events(seed: int, number: int) -> bytes:
    """``System.Events`` of a block: the same in every run; most blocks have something to tell."""
    dice = random.Random(f"{seed}/events/{number}")
    of_type: dict[int, Callable[[], bytes]] = {
        U32: lambda: dice.randrange(1000).to_bytes(4, "little"),
        U64: lambda: dice.randrange(100_000).to_bytes(8, "little"),
        U128: lambda: (dice.randrange(1, 500) * 10**12).to_bytes(16, "little"),
        HASH: lambda: dice.randbytes(32),
        ACCOUNT: lambda: dice.randbytes(32),
        DATA: lambda: text(f"did:ainur:{dice.randrange(1 << 32):08x}"),
        ERROR: lambda: b"\x02",
    }
    told = []
    choices = [key for key in PALLETS if key[0] != "System"]
    for extrinsic in range(dice.randrange(4)):
        pallet = dice.choice(choices)
        told.append((extrinsic, pallet, dice.randrange(len(PALLETS[pallet]))))
        failed = dice.random() < 0.05
        told.append((extrinsic, ("System", 0), 1 if failed else 0))
    return many(
        b"\x00" + extrinsic.to_bytes(4, "little") + bytes([pallet[1], kind])
        + b"".join(of_type[field]() for _, field in PALLETS[pallet][kind].fields) + NONE
        for extrinsic, pallet, kind in told
    )  # fmt: skip
