"""``python -m ainur_tui.demo.api --dir DIR``: one machine of the API service.

Environment: ``PORT``, ``FLY_MACHINE_ID``, ``DATABASE_URL``, ``CHAIN_RPC_URL``, ``SUMMARY_SHAPE``.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from ainur_tui.demo.api import health as api_health
from ainur_tui.demo.api import routes as api_routes
from ainur_tui.demo.api import summary as api_summary
from ainur_tui.demo.api.database import FAILURES, Database
from ainur_tui.demo.api.load import Load
from ainur_tui.demo.api.log import Log
from ainur_tui.demo.api.metrics import Metrics
from ainur_tui.demo.api.node import Node
from ainur_tui.demo.api.noise import make_noise
from ainur_tui.demo.api.orchestrator import Orchestrator
from ainur_tui.demo.api.service import SERVICE, Service
from ainur_tui.demo.faults import BAD_RELEASE
from ainur_tui.demo.service import arguments, run, serve, until_stopped
from ainur_tui.demo.switches import Switches

SLOW = (0.6, 1.2)
FAILING = 0.3
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def endpoint_of(request: web.Request) -> str:
    """The route's template as gin writes it: one label for all ids."""
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical.replace("{id}", ":id")


@web.middleware
async def instrument(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count, time, log and break requests, and turn exceptions into answers."""
    service = request.app[SERVICE]
    while service.hung and request.transport:  # noqa: ASYNC110 (the switch is a file)
        await asyncio.sleep(0.1)
    proper = request.path.startswith("/api/")
    began = time.monotonic()
    service.metrics.connections.add()
    try:
        answer = await _answer(request, handler, service, proper=proper)
    finally:
        service.metrics.connections.add(by=-1)
    seconds = time.monotonic() - began
    if proper:
        service.metrics.request(endpoint_of(request), request.method, answer.status, seconds)
    ip = request.headers.get("Fly-Client-IP", request.remote or "-")
    service.zap.debug("api/middleware.go:31", "request handled", path=request.path, ip=ip)
    service.zap.gin(request.method, request.path_qs, answer.status, seconds, ip)
    return answer


async def _answer(
    request: web.Request, handler: Handler, service: Service, *, proper: bool
) -> web.StreamResponse:
    if proper and service.maintenance:
        body = {"error": "maintenance", "message": "Down for maintenance.", "maintenance": True}
        return web.json_response(body, status=503, headers={"Retry-After": "300"})
    try:
        if proper and (service.switches.on("api-slow") or service.load.crowded):
            await asyncio.sleep(service.rng.uniform(*SLOW))
        elif proper:
            # Serialising, signing, checking tokens: what the real handlers do besides SQL.
            await asyncio.sleep(min(0.08, service.rng.lognormvariate(-5.2, 0.7)))
        if proper and service.failing and service.rng.random() < FAILING:
            raise RuntimeError("nil pointer dereference in agent selection")
        return await handler(request)
    except web.HTTPException as error:
        return web.Response(status=error.status, text=error.text, content_type=error.content_type)
    except (*FAILURES, RuntimeError) as error:
        reason = str(error) or type(error).__name__
        if isinstance(error, TimeoutError):
            reason = "failed to execute query: context deadline exceeded"
        service.zap.error("api/handlers.go:88", "request failed", path=request.path,
                          method=request.method, error=reason)  # fmt: skip
        return web.json_response({"error": "internal server error"}, status=500)


def flag(name: str, *, default: bool) -> bool:
    """A setting that is ``true`` or ``false``, from the environment."""
    return os.environ.get(name, str(default)).strip().lower() in {"1", "t", "true", "yes", "on"}


def application(service: Service) -> web.Application:
    """The web application of one machine."""
    app = web.Application(middlewares=[instrument])
    app[SERVICE] = service
    for module in (api_health, api_summary, api_routes):
        app.add_routes(module.routes)
    return app


async def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; then finish what is in flight."""
    options = arguments("ainur_tui.demo.api", argv=argv)
    machine = os.environ.get("FLY_MACHINE_ID", "local")
    zap = Log(os.environ.get("LOG_LEVEL", "info"), machine_id=machine)
    metrics = Metrics()
    rng = random.Random(machine)
    switches = Switches(options.dir)
    database = Database(os.environ["DATABASE_URL"], f"ainur-api {machine}")
    service = Service(
        machine=machine,
        shape=os.environ.get("SUMMARY_SHAPE", "code"),
        database=database,
        node=Node(os.environ.get("CHAIN_RPC_URL"), metrics, zap),
        orchestrator=Orchestrator(
            database, metrics, zap, rng, auctions=flag("ENABLE_AUCTION_SYSTEM", default=True)
        ),
        metrics=metrics,
        zap=zap,
        switches=switches,
        rng=rng,
        maintenance=flag("MAINTENANCE_MODE", default=False),
        load=Load(database, switches),
        fresh=switches.on("api-hung") or switches.on("api-machine-hung"),
        bad_image=os.environ.get("FLY_IMAGE_REF", "").endswith(f":{BAD_RELEASE}"),
    )
    work = [
        asyncio.create_task(each)
        for each in (
            database.connect(),
            service.node.watch(),
            service.orchestrator.run(),
            make_noise(zap, switches, rng),
            service.load.watch(),
        )
    ]
    runner = await serve(application(service), int(os.environ.get("PORT", "8080")))
    zap.info("api/server.go:142", "server started", port=os.environ.get("PORT", "8080"))
    try:
        await until_stopped()
        service.ending.set()
        zap.info("api/server.go:171", "shutting down server")
        await runner.cleanup()
    finally:
        for task in work:
            task.cancel()
        for task in work:
            with suppress(asyncio.CancelledError):
                await task
        await database.close()
        zap.info("api/server.go:188", "server exited")
        zap.close()
    return 0


if __name__ == "__main__":
    sys.exit(run(main()))
