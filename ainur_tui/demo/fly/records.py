"""What the Machines API keeps beside a machine: its lease, metadata, events and versions."""

from __future__ import annotations

import time

from aiohttp import web

from ainur_tui.demo.fly.api import MACHINE
from ainur_tui.demo.fly.http import NONCE, Routes, body, duration
from ainur_tui.demo.fly.machines import ApiError


class RecordsApi(Routes):
    """The routes; nothing of a machine's process changes with them."""

    def routes(self) -> list[web.RouteDef]:
        key = f"{MACHINE}/metadata/{{key}}"
        return [
            web.post(f"{MACHINE}/lease", self.lease, name="lease"),
            web.get(f"{MACHINE}/lease", self.get_lease, name="get_lease"),
            web.delete(f"{MACHINE}/lease", self.release_lease, name="release_lease"),
            web.get(f"{MACHINE}/metadata", self.metadata, name="get_metadata"),
            web.post(key, self.set_metadata, name="set_metadata"),
            web.delete(key, self.set_metadata, name="delete_metadata"),
            web.get(f"{MACHINE}/events", self.events, name="events"),
            web.get(f"{MACHINE}/versions", self.versions, name="versions"),
        ]

    async def lease(self, request: web.Request) -> web.Response:
        machine, given = self._runner(request).machine, await body(request)
        ttl = duration(request.query.get("ttl") or given.get("ttl"), 5.0)
        lease = machine.take_lease(
            request.headers.get(NONCE), ttl, "user", str(given.get("description") or "")
        )
        return web.json_response(lease.json(), status=201)

    async def get_lease(self, request: web.Request) -> web.Response:
        lease = self._runner(request).machine.leased()
        if lease is None:
            raise ApiError(404, "lease not found", "not_found")
        return web.json_response(lease.json())

    async def release_lease(self, request: web.Request) -> web.Response:
        self._change(request).machine.lease = None
        return web.json_response({"status": "success"})

    async def metadata(self, request: web.Request) -> web.Response:
        return web.json_response(self._runner(request).machine.config.get("metadata") or {})

    async def set_metadata(self, request: web.Request) -> web.Response:
        machine, key = self._change(request).machine, request.match_info["key"]
        kept = {k: v for k, v in (machine.config.get("metadata") or {}).items() if k != key}
        if request.method == "POST":
            kept[key] = str((await body(request)).get("value", ""))
        machine.config = machine.config | {"metadata": kept}
        machine.updated_at = time.time()
        return web.Response(status=204)

    async def events(self, request: web.Request) -> web.Response:
        return web.json_response(self._runner(request).machine.events)

    async def versions(self, request: web.Request) -> web.Response:
        return web.json_response(self._runner(request).machine.versions)
