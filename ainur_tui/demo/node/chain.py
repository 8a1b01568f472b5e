"""The miniature's chain: grows by the clock, deterministic by its seed, kept over a restart."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIRST_HEIGHT = 184_000
FINALITY = 2
"""Blocks the finalized head is behind the best one."""
LAG = 125
"""Blocks the network is ahead at the least while the node lags."""
PEERS = 8
AUTHORITIES = 4
"""Validators that take turns; this node is the first of them."""
SLOW_IMPORT = 8.0
"""Block times one import takes while the node lags."""
FOREIGN = "eclipse"
"""The kind of hash that blocks of the other chain have, on which the peers of an eclipse stand."""
SKEW = 45.0
"""Seconds by which the machine's clock is wrong under that fault."""
CATCH_UP = 2.0
"""Seconds a node takes to import whatever it is behind."""


@dataclass
class Chain:
    """Heights as the node knows them. ``advance`` is told the time; nothing happens by itself.

    ``target`` is the height of the network, ``best`` what this node has imported.
    """

    seed: int
    block_time: float
    path: Path | None = None
    best: int = FIRST_HEIGHT
    target: int = FIRST_HEIGHT
    start: int = FIRST_HEIGHT
    peers: int = PEERS
    pool: list[str] = field(default_factory=list)
    produced: float = 0.0
    """When the newest block of the network was made, by the clock ``advance`` is told."""
    faults: frozenset[str] = frozenset()
    """Those that were on when it last moved."""
    _final: int = FIRST_HEIGHT - FINALITY
    _slot_offset: int = 0
    _next_block: float | None = None
    _speed: float = 0.0
    _last: float = 0.0
    _owed: float = 0.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        if self.path and self.path.exists():
            self.best = self.target = self.start = int(json.loads(self.path.read_text())["best"])
            self._final = max(0, self.best - FINALITY)

    @property
    def finalized(self) -> int:
        """The height that is never taken back."""
        return self._final

    @property
    def syncing(self) -> bool:
        """Far behind the peers' best, as the node believes."""
        return self.target - self.best > 10

    def hash(self, number: int, kind: str = "block") -> str:
        """The hash of a block (or of its state, its extrinsics): the same in every run."""
        text = f"{self.seed}/{kind}/{number}".encode()
        return "0x" + hashlib.blake2b(text, digest_size=32).hexdigest()

    @property
    def timestamp(self) -> float:
        """When the best block was made: blocks behind the network are older by their distance."""
        return self.produced - (self.target - self.best) * self.block_time

    @property
    def skew(self) -> float:
        """Seconds by which the machine's clock is ahead of the true time."""
        return SKEW if "node-clock-skew" in self.faults else 0.0

    @property
    def genesis(self) -> str:
        """The hash of the first block, as the node tells it."""
        return self.hash(0, FOREIGN if "node-wrong-genesis" in self.faults else "block")

    def slot(self, number: int) -> int:
        """The Aura slot a block was made in: one after the other, none is missed."""
        return number + self._slot_offset

    def header(self, number: int) -> dict[str, Any]:
        """The header of a block as the RPC answers it."""
        slot = self.slot(number).to_bytes(8, "little").hex()
        return {
            "parentHash": self.hash(number - 1) if number else "0x" + "00" * 32,
            "number": hex(number),
            "stateRoot": self.hash(number, "state"),
            "extrinsicsRoot": self.hash(number, "extrinsics"),
            "digest": {"logs": [f"0x0661757261{20:02x}{slot}"]},
        }

    def advance(self, now: float, faults: frozenset[str]) -> list[int]:
        """Bring the chain to ``now`` (seconds, any clock); the heights imported since."""
        if self._next_block is None:
            self._next_block, self._last, self.produced = now + self.block_time, now, now
            self._slot_offset = max(0, int(now / self.block_time) - self.best)
            # Whose turn a slot is follows the height as well: the log tells of every fourth.
            self._slot_offset -= self._slot_offset % AUTHORITIES
        passed, self._last, self.faults = now - self._last, now, faults
        self.peers = 0 if "node-no-peers" in faults else max(self.peers, 1)
        lagging, before = "node-lagging" in faults, self.best
        stalled = "node-stalled" in faults
        if lagging:
            self.target = max(self.target, self.best + LAG)
        while self._next_block <= now:
            if not stalled:
                self.produced = self._next_block
                self._block()
            self._next_block += self.block_time
        if lagging:
            self._owed += passed / (self.block_time * SLOW_IMPORT)
            self._speed = 0.0
        elif not stalled:
            behind = self.target - self.best
            self._speed = max(self._speed, behind / CATCH_UP)
            self._owed = behind if behind <= 1 else self._owed + passed * self._speed
        steps = min(int(self._owed), self.target - self.best)
        self._owed = self._owed - steps if self.best + steps < self.target else 0.0
        self.best += steps
        if self.best == self.target:
            self._speed = 0.0
        if not faults & {"node-eclipse", "node-finality-lag"}:
            self._final = max(self._final, self.best - FINALITY)
        if steps and self.path:
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps({"best": self.best}))
            fresh.replace(self.path)
        return list(range(before + 1, self.best + 1))

    def _block(self) -> None:
        self.target += 1
        if self.peers and self._random.random() < 0.15:
            self.peers = min(PEERS + 1, max(PEERS - 1, self.peers + self._random.choice((-1, 1))))
        # A block takes most of the pool with it; the next ones come in meanwhile.
        del self.pool[: self._random.randint(2, 8)]
        for _ in range(self._random.randint(1, 7)):
            body = self._random.randbytes(self._random.randint(100, 140))
            self.pool.append("0x" + (b"\xa1\x01\x84" + body).hex())
