"""The platform behind the API: apps with their machines, secrets and releases, and its faults."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from ainur_tui.demo.fly_logs import LogRing
from ainur_tui.demo.fly_machines import ApiError, Json, Machine, iso, ulid
from ainur_tui.demo.fly_runner import Runner
from ainur_tui.demo.service import free_port
from ainur_tui.demo.switches import Switches

SECRET_NAME = re.compile(r"(_SECRET|_KEY|_KEY_ID|_PASSWORD|_TOKEN|DATABASE_URL|R2_ENDPOINT)$")
"""Settings of the spec file the real deployment keeps as secrets, so no API shows their value."""
FAULTS = {"api-machine-down": slice(0, 1), "api-all-down": slice(None)}
FAULTY_APP = "zerostate-api"
GUEST: Json = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}


@dataclass
class Secret:
    """What the API tells of a secret, and the value it never tells."""

    value: str
    created_at: float
    updated_at: float

    def json(self, name: str) -> Json:
        digest = hashlib.sha256(self.value.encode()).hexdigest()[:16]
        return {
            "name": name,
            "digest": digest,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


@dataclass
class App:
    """One app of the spec file, running."""

    spec: Json
    logs: LogRing
    switches: Switches
    runners: dict[str, Runner] = field(default_factory=dict)
    gone: list[Machine] = field(default_factory=list)
    secrets: dict[str, Secret] = field(default_factory=dict)
    secrets_version: int = 1
    releases: list[Json] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def machines(self) -> list[Machine]:
        """Those not destroyed, oldest first."""
        return [runner.machine for runner in self.runners.values()]

    def runner(self, machine: str) -> Runner:
        """The runner of a machine; 404 when there is none."""
        if machine not in self.runners:
            raise ApiError(404, f"machine {machine} not found", "not_found")
        return self.runners[machine]

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it beside the answer, as the platform does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def values(self) -> dict[str, str]:
        """The secrets a machine gets when it is created or updated now."""
        return {name: secret.value for name, secret in self.secrets.items()}

    def set_secrets(self, values: dict[str, str | None]) -> None:
        """Set (or with ``None`` unset) secrets; running machines keep what they have."""
        now = time.time()
        for name, value in values.items():
            if value is None:
                self.secrets.pop(name, None)
            elif name in self.secrets:
                self.secrets[name].value, self.secrets[name].updated_at = value, now
            else:
                self.secrets[name] = Secret(value, now, now)
        self.secrets_version += 1

    def create(self, config: Json, name: str | None = None, region: str | None = None) -> Runner:
        """A new machine with that configuration, not yet started."""
        fixed = self.spec.get("internal_port")
        port = int(fixed) if fixed else free_port()
        env = {**(config.get("env") or {}), "PORT": str(port)}
        machine = Machine(
            secrets.token_hex(7),
            name or f"{random.choice(NAMES)}-{secrets.randbelow(9000) + 1000}",
            region or self.spec["region"],
            config | {"env": env},
            secrets=self.values(),
        )
        machine.event("launch", "created", "user")
        runner = Runner(self.name, machine, self.spec["command"], port, self.logs, ailing=self.ails)
        self.runners[machine.id] = runner
        return runner

    def ails(self) -> bool:
        """Whether a machine started now will never be well."""
        return self.name == FAULTY_APP and self.switches.on("api-never-healthy")

    async def destroy(self, machine: str) -> None:
        """Stop a machine and forget its configuration."""
        runner = self.runner(machine)
        await runner.destroy()
        self.runners.pop(machine, None)
        self.gone.append(runner.machine)

    def release(self, image: str, user: str, at: float | None = None) -> None:
        """Record a release, unless the newest one has that image already."""
        if self.releases and self.releases[0]["image_ref"] == image:
            return
        self.releases.insert(
            0,
            {
                "id": ulid(at),
                "version": len(self.releases) + 1,
                "stable": True,
                "in_progress": False,
                "status": "complete",
                "strategy": "rolling",
                "description": "Release",
                "user": {"email": user},
                "created_at": iso(at or time.time()),
                "image_ref": image,
            },
        )

    def first_config(self) -> Json:
        """The configuration the first machines get, as a deployment would have left it."""
        spec, check = self.spec, dict(self.spec.get("check") or {"type": "tcp"})
        port = int(spec.get("internal_port") or 8080)
        check |= {"interval": "15s", "timeout": "2s", "grace_period": "5s"}
        if check["type"] == "http":
            check["method"] = "GET"
        public = spec.get("proxy_port") is not None
        env = {k: v for k, v in (spec.get("env") or {}).items() if not SECRET_NAME.search(k)}
        release = self.releases[0]
        config: Json = {
            "init": {},
            "env": {"FLY_PROCESS_GROUP": "app", "PRIMARY_REGION": spec["region"], **env},
            "guest": spec.get("guest") or GUEST,
            "image": spec["image"],
            "metadata": {
                "fly_flyctl_version": "0.3.214",
                "fly_platform_version": "v2",
                "fly_process_group": "app",
                "fly_release_id": release["id"],
                "fly_release_version": str(release["version"]),
            },
            "restart": {"policy": "always"},
            "services": [],
        }
        if not public:
            return config | {"checks": {"pg": check | {"port": port}}}
        service: Json = {
            "protocol": "tcp",
            "internal_port": port,
            "autostop": "off",
            "autostart": True,
            "min_machines_running": 1,
            "ports": [
                {"port": 80, "handlers": ["http"], "force_https": True},
                {"port": 443, "handlers": ["http", "tls"]},
            ],
            "concurrency": {"type": "requests", "soft_limit": 200, "hard_limit": 250},
            "checks": [check],
        }
        return config | {"services": [service]}


NAMES = ("amber-valley", "blue-pine", "calm-river", "dark-meadow", "icy-brook", "wild-star")


def found(spec: Json, logs: LogRing, switches: Switches) -> App:
    """An app as it stands a while after its last deployment, its machines not yet started."""
    app, now = App(spec, logs, switches), time.time()
    given = {**(spec.get("env") or {}), **(spec.get("secrets") or {})}
    for name, value in given.items():
        if SECRET_NAME.search(name) or name in (spec.get("secrets") or {}):
            app.secrets[name] = Secret(str(value), now - 20 * 86400, now - 20 * 86400)
    path, _, tag = str(spec["image"]).partition(":")
    for age, image in (
        (9 * 86400, f"{path}:deployment-{ulid(now - 9 * 86400)}"),
        (2 * 86400, f"{path}:deployment-{ulid(now - 2 * 86400)}"),
        (7200, f"{path}:{tag}" if tag else path),
    ):
        app.release(image, "deploy@ainur.example", now - age)
    for _ in range(int(spec.get("count", 1))):
        app.create(app.first_config())
    return app


@dataclass
class Platform:
    """All apps of the spec file."""

    org: str
    token: str
    apps: dict[str, App]
    switches: Switches

    def app(self, name: str) -> App:
        """The app of that name; 404 when there is none."""
        if name not in self.apps:
            raise ApiError(404, f"app {name} not found", "not_found")
        return self.apps[name]

    async def start(self) -> None:
        """Start every machine."""
        runners = [r for app in self.apps.values() for r in app.runners.values()]
        await asyncio.gather(*(runner.start("flyd") for runner in runners))

    async def apply_faults(self) -> None:
        """Take down, and bring back, what the switches say."""
        app = self.apps.get(FAULTY_APP)
        if app is None:
            return
        runners = list(app.runners.values())
        down = [r for name, part in FAULTS.items() if self.switches.on(name) for r in runners[part]]
        for runner in runners:
            if runner in down:
                runner.machine.held = True
                runner.crash()
            elif runner.machine.held:
                runner.machine.held = False
                app.spawn(runner.start("flyd"))

    async def close(self) -> None:
        """End every machine."""
        runners = [r for app in self.apps.values() for r in app.runners.values()]
        await asyncio.gather(*(runner.close() for runner in runners))
