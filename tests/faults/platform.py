"""The world the trials act on: a small platform with two apps, a unit, a frontend and a store of
one secret. It outlives the engine and keeps a book of every change that reaches it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from ainur_tui.systems.fly.moves import MARK
from tests.faults.unit import Unit
from tests.faults.words import digest
from tests.systems.flyfake import FlyFake, iso, machine
from tests.systems.web import app_server

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REPOSITORY = "registry.fly.io/zerostate-api"
BROKEN = f"{REPOSITORY}:broken"
"""An image that never gets healthy."""
WAIT = 30.0
LONG_AGO = 1_700_000_000.0


class Platform(FlyFake):
    """``at`` is asked at each change, before it is done (``True``) and after it, before it is
    answered. ``under_way`` are changes that are being done. ``lag``: seconds until a machine is in
    the state that was asked for; ``loses``: how often a change is done and its answer lost."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = 0
        self._still = asyncio.Event()
        self._still.set()
        self.at: Callable[[int, bool], None] = lambda number, before: None
        self.unit = Unit()
        self.anew()

    def anew(self, rng: random.Random | None = None) -> None:
        """As if hours had passed: two healthy machines and a database, nobody's lease, nothing
        in the book; ``rng`` decides how quick and how reliable the platform is."""
        self.apps = {
            "zerostate-api": {id: machine(id) for id in ("a1", "b2")},
            "ainur-db": {"d9": machine("d9")},
        }
        self.apps["ainur-db"]["d9"]["config"]["services"] = []
        self.leases.clear()
        self.calls.clear()
        self.broken = {BROKEN}
        self.releases = [
            {
                "version": number, "image_ref": f"{REPOSITORY}:v{number - 10}", "stable": True,
                "in_progress": False, "status": "complete", "created_at": iso(LONG_AGO + number),
            }
            for number in (11, 10)
        ]  # fmt: skip
        self.book: list[str] = []
        self.number = 0
        self.secret = ""
        self.values: dict[str, str] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.in_use: dict[str, dict[str, str]] = {}
        self.unit.anew()
        self.rng = rng or random.Random(0)
        self.lag = self.rng.choice([0.0, 0.0, 0.2])
        self.loses = self.rng.choice([0.0, 0.0, 0.15])

    def turn(self, found: dict[str, Any], *kinds: str, state: str) -> None:
        end = super().turn
        if not self.lag:
            return end(found, *kinds, state=state)
        found["state"] = "starting" if state == "started" else "stopping"
        asyncio.get_running_loop().call_later(self.lag, lambda: end(found, *kinds, state=state))
        return None

    def put(self, values: dict[str, str | None]) -> None:
        """Secrets of the app; no machine has them before its next update."""
        for name, value in values.items():
            self.values.pop(name, None)
            self.rows.pop(name, None)
            if value is not None:
                at = LONG_AGO + len(self.book) + 1
                self.values[name] = value
                self.rows[name] = {"name": name, "digest": digest(value), "updated_at": iso(at)}

    def update(self, found: dict[str, Any], body: dict[str, Any]) -> web.Response:
        answer = super().update(found, body)
        if answer.status == 200:
            self.in_use[found["id"]] = dict(self.values)
        return answer

    @property
    def maintenance(self) -> bool:
        """What the oldest machine says of it to whoever asks."""
        first = next(iter(self.machines), "")
        return self.in_use.get(first, {}).get("MAINTENANCE_MODE") == "true"

    # The door.

    @web.middleware
    async def watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET" or not request.path.startswith(("/v1/", "/secret", "/unit")):
            return await handler(request)
        self.number += 1
        number, name = self.number, await _name(request)
        self.under_way += 1
        self._still.clear()
        try:
            self.at(number, True)
            answer = await handler(request)
            if answer.status < 300:
                self.book.append(name)
            self.at(number, False)
            lost = not name.startswith(("lease", "release")) and self.rng.random() < self.loses
            return web.json_response({"error": "gateway"}, status=502) if lost else answer
        except ConnectionError:  # killed in the middle of its words: nothing was asked for
            return web.Response(status=400)
        finally:
            self.under_way -= 1
            if self.under_way == 0:
                self._still.set()

    @property
    def effects(self) -> list[str]:
        """What changed the world; leases change nothing by themselves."""
        return [name for name in self.book if name.split()[0] not in {"lease", "release"}]

    async def settled(self) -> None:
        """Wait until everything that was sent is done."""
        await self._still.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/wait"):
            return await self._wait(request)
        if request.path.endswith("/secrets"):
            return await self._secrets(request)
        if "/machines" not in request.path:
            return web.json_response({"error": "not found"}, status=404)  # no part of the trials
        return await super().handle(request)

    async def _wait(self, request: web.Request) -> web.Response:
        id, wanted = request.path.split("/")[-2], request.query["state"]
        end = asyncio.get_running_loop().time() + WAIT
        while asyncio.get_running_loop().time() < end:
            if any(app[id]["state"] == wanted for app in self.apps.values() if id in app):
                return web.json_response({"ok": True})
            await asyncio.sleep(0.02)
        return web.json_response({"error": "deadline exceeded"}, status=408)

    async def _secrets(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.put((await request.json())["values"])
        return web.json_response({"secrets": list(self.rows.values()), "version": self.number})

    async def health(self, request: web.Request) -> web.Response:
        body = {"status": "healthy", "uptime": 5.0, "maintenance": self.maintenance}
        return web.json_response(body)

    async def page(self, _: web.Request) -> web.Response:
        words = "Down for maintenance" if self.maintenance else "Welcome"
        page = f"<!doctype html><html><title>x</title><body>{words}</body></html>"
        return web.Response(text=page, content_type="text/html")

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(text="api_connections_active 1\nainur_tasks_in_queue 0\n")

    async def keep(self, request: web.Request) -> web.Response:
        self.secret = digest((await request.json())["value"])
        return web.json_response({"ok": True})

    async def kept(self, request: web.Request) -> web.Response:
        return web.json_response({"digest": self.secret})


async def _name(request: web.Request) -> str:
    """A change in a few words: ``stop a1``, ``update a1 v2``."""
    _, first, *rest = request.path.split("/")
    if first != "v1":
        return f"{first} {' '.join(rest)}".strip()
    _, _, kind, *parts = [*rest, ""]
    gone = request.method == "DELETE"
    match [part for part in parts if part]:
        case [] if kind == "machines":
            return f"create {(await request.json())['config']['metadata'][MARK]}"
        case []:
            return "secrets"
        case [id]:
            if gone:
                return f"destroy {id}"
            image = str((await request.json())["config"]["image"])
            return f"update {id} {image.rpartition(':')[2]}"
        case [id, "lease"]:
            return f"{'release' if gone else 'lease'} {id}"
        case [id, "metadata", key]:
            return f"{'unmark' if gone else 'mark'} {id} {key}"
        case found:
            return " ".join(reversed(found))


@asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    """On a free port of this machine."""
    made = Platform()
    app = web.Application(middlewares=[made.watched])
    app.router.add_get("/", made.page)
    app.router.add_get("/health", made.health)
    app.router.add_get("/metrics", made.metrics)
    app.router.add_get("/api/v1/apps/{app}/logs", made.logs)
    app.router.add_get("/api/v1/apps/{app}/releases", made.list_releases)
    app.router.add_post("/secret", made.keep)
    app.router.add_get("/secret", made.kept)
    app.router.add_get("/unit", made.unit.show)
    app.router.add_post("/unit/{verb}", made.unit.act)
    app.router.add_post("/rpc", made.unit.rpc)
    app.router.add_route("*", "/v1/{path:.*}", made.handle)
    async with app_server(app) as url:
        made.url = url
        yield made
