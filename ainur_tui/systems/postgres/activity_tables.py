"""Sessions, the tree of lock waits and the clients, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.systems.postgres.locks import tree
from ainur_tui.systems.postgres.shown import Shown, ages

if TYPE_CHECKING:
    from asyncpg import Record

_MOST_ROWS = 200
_LONG_IDLE = 300.0
_SOURCE = "pg_stat_activity"
_IDLE_STATES = {"idle in transaction", "idle in transaction (aborted)"}
_STATES = {
    "idle in transaction": "idle in tx",
    "idle in transaction (aborted)": "aborted tx",
    "fastpath function call": "function",
}
"""States in the words of a narrow column; the others as PostgreSQL says them."""


@dataclass(frozen=True, slots=True)
class Session:
    """One client session, text as the server gave it (not clean). Ages are seconds; ``alive`` is
    since it was opened."""

    pid: int
    started: str
    own: bool
    database: str | None
    user: str | None
    application: str | None
    client: str | None
    state: str | None
    wait_type: str | None
    wait: str | None
    state_age: float | None
    xact_age: float | None
    query_age: float | None
    alive: float | None
    query: str | None
    query_length: int | None

    @classmethod
    def of(cls, row: Record) -> Session:
        """From a row of :data:`~ainur_tui.systems.postgres.queries.ACTIVITY`."""
        return cls(
            pid=row["pid"], started=row["backend_start"] or "", own=bool(row["own"]),
            database=row["datname"], user=row["usename"], application=row["application_name"],
            client=row["client"], state=row["state"], wait_type=row["wait_event_type"],
            wait=row["wait_event"], state_age=ages(row["state_age"]),
            xact_age=ages(row["xact_age"]), query_age=ages(row["query_age"]),
            alive=ages(row["alive"]),
            query=row["query"], query_length=row["query_length"],
        )  # fmt: skip

    @property
    def idle_in_transaction(self) -> bool:
        """Whether it holds a transaction open without working (the aborted kind included)."""
        return self.state in _IDLE_STATES

    @property
    def waits_for_lock(self) -> bool:
        """Whether it stands still for a lock of another session."""
        return self.wait_type == "Lock"

    @property
    def age(self) -> float | None:
        """Seconds in its state: of the query while active, since the last change otherwise."""
        return self.query_age if self.state == "active" else self.state_age


def sessions(
    found: Sequence[Session], shown: Shown, at: float, interval: float, note: str | None
) -> Table:
    """The sessions, those in trouble first, then the busy, then the idle."""
    ordered = sorted(found, key=lambda s: (_rank(s), -(s.xact_age or s.age or 0.0), s.pid))
    left_out = len(ordered) - _MOST_ROWS
    notes = [note, f"{left_out} more sessions are not shown" if left_out > 0 else None]
    return Table(
        name="db.sessions", target="db", title="Sessions", columns=_SESSION_COLUMNS,
        rows=[_session(session, shown) for session in ordered[:_MOST_ROWS]],
        observed_at=at, source=_SOURCE, interval=interval,
        note="; ".join(filter(None, notes)) or None,
    )  # fmt: skip


_SESSION_COLUMNS = [
    Column(name="pid", title="Pid", limit=8),
    Column(name="user", title="User", rank=4, limit=20),
    Column(name="app", title="Application", rank=3, limit=24),
    Column(name="client", title="Client", rank=6, limit=24),
    Column(name="state", title="State", rank=1, limit=12),
    Column(name="wait", title="Waits for", rank=2, limit=22),
    Column(name="age", title="Age", unit="s", rank=1),
    Column(name="xact", title="Transaction", unit="s", rank=5),
    Column(name="query", title="Query", rank=1, limit=120),
]


def _rank(session: Session) -> int:
    if session.waits_for_lock:
        return 0
    if session.idle_in_transaction:
        return 1
    return 2 if session.state == "active" else 3


def _tone(session: Session) -> Tone:
    if session.waits_for_lock:
        return "warn"
    if session.idle_in_transaction:
        return "warn" if (session.state_age or 0.0) > _LONG_IDLE else "none"
    return "quiet" if session.state == "idle" else "none"


def _session(session: Session, shown: Shown) -> Row:
    # That an idle session waits for its client goes without saying.
    waits = session.wait_type if session.wait_type != "Client" else None
    wait = ": ".join(filter(None, [waits, session.wait if waits else None]))
    state = session.state or ""
    return Row(
        key=f"{session.pid}@{shown.text(session.started)}",
        cells=[
            str(session.pid), shown.text(session.user), shown.text(session.application),
            shown.text(session.client), _STATES.get(state) or shown.text(state),
            shown.text(wait), session.age,
            session.xact_age, shown.query(session.query),
        ],
        tone=_tone(session),
        target="db",
        detail={
            "Query": shown.whole_query(session.query, session.query_length),
            "Database": shown.text(session.database),
            "Connected since": shown.text(session.started),
        },
        params={"pid": str(session.pid)},
    )  # fmt: skip


def locks(
    found: Sequence[Session],
    behind: Mapping[int, Record],
    shown: Shown,
    at: float,
    interval: float,
    *,
    missing: str | None = None,
) -> Table:
    """The tree of waits: the root blocker first, those that wait for it indented below.
    ``missing``: why nobody can tell."""
    by_pid = {session.pid: session for session in found}
    branches = tree({pid: list(row["blockers"]) for pid, row in behind.items()})
    rows: list[Row] = []
    for pid, depth, waits in branches[:_MOST_ROWS]:
        session, row = by_pid.get(pid), behind.get(pid)
        age = (row["wait_age"] if row else None) or (session.query_age if session else None)
        if row is None and session is not None:
            age = session.xact_age
        relation = (row["relation"] or row["locktype"]) if row else None
        rows.append(
            Row(
                key=f"{pid}/{depth}",
                cells=[
                    str(pid) if pid else "prepared transaction", waits, ages(age),
                    shown.text(row["mode"] if row else _holder(session)),
                    shown.text(relation), shown.query(session.query if session else None),
                ],
                depth=depth,
                tone="fail" if depth == 0 else "warn",
                target="db",
                detail={
                    "state": shown.text(session.state if session else None),
                    "application": shown.text(session.application if session else None),
                    "user": shown.text(session.user if session else None),
                },
                params={"pid": str(pid)},
            )
        )  # fmt: skip
    return Table(
        name="db.locks", target="db", title="Lock waits", columns=_LOCK_COLUMNS, rows=rows,
        observed_at=at, source="pg_locks, pg_blocking_pids", interval=interval, missing=missing,
    )  # fmt: skip


def _holder(session: Session | None) -> str:
    """What the root of a tree does meanwhile: an idle one waits for its client alone."""
    return "holds" if session is None else f"holds, {_STATES.get(session.state or '', 'busy')}"


_LOCK_COLUMNS = [
    Column(name="session", title="Session", limit=30),
    Column(name="waits", title="Behind it", unit="count", rank=1),
    Column(name="age", title="Age", unit="s", rank=1),
    Column(name="mode", title="Wants", rank=2, limit=24),
    Column(name="relation", title="On", rank=3, limit=30),
    Column(name="query", title="Query", rank=1, limit=120),
]


def clients(found: Sequence[Session], shown: Shown, at: float, interval: float) -> Table:
    """Connections by application and client, the largest first."""
    total: Counter[tuple[str, str]] = Counter()
    by_state: Counter[tuple[str, str, str]] = Counter()
    for session in found:
        who = (shown.text(session.application or session.user), shown.text(session.client))
        total[who] += 1
        state = "idle in transaction" if session.idle_in_transaction else session.state or ""
        by_state[(*who, state)] += 1
    rows = [
        Row(
            key=f"{application}@{client}",
            cells=[
                application, client,
                *(by_state[application, client, state]
                  for state in ("active", "idle", "idle in transaction")),
                count,
            ],
        )
        for (application, client), count in total.most_common(50)
    ]  # fmt: skip
    return Table(
        name="db.clients", target="db", title="Clients", columns=_CLIENT_COLUMNS, rows=rows,
        observed_at=at, source=_SOURCE, interval=interval,
    )  # fmt: skip


_CLIENT_COLUMNS = [
    Column(name="application", title="Application"),
    Column(name="client", title="Client", rank=2),
    Column(name="active", title="Active", unit="count", rank=1),
    Column(name="idle", title="Idle", unit="count", rank=1),
    Column(name="in_transaction", title="In transaction", unit="count", rank=1),
    Column(name="total", title="Total", unit="count"),
]
