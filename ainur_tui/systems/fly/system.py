"""The Fly platform as one system."""

from __future__ import annotations

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment, Fly
from ainur_tui.systems.acting import Action
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.base import Context, Probe
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.configbackup import config_backup_of
from ainur_tui.systems.fly.configsave import ConfigSave
from ainur_tui.systems.fly.databaseport import answers_of
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.logs import FlyLogs
from ainur_tui.systems.fly.power.dbpower import StartDatabase, StopDatabase
from ainur_tui.systems.fly.power.draining import Drain, Undrain
from ainur_tui.systems.fly.power.emergency import EmergencyStop
from ainur_tui.systems.fly.power.kept import Memory
from ainur_tui.systems.fly.power.maintenance import Maintenance
from ainur_tui.systems.fly.power.outside import MaintenanceProbe, Outside, outside_of
from ainur_tui.systems.fly.power.parts import sql_of, whole
from ainur_tui.systems.fly.power.power import Start, Stop, StopMachine, Suspend
from ainur_tui.systems.fly.power.restart import RestartApi, RestartDatabase, RestartMachine
from ainur_tui.systems.fly.power.scale import ScaleApi
from ainur_tui.systems.fly.probes import MachinesProbe
from ainur_tui.systems.fly.recheck import Recheck
from ainur_tui.systems.fly.recovery.founding import CreateApp
from ainur_tui.systems.fly.recovery.recovering import recovery_of
from ainur_tui.systems.fly.recovery.restoring import RestoreCount
from ainur_tui.systems.fly.recovery.stages import rebuild_of
from ainur_tui.systems.fly.releases.deploying import Deploy, Rollback
from ainur_tui.systems.fly.releases.sizelist import SizeList
from ainur_tui.systems.fly.releases.sizing import ResizeDatabase
from ainur_tui.systems.fly.releases.table import ReleasesProbe
from ainur_tui.systems.fly.replica import Replica
from ainur_tui.systems.fly.resources import ResourcesProbe
from ainur_tui.systems.fly.scope import Scope, ScopeProbe
from ainur_tui.systems.fly.secrets.flags import FlagSet, LogLevel
from ainur_tui.systems.fly.secrets.probe import SecretsProbe
from ainur_tui.systems.fly.secrets.secrets import SecretImport, SecretSet, SecretUnset
from ainur_tui.systems.fly.secrets.vault import SecretRestore
from ainur_tui.systems.fly.vitals import VitalsProbe
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.system import System

GUIDE_POOL = 25
ON_MACHINES = (
    Start, Stop, StopMachine, Suspend, Drain, Undrain, Deploy, Rollback, SecretSet, SecretUnset,
    SecretImport, LogLevel, Recheck,
)  # fmt: skip


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
    sql = sql_of(environment, context)
    actions = _on_the_api(fly, environment, context, hands, outside=outside, sizes=sizes)
    database = None
    if fly.database_app:
        answers = answers_of(environment, context, sql)
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

    clock = context.clock
    probes: list[Probe] = [
        MachinesProbe(fly, client, clock, context.redact), ReleasesProbe(fly, client, clock),
        ResourcesProbe(fly, client, clock), SecretsProbe(fly, client, clock),
        ScopeProbe(fly, scope, client.limits),
    ]  # fmt: skip
    if edge and api:
        probes.append(MaintenanceProbe(outside, clock, api.interval, api.timeout))
    if fly.prometheus_url:
        probes.append(VitalsProbe(fly, client, clock))

    async def close() -> None:
        await client.close()
        for one in (edge, scope, sizes, sql, all, *eyes):
            if one is not None:
                await one.close()

    return System(
        name="fly",
        targets=(),
        probes=tuple(probes),
        logs=(FlyLogs(client, context.clock),),
        actions=tuple(actions),
        close=close,
    )


def _on_the_api(
    fly: Fly, environment: Environment, context: Context, hands: Hands, *, outside: Outside,
    sizes: SizeList,
) -> list[Action]:  # fmt: skip
    api, backup = environment.api, environment.backup
    memory = Memory(context.state, fly.app)
    return [
        RestartApi(hands),
        RestartMachine(hands),
        ScaleApi(hands, api.pool_size if api else GUIDE_POOL, sizes=sizes),
        *(kind(hands) for kind in ON_MACHINES),
        FlagSet(hands, fly.flags),
        Maintenance(hands, outside),
        ConfigSave(hands, context.redact),
        CreateApp(hands),
        SecretRestore(hands, backup.vault if backup else None),
        EmergencyStop(hands, memory),
        RestoreCount(hands, memory),
    ]
