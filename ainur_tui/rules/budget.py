"""How many API machines the database's connections allow (G-288)."""

from __future__ import annotations

import math
from dataclasses import dataclass

SHARE = 0.8
"""The guide's line: an alert fires above 80 % of ``max_connections``."""
RESERVED = 3
"""PostgreSQL's default ``superuser_reserved_connections``: nobody else gets these."""


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
