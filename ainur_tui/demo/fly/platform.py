"""The platform behind the API: apps with their machines, secrets and releases, and its faults."""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from ainur_tui.demo.fly.certificates import Certificate
from ainur_tui.demo.fly.logs import LogRing
from ainur_tui.demo.fly.machines import ApiError, Json, Machine, iso, ulid
from ainur_tui.demo.fly.runner import Runner
from ainur_tui.demo.fly.volumes import Volume
from ainur_tui.demo.service import free_port
from ainur_tui.demo.switches import Switches

FAULTS = {"api-machine-down": slice(0, 1), "api-all-down": slice(None)}
FAULTY_APP = "zerostate-api"
TAKEN = frozenset({"ainur", "api"})
"""Names that other customers have."""


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
    volumes: dict[str, Volume] = field(default_factory=dict)
    certificates: list[Certificate] = field(default_factory=list)
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
        runner = Runner(
            self.name, machine, self.spec["command"], port, self.logs,
            directory=self.switches.directory, ailing=self.ails,
        )  # fmt: skip
        self.runners[machine.id] = runner
        return runner

    def demand_volumes(self, config: Json) -> None:
        """Refuse a machine (412) whose volumes are not there or belong to another."""
        for mount in config.get("mounts") or []:
            volume = self.volumes.get(str(mount.get("volume")))
            holder = volume.attached(self.machines) if volume else None
            if volume is None or holder:
                why = f"is attached to machine {holder}" if holder else "is not there"
                raise ApiError(
                    412, f"volume {mount.get('volume')} {why}", "failed_precondition"
                )  # fmt: skip

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


NAMES = ("amber-valley", "blue-pine", "calm-river", "dark-meadow", "icy-brook", "wild-star")


@dataclass
class Platform:
    """All apps of the spec file."""

    org: str
    token: str
    apps: dict[str, App]
    switches: Switches
    token_spent: bool = False
    former: dict[str, App] = field(default_factory=dict)
    """Apps that were destroyed: their doors are still there, should they be made again."""

    def app(self, name: str) -> App:
        """The app of that name; 404 when there is none."""
        if name not in self.apps:
            raise ApiError(404, f"app {name} not found", "not_found")
        return self.apps[name]

    def create(self, name: str) -> None:
        """A new app, empty; one that was there before has its door again. 422 for a name that is
        taken: names are of all customers together."""
        if name in self.apps or name in TAKEN:
            raise ApiError(422, "Validation failed: Name has already been taken", "name_taken")
        model = next(iter((self.apps | self.former).values()))
        app = self.former.pop(name, None) or App(
            {**model.spec, "name": name, "proxy_port": None}, LogRing(model.spec["region"]),
            self.switches,
        )  # fmt: skip
        self.apps[name] = app

    async def destroy(self, name: str) -> None:
        """Everything of an app goes with it."""
        app = self.apps.pop(self.app(name).name)
        for runner in list(app.runners.values()):
            await app.destroy(runner.machine.id)
        for kept in (app.secrets, app.volumes, app.releases, app.certificates, app.gone):
            kept.clear()
        self.former[name] = app

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
                # One that rests already is not ours to start when the fault is over.
                if runner.running:
                    runner.machine.held = True
                    runner.crash()
            elif runner.machine.held:
                runner.machine.held = False
                app.spawn(runner.start("flyd"))

    async def close(self) -> None:
        """End every machine."""
        runners = [r for app in self.apps.values() for r in app.runners.values()]
        await asyncio.gather(*(runner.close() for runner in runners))
