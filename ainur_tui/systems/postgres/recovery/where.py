"""Which database the application uses, as the server itself sees its sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.text import clean
from ainur_tui.model.units import many
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres.client import Database

SESSIONS = """
SELECT datname AS database, left(application_name, 100) AS application, count(*)::int AS sessions
  FROM pg_stat_activity
 WHERE usename = $1 AND datname IS NOT NULL AND coalesce(application_name, '') <> 'ainur-tui'
   AND (backend_type = 'client backend' OR backend_type IS NULL)
 GROUP BY 1, 2 ORDER BY 3 DESC
"""
"""``$1`` is the application's role; the type of a session is hidden from a role without rights."""

ELSEWHERE = Signal(
    name="db.elsewhere", title="application sessions in another database", unit="bool", warn=0.5,
    trouble="the API uses another database than this console watches and backs up",
)  # fmt: skip

Where = Mapping[str, Mapping[str, int]]
"""Sessions by database, then by application name."""


def gathered(rows: Iterable[Any]) -> dict[str, dict[str, int]]:
    """The rows of :data:`SESSIONS`, the database with most sessions first."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        name = clean(row["application"] or "without a name", 60)
        here = found.setdefault(str(row["database"]), {})
        here[name] = here.get(name, 0) + int(row["sessions"])
    return dict(sorted(found.items(), key=lambda one: -sum(one[1].values())))


def told(where: Where, database: str) -> str:
    """The sessions in one database, in words: ``7 sessions (ainur-api 5, ainur-worker 2)``."""
    here = where.get(database, {})
    if not here:
        return "no session"
    count, shown = sum(here.values()), list(here.items())[:3]
    names = ", ".join(f"{name} {number}" for name, number in shown) + ", …" * (len(here) > 3)
    return f"{many(count, 'session')} ({names})"


class WhereProbe(Probe):
    """Whether the application's sessions are in the database that is watched and backed up."""

    name = "db.where"
    target = "db"
    signals = (ELSEWHERE,)

    def __init__(
        self, database: Database, user: str, clock: Clock, *, interval: float, deadline: float
    ) -> None:
        self.interval = max(interval, 5.0)
        self.deadline = deadline
        self._database = database
        self._user = user
        self._clock = clock

    async def read(self) -> Sample:
        where = gathered(await self._database.fetch(SESSIONS, self._user))
        ours = self._database.address.database
        other = next(iter(where), ours)
        value, note = float(other != ours), None
        if not where:
            value, note = 0.0, f"no session of {self._user} is seen"
        elif value:
            note = f"{told(where, other)} in {other}; watched is {ours}: change postgres.dsn"
        reading = Reading(
            target="db", signal=ELSEWHERE.name, value=value, note=note and clean(note, 300),
            source="pg_stat_activity", observed_at=self._clock.now(),
        )  # fmt: skip
        return Sample([reading])
