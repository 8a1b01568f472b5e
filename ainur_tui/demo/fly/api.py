"""The Machines API under ``/v1``: list, create, change, wait for and destroy machines."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from ainur_tui.demo.fly.http import Routes, body, duration, truth
from ainur_tui.demo.fly.machines import ApiError, Json
from ainur_tui.demo.fly.platform import App

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


class MachinesApi(Routes):
    """The routes; every change is visible in the machine's state before its answer is sent."""

    def routes(self) -> list[web.RouteDef]:
        change = {
            "start": self.start, "stop": self.stop, "restart": self.restart,
            "suspend": self.suspend, "signal": self.signal, "cordon": self.cordon,
            "uncordon": self.uncordon,
        }  # fmt: skip
        return [
            web.get("/v1/apps/{app}/machines", self.list, name="list_machines"),
            web.post("/v1/apps/{app}/machines", self.create, name="create_machine"),
            web.get(MACHINE, self.get, name="get_machine"),
            web.post(MACHINE, self.update, name="update_machine"),
            web.delete(MACHINE, self.destroy, name="destroy_machine"),
            *(web.post(f"{MACHINE}/{verb}", work, name=verb) for verb, work in change.items()),
            web.get(f"{MACHINE}/wait", self.wait, name="wait"),
        ]

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
        _demand_secrets(app, given)
        if given.get("name") and any(m.name == given["name"] for m in app.machines):
            raise ApiError(409, f"machine name {given['name']} is taken", "name_taken")
        if given.get("region") not in {None, "", app.spec["region"]}:
            raise ApiError(422, f"no capacity in {given['region']}", "insufficient_capacity")
        app.demand_volumes(config)
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
        _demand_secrets(app, given)
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
        if not runner.awake:
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

    async def suspend(self, request: web.Request) -> web.Response:
        runner = self._change(request)
        if not runner.awake:
            state = runner.machine.state
            raise ApiError(412, f"machine is {state}, not started", "failed_precondition")
        self._begin(request, "suspending", runner.suspend())
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


def _config(given: Json) -> Json:
    config = given.get("config")
    if not isinstance(config, dict) or not config.get("image"):
        raise ApiError(422, "config.image is required", "invalid_argument")
    return config


def _demand_secrets(app: App, given: Json) -> None:
    """Refuse a machine that wants newer secrets than there are."""
    wanted = given.get("min_secrets_version")
    if wanted is None:
        return
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 0:
        raise ApiError(400, "min_secrets_version must be a number", "invalid_argument")
    if wanted > app.secrets_version:
        raise ApiError(
            412,
            f"secrets version {wanted} is not available, the newest is {app.secrets_version}",
            "failed_precondition",
        )
