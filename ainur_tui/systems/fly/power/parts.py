"""What an ordered shutdown takes down and an ordered start brings up, as far as configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.power.background import Background
from ainur_tui.systems.fly.power.dbpower import StartDatabase, StopDatabase
from ainur_tui.systems.fly.power.maintenance import Page
from ainur_tui.systems.fly.power.ordered import PAGE, Part, ShutdownAll, StartAll
from ainur_tui.systems.fly.power.outside import Outside
from ainur_tui.systems.fly.power.power import Start
from ainur_tui.systems.fly.power.quiet import StopQuietly
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.power import StartNode, StopNode
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.dsn import is_placeholder
from ainur_tui.systems.systemctl import Systemctl


@dataclass
class Whole:
    """The two actions on everything. ``close`` lets go of what was opened for them."""

    actions: list[Action]
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def close(self) -> None:
        for one in self.closers:
            await one()


def whole(
    environment: Environment, context: Context, hands: Hands, *, database: Hands | None,
    outside: Outside, sql: Database | None,
) -> Whole:  # fmt: skip
    """The parts in the order of the guide, which holds where they do not need each other."""
    found = Whole([])
    parts = [
        Part(
            PAGE, "api", Page(hands, outside, "on"), Page(hands, outside, "off"),
            seen_when_down=False, optional=True,
        ),
        Part(
            "api", "api", StopQuietly(hands, Background(hands, sql)), Start(hands),
            takes=frozenset({"workers", "reason"}),
        ),
    ]  # fmt: skip
    node = environment.node
    if node is not None:
        client = NodeClient(node.rpc, context, node.timeout)
        unit = Systemctl(node.unit, context) if node.unit else None
        given = (client, unit, context, node.timeout)
        parts.append(Part("node", "node", StopNode(*given), StartNode(*given), optional=True))
        found.closers.append(client.close)
    if database is not None:
        parts.append(Part("db", "db", StopDatabase(database), StartDatabase(database)))
    found.actions += [ShutdownAll(parts), StartAll(parts)]
    return found


def sql_of(environment: Environment, context: Context) -> Database | None:
    """A connection that only reads, where the configuration names a database."""
    section = environment.postgres
    if section is None:
        return None
    try:
        dsn = context.secret(section.dsn)
    except SecretMissing:
        return None
    if is_placeholder(dsn):
        return None
    return Database(dsn, context.clock, context.redact, section.timeout)
