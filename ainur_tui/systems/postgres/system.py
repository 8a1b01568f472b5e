"""Connects the database: what is read of it, its log, and its backups."""

from __future__ import annotations

from pathlib import Path

from ainur_tui.config.types import Environment
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Action, Context, LogSource, Probe, System
from ainur_tui.systems.postgres.actions_sessions import Cancel, Terminate, TerminateIdle
from ainur_tui.systems.postgres.activity import ActivityProbe
from ainur_tui.systems.postgres.backup.action import BackupAction
from ainur_tui.systems.postgres.backup.places import places_of
from ainur_tui.systems.postgres.backup.probe import BackupsProbe
from ainur_tui.systems.postgres.backup.prune import PruneAction
from ainur_tui.systems.postgres.backup.restore import RestoreAction
from ainur_tui.systems.postgres.backup.schedule import routines
from ainur_tui.systems.postgres.backup.scratch import Named, Own, Scratch
from ainur_tui.systems.postgres.backup.server import Server
from ainur_tui.systems.postgres.backup.verify import VerifyAction
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.dsn import is_placeholder
from ainur_tui.systems.postgres.indexes import IndexesProbe
from ainur_tui.systems.postgres.logs import PostgresLog
from ainur_tui.systems.postgres.progress import ProgressProbe
from ainur_tui.systems.postgres.settings import SettingsProbe
from ainur_tui.systems.postgres.shown import Shown
from ainur_tui.systems.postgres.statements import StatementsProbe
from ainur_tui.systems.postgres.statistics import StatisticsProbe, TablesProbe, UpProbe
from ainur_tui.systems.postgres.vacuum import VacuumProbe


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
    clock, shown = context.clock, Shown(context.redact)
    database = Database(dsn, clock, context.redact, section.timeout)
    often, within = section.interval, section.timeout + 0.5
    probes: list[Probe] = [
        UpProbe(database, clock, interval=often, deadline=within),
        ActivityProbe(database, clock, shown, interval=often, deadline=within),
        StatisticsProbe(database, clock, interval=often, deadline=within),
        StatementsProbe(database, clock, shown, interval=often, deadline=within),
        TablesProbe(database, clock, shown, interval=often, deadline=within),
        IndexesProbe(database, clock, shown, interval=often, deadline=within),
        VacuumProbe(database, clock, shown, interval=often, deadline=within),
        ProgressProbe(database, clock, shown, interval=often, deadline=within),
        SettingsProbe(database, clock, context.redact, interval=often, deadline=within),
    ]
    places = places_of(environment, context)
    if places:
        schedule = environment.backup.schedule if environment.backup else None
        probes.append(BackupsProbe(places, clock, often, schedule))
    logs: tuple[LogSource, ...] = ()
    if section.log_file:
        logs = (PostgresLog(Path(section.log_file).expanduser(), clock),)
    backup = environment.backup
    scratch: Scratch = Own(context, section.timeout)
    admin, identity = dsn, None
    if backup is not None and backup.identity is not None:
        identity = context.secret(backup.identity)
    if backup is not None and backup.admin is not None:
        admin = context.secret(backup.admin)
    if backup is not None and backup.scratch is not None:
        scratch = Named(Server(context.secret(backup.scratch), context.redact, section.timeout))
    actions: tuple[Action, ...] = (
        BackupAction(environment, context, database, places),
        VerifyAction(context, places, scratch, identity),
        RestoreAction(context, places, Server(admin, context.redact, section.timeout), identity),
        PruneAction(environment, context, places),
        *(one(database, context.redact) for one in (Cancel, Terminate, TerminateIdle)),
    )
    target = Target(name="db", kind="db", title="database")
    return System(
        "postgres", (target,), tuple(probes), logs, actions, database.close,
        routines(backup.schedule) if backup is not None and backup.schedule is not None else (),
    )  # fmt: skip
