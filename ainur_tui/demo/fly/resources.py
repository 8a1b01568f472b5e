"""Volumes, snapshots, certificates and public addresses of an app, under ``/v1``."""

from __future__ import annotations

import time

from aiohttp import web

from ainur_tui.demo.fly.certificates import V4, V6, Certificate
from ainur_tui.demo.fly.http import Routes
from ainur_tui.demo.fly.machines import ApiError, Json, iso, ulid
from ainur_tui.demo.fly.volumes import Volume, name_of

VOLUMES = "/v1/apps/{app}/volumes"
CERTIFICATES = "/v1/apps/{app}/certificates"


class VolumesApi(Routes):
    """List volumes and snapshots, and take one."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(VOLUMES, self.list, name="list_volumes"),
            web.get(f"{VOLUMES}/{{volume}}", self.get, name="get_volume"),
            web.get(f"{VOLUMES}/{{volume}}/snapshots", self.snapshots, name="list_snapshots"),
            web.post(f"{VOLUMES}/{{volume}}/snapshots", self.snapshot, name="create_snapshot"),
        ]

    def _volume(self, request: web.Request) -> Volume:
        wanted = request.match_info["volume"]
        volume = self._app(request).volumes.get(wanted)
        if volume is None:
            raise ApiError(404, f"volume {wanted} not found", "not_found")
        return volume

    async def list(self, request: web.Request) -> web.Response:
        app = self._app(request)
        return web.json_response([await one.json(app.machines) for one in app.volumes.values()])

    async def get(self, request: web.Request) -> web.Response:
        machines = self._app(request).machines
        return web.json_response(await self._volume(request).json(machines))

    async def snapshots(self, request: web.Request) -> web.Response:
        return web.json_response([one.json() for one in self._volume(request).snapshots])

    async def snapshot(self, request: web.Request) -> web.Response:
        app, volume, now = self._app(request), self._volume(request), iso(time.time())
        id = name_of("vs", ulid())
        app.spawn(volume.snapshot(id))
        backup = {
            "id": ulid(), "volume_id": volume.id, "state": "prepare",
            "type": "BACKUP_TYPE_ON_DEMAND", "message": "", "created_at": now, "updated_at": now,
            "finished_at": None, "graph_id": id,
        }  # fmt: skip
        return web.json_response({"Msg": {"backup": backup}})


class CertificatesApi(Routes):
    """List them, look at one, have one checked."""

    def routes(self) -> list[web.RouteDef]:
        one = f"{CERTIFICATES}/{{hostname}}"
        return [
            web.get(CERTIFICATES, self.list, name="list_certificates"),
            web.get(one, self.get, name="get_certificate"),
            web.post(f"{one}/check", self.check, name="check_certificate"),
            web.get("/v1/apps/{app}/ip_assignments", self.addresses, name="list_ip_assignments"),
        ]

    def _certificate(self, request: web.Request) -> Certificate:
        wanted = request.match_info["hostname"]
        for one in self._app(request).certificates:
            if one.hostname == wanted:
                return one
        raise ApiError(404, f"certificate for {wanted} not found", "not_found")

    async def list(self, request: web.Request) -> web.Response:
        wanted, limit = request.query.get("filter", ""), request.query.get("limit", "25")
        if not limit.isdigit():
            raise ApiError(400, "limit must be a number", "invalid_argument")
        all = [one for one in self._app(request).certificates if wanted in one.hostname]
        rows = [one.summary(time.time()) for one in all[: int(limit)]]
        return web.json_response({"certificates": rows, "total_count": len(all)})

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(self._certificate(request).detail(time.time()))

    async def check(self, request: web.Request) -> web.Response:
        one = self._certificate(request)
        return web.json_response(one.detail(time.time()) | {"dns_records": one.records()})

    async def addresses(self, request: web.Request) -> web.Response:
        found: list[Json] = [
            {
                "ip": ip, "region": "global", "service_name": "", "shared": ip == V4,
                "created_at": iso(one.added),
            }
            for one in self._app(request).certificates[:1]
            for ip in (V4, V6)
        ]  # fmt: skip
        return web.json_response({"ips": found})
