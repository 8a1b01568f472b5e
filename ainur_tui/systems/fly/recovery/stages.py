"""The stages of the way back from nothing, in order; those the guide leaves out among them."""

from __future__ import annotations

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.model.secret import Secret
from ainur_tui.rules.drills import API
from ainur_tui.systems.acting import Action
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.power.maintenance import Maintenance
from ainur_tui.systems.fly.power.outside import Outside
from ainur_tui.systems.fly.power.scale import ScaleApi
from ainur_tui.systems.fly.recovery.cutting import Reach
from ainur_tui.systems.fly.recovery.founding import CreateApp
from ainur_tui.systems.fly.recovery.ground import Ground
from ainur_tui.systems.fly.recovery.looks_database import DatabaseLooks
from ainur_tui.systems.fly.recovery.looks_service import ServiceLooks
from ainur_tui.systems.fly.recovery.rebuild import Rebuild, SetAddress, Stage
from ainur_tui.systems.fly.recovery.recovering import QuietRestore
from ainur_tui.systems.fly.recovery.repoint import led_to
from ainur_tui.systems.fly.secrets.vault import SecretRestore
from ainur_tui.systems.postgres.backup.places import places_of
from ainur_tui.systems.postgres.backup.server import Server
from ainur_tui.systems.postgres.recovery.roles import GrantUse, MakeRoles
from ainur_tui.systems.storage.client import open_bucket
from ainur_tui.systems.storage.sync import Sync

NODE, FRONTEND = 1800.0, 120.0
"""Seconds the guide allows for the node (synced again) and the frontend."""


def stages(
    ground: Ground, context: Context, identity: Secret | None, pool: int
) -> list[Stage]:  # fmt: skip
    """All of them; the two that wait for others elsewhere come last."""
    reach, hands = ground.reach, ground.reach.hands
    database, service = DatabaseLooks(ground), ServiceLooks(ground)
    buckets = {bucket.name: bucket for pair in ground.copies for bucket in pair}
    sync = Sync({copy.name: bucket.name for bucket, copy in ground.copies}, buckets, context.clock)
    vault = ground.environment.backup.vault if ground.environment.backup else None
    node = "ainur-tui run start node; it syncs from its peers, the Node tab shows how far it is"
    page = "the API's address in the frontend's project; deploy it again"
    return [
        Stage("server", "a database server", database.server, part="database"),
        Stage("roles", "its roles", database.roles,
              MakeRoles(reach.server, [ground.application, ground.monitor]), part="database"),
        Stage("restore", "the best backup, counted", database.restored,
              QuietRestore(context, ground.places, reach.server, identity), part="database"),
        Stage("use", "the application may use it", database.used,
              GrantUse(reach.server, ground.application), part="database"),
        Stage("watch", "this console may read it", database.watched, part="database"),
        Stage("app", "the app", service.apps, CreateApp(hands), "api", API, "api"),
        Stage("address", "the database's address among its secrets", service.address,
              SetAddress(hands, ground.application), "api", API, "api"),
        Stage("secrets", "its other secrets", service.secrets, SecretRestore(hands, vault), "api",
              API, "api"),
        Stage("storage", "the object store", service.storage, sync, "storage"),
        Stage("machines", "as many machines as before", service.machines,
              ScaleApi(hands, pool), "api", API, "api"),
        Stage("certificates", "certificates", service.certificates),
        Stage("outside", "DNS, and the API from outside", service.outside, within=API, part="api"),
        Stage("workers", "API and workers in the database", database.workers),
        Stage("node", "the node", service.up("node", node), within=NODE),
        Stage("frontend", "the frontend", service.up("frontend", page), within=FRONTEND),
        Stage("open", "open for users", service.opened, Maintenance(hands, reach.outside), "api"),
    ]  # fmt: skip


def rebuild_of(
    environment: Environment, context: Context, hands: Hands, outside: Outside,
    edge: ApiClient | None,
) -> list[Action]:  # fmt: skip
    """``rebuild``, where a database, the application's address and backups are configured."""
    section, backup = environment.postgres, environment.backup
    if section is None or backup is None or backup.application is None:
        return []
    try:
        application, monitor = context.secret(backup.application), context.secret(section.dsn)
        admin = context.secret(environment.restorer or section.dsn)
        identity = context.secret(backup.identity) if backup.identity is not None else None
        places = places_of(environment, context)
        store = environment.storage
        copies = [
            (open_bucket(store, source, context), open_bucket(store, copy, context))
            for source, copy in (store.sync.items() if store else ())
            if store is not None
        ]
    except SecretMissing:
        return []
    if any(is_placeholder(one.reveal()) for one in (application, monitor, admin)):
        return []
    # On a new server there is no other database yet.
    server = Server(led_to(admin, "postgres"), context.redact, section.timeout)
    reach = Reach(hands, outside, edge, server, application, context.clock)
    ground = Ground(
        environment, reach, places, application, monitor, context.redact, section.timeout, copies
    )
    pool = environment.api.pool_size if environment.api else 25
    return [Rebuild(reach, stages(ground, context, identity, pool))]
