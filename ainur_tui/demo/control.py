"""The faults endpoint: list, switch on, switch off."""

from __future__ import annotations

from aiohttp import web

from ainur_tui.demo import disk
from ainur_tui.demo.faults import FAULTS
from ainur_tui.demo.switches import Switches

SWITCHES = web.AppKey("switches", Switches)

routes = web.RouteTableDef()


@routes.get("/")
@routes.get("/faults")
async def listed(request: web.Request) -> web.Response:
    """Every fault and whether it is on."""
    on = request.app[SWITCHES].names
    rows = [{"name": name, "summary": text, "on": name in on} for name, text in FAULTS.items()]
    return web.json_response({"faults": rows})


@routes.put("/{name}")
@routes.put("/faults/{name}")
async def switch_on(request: web.Request) -> web.Response:
    """Let it bite."""
    return _switch(request, on=True)


@routes.delete("/{name}")
@routes.delete("/faults/{name}")
async def switch_off(request: web.Request) -> web.Response:
    """Let it heal."""
    return _switch(request, on=False)


def _switch(request: web.Request, *, on: bool) -> web.Response:
    name = request.match_info["name"]
    if name not in FAULTS:
        return web.json_response({"error": f"no fault is called {name}"}, status=404)
    switches = request.app[SWITCHES]
    if on and name == "disk-filling" and (why := disk.hindrance(switches.directory)):
        return web.json_response({"error": why}, status=409)
    switches.set(name, on=on)
    return web.json_response({"name": name, "summary": FAULTS[name], "on": on})


def application(switches: Switches) -> web.Application:
    """The endpoint's application."""
    app = web.Application()
    app[SWITCHES] = switches
    app.add_routes(routes)
    return app
