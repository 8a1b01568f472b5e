"""Work that goes on behind the requests: tasks the API has taken, transactions in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, many, some
from ainur_tui.systems.api.metrics import QUEUE
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.postgres.client import APPLICATION, Database

LOOK = 2.0
MOST = 3
_SIGHT = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'member') AS all"
_TRANSACTIONS = """
SELECT left(coalesce(nullif(application_name, ''), usename, '?'), 60) AS who,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
   AND xact_start IS NOT NULL AND application_name <> $1
 ORDER BY xact_start LIMIT 500
"""


@dataclass(frozen=True)
class Work:
    """What was seen: tasks taken and not finished (``None``: nobody tells), open transactions in
    words (``None``: they cannot be seen), and why where something is not known."""

    tasks: float | None
    transactions: Sequence[str] | None
    blind: Sequence[str] = field(default=())

    @property
    def known(self) -> bool:
        """Whether anything at all could be seen."""
        return self.tasks is not None or self.transactions is not None

    @property
    def over(self) -> bool:
        """Whether nothing that can be seen goes on."""
        return self.known and not self.tasks and not self.transactions

    def __str__(self) -> str:
        said = [] if self.tasks is None else [f"{many(int(self.tasks), 'task')} not finished"]
        if self.transactions is not None:
            shown = some(self.transactions, MOST)
            open = many(len(self.transactions), "transaction")
            said.append(f"{open} open" + (f": {shown}" if shown else ""))
        return "; ".join([*said, *self.blind])


@dataclass(frozen=True)
class Background:
    """Asks the API's machines and the database; either may be absent."""

    hands: Hands
    database: Database | None

    async def seen(self) -> Work:
        """The work as it is now. Never raises: what cannot be asked is told as such."""
        (tasks, why), (transactions, because) = await asyncio.gather(
            self._tasks(), self._transactions()
        )
        return Work(tasks, transactions, [one for one in (why, because) if one])

    async def _tasks(self) -> tuple[float | None, str]:
        edge = self.hands.edge
        if edge is None:
            return None, "tasks cannot be seen: no api.url is configured"
        try:
            found = await self.hands.client.machines(self.hands.app)
            ids = [machine.id for machine in found if machine.state == "started"]
            looks = await asyncio.gather(*(edge.metrics(frozenset(QUEUE), id, LOOK) for id in ids))
        except ProbeFailure as failure:
            return None, f"tasks cannot be seen: {failure}"
        told = [
            scrape.total(name)
            for scrape, _ in looks
            if (name := scrape.first_of(QUEUE)) is not None
        ]
        if looks and len(told) < len(looks):
            return None, f"tasks cannot be seen: no {' or '.join(QUEUE)} in /metrics"
        return sum(value or 0.0 for value in told), ""

    async def _transactions(self) -> tuple[list[str] | None, str]:
        if self.database is None:
            return None, "transactions cannot be seen: no database is configured"
        try:
            async with self.database.sampling() as connection:
                sees = await connection.fetchval(_SIGHT)
                rows = await connection.fetch(_TRANSACTIONS, APPLICATION)
        except ProbeFailure as failure:
            return None, f"transactions cannot be seen: {failure}"
        if not sees:
            return None, "transactions cannot be seen: the role lacks pg_monitor"
        return [f"{clean(row['who'], 40)} for {duration(row['age'] or 0.0)}" for row in rows], ""
