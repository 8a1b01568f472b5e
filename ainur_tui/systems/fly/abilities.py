"""What this platform and this token allow, found by asking for each thing once (only reading)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment, Fly
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import object_of
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.access import authorization
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.http import HttpClient

_WHOSE = "/v1/tokens/current"
WITHOUT = {
    "machines": "nothing of the platform can be watched or changed",
    "secrets": "no secret, flag, log level or maintenance mode can be seen or set",
    "volumes": "volumes and their snapshots are not shown",
    "certificates": "certificates are not watched",
    "releases": "releases are not shown and there is no rollback by release",
    "logs": "the API's log lines are not shown",
    "metrics": "processor and memory of machines are not shown",
}
"""What is asked for → what is missing where the answer is no."""


@dataclass(frozen=True)
class Ability:
    """One thing that was asked for. ``warn``: it is not given; ``note``: nobody told."""

    name: str
    state: Literal["ok", "note", "warn"]
    words: str


async def abilities(environment: Environment, context: Context) -> list[Ability]:
    """Ask for everything once. Raises SecretMissing where the token's reference leads nowhere."""
    fly = environment.fly
    if fly is None or is_placeholder(fly.app) or is_placeholder(fly.url):
        return []
    token = context.secret(fly.token)
    if is_placeholder(token.reveal()):
        return []
    client = FlyClient(fly, token, clock=context.clock, redact=context.redact)
    asked: dict[str, Callable[[], Awaitable[Any]]] = {
        "machines": client.machines,
        "secrets": client.secrets,
        "volumes": client.volumes,
        "certificates": client.certificates,
        "releases": client.releases,
        "logs": lambda: client.logs(None),
    }
    if fly.prometheus_url:
        asked["metrics"] = lambda: client.query(f'fly_instance_memory_mem_total{{app="{fly.app}"}}')
    try:
        found = await asyncio.gather(
            _token(fly, token, context),
            *(_ask(name, ask) for name, ask in asked.items()),
            _database(client, fly.database_app),
        )
    finally:
        await client.close()
    return [one for one in found if one is not None]


async def _ask(name: str, ask: Callable[[], Awaitable[Any]]) -> Ability:
    try:
        await ask()
    except ProbeFailure as failure:
        words = clean(f"{failure}: {WITHOUT[name]}", 300)
        return Ability(name, "warn", words)
    return Ability(name, "ok", "may be read")


async def _token(fly: Fly, token: Secret, context: Context) -> Ability:
    """Whose the token is and which apps it reaches, where the platform tells; when it ends, it
    never tells, so that is said too."""
    scheme = authorization(token).reveal().partition(" ")[0]
    kind = "a macaroon" if scheme == "FlyV1" else "a bearer token"
    http = HttpClient(
        fly.url, clock=context.clock, redact=context.redact,
        headers={"authorization": authorization(token)}, deadline=fly.timeout,
    )  # fmt: skip
    try:
        told = object_of(await http.get(_WHOSE)).get("tokens")
    except ProbeFailure as failure:
        told = None
        if failure.kind in {"auth", "forbidden"}:
            return Ability("token", "warn", f"{kind}; {failure}: expired, revoked, or too narrow")
    finally:
        await http.close()
    scopes = list(_scopes(told))
    words = "; ".join(scopes) or "this platform does not tell its scope"
    end = "when it ends is not told: `fly tokens list` shows it"
    return Ability("token", "ok" if scopes else "note", clean(f"{kind}; {words}; {end}", 400))


def _scopes(told: Any) -> Iterator[str]:
    for one in told if isinstance(told, list) else []:
        if not isinstance(one, Mapping):
            continue
        apps = one.get("apps")
        names = [str(app) for app in apps] if isinstance(apps, list) else []
        whose = one.get("user") or one.get("restricted_to_machine") or "nobody named"
        where = f"organisation {one.get('org_slug') or one.get('organization') or 'not named'}"
        yield f"of {whose}, {where}, " + (f"apps {', '.join(names)}" if names else "all its apps")


async def _database(client: FlyClient, app: str | None) -> Ability | None:
    """Name a database app for what it is: ordinary machines that nobody manages, or no app."""
    if not app:
        return None
    name = f"app {app}"
    try:
        found = await client.machines(app)
    except ProbeFailure as failure:
        return Ability(
            name, "warn",
            clean(f"{failure}: the database cannot be started, stopped or resized here; managed"
                  " Postgres is no app: set database_app to none for it", 300),
        )  # fmt: skip
    if any(_managed(machine) for machine in found):
        return Ability(name, "note", "managed Postgres: its provider keeps it, SQL tells the truth")
    return Ability(
        name, "note",
        f"unmanaged Postgres ({len(found)} ordinary machine{'s' if len(found) != 1 else ''}):"
        " backups, upgrades and failover are yours to see to",
    )  # fmt: skip


def _managed(machine: Machine) -> bool:
    metadata = machine.config.get("metadata")
    return isinstance(metadata, Mapping) and "fly-managed-postgres" in metadata
