"""The Fly platform as one system."""

from __future__ import annotations

import asyncio
import struct
from urllib.parse import urlsplit

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.acting import Action
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.configbackup import config_backup_of
from ainur_tui.systems.fly.configsave import ConfigSave
from ainur_tui.systems.fly.dbpower import StartDatabase, StopDatabase
from ainur_tui.systems.fly.deploying import Deploy, Rollback
from ainur_tui.systems.fly.draining import Drain, Undrain
from ainur_tui.systems.fly.emergency import EmergencyStop
from ainur_tui.systems.fly.flags import FlagSet, LogLevel
from ainur_tui.systems.fly.founding import CreateApp
from ainur_tui.systems.fly.hands import Answers, Hands
from ainur_tui.systems.fly.kept import Memory
from ainur_tui.systems.fly.logs import FlyLogs
from ainur_tui.systems.fly.maintenance import Maintenance
from ainur_tui.systems.fly.outside import MaintenanceProbe, outside_of
from ainur_tui.systems.fly.parts import sql_of, whole
from ainur_tui.systems.fly.power import Start, Stop, StopMachine, Suspend
from ainur_tui.systems.fly.probes import MachinesProbe
from ainur_tui.systems.fly.rebuild_stages import rebuild_of
from ainur_tui.systems.fly.recheck import Recheck
from ainur_tui.systems.fly.recovering import recovery_of
from ainur_tui.systems.fly.releases import ReleasesProbe
from ainur_tui.systems.fly.replica import Replica
from ainur_tui.systems.fly.resources import ResourcesProbe
from ainur_tui.systems.fly.restart import RestartApi, RestartDatabase, RestartMachine
from ainur_tui.systems.fly.restoring import RestoreCount
from ainur_tui.systems.fly.scale import ScaleApi
from ainur_tui.systems.fly.scope import Scope, ScopeProbe
from ainur_tui.systems.fly.secrets import SecretImport, SecretSet, SecretUnset
from ainur_tui.systems.fly.secretsprobe import SecretsProbe
from ainur_tui.systems.fly.sizelist import SizeList
from ainur_tui.systems.fly.sizing import ResizeDatabase
from ainur_tui.systems.fly.vault import SecretRestore
from ainur_tui.systems.fly.vitals import VitalsProbe
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.system import System

GUIDE_POOL = 25
ON_MACHINES = (
    Start, Stop, StopMachine, Suspend, Drain, Undrain, Deploy, Rollback, SecretSet, SecretUnset,
    SecretImport, LogLevel, Recheck,
)  # fmt: skip
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def connect(environment: Environment, context: Context) -> System | None:
    """Connect, or ``None`` where the section is absent or holds a placeholder.

    Raises SecretMissing with the sentence that says where the token should be.
    """
    fly, api = environment.fly, environment.api
    if fly is None or is_placeholder(fly.app) or is_placeholder(fly.url):
        return None
    token = context.secret(fly.token)
    if is_placeholder(token.reveal()):
        return None
    client = FlyClient(fly, token, clock=context.clock, redact=context.redact)
    edge = None
    if api is not None and not is_placeholder(api.url):
        edge = ApiClient(api, clock=context.clock, redact=context.redact)
    scope = Scope(fly, token, clock=context.clock, redact=context.redact)
    hands = Hands(client, context.clock, fly.app, edge)
    page = environment.frontend
    eyes = [
        HttpClient(
            one.url, clock=context.clock, redact=context.redact, deadline=one.timeout * 0.95,
            ca_file=one.authority,
        )
        if one is not None and not is_placeholder(one.url)
        else None
        for one in (api, page)
    ]  # fmt: skip
    outside = outside_of(eyes[0], eyes[1], page)
    sizes = SizeList(fly, token, clock=context.clock, redact=context.redact)
    memory = Memory(context.state, fly.app)
    sql = sql_of(environment, context)
    actions: list[Action] = [
        RestartApi(hands),
        RestartMachine(hands),
        ScaleApi(hands, api.pool_size if api else GUIDE_POOL, sizes=sizes),
        *(kind(hands) for kind in ON_MACHINES),
        FlagSet(hands, fly.flags),
        Maintenance(hands, outside),
        ConfigSave(hands, context.redact),
        CreateApp(hands),
        SecretRestore(hands, environment.backup.vault if environment.backup else None),
        EmergencyStop(hands, memory),
        RestoreCount(hands, memory),
    ]
    database = None
    if fly.database_app:
        answers = _database_port(environment, context, sql)
        database = Hands(client, context.clock, fly.database_app, answers=answers)
        actions += [
            RestartDatabase(database, edge), ResizeDatabase(database, sizes),
            StartDatabase(database), StopDatabase(database), Replica(database, sql),
        ]  # fmt: skip
    all = whole(environment, context, hands, database=database, outside=outside, sql=sql)
    actions += all.actions
    actions += recovery_of(environment, context, hands, outside, edge)
    actions += rebuild_of(environment, context, hands, outside, edge)
    apps = [hands, *([database] if database else [])]
    actions += config_backup_of(apps, environment, context)

    async def close() -> None:
        await client.close()
        for one in (edge, scope, sizes, sql, all, *eyes):
            if one is not None:
                await one.close()

    return System(
        name="fly",
        targets=(),
        probes=(
            MachinesProbe(fly, client, context.clock, context.redact),
            ReleasesProbe(fly, client, context.clock),
            ResourcesProbe(fly, client, context.clock),
            SecretsProbe(fly, client, context.clock),
            ScopeProbe(fly, scope, client.limits),
            *(
                [MaintenanceProbe(outside, context.clock, api.interval, api.timeout)]
                if edge and api
                else []
            ),
            *([VitalsProbe(fly, client, context.clock)] if fly.prometheus_url else []),
        ),
        logs=(FlyLogs(client, context.clock),),
        actions=tuple(actions),
        close=close,
    )


def _database_port(
    environment: Environment, context: Context, sql: Database | None
) -> Answers | None:
    """A look at PostgreSQL's port, where the DSN names a host, then SELECT 1; one that our login
    is not let in to is well all the same."""
    if environment.postgres is None:
        return None
    try:
        parts = urlsplit(context.secret(environment.postgres.dsn).reveal())
        host, port = parts.hostname, parts.port or 5432
    except (SecretMissing, ValueError):
        return None
    if host is None:
        return None

    async def answers() -> str | None:
        seen = await speaks_postgres(host, port)
        if seen is None or sql is None:
            return seen
        try:
            await sql.fetch("SELECT 1")
        except ProbeFailure as failure:
            if not failure.blames_us:
                raise
            return f"{seen} (SELECT 1 could not be tried: {failure})"
        return f"{seen}, SELECT 1 answered"

    return answers


async def speaks_postgres(host: str, port: int, deadline: float = 2.0) -> str | None:
    """Ask whether it speaks TLS (PostgreSQL protocol, SSLRequest): any server answers that
    without a login. Says what was seen, ``None`` for another answer; raises ProbeFailure."""
    try:
        async with asyncio.timeout(deadline):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_SSL_REQUEST)
                reply = await reader.read(1)
            finally:
                writer.close()
    except TimeoutError:
        raise ProbeFailure("timeout", "the database's port") from None
    except OSError:
        raise ProbeFailure("refused", "the database's port") from None
    return "PostgreSQL answers on its port" if reply in {b"S", b"N"} else None
