"""The Machines API a second time, written from its public description alone and as strict as that:
a path, a query or a field it does not name is refused, what it calls optional is left out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.systems.flyapp import AppSpec
from tests.systems.flybox import APP, Box, Json, Refusal, config
from tests.systems.flyschema import BODIES, SIGNALS, wrong
from tests.systems.web import app_server

TOKEN = "FlyV1 fm2_c3BlYw=="
WAITABLE = {"started", "stopped", "suspended", "destroyed", "failed", "settled"}


@dataclass
class Spec(AppSpec):
    """The platform. ``refused`` answers are given instead, by method and path; paths that hold a
    name in ``without`` are not there."""

    url: str = ""
    boxes: dict[str, Box] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    refused: dict[str, tuple[int, Json]] = field(default_factory=dict)
    made: int = 0

    def box(self, request: web.Request) -> Box:
        found = self.boxes.get(request.match_info["machine_id"])
        if found is None:
            raise Refusal(404, "machine not found")
        return found

    def held(self, request: web.Request, what: str) -> Box:
        """The machine of a change, under the caller's lease; what a sloppy caller does is noted."""
        found, nonce = self.box(request), request.headers.get("fly-machine-lease-nonce")
        if found.lease is None or found.lease["expires_at"] < time.time():
            self.strays.append(f"{what} {found.id} without a lease")
        elif nonce != found.lease["nonce"]:
            raise Refusal(409, "lease currently held by someone@example.com")
        self.done.append(f"{what} {found.id}")
        return found

    # Machines.

    async def list(self, request: web.Request) -> Any:
        wanted = {k.partition(".")[2]: v for k, v in request.query.items() if k[:9] == "metadata."}
        for found in self.boxes.values():
            found.look()
        self.boxes = {id: box for id, box in self.boxes.items() if box.state != "destroyed"}
        leases = request.query.get("include_leases") == "true"
        return [
            box.json(leases=leases) for box in self.boxes.values()
            if all((box.config.get("metadata") or {}).get(k) == v for k, v in wanted.items())
        ]  # fmt: skip

    async def show(self, request: web.Request) -> Any:
        found = self.box(request)
        found.look()
        return found.json()

    async def create(self, request: web.Request) -> Any:
        body = await request.json()
        self.made += 1
        found = Box(f"new{self.made}", body.get("region", "ord"), body["config"],
                    state="created", created=time.time(), updated=time.time())  # fmt: skip
        found.events.insert(0, found.event("launch", "created"))
        if not body.get("skip_launch"):
            found.then(("starting", ""), ("started", "start"))
        self.boxes[found.id] = found
        self.done.append(f"create {found.id}")
        return found.json()

    async def update(self, request: web.Request) -> Any:
        body, found = await request.json(), self.held(request, "update")
        if body.get("current_version", found.version) != found.version:
            raise Refusal(412, f"machine version is {found.version}")
        if body.get("min_secrets_version", 0) > self.secrets_version:
            raise Refusal(400, "secrets version is not there yet")
        found.revise(body["config"], time.time())
        found.cordoned = bool(body.get("skip_service_registration"))
        ran = found.state == "started"
        if body.get("skip_launch"):
            found.then(("replacing", "update"), ("created", ""))
        else:
            found.then(("replacing", "update"), *([("replacing", "exit")] if ran else []),
                       ("started", "start"))  # fmt: skip
        return found.json()

    async def delete(self, request: web.Request) -> Any:
        found = self.held(request, "destroy")
        if found.state == "started" and request.query.get("force") != "true":
            raise Refusal(412, "machine still active, refusing to destroy")
        found.then(("destroying", "destroy"), ("destroyed", ""))
        return {"ok": True}

    async def start(self, request: web.Request) -> Any:
        found = self.held(request, "start")
        former = found.state
        found.then(("starting", ""), ("started", "start"))
        return {"previous_state": former, "migrated": False, "new_host": ""}

    async def stop(self, request: web.Request) -> Any:
        self.held(request, "stop").then(("stopping", "stop"), ("stopped", "exit"))
        return {"ok": True}

    async def suspend(self, request: web.Request) -> Any:
        self.held(request, "suspend").then(("suspending", "suspend"), ("suspended", ""))
        return {"ok": True}

    async def restart(self, request: web.Request) -> Any:
        self.held(request, "restart").then(
            ("restarting", "restart"), ("restarting", "exit"), ("started", "start")
        )
        return {"ok": True}

    async def cordon(self, request: web.Request) -> Any:
        self.held(request, "cordon").cordoned = True
        return {"ok": True}

    async def uncordon(self, request: web.Request) -> Any:
        self.held(request, "uncordon").cordoned = False
        return {"ok": True}

    async def wait(self, request: web.Request) -> Any:
        found, state = self.box(request), request.query.get("state", "started")
        version = request.query.get("version") or request.query.get("instance_id")
        if state not in WAITABLE or (state == "stopped" and not version):
            raise Refusal(400, "invalid wait")
        while found.state != state and found.coming:
            found.look()
        if found.state != state or version not in {None, found.version}:
            raise Refusal(408, "deadline exceeded")
        return {"ok": True}

    async def lease(self, request: web.Request) -> Any:
        found, nonce = self.box(request), request.headers.get("fly-machine-lease-nonce")
        held = found.lease
        if held is not None and held["expires_at"] > time.time() and held["nonce"] != nonce:
            raise Refusal(409, "lease currently held by someone@example.com")
        ttl = (await request.json()).get("ttl", 1)
        found.lease = {"nonce": nonce or f"5c35{found.id}", "expires_at": int(time.time() + ttl),
                       "owner": "hello@fly.io", "version": found.version}  # fmt: skip
        return web.json_response({"status": "success", "data": found.lease}, status=201)

    async def release(self, request: web.Request) -> Any:
        found = self.box(request)
        if found.lease is None or request.headers.get("fly-machine-lease-nonce") is None:
            raise Refusal(400, "a nonce is required")
        found.lease = None
        return {"status": "success", "data": {"ok": True}}

    async def mark(self, request: web.Request) -> Any:
        found, key = self.held(request, "metadata"), request.match_info["key"]
        kept = {k: v for k, v in (found.config.get("metadata") or {}).items() if k != key}
        if request.method == "POST":
            kept[key] = (await request.json())["value"]
        found.config = found.config | {"metadata": kept}
        return web.Response(status=204)

    async def versions(self, request: web.Request) -> Any:
        return self.box(request).versions


ONE = "/v1/apps/{app_name}/machines/{machine_id}"


def routes(spec: Spec) -> list[tuple[str, str, Callable[[web.Request], Any], set[str]]]:
    """Method, path, handler and the query each may have."""
    app = "/v1/apps/{app_name}"
    listing = {"include_deleted", "include_leases", "region", "state", "summary", "metadata."}
    waiting = {"version", "instance_id", "from_event_id", "timeout", "state"}
    return [
        ("GET", app, spec.app, set()),
        ("GET", f"{app}/machines", spec.list, listing),
        ("POST", f"{app}/machines", spec.create, set()),
        ("GET", ONE, spec.show, {"include_leases"}),
        ("POST", ONE, spec.update, set()),
        ("DELETE", ONE, spec.delete, {"force"}),
        ("POST", f"{ONE}/start", spec.start, set()),
        ("POST", f"{ONE}/stop", spec.stop, set()),
        ("POST", f"{ONE}/suspend", spec.suspend, set()),
        ("POST", f"{ONE}/restart", spec.restart, {"timeout", "signal"}),
        ("POST", f"{ONE}/cordon", spec.cordon, set()),
        ("POST", f"{ONE}/uncordon", spec.uncordon, set()),
        ("GET", f"{ONE}/wait", spec.wait, waiting),
        ("POST", f"{ONE}/lease", spec.lease, set()),
        ("DELETE", f"{ONE}/lease", spec.release, set()),
        ("POST", f"{ONE}/metadata/{{key}}", spec.mark, set()),
        ("DELETE", f"{ONE}/metadata/{{key}}", spec.mark, set()),
        ("GET", f"{ONE}/versions", spec.versions, set()),
        ("GET", f"{app}/secrets", spec.list_secrets, {"min_version", "show_secrets"}),
        ("POST", f"{app}/secrets", spec.set_secrets, set()),
        ("GET", f"{app}/certificates", spec.list_certificates, {"filter", "cursor", "limit"}),
        ("GET", f"{app}/certificates/{{hostname}}", spec.certificate, set()),
        ("GET", f"{app}/volumes", spec.volumes, {"summary"}),
        ("GET", f"{app}/volumes/{{volume_id}}/snapshots", spec.snapshots, set()),
        ("GET", f"{app}/ip_assignments", spec.addresses, set()),
        ("GET", "/v1/postgres", spec.postgres, {"org_slug", "include_deleted"}),
        ("GET", "/v1/tokens/current", spec.token, set()),
        ("POST", "/v1/tokens/authorize", spec.authorize, set()),
        # No part of the reference; the platform's own tools use these, and they may not be there.
        ("POST", "/graphql", spec.graphql, set()),
        ("GET", "/api/v1/apps/{app_name}/releases", spec.list_releases, {"limit"}),
        ("GET", "/api/v1/apps/{app_name}/logs", spec.logs, {"next_token", "region", "instance"}),
    ]


async def check(spec: Spec, request: web.Request, path: str, queries: set[str]) -> None:
    """Whether the description allows this request; raises Refusal."""
    if request.headers.get("authorization") != TOKEN:
        raise Refusal(401, "Authenticate: token validation error")
    if request.match_info.get("app_name", APP) != APP:
        raise Refusal(404, "app not found")
    if any(f"/{name}" in path for name in spec.without):
        raise Refusal(404, "not found")
    strange = {k for k in request.query if k not in queries and k[:9] not in queries}
    body = BODIES.get((request.method, path))
    given = await request.json() if request.can_read_body else None
    fault = wrong(body, given) if body is not None else "a body" if given is not None else None
    if request.query.get("signal", "SIGINT") not in SIGNALS:
        fault = "signal"
    if strange or fault:
        spec.strays.append(f"{request.method} {request.path_qs}: {fault or strange}")
        raise Refusal(400, f"bad request: {fault or strange}")
    if not spec.writes and request.method != "GET" and path.startswith(f"{ONE}"):
        raise Refusal(403, "unauthorized for action")


@asynccontextmanager
async def fly_spec() -> AsyncIterator[Spec]:
    """The platform with two machines on a free port."""
    spec = Spec(boxes={id: Box(id, "ord", config()) for id in ("a1", "b2")})
    app = web.Application()

    def serve(
        path: str, handler: Callable[[web.Request], Any], queries: set[str]
    ) -> Callable[[web.Request], Any]:
        async def served(request: web.Request) -> web.StreamResponse:
            name = f"{request.method} {path}"
            try:
                await check(spec, request, path, queries)
                if name in spec.refused:
                    status, body = spec.refused[name]
                    return web.json_response(body, status=status)
                found = await handler(request)
            except Refusal as refusal:
                return web.json_response({"error": refusal.error}, status=refusal.status)
            return found if isinstance(found, web.StreamResponse) else web.json_response(found)

        return served

    async def nowhere(request: web.Request) -> web.Response:
        spec.strays.append(f"{request.method} {request.path}: not described")
        return web.json_response({"error": "not found"}, status=404)

    for method, path, handler, queries in routes(spec):
        app.router.add_route(method, path, serve(path, handler, queries))
    app.router.add_route("*", "/{path:.*}", nowhere)
    async with app_server(app) as url:
        spec.url = url
        yield spec
