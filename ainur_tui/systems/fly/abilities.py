"""What this platform and this token allow, found by asking for each thing once (only reading)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock, duration, many
from ainur_tui.systems.answers import pick, text
from ainur_tui.systems.base import Context
from ainur_tui.systems.examined import Examined, State
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.limits import why
from ainur_tui.systems.fly.scope import DENIED, Scope
from ainur_tui.systems.fly.token import TokenFacts

EXPIRES_SOON = 7 * 86400.0
LOOK = "everything can be watched, no action can be carried out"
WITHOUT = {
    "machines": "nothing of the platform can be watched or changed",
    "secrets": "no secret, flag, log level or maintenance mode can be seen or set",
    "volumes": "volumes and their snapshots are not shown",
    "certificates": "certificates are not watched",
    "releases": "what runs now is told by the machines, a rollback goes by their own versions",
    "logs": "the API's log lines are not shown",
    "metrics": "processor and memory of machines are not shown",
}
"""What is asked for → what is missing where the answer is no."""


async def abilities(environment: Environment, context: Context) -> list[Examined]:
    """Ask for everything once. Raises SecretMissing where the token's reference leads nowhere."""
    fly = environment.fly
    if fly is None or is_placeholder(fly.app) or is_placeholder(fly.url):
        return []
    token = context.secret(fly.token)
    if is_placeholder(token.reveal()):
        return []
    client = FlyClient(fly, token, clock=context.clock, redact=context.redact)
    scope = Scope(fly, token, clock=context.clock, redact=context.redact)
    facts = client.limits.token
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
            _token(scope, facts, context.clock.now()),
            _changes(scope, facts),
            *(_ask(name, ask) for name, ask in asked.items()),
            _database(client, fly.database_app),
        )
    finally:
        await client.close()
        await scope.close()
    return [one for one in found if one is not None]


async def _ask(name: str, ask: Callable[[], Awaitable[Any]]) -> Examined:
    try:
        await ask()
    except ProbeFailure as failure:
        words = clean(f"{why(failure)}: {WITHOUT[name]}", 300)
        return Examined(name, "warn", words)
    return Examined(name, "ok", "may be read")


async def _token(scope: Scope, facts: TokenFacts, now: float) -> Examined:
    """Whose the token is, which apps it reaches, and when it ends, as far as anybody tells."""
    told: list[str] = []
    try:
        told = await scope.whose()
    except ProbeFailure as failure:
        if failure.kind in {"auth", "forbidden"}:
            words = f"{facts.kind}; {failure}: expired, revoked, or too narrow"
            return Examined("token", "warn", clean(words, 300))
    whose = "; ".join(told) or "this platform does not tell its scope"
    end, state = _end(facts, now)
    return Examined("token", state if told else "note", clean(f"{facts.kind}; {whose}; {end}", 400))


def _end(facts: TokenFacts, now: float) -> tuple[str, State]:
    if facts.expires is None:
        return "when it ends it does not say: `fly tokens list` shows it", "ok"
    left = facts.expires - now
    if left < 0:
        return f"it ended {clock(facts.expires, date=True)}", "warn"
    words = f"it ends {clock(facts.expires, date=True)}, in {duration(left)}"
    return words, "warn" if left < EXPIRES_SOON else "ok"


async def _changes(scope: Scope, facts: TokenFacts) -> Examined:
    """Whether anything may be changed: the token's own words, else the platform's."""
    if facts.reads_only:
        return Examined("changes", "warn", f"the token may only read: it says so itself; {LOOK}")
    may = await scope.may_change()
    if may is None:
        return Examined("changes", "note", "not told beforehand: a refusal is told when it comes")
    return Examined("changes", "ok", "the app may be changed") if may else Examined(
        "changes", "warn", f"{DENIED}; {LOOK}"
    )  # fmt: skip


async def _database(client: FlyClient, app: str | None) -> Examined | None:
    """Name the database for what it is: a cluster the platform manages, or an app of ordinary
    machines that nobody manages (a label of old on them says "managed": it is not)."""
    name, failure = f"app {app}" if app else "database", None
    try:
        if app:
            found = await client.machines(app)
            return Examined(
                name, "note",
                f"unmanaged Postgres ({many(len(found), 'ordinary machine')}):"
                " backups, upgrades and failover are yours to see to",
            )  # fmt: skip
    except ProbeFailure as problem:
        failure = problem
    if cluster := await _cluster(client, app):
        named = text(cluster, "name", 60) or text(cluster, "id", 60)
        told = f"managed Postgres {named} ({text(cluster, 'status', 20) or 'no status told'})"
        hint = "; set database_app to none" if app else ""
        return Examined(
            name, "warn" if app else "note",
            clean(f"{told}: its provider keeps it; it is not started, stopped or resized"
                  f" here{hint}", 300),
        )  # fmt: skip
    if failure is None:
        return None
    return Examined(
        name, "warn",
        clean(f"{failure}: the database cannot be started, stopped or resized here; managed"
              " Postgres is no app: set database_app to none for it", 300),
    )  # fmt: skip


async def _cluster(client: FlyClient, app: str | None) -> Mapping[str, Any] | None:
    """The managed cluster of that name, or the one that our app is attached to."""
    try:
        slug = text(await client.about(), "organization.slug", 80)
        rows = await client.clusters(slug) if slug else []
    except ProbeFailure:
        return None
    for row in rows:
        attached = pick(row, "attached_apps")
        names = {pick(one, "name") for one in attached} if isinstance(attached, list) else set()
        if client.app in names or (app and app in {pick(row, "name"), pick(row, "id")}):
            return row
    return None
