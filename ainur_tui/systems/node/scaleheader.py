"""A block's header out of its SCALE bytes, as the newer RPC family gives it. Pure."""

from __future__ import annotations

from ainur_tui.systems.node.shapes import Header

HASH = 32


def header_of(told: str) -> Header:
    """The header of hex bytes: parent's hash, compact number, two roots, then the digest (which is
    not looked into). Raises ValueError for what is none."""
    raw = bytes.fromhex(told.removeprefix("0x"))
    number, at = _compact(raw, HASH)
    if len(raw) < at + 2 * HASH:
        raise ValueError("a header that is cut short")
    parent, state, extrinsics = (
        "0x" + raw[begin : begin + HASH].hex() for begin in (0, at, at + HASH)
    )
    return Header(
        number=hex(number), parent_hash=parent, state_root=state, extrinsics_root=extrinsics
    )


def _compact(raw: bytes, at: int) -> tuple[int, int]:
    """SCALE's compact number that begins at ``at``, and where the next part begins."""
    if at >= len(raw):
        raise ValueError("a header that is cut short")
    mode = raw[at] & 3
    if mode == 3:
        size = (raw[at] >> 2) + 4
        if size > 6:
            raise ValueError("no height of a chain")
        return int.from_bytes(raw[at + 1 : at + 1 + size], "little"), at + 1 + size
    size = 1 << mode
    return int.from_bytes(raw[at : at + size], "little") >> 2, at + size
