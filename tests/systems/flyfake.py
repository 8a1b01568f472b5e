"""A small Machines API in memory, with answers in the shape of the real one's, and the edge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from ainur_tui.model.secret import Secret
from tests.systems.web import app_server

TOKEN = "FlyV1 fm2_canary-token"


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def event(kind: str, at: float, source: str = "user", **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"01{kind}{at:.6f}", "type": kind, "status": kind, "source": source,
        "timestamp": int(at * 1000),
    }  # fmt: skip
    return found | ({"request": request} if request else {})


def exit_event(at: float, code: int, *, requested: bool, oom: bool = False) -> dict[str, Any]:
    ended = {
        "exit_code": code, "guest_exit_code": code, "guest_signal": -1, "oom_killed": oom,
        "requested_stop": requested, "restarting": False, "signal": -1, "exited_at": iso(at),
    }  # fmt: skip
    return event("exit", at, "flyd", exit_event=ended, restart_count=0)


def machine(id: str, **changes: Any) -> dict[str, Any]:
    """A started, healthy machine of the app, an hour old."""
    at = time.time() - 3600
    return {
        "id": id, "name": f"name-{id}", "state": "started", "region": "sjc",
        "image_ref": {"registry": "registry.fly.io", "repository": "zerostate-api", "tag": "v1",
                      "digest": "sha256:0"},
        "instance_id": f"I{id}", "version": f"I{id}", "created_at": iso(at), "updated_at": iso(at),
        "host_status": "ok", "cordoned": False,
        "config": {
            "image": "registry.fly.io/zerostate-api:v1",
            "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512},
            "metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
            "services": [{"internal_port": 8080, "autostop": "off", "autostart": True}],
            "env": {"LOG_LEVEL": "info"},
        },
        "checks": [{"name": "servicecheck-00", "status": "passing", "output": "ok",
                    "updated_at": iso(at)}],
        "events": [event("start", at + 1, "flyd"), event("launch", at)],
    } | changes  # fmt: skip


@dataclass
class FlyFake:
    """``calls`` are the changes that were asked for; ``hooks`` replace an answer by its name;
    a machine with a ``broken`` image never passes its check."""

    url: str = ""
    apps: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {
            "zerostate-api": {id: machine(id) for id in ("a1", "b2")},
            "ainur-db": {"d9": machine("d9", config={"metadata": {}})},
        }
    )
    calls: list[str] = field(default_factory=list)
    leases: dict[str, str] = field(default_factory=dict)
    hooks: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse | None]]] = field(
        default_factory=dict
    )
    unhealthy: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    lines: list[tuple[int, str]] = field(default_factory=list)
    releases: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0

    @property
    def machines(self) -> dict[str, dict[str, Any]]:
        return self.apps["zerostate-api"]

    def turn(self, found: dict[str, Any], *kinds: str, state: str) -> None:
        """Put the machine into a state, with the events that go with it."""
        now = max(time.time(), found["events"][0]["timestamp"] / 1000 + 0.001)
        for step, kind in enumerate(kinds):
            new = exit_event(now, 0, requested=True) if kind == "exit" else event(kind, now)
            new["timestamp"] += step
            new["id"] += f"-{len(self.calls)}"
            found["events"].insert(0, new)
        found["state"], found["updated_at"] = state, iso(now)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("authorization") != TOKEN:
            return web.json_response({"error": "unauthorized"}, status=401)
        _, _, _, app, kind, *rest = request.path.split("/")
        if app not in self.apps:
            return web.json_response({"error": "app not found"}, status=404)
        name = f"{request.method} {' '.join(rest) or 'machines'}"
        if name in self.hooks and (given := await self.hooks[name](request)) is not None:
            return given
        assert kind == "machines"
        machines = self.apps[app]
        if not rest:
            return await self.collection(request, machines)
        found = machines.get(rest[0])
        if found is None:
            return web.json_response({"error": "machine not found"}, status=404)
        return await self.one(request, machines, found, *(rest[1:] or [""]))

    async def collection(
        self, request: web.Request, machines: dict[str, dict[str, Any]]
    ) -> web.Response:
        if request.method == "GET":
            wanted = {key[9:]: v for key, v in request.query.items() if key[:9] == "metadata."}
            found = [
                m
                for m in machines.values()
                if all((m["config"].get("metadata") or {}).get(k) == v for k, v in wanted.items())
            ]
            return web.json_response(found)
        body = await request.json()
        self.made += 1
        id = f"new{self.made}"
        self.calls.append(f"create {id}")
        now = time.time()
        machines[id] = machine(
            id, config=body["config"], region=body["region"], created_at=iso(now),
            events=[event("start", now, "flyd"), event("launch", now)],
        )  # fmt: skip
        return web.json_response(machines[id])

    async def one(
        self, request: web.Request, machines: dict[str, Any], found: dict[str, Any], verb: str,
        key: str = "",
    ) -> web.Response:  # fmt: skip
        id, method = found["id"], request.method
        nonce = request.headers.get("fly-machine-lease-nonce")
        if method == "GET":
            return web.json_response({"ok": True} if verb == "wait" else found)
        held = self.leases.get(id)
        if held is not None and nonce != held:
            return web.json_response({"error": "lease currently held by mira"}, status=409)
        if verb == "lease":
            if method == "DELETE":
                self.calls.append(f"release {id}")
                self.leases.pop(id, None)
                return web.json_response({"ok": True})
            self.calls.append(f"lease {id}")
            self.leases[id] = held or f"nonce-{id}"
            data = {"nonce": self.leases[id], "expires_at": int(time.time()) + 60, "owner": "us"}
            return web.json_response({"status": "success", "data": data}, status=201)
        assert held is not None, f"{verb} without a lease"
        name = verb or ("update" if method == "POST" else "destroy")
        self.calls.append(f"{name} {key or id}")
        if verb == "metadata":
            metadata = found["config"].setdefault("metadata", {})
            metadata.pop(key, None)
            if method == "POST":
                metadata[key] = (await request.json())["value"]
        elif method == "DELETE":
            del machines[id]
        elif not verb:
            return self.update(found, await request.json())
        elif verb in {"start", "restart"}:
            kinds = ("exit", "start") if found["state"] == "started" else ("start",)
            self.turn(found, *kinds, state="started")
        elif verb in {"stop", "suspend"}:
            self.turn(found, "exit", state="stopped" if verb == "stop" else "suspended")
        else:
            found["cordoned"] = verb == "cordon"
        return web.json_response({"ok": True})

    def update(self, found: dict[str, Any], body: dict[str, Any]) -> web.Response:
        if body.get("current_version") not in {None, found["instance_id"]}:
            return web.json_response({"error": "precondition"}, status=412)
        found["config"] = body["config"]
        found["instance_id"] = f"I{found['id']}-{len(self.calls)}"
        bad = body["config"]["image"] in self.broken
        found["checks"][0]["status"] = "critical" if bad else "passing"
        if not body.get("skip_launch"):
            self.turn(found, "exit", "start", state="started")
        return web.json_response(found)

    async def health(self, request: web.Request) -> web.Response:
        pinned = request.headers.get("fly-force-instance-id")
        if pinned in self.unhealthy or (pinned and pinned not in self.machines):
            return web.json_response({"status": "unhealthy"}, status=503)
        return web.json_response({"status": "healthy", "uptime": 5.0, "version": "1"})

    async def logs(self, request: web.Request) -> web.Response:
        token = request.query.get("next_token")
        since = int(token) if token else 0
        page = [(at, words) for at, words in self.lines if at >= since][:200]
        data = [
            {
                "id": f"{at}-{words}",
                "attributes": {
                    "timestamp": f"{iso(at // 1000000000)[:19]}.{at % 1000000000:09d}Z",
                    "message": words, "level": "info", "instance": "a1", "region": "sjc",
                },
            }
            for at, words in page
        ]  # fmt: skip
        newest = page[-1][0] if page else since or time.time_ns()
        return web.json_response({"data": data, "meta": {"next_token": str(newest)}})

    async def list_releases(self, request: web.Request) -> web.Response:
        return web.json_response({"releases": self.releases})


@asynccontextmanager
async def fly_fake(fake: FlyFake | None = None) -> AsyncIterator[FlyFake]:
    """The platform and its edge on one port."""
    fake = fake or FlyFake()
    app = web.Application()
    app.router.add_route("GET", "/health", fake.health)
    app.router.add_route("GET", "/api/v1/apps/{app}/logs", fake.logs)
    app.router.add_route("GET", "/api/v1/apps/{app}/releases", fake.list_releases)
    app.router.add_route("*", "/v1/{path:.*}", fake.handle)
    async with app_server(app) as url:
        fake.url = url
        yield fake


class Steps:
    """A step's context that remembers what it was told; its waits are short."""

    run_id = "run123"
    secrets: Mapping[str, Secret] = {}

    def __init__(self, clock: Any, patience: float = 0.6) -> None:
        self.clock = clock
        self.told: list[str] = []
        self.kept: dict[str, Any] = {}
        self.asked: list[tuple[str, list[str]]] = []
        self._patience = patience

    def progress(self, detail: str) -> None:
        self.told.append(detail)

    def keep(self, **result: Any) -> None:
        self.kept |= result

    async def word(self, wanted: str, lines: Sequence[str]) -> str:
        self.asked.append((wanted, list(lines)))
        return f"{wanted} was given"

    async def until(
        self, condition: Callable[[], Awaitable[str | None]], deadline: float, every: float = 0.5
    ) -> str:
        from ainur_tui.model.failure import ActionFailure, ProbeFailure

        end = time.monotonic() + min(deadline, self._patience)
        while time.monotonic() < end:
            try:
                if found := await condition():
                    return found
            except ProbeFailure as failure:
                self.told.append(str(failure))
            await asyncio.sleep(0.02)
        raise ActionFailure(f"not within {deadline:g} s: {self.told[-1:]}")
