"""Sessions that may be ended: who they are, and the few that never are. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ainur_tui.model.units import duration, many
from ainur_tui.systems.postgres.client import APPLICATION, Database
from ainur_tui.systems.postgres.shown import Shown, ages

if TYPE_CHECKING:
    from asyncpg import Record

Mark = Literal["backend_start", "query_start", "state_change"]
"""The moment that, beside pid and start, tells that a session is still the one that was meant."""

_SESSIONS = """
SELECT a.pid, a.backend_start::text AS backend_start, a.query_start::text AS query_start,
       a.state_change::text AS state_change, a.usename, a.application_name, a.state,
       a.backend_type, a.datname, host(a.client_addr) AS client,
       extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_age,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS xact_age,
       left(a.query, 4000) AS query,
       a.pid = pg_backend_pid() OR (a.application_name = $1 AND a.usename = current_user) AS ours,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
           OR (a.usesysid IS NOT NULL AND NOT coalesce(r.rolsuper, true)
               AND (pg_has_role(current_user, 'pg_signal_backend', 'member')
                    OR pg_has_role(current_user, a.usesysid, 'member'))) AS allowed,
       pg_has_role(current_user, 'pg_signal_backend', 'member') AS signals,
       current_user::text AS us
  FROM pg_stat_activity AS a LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
"""
ONE = _SESSIONS + " WHERE a.pid = $2"
IDLE = (
    _SESSIONS
    + """ WHERE a.backend_type = 'client backend' AND a.state LIKE 'idle in transaction%'
   AND a.state_change < clock_timestamp() - make_interval(secs => $2)
   AND NOT (a.application_name = $1 AND a.usename = current_user)
 ORDER BY a.state_change LIMIT 200
"""
)
_KINDS = {"client backend", "autovacuum worker", "walsender"}


@dataclass(frozen=True)
class Victim:
    """One session as it was read. ``row`` is of :data:`ONE` or :data:`IDLE`."""

    row: Record
    shown: Shown

    @property
    def pid(self) -> int:
        return int(self.row["pid"])

    @property
    def replication(self) -> bool:
        """Whether it feeds a replica or a backup."""
        return bool(self.row["backend_type"] == "walsender")

    def identity(self, mark: Mark) -> dict[str, Any]:
        """What a signal and the look afterwards compare."""
        return {"pid": self.pid, "backend_start": self.row["backend_start"], "mark": self.row[mark]}

    @property
    def client(self) -> str:
        """The program that loses its session, by the names it gave."""
        user = self.shown.text(self.row["usename"])
        program = self.shown.text(self.row["application_name"]) or self.row["backend_type"]
        return f"{program} ({user})" if user else program

    @property
    def words(self) -> str:
        """User, application, client, state with its age, transaction's age and query."""
        row, text = self.row, self.shown.text
        who = (
            f"{text(row['usename']) or text(row['backend_type'])} of {text(row['datname']) or '-'}"
        )
        age, xact = ages(row["state_age"]), ages(row["xact_age"])
        parts = [
            f"{self.pid}: {who}",
            text(row["application_name"]) or "no application name",
            f"from {text(row['client']) or 'the server itself'}",
            (text(row["state"]) or "at work")
            + (f" for {duration(age)}" if age is not None else ""),
        ]
        if xact is not None:
            parts.append(f"transaction {duration(xact)} old")
        return f"{', '.join(parts)}; {self.shown.query(row['query']) or 'no query'}"

    def untouchable(self) -> str | None:
        """The sentence why it is not signalled, or ``None``."""
        row, us = self.row, self.shown.text(self.row["us"])
        if row["ours"]:
            return f"Session {self.pid} is our own"
        if row["backend_start"] is None:
            return f"Session {self.pid} is hidden from {us}: GRANT pg_monitor TO {us}"
        if row["backend_type"] not in _KINDS:
            return (
                f"{self.pid} is no session but the server's {self.shown.text(row['backend_type'])}"
            )
        if "to prevent wraparound" in (row["query"] or "") and (
            row["backend_type"] == "autovacuum worker"
        ):
            return f"{self.pid} is the vacuum that prevents wraparound: it must finish"
        if not row["allowed"]:
            if not row["signals"]:
                return f"{us} may not signal sessions: GRANT pg_signal_backend TO {us}"
            return (
                f"Only a superuser may signal {self.pid}: it is a superuser's or the server's own"
            )
        return None


def clients(chosen: list[Victim]) -> list[str]:
    """Who is affected: how many sessions of each program."""
    counted = Counter(victim.client for victim in chosen)
    return [f"{many(count, 'session')} of {name}" for name, count in counted.items()]


async def victims(database: Database, shown: Shown, sql: str, value: float) -> list[Victim]:
    """The sessions of :data:`ONE` (a pid) or :data:`IDLE` (seconds)."""
    async with database.short() as connection:
        rows = await connection.fetch(sql, APPLICATION, value)
    return [Victim(row, shown) for row in rows]
