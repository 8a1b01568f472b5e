"""Who made a block and in which slot, from the digest of its header (Aura and Babe). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRE_RUNTIME = 6
MOST_AUTHORITIES = 1000


@dataclass(frozen=True)
class Made:
    """The slot of a block, and its author's place among the authorities where the digest has it."""

    slot: int
    author: int | None = None


def made(logs: Sequence[str]) -> Made | None:
    """What the digest's logs (hex) tell; ``None`` for other engines and what is no digest."""
    for log in logs:
        try:
            raw = bytes.fromhex(log.removeprefix("0x"))
        except ValueError:
            continue
        if len(raw) < 6 or raw[0] != PRE_RUNTIME:
            continue
        # One byte of length: payloads of both engines that matter here are short, or (a Babe
        # block with its proof) have a length of two bytes.
        payload = raw[6:] if raw[5] & 3 == 0 else raw[7:]
        if raw[1:5] == b"aura" and len(payload) == 8:
            return Made(int.from_bytes(payload, "little"))
        if raw[1:5] == b"BABE" and len(payload) >= 13 and payload[0] in {1, 2, 3}:
            author, slot = payload[1:5], payload[5:13]
            return Made(int.from_bytes(slot, "little"), int.from_bytes(author, "little"))
    return None


def authorities(told: str) -> list[str]:
    """The keys (hex) of a SCALE list of 32 bytes each; raises ValueError for anything else."""
    raw = bytes.fromhex(told.removeprefix("0x"))
    size = {0: 1, 1: 2}.get(raw[0] & 3 if raw else 3)
    if size is None:
        raise ValueError("no list of authorities")
    count = int.from_bytes(raw[:size], "little") >> 2
    if count > MOST_AUTHORITIES or len(raw) != size + 32 * count:
        raise ValueError("no list of authorities")
    return ["0x" + raw[at : at + 32].hex() for at in range(size, len(raw), 32)]


@dataclass
class Tally:
    """Slots that were an author's, the blocks made in them, and the newest of those."""

    slots: int = 0
    blocks: int = 0
    last: int | None = None

    @property
    def missed(self) -> int:
        """Slots without a block."""
        return self.slots - self.blocks


def tally(chain: dict[int, Made], count: int) -> dict[int, Tally]:
    """By author: what became of the slots between the oldest and the newest of these blocks (by
    height). ``count`` authorities take turns by slot; 0: only the digest tells who an author is,
    and a slot without a block is nobody's (-1)."""
    by_slot = {one.slot: (height, one) for height, one in chain.items()}
    found: dict[int, Tally] = {}
    for slot in range(min(by_slot, default=0), max(by_slot, default=-1) + 1):
        height, one = by_slot.get(slot, (None, None))
        author = one.author if one and one.author is not None else slot % count if count else -1
        told = found.setdefault(author, Tally())
        told.slots += 1
        if height is not None:
            told.blocks, told.last = told.blocks + 1, height
    return found
