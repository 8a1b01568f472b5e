"""What a way back from nothing starts from: where everything is or was, and what was kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ainur_tui.config.types import Environment
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.fly.recovery import keptnames
from ainur_tui.systems.fly.recovery.cutting import Reach
from ainur_tui.systems.postgres.backup import catalogue
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.dsn import Address, parse
from ainur_tui.systems.postgres.recovery.candidates import Candidate, rank
from ainur_tui.systems.storage.client import Bucket


@dataclass
class Ground:
    """Everything that ``looks_database`` and ``looks_service`` ask. ``monitor`` is the address this
    console reads with; ``copies`` are pairs of a bucket and its copy."""

    environment: Environment
    reach: Reach
    places: Sequence[Place]
    application: Secret
    monitor: Secret
    redact: Redactor
    timeout: float
    copies: Sequence[tuple[Bucket, Bucket]] = field(default=())

    @property
    def at(self) -> Address:
        """Where the application connects."""
        return parse(self.application)

    @property
    def app(self) -> str:
        return self.reach.hands.client.app

    @property
    def database_app(self) -> str:
        return (self.environment.fly.database_app if self.environment.fly else None) or "ainur-db"

    async def best(self) -> Candidate | None:
        """The backup to rebuild from."""
        clock = self.reach.clock
        listing = await catalogue.read(self.places, clock)
        return next((one for one in rank(listing.rows, clock.now()) if one.usable), None)

    async def kept(self) -> dict[str, Any]:
        """The newest configuration beside a backup, empty where there is none to be read."""
        return await keptnames.kept(self.places, self.reach.clock)
