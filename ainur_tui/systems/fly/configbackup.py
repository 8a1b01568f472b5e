"""The action ``config-backup``: what it takes to build the service again, beside the backups of
its database: images, sizes, names of variables and secrets with their digests, the node's flags.
No value of a secret or of a variable is in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.show import masked
from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.model.units import many, rfc3339
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.appclient import Rows
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.fleet import machines as count_of
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.health import serving
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.secrets.rows import known
from ainur_tui.systems.node.flags import flags_of
from ainur_tui.systems.postgres.backup.beside import Document
from ainur_tui.systems.postgres.backup.places import Place, places_of
from ainur_tui.systems.systemctl import COMMAND, Systemctl

KIND = "ainur-tui configuration backup"
_KEPT = ("image", "guest", "services", "checks", "mounts", "restart", "metadata", "auto_destroy")
_VOLUME = ("name", "size_gb", "region", "snapshot_retention")
_UNIT_DEADLINE = 5.0


class ConfigBackup(Action):
    """One JSON document to every place of the backups, read back."""

    spec = ActionSpec(
        name="config-backup",
        targets=["api"],
        risk="R1",
        summary="Keep machine configurations, names of secrets and the node's flags beside the"
        " backups",
    )

    def __init__(
        self, apps: Sequence[Hands], environment: Environment, context: Context,
        places: Sequence[Place],
    ) -> None:  # fmt: skip
        self._apps = apps
        self._environment = environment
        self._context = context
        self._places = places
        node = environment.node
        self._unit = Systemctl(node.unit, context) if node is not None and node.unit else None

    def unavailable(self) -> str | None:
        return None if self._places else "give backup.directory or backup.bucket"

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        at = self._context.clock.now()
        document, facts = await self.document(at)
        name = datetime.fromtimestamp(at, UTC).strftime("ainur_config_%Y%m%d_%H%M%S.json")
        return Plan(
            action=self.spec.name, target=target, risk="R1",
            steps=[f"write {name} to {place.shown} and read it back" for place in self._places],
            affects=[],
            goal={"name": name, "at": at, "sha256": _sha256(document)},
            expected_seconds=world.usual_seconds or 2.0,
            title=f"Keep the configuration in {len(self._places)} places",
            facts=facts, blocked=self.unavailable(),
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return [
            Step(name, partial(self._write, plan, place))
            for name, place in zip(plan.steps, self._places, strict=False)
        ]

    async def observe(self, plan: Plan) -> Observation:
        name = str(plan.goal["name"])
        for place in self._places:
            try:
                if await place.size(name) is None:
                    return Observation("failed", f"{place.shown} has no {name}")
                _, found = await place.digest(name)
            except (ProbeFailure, OSError) as failure:
                return Observation("unknown", clean(failure, 200))
            if found != plan.goal["sha256"]:
                return Observation("failed", f"{place.shown}: {name} is not what was written")
        where = " and ".join(place.location(name) for place in self._places)
        return Observation("verified", f"SHA-256 {plan.goal['sha256'][:16]} read back from {where}")

    async def _write(self, plan: Plan, place: Place, context: StepContext) -> str:
        document, _ = await self.document(plan.goal["at"])
        if _sha256(document) != plan.goal["sha256"]:
            raise ActionFailure("the configuration changed since the plan was made")
        name = str(plan.goal["name"])
        try:
            await place.ready(len(document))
            if await place.size(name) is None:
                await place.write(name, document)
        except (ProbeFailure, OSError) as failure:
            raise ActionFailure(clean(failure, 200)) from None
        context.keep(file=name, bytes=len(document))
        return f"{len(document):,} bytes in {place.location(name)}"

    async def document(self, at: float) -> tuple[bytes, list[str]]:
        """The document and what is in it, in words. Raises ``ProbeFailure``."""
        facts, apps = [], []
        for hands in self._apps:
            machines = serving(await hands.client.machines(hands.app))
            volumes = await self._asked(hands.client.volumes(hands.app))
            apps.append(
                {
                    "app": hands.app,
                    "machines": [machine_of(one) for one in machines],
                    "volumes": [{name: one.get(name) for name in _VOLUME} for one in volumes],
                }
            )
            count = count_of(len(machines))
            facts.append(f"{count} of {hands.app}: image, size, names of variables")
        first = self._apps[0].client if self._apps else None
        secrets = await known(first) if first else {}
        hosts = await self._asked(first.certificates()) if first else []
        facts.append(f"{many(len(secrets), 'secret')} by name and digest, no value")
        flags = await self._flags()
        facts.append(
            f"{len(flags)} words of the node's command" if flags else "no node's unit here"
        )
        body = {
            "kind": KIND, "version": 1, "at": rfc3339(at), "environment": self._environment.name,
            "apps": apps,
            "secrets": [{"name": one.name, "digest": one.digest} for one in secrets.values()],
            "hostnames": sorted(str(one.get("hostname")) for one in hosts),
            "node": {"unit": self._unit.unit if self._unit else None, "command": flags},
            "configuration": masked(self._environment),
        }  # fmt: skip
        return _redacted(body, self._context.redact), facts

    async def _asked(self, rows: Awaitable[Rows]) -> Rows:
        """What is useful and may be missing: a token may be too narrow for it."""
        try:
            return await rows
        except ProbeFailure:
            return []

    async def _flags(self) -> list[str]:
        if self._unit is None:
            return []
        try:
            found = await self._unit.show(_UNIT_DEADLINE, (COMMAND,))
        except ProbeFailure:
            return []  # another machine's unit: there is nothing of it to keep here
        return flags_of(found.get(COMMAND, ""))


def machine_of(machine: Machine) -> dict[str, Any]:
    """A machine's configuration without any value of its environment or files."""
    config = machine.config
    kept = {name: config[name] for name in _KEPT if config.get(name) is not None}
    env: Mapping[str, Any] = config.get("env") or {}
    files = [one.get("guest_path") for one in config.get("files") or [] if isinstance(one, dict)]
    return {"id": machine.id, "region": machine.region, **kept, "env": sorted(env), "files": files,
            "left_out": sorted(set(config) - {*_KEPT, "env", "files"})}  # fmt: skip


def _redacted(body: Any, redact: Redactor) -> bytes:
    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return redact(value) if isinstance(value, str) else value

    return json.dumps(walk(body), indent=1, sort_keys=True).encode() + b"\n"


def config_backup_of(
    apps: Sequence[Hands], environment: Environment, context: Context
) -> list[Action]:
    """The action, where backups are configured; a store without credentials costs it alone."""
    if environment.backup is None:
        return []
    try:
        places = places_of(environment, context)
    except SecretMissing:
        return []
    return [ConfigBackup(apps, environment, context, places)]


def documents(
    environment: Environment, context: Context
) -> tuple[FlyClient | None, Document | None]:
    """What makes the document for a backup, and the client it asks, which is to be closed."""
    fly = environment.fly
    if fly is None or is_placeholder(fly.app) or is_placeholder(fly.url):
        return None, None
    try:
        token = context.secret(fly.token)
    except SecretMissing:
        return None, None
    client = FlyClient(fly, token, clock=context.clock, redact=context.redact)
    names = [fly.app, *([fly.database_app] if fly.database_app else [])]
    apps = [Hands(client, context.clock, name) for name in names]
    return client, ConfigBackup(apps, environment, context, ()).document


def _sha256(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()
