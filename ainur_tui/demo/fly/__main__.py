"""The platform process: ``python -m ainur_tui.demo.fly --dir DIR`` runs what DIR/fly.json says."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from ainur_tui.demo.fly.api import MachinesApi
from ainur_tui.demo.fly.badrelease import BadRelease
from ainur_tui.demo.fly.faults import Meddler, disturb
from ainur_tui.demo.fly.founding import found
from ainur_tui.demo.fly.http import RateLimit, Routes, gate
from ainur_tui.demo.fly.logs import LogRing
from ainur_tui.demo.fly.machines import Json
from ainur_tui.demo.fly.platform import Platform
from ainur_tui.demo.fly.prometheus import COLLECTED_EVERY, Prometheus
from ainur_tui.demo.fly.proxy import Edge
from ainur_tui.demo.fly.records import RecordsApi
from ainur_tui.demo.fly.resources import CertificatesApi, VolumesApi
from ainur_tui.demo.fly.rules import EVALUATED_EVERY, RulesApi
from ainur_tui.demo.fly.series import SCRAPED_EVERY, Store
from ainur_tui.demo.fly.sizes import SizesApi
from ainur_tui.demo.fly.web import WebApi
from ainur_tui.demo.service import arguments, every, run, serve, until_stopped
from ainur_tui.demo.switches import Switches
from ainur_tui.demo.tls import TURN_EVERY, Served

FAULT_INTERVAL = 0.1


def platform_of(spec: Json, switches: Switches) -> Platform:
    """Everything the spec file declares, nothing of it started."""
    apps = {app["name"]: found(app, LogRing(app["region"]), switches) for app in spec["apps"]}
    token = Path(spec["token_file"]).read_text().strip()
    return Platform(spec["org"], token, apps, switches)


def api_of(platform: Platform, *beside: Routes, rate_limits: bool) -> web.Application:
    """The Machines API, the web API, and what works by itself ``beside`` them, on one port."""
    limit = RateLimit() if rate_limits else None
    application = web.Application(
        middlewares=[gate(platform.token, limit, "sjc"), disturb(platform)]
    )
    apis = (MachinesApi, RecordsApi, WebApi, VolumesApi, CertificatesApi, SizesApi)
    for api in (*(kind(platform) for kind in apis), *beside):
        application.add_routes(api.routes())
    return application


async def main(directory: Path, *, rate_limits: bool) -> None:
    """Run machines, API and edges until told to stop."""
    spec, switches = json.loads((directory / "fly.json").read_text()), Switches(directory)
    platform = platform_of(spec, switches)
    store, rules = Store(platform), RulesApi(platform)
    prometheus = Prometheus(platform, store)
    api = api_of(platform, prometheus, store, rules, rate_limits=rate_limits)
    servers = [await serve(api, spec["port"], grace=0.5)]
    turns: list[tuple[float, Callable[[], Awaitable[None]]]] = []
    for app in platform.apps.values():
        if app.spec.get("proxy_port"):
            edge = Edge(app, switches).application()
            servers.append(await serve(edge, app.spec["proxy_port"], grace=0.5))
            if secure := app.spec.get("proxy_tls_port"):
                served = Served(directory, "api")
                door = web.TCPSite(servers[-1], "127.0.0.1", secure, ssl_context=served.context)
                await door.start()
                turns.append((TURN_EVERY, served.look))
    await platform.start()
    meddler, release = Meddler(platform), BadRelease(platform)
    beside = [
        asyncio.create_task(every(seconds, work))
        for seconds, work in (
            (FAULT_INTERVAL, platform.apply_faults),
            (FAULT_INTERVAL, meddler.apply),
            (FAULT_INTERVAL, release.apply),
            (COLLECTED_EVERY, prometheus.collect),
            (EVALUATED_EVERY, rules.evaluate),
            (SCRAPED_EVERY, store.collect),
            *turns,
        )
    ]
    try:
        await until_stopped()
    finally:
        for task in beside:
            task.cancel()
        await platform.close()
        await asyncio.gather(*(server.cleanup() for server in servers))


if __name__ == "__main__":
    given = arguments(
        "ainur_tui.demo.fly",
        ("--rate-limits", {"action": "store_true", "help": "answer 429 as the real API does"}),
    )
    sys.exit(run(main(given.dir, rate_limits=given.rate_limits)))
