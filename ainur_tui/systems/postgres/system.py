"""Connects the database: what is read of it, its log, and its backups."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ainur_tui.config.types import Environment, Postgres
from ainur_tui.model.target import Target
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Context, Probe
from ainur_tui.systems.fly.configbackup import documents
from ainur_tui.systems.logs.files import FileSource
from ainur_tui.systems.logsource import LogSource
from ainur_tui.systems.postgres.actions.hands import Hands
from ainur_tui.systems.postgres.actions.reindex import Reindex
from ainur_tui.systems.postgres.actions.role import MonitorRole
from ainur_tui.systems.postgres.actions.sessions import Cancel, Terminate, TerminateIdle
from ainur_tui.systems.postgres.actions.settings import ApplySetting
from ainur_tui.systems.postgres.actions.slots import DropSlot
from ainur_tui.systems.postgres.actions.vacuum import Analyze, Vacuum
from ainur_tui.systems.postgres.activity import ActivityProbe
from ainur_tui.systems.postgres.backup.action import BackupAction
from ainur_tui.systems.postgres.backup.places import Place, places_of
from ainur_tui.systems.postgres.backup.probe import BackupsProbe
from ainur_tui.systems.postgres.backup.prune import PruneAction
from ainur_tui.systems.postgres.backup.restore import RestoreAction
from ainur_tui.systems.postgres.backup.schedule import routines
from ainur_tui.systems.postgres.backup.scratch import Named, Own, Scratch
from ainur_tui.systems.postgres.backup.server import Server
from ainur_tui.systems.postgres.backup.verify import VerifyAction
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.dsn import is_placeholder, parse
from ainur_tui.systems.postgres.explain import Explain
from ainur_tui.systems.postgres.growth import GrowthProbe
from ainur_tui.systems.postgres.indexes import IndexesProbe
from ainur_tui.systems.postgres.progress import ProgressProbe
from ainur_tui.systems.postgres.recovery import loss as recovery_loss
from ainur_tui.systems.postgres.recovery.where import WhereProbe
from ainur_tui.systems.postgres.rows import RowsProbe
from ainur_tui.systems.postgres.scans import ScansProbe
from ainur_tui.systems.postgres.settings import SettingsProbe
from ainur_tui.systems.postgres.shown import Shown
from ainur_tui.systems.postgres.statements import StatementsProbe
from ainur_tui.systems.postgres.statistics import SizeProbe, StatisticsProbe, TablesProbe, UpProbe
from ainur_tui.systems.postgres.tuning import GIB, Machine
from ainur_tui.systems.postgres.vacuum import VacuumProbe
from ainur_tui.systems.postgres.wal import WalProbe
from ainur_tui.systems.system import System


def connect(environment: Environment, context: Context) -> System | None:
    """The database of the configuration; ``None`` without a section or with the guide's example.

    Raises ``SecretMissing`` when a reference leads nowhere.
    """
    section = environment.postgres
    if section is None:
        return None
    dsn = context.secret(section.dsn)
    if is_placeholder(dsn):
        return None
    database = Database(dsn, context.clock, context.redact, section.timeout)
    places = places_of(environment, context)
    logs: tuple[LogSource, ...] = ()
    if section.log_file:
        path = Path(section.log_file).expanduser()
        logs = (FileSource("postgres", "db", path, context.clock),)
    backup = environment.backup
    scratch: Scratch = Own(context, section.timeout)
    identity = None
    if backup is not None and backup.identity is not None:
        identity = context.secret(backup.identity)
    admin = context.secret(section.admin) if section.admin is not None else None
    shown = Shown(context.redact)
    hands = Hands(admin, database, context.redact, section.timeout)
    restorer = context.secret(environment.restorer or section.dsn)
    if backup is not None and backup.scratch is not None:
        scratch = Named(Server(context.secret(backup.scratch), context.redact, section.timeout))
    platform, document = documents(environment, context)
    actions: tuple[Action, ...] = (
        BackupAction(environment, context, database, places, document),
        VerifyAction(context, places, scratch, identity),
        RestoreAction(context, places, Server(restorer, context.redact, section.timeout), identity),
        PruneAction(environment, context, places),
        *(one(database, context.redact) for one in (Cancel, Terminate, TerminateIdle, Explain)),
        *(one(hands, shown) for one in (Vacuum, Analyze, Reindex, ApplySetting)),
        *(one(hands, shown) for one in (DropSlot, MonitorRole)),
    )

    async def close() -> None:
        await database.close()
        if platform is not None:
            await platform.close()

    target = Target(name="db", kind="db", title="database")
    return System(
        "postgres", (target,), tuple(_probes(section, environment, context, database, places)),
        logs, actions, close,
        routines(backup.schedule) if backup is not None and backup.schedule is not None else (),
    )  # fmt: skip


def _probes(
    section: Postgres, environment: Environment, context: Context, database: Database,
    places: Sequence[Place],
) -> list[Probe]:  # fmt: skip
    clock, shown = context.clock, Shown(context.redact)
    often, within = section.interval, section.timeout + 0.5
    looks = (
        StatementsProbe, TablesProbe, IndexesProbe, ScansProbe, VacuumProbe, GrowthProbe,
        ProgressProbe, WalProbe, RowsProbe,
    )  # fmt: skip
    pool = environment.api.pool_size if environment.api else None
    machine = Machine(section.memory * GIB, section.cores) if section.memory else None
    probes: list[Probe] = [
        UpProbe(database, clock, interval=often, deadline=within),
        ActivityProbe(database, clock, shown, interval=often, deadline=within, pool=pool),
        StatisticsProbe(database, clock, interval=often, deadline=within),
        SettingsProbe(
            database, clock, context.redact, interval=often, deadline=within, machine=machine
        ),
        SizeProbe(
            database,
            clock,
            interval=often,
            deadline=within,
            volume=section.disk * GIB if section.disk else None,
        ),
        *(look(database, clock, shown, interval=often, deadline=within) for look in looks),
    ]
    backup = environment.backup
    if places:
        also = partial(recovery_loss.table, environment)
        schedule = backup.schedule if backup else None
        probes.append(BackupsProbe(places, clock, often, also, schedule))
    if backup is not None and backup.application is not None:
        user = parse(context.secret(backup.application)).user
        probes.append(WhereProbe(database, user, clock, interval=often, deadline=within))
    return probes
