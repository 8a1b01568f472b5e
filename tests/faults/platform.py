"""The world the trials act on: a small platform and a store of one secret, which outlive the
engine and count every change that reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tests.faults.words import digest
from tests.systems.flyfake import FlyFake, machine
from tests.systems.web import app_server

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Platform(FlyFake):
    """``at`` is asked at each change, before it is done (``True``) and after it, before it is
    answered. ``under_way`` are changes that are being done."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = ""
        self.number = 0
        self.under_way = 0
        self._still = asyncio.Event()
        self._still.set()
        self.at: Callable[[int, bool], None] = lambda number, before: None

    def anew(self) -> None:
        """As if hours had passed: two healthy machines, nobody's lease, nothing counted."""
        self.apps["zerostate-api"] = {id: machine(id) for id in ("a1", "b2")}
        self.leases.clear()
        self.calls.clear()
        self.number = 0
        self.secret = ""

    @property
    def effects(self) -> list[str]:
        """What changed the world; leases change nothing by themselves."""
        return [call for call in self.calls if call.split()[0] not in {"lease", "release"}]

    @web.middleware
    async def watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/v1/") and "/machines" not in request.path:
            return web.json_response({"error": "not found"}, status=404)  # no part of the trials
        if request.method == "GET":
            return await handler(request)
        self.number += 1
        number = self.number
        self.under_way += 1
        self._still.clear()
        try:
            self.at(number, True)
            answer = await handler(request)
            self.at(number, False)
            return answer
        except ConnectionError:  # killed in the middle of its words: nothing was asked for
            return web.Response(status=400)
        finally:
            self.under_way -= 1
            if self.under_way == 0:
                self._still.set()

    async def settled(self) -> None:
        """Wait until everything that was sent is done."""
        await self._still.wait()

    async def keep(self, request: web.Request) -> web.Response:
        self.secret = digest((await request.json())["value"])
        self.calls.append(f"secret {self.secret}")
        return web.json_response({"ok": True})

    async def kept(self, request: web.Request) -> web.Response:
        return web.json_response({"digest": self.secret})


@asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    """On a free port of this machine."""
    made = Platform()
    app = web.Application(middlewares=[made.watched])
    app.router.add_route("GET", "/health", made.health)
    app.router.add_route("GET", "/api/v1/apps/{app}/logs", made.logs)
    app.router.add_route("GET", "/api/v1/apps/{app}/releases", made.list_releases)
    app.router.add_route("POST", "/secret", made.keep)
    app.router.add_route("GET", "/secret", made.kept)
    app.router.add_route("*", "/v1/{path:.*}", made.handle)
    async with app_server(app) as url:
        made.url = url
        yield made
