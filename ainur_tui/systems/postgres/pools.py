"""Who holds how many connections, against what each pool may hold and what is left. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.rules.budget import Budget
from ainur_tui.systems.postgres.activity_tables import Session
from ainur_tui.systems.postgres.poollife import Life, life, words
from ainur_tui.systems.postgres.shown import Shown

FULL = 0.9
"""Share of a pool from which on its callers are about to wait."""
HOG = 0.5
"""Share of all connections that one pool alone should not hold."""
_MOST = 50
_TOOLS = ("psql", "pg_", "pgadmin", "dbeaver", "datagrip", "ainur-tui")


@dataclass(frozen=True)
class Pool:
    """The sessions of one application from one address. ``may`` is what it may hold at most,
    where it is an API machine's and the configuration tells; ``active`` and ``in_transaction``
    are ``None`` where the role does not see what they do."""

    application: str
    client: str
    user: str
    open: int
    active: int | None
    in_transaction: int | None
    oldest: float | None
    life: Life
    may: int | None

    @property
    def share(self) -> float | None:
        """How much of it is open: 0 to 1 (more when it holds more than it may)."""
        return self.open / self.may if self.may else None


@dataclass(frozen=True)
class Room:
    """Connections of the server: the limit, what is reserved, and what is in use (ours too)."""

    most: int
    reserved: int
    used: int

    @property
    def open_to_all(self) -> int:
        """What ordinary roles can have together."""
        return max(self.most - self.reserved, 0)

    def part(self, held: int) -> float:
        """How much of that somebody holds: 0 to 1."""
        return held / self.open_to_all if self.open_to_all else 0.0

    @property
    def left(self) -> int:
        """What ordinary roles can still have."""
        return max(self.open_to_all - self.used, 0)


def pools(found: Sequence[Session], size: int | None) -> list[Pool]:
    """The fullest first. An API machine is what has ``api`` in its application's name; where
    nobody has, what names no application and is no tool. ``size``: what a machine may open."""
    groups: dict[tuple[str, str, str], list[Session]] = {}
    for one in found:
        if not one.own:
            key = (one.application or "", one.client or "", one.user or "")
            groups.setdefault(key, []).append(one)
    named = any("api" in application.lower() for application, _, _ in groups)
    made = []
    for (application, client, user), held in groups.items():
        low = application.lower()
        tool = low.startswith(_TOOLS)
        is_api = not tool and ("api" in low if named else not application and bool(client))
        ages = [one.xact_age for one in held if one.xact_age is not None]
        seen = all(one.state is not None for one in held)
        made.append(
            Pool(
                application, client, user, len(held),
                sum(one.state == "active" for one in held) if seen else None,
                sum(one.idle_in_transaction for one in held) if seen else None,
                max(ages, default=None),
                life(held),
                size if is_api else None,
            )
        )  # fmt: skip
    return sorted(made, key=lambda p: (-(p.share or 0.0), -p.open, p.application, p.client))


def fullest(found: Sequence[Pool]) -> Pool | None:
    """The API's pool that is nearest to its end."""
    return next((pool for pool in found if pool.share is not None), None)


def table(
    found: Sequence[Pool], room: Room, size: int | None, shown: Shown, *, at: float,
    interval: float,
) -> Table:  # fmt: skip
    """What is left for everybody, then every pool."""
    tight = room.used > 0.8 * room.open_to_all
    ordered = sorted(found, key=lambda pool: -max(pool.share or 0.0, room.part(pool.open)))
    everyone: list[Cell] = [
        f"all roles ({room.reserved} reserved)", "", "", room.used, None, None,
        room.open_to_all, room.used / room.open_to_all if room.open_to_all else None, room.left,
        None, None,
    ]  # fmt: skip
    total = Row(
        key="all", cells=everyone, target="db", tone="warn" if tight else "none",
        detail={
            "max_connections": str(room.most),
            "reserved": f"{room.reserved}, for superusers and pg_use_reserved_connections",
        },
    )  # fmt: skip
    return Table(
        name="db.pool", target="db", title="Pools", columns=_COLUMNS,
        rows=[total, *(_row(pool, room, shown) for pool in ordered[:_MOST])], observed_at=at,
        source="pg_stat_activity", interval=interval, note=_note(found, room, size),
    )  # fmt: skip


def _note(found: Sequence[Pool], room: Room, size: int | None) -> str:
    if size is None:
        return "what an API machine may open is not known: add an api section (pool_size)"
    budget = Budget(max_connections=room.most, pool=size, reserved=room.reserved)
    machines = sum(pool.may is not None for pool in found)
    if not machines:
        return "no API machine is seen: none is connected, or the role sees no clients"
    if not budget.allows(machines):
        return f"too many when all pools fill ({machines} seen): {budget.arithmetic}"
    return f"room for {budget.machines} machines with full pools of {size}; {machines} seen"


def _row(pool: Pool, room: Room, shown: Shown) -> Row:
    share = pool.share
    full = (share is not None and share >= FULL) or room.part(pool.open) > HOG
    idle, told = 0, "not seen"
    if pool.active is not None and pool.in_transaction is not None:
        idle = pool.open - pool.active - pool.in_transaction
        told = f"{idle}"
    return Row(
        key=f"{pool.application}@{pool.client}/{pool.user}",
        cells=[
            shown.text(pool.application) or "(no application)", shown.text(pool.client),
            shown.text(pool.user), pool.open, pool.active, pool.in_transaction, pool.may, share,
            None if pool.may is None else max(pool.may - pool.open, 0), pool.life.oldest,
            pool.life.opened,
        ],
        tone="warn" if full else "none",
        target="db",
        detail={
            "idle": told + (": more than 5 kept idle by one pool is more than the guide's"
                                 if pool.may and idle > 5 else ""),
            **words(pool.life, judged=pool.may is not None),
            "oldest transaction": "none" if pool.oldest is None else f"{pool.oldest:.0f} s",
        },
    )  # fmt: skip


_COLUMNS = [
    Column(name="pool", title="Pool", limit=30),
    Column(name="client", title="Client", rank=3, limit=24),
    Column(name="role", title="Role", rank=4, limit=16),
    Column(name="open", title="Open", unit="count"),
    Column(name="active", title="Active", unit="count", rank=2),
    Column(name="in_transaction", title="Idle in tx", unit="count", rank=2),
    Column(name="may", title="May hold", unit="count", rank=1),
    Column(name="share", title="Used", unit="ratio"),
    Column(name="left", title="Left", unit="count", rank=1),
    Column(name="oldest", title="Oldest", unit="s", rank=3),
    Column(name="opened", title="New/min", unit="count", rank=3),
]
