"""How many API machines the database's connections allow (G-288), and whether the database is what
holds them up (G-119)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ainur_tui.model.board import SignalView

SHARE = 0.8
"""The guide's line: an alert fires above 80 % of ``max_connections``."""
RESERVED = 3
"""PostgreSQL's default ``superuser_reserved_connections``: nobody else gets these."""

CONGESTED = ("db.connections.ratio", "db.locks.waiting", "db.locks.oldest", "db.latency")
"""What more machines make worse when the database has too much of it already."""


def bottleneck(signals: Iterable[SignalView]) -> str | None:
    """Why another machine would not help: what the database's signals say now, if they do."""
    known = {signal.name: signal for signal in signals if signal.quality == "fresh"}
    over = [known[name] for name in CONGESTED if name in known]
    told = [signal.note or signal.title for signal in over if signal.verdict in {"warn", "fail"}]
    if not told:
        return None
    return f"The database is what holds the API up; more machines add to it: {told[0]}"


@dataclass(frozen=True)
class Budget:
    """Connections: the server's limit, what is reserved, and the pool one machine may open."""

    max_connections: int
    pool: int
    reserved: int = RESERVED
    share: float = SHARE

    @property
    def machines(self) -> int:
        """floor((share × max_connections − reserved) ÷ pool), not below 0."""
        usable = round(self.share * self.max_connections - self.reserved, 6)
        return max(math.floor(usable / self.pool), 0)

    def allows(self, machines: int) -> bool:
        """Whether so many machines stay within the budget when each fills its pool."""
        return machines <= self.machines

    @property
    def arithmetic(self) -> str:
        """The sum as a sentence, for the person who decides."""
        return (
            f"({self.share:.0%} of {self.max_connections} connections − {self.reserved} reserved)"
            f" ÷ {self.pool} a machine = {self.machines} machines"
        )
