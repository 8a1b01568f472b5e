"""The Machines API under ``/v1``: list, create, change, wait for, lease and destroy machines."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from ainur_tui.demo.fly_http import body, duration, truth
from ainur_tui.demo.fly_machines import ApiError, Json
from ainur_tui.demo.fly_platform import App, Platform
from ainur_tui.demo.fly_runner import Runner

NONCE = "fly-machine-lease-nonce"
WAITABLE = {"started", "stopped", "suspended", "destroyed"}
MACHINE = "/v1/apps/{app}/machines/{machine}"


def signal_number(given: Any) -> int:
    """A signal from its number or name; 400 for an unknown one."""
    try:
        if str(given).isdigit():
            return signal.Signals(int(given))
        name = str(given).upper()
        return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]
    except (ValueError, KeyError):
        raise ApiError(400, f"unknown signal: {given}", "invalid_argument") from None


class MachinesApi:
    """The routes; every change is visible in the machine's state before its answer is sent."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        change = {
            "start": self.start, "stop": self.stop, "restart": self.restart,
            "suspend": self.stop, "signal": self.signal, "cordon": self.cordon,
            "uncordon": self.uncordon, "lease": self.lease,
        }  # fmt: skip
        return [
            web.get("/v1/apps/{app}/machines", self.list, name="list_machines"),
            web.post("/v1/apps/{app}/machines", self.create, name="create_machine"),
            web.get(MACHINE, self.get, name="get_machine"),
            web.post(MACHINE, self.update, name="update_machine"),
            web.delete(MACHINE, self.destroy, name="destroy_machine"),
            *(web.post(f"{MACHINE}/{verb}", work, name=verb) for verb, work in change.items()),
            web.get(f"{MACHINE}/wait", self.wait, name="wait"),
            web.get(f"{MACHINE}/lease", self.get_lease, name="get_lease"),
            web.delete(f"{MACHINE}/lease", self.release_lease, name="release_lease"),
            web.get(f"{MACHINE}/metadata", self.metadata, name="get_metadata"),
            web.post(f"{MACHINE}/metadata/{{key}}", self.set_metadata, name="set_metadata"),
            web.delete(f"{MACHINE}/metadata/{{key}}", self.set_metadata, name="delete_metadata"),
            web.get(f"{MACHINE}/events", self.events, name="events"),
            web.get(f"{MACHINE}/versions", self.versions, name="versions"),
        ]

    def _app(self, request: web.Request) -> App:
        return self._platform.app(request.match_info["app"])

    def _runner(self, request: web.Request) -> Runner:
        return self._app(request).runner(request.match_info["machine"])

    def _change(self, request: web.Request) -> Runner:
        """The machine to change, if the caller may: it is not leased, or by them."""
        runner = self._runner(request)
        runner.machine.demand(request.headers.get(NONCE))
        return runner

    def _begin(self, request: web.Request, state: str, work: Coroutine[Any, Any, Any]) -> None:
        self._runner(request).machine.become(state)
        self._app(request).spawn(work)

    async def list(self, request: web.Request) -> web.Response:
        app, query = self._app(request), request.query
        machines = app.machines + (app.gone if truth(query.get("include_deleted")) else [])
        wanted = {k[9:]: v for k, v in query.items() if k.startswith("metadata.")}
        return web.json_response([
            machine.json(summary=truth(query.get("summary")))
            for machine in machines
            if query.get("region") in {None, "", machine.region}
            and query.get("state") in {None, "", machine.state}
            and wanted.items() <= (machine.config.get("metadata") or {}).items()
        ])  # fmt: skip

    async def get(self, request: web.Request) -> web.Response:
        app, wanted = self._app(request), request.match_info["machine"]
        machine = next((m for m in app.gone if m.id == wanted), None)
        return web.json_response((machine or app.runner(wanted).machine).json())

    async def create(self, request: web.Request) -> web.Response:
        app, given = self._app(request), await body(request)
        config = _config(given)
        if given.get("name") and any(m.name == given["name"] for m in app.machines):
            raise ApiError(409, f"machine name {given['name']} is taken", "name_taken")
        if given.get("region") not in {None, "", app.spec["region"]}:
            raise ApiError(422, f"no capacity in {given['region']}", "insufficient_capacity")
        runner = app.create(config, given.get("name"), given.get("region"))
        runner.machine.cordoned = bool(given.get("skip_service_registration"))
        app.release(config["image"], self._platform.org)
        answer: Json = {}
        if given.get("lease_ttl"):
            lease = runner.machine.take_lease(None, float(given["lease_ttl"]), "user", "")
            answer["nonce"] = lease.nonce
        if not given.get("skip_launch"):
            app.spawn(runner.start())
        return web.json_response(runner.machine.json() | answer)

    async def update(self, request: web.Request) -> web.Response:
        given = await body(request)
        app, runner = self._app(request), self._change(request)
        machine, config = runner.machine, _config(given)
        current = given.get("current_version")
        if current and current != machine.instance_id:
            raise ApiError(
                412,
                f"failed_precondition: current version is {machine.instance_id}, not {current}",
                "failed_precondition",
            )
        if given.get("region") not in {None, "", machine.region}:
            raise ApiError(422, "the region of a machine can't change", "invalid_argument")
        # The port belongs to the process the platform runs here, not to the image.
        env = {**(config.get("env") or {}), "PORT": str(machine.port)}
        app.release(config["image"], self._platform.org)
        machine.revise(config | {"env": env}, app.values())
        machine.cordoned = bool(given.get("skip_service_registration")) or machine.cordoned
        self._begin(request, "replacing", runner.replace(launch=not given.get("skip_launch")))
        return web.json_response(machine.json())

    async def destroy(self, request: web.Request) -> web.Response:
        runner = self._change(request)
        force = truth(request.query.get("force")) or truth(request.query.get("kill"))
        if runner.running and not force:
            raise ApiError(412, "machine still active, refusing to destroy", "failed_precondition")
        self._begin(request, "destroying", self._app(request).destroy(runner.machine.id))
        return web.json_response({"ok": True})

    async def start(self, request: web.Request) -> web.Response:
        runner = self._change(request)
        before = runner.machine.state
        if not runner.running:
            self._begin(request, "starting", runner.start())
        return web.json_response({"previous_state": before, "migrated": False, "new_host": ""})

    async def stop(self, request: web.Request) -> web.Response:
        runner, given = self._change(request), await body(request)
        work = runner.stop(
            signal_number(given.get("signal") or "SIGINT"), duration(given.get("timeout"), 10.0)
        )
        runner.machine.event("stop", "stopping", "user")
        self._begin(request, "stopping", work)
        return web.json_response({"ok": True})

    async def restart(self, request: web.Request) -> web.Response:
        runner, query = self._change(request), request.query
        signum = signal_number(query.get("signal") or "SIGINT")
        timeout = duration(query.get("timeout"), 10.0)
        if truth(query.get("force_stop")):
            signum, timeout = signal.SIGKILL, 0.0
        self._begin(request, "restarting", runner.restart(signum, timeout))
        return web.json_response({"ok": True})

    async def signal(self, request: web.Request) -> web.Response:
        runner = self._change(request)
        runner.signal(signal_number((await body(request)).get("signal")))
        return web.json_response({"ok": True})

    async def cordon(self, request: web.Request) -> web.Response:
        self._change(request).machine.cordoned = True
        return web.json_response({"ok": True})

    async def uncordon(self, request: web.Request) -> web.Response:
        self._change(request).machine.cordoned = False
        return web.json_response({"ok": True})

    async def wait(self, request: web.Request) -> web.Response:
        app, wanted = self._app(request), request.match_info["machine"]
        machine = next((m for m in app.gone if m.id == wanted), None) or app.runner(wanted).machine
        query = request.query
        states = set(query.getall("state", ["started"]))
        version = query.get("version") or query.get("instance_id")
        if not states <= WAITABLE:
            raise ApiError(400, f"can't wait for {', '.join(states)}", "invalid_argument")
        if "stopped" in states and not version:
            raise ApiError(400, "instance_id is required to wait for stopped", "invalid_argument")
        timeout = min(duration(query.get("timeout"), 60.0), 60.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not (machine.state in states and version in {None, machine.instance_id}):
                    await machine.changed.wait()
                return web.json_response({"ok": True, "state": machine.state})
        raise ApiError(408, f"deadline exceeded: machine is {machine.state}", "deadline_exceeded")

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


def _config(given: Json) -> Json:
    config = given.get("config")
    if not isinstance(config, dict) or not config.get("image"):
        raise ApiError(422, "config.image is required", "invalid_argument")
    return config
