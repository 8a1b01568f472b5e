"""Apps and secrets of the Machines API, and the web API: releases and logs."""

from __future__ import annotations

import re
import time

from aiohttp import web

from ainur_tui.demo.fly.http import Routes, body
from ainur_tui.demo.fly.machines import ApiError, Json, ulid
from ainur_tui.demo.fly.platform import App

APP_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
SECRETS = "/v1/apps/{app}/secrets"
WEB = "/api/v1/apps/{app}"


class WebApi(Routes):
    """The routes that are about an app as a whole, and about the token."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/apps", self.apps, name="list_apps"),
            web.post("/v1/apps", self.create_app, name="create_app"),
            web.get("/v1/apps/{app}", self.app, name="get_app"),
            web.delete("/v1/apps/{app}", self.destroy_app, name="destroy_app"),
            web.get("/v1/tokens/current", self.tokens, name="current_token"),
            web.get("/v1/postgres", self.clusters, name="list_clusters"),
            web.get(SECRETS, self.secrets, name="list_secrets"),
            web.get(f"{SECRETS}/{{name}}", self.secret, name="get_secret"),
            web.post(SECRETS, self.set_secrets, name="set_secrets"),
            web.post(f"{SECRETS}/{{name}}", self.set_secret, name="set_secret"),
            web.delete(f"{SECRETS}/{{name}}", self.unset_secret, name="unset_secret"),
            web.get(f"{WEB}/releases", self.releases, name="releases"),
            web.get(f"{WEB}/releases/current", self.current, name="current_release"),
            web.get(f"{WEB}/logs", self.logs, name="logs"),
        ]

    def _json(self, app: App) -> Json:
        running = any(machine.state == "started" for machine in app.machines)
        return {
            "id": app.name,
            "name": app.name,
            "status": "deployed" if running else "suspended",
            "machine_count": len(app.machines),
            "network": "default",
            "organization": {"name": self._platform.org, "slug": self._platform.org},
        }

    async def apps(self, request: web.Request) -> web.Response:
        asked = request.query.get("org_slug")
        shown = self._platform.apps.values() if asked in {None, self._platform.org} else ()
        found = [self._json(app) for app in shown]
        return web.json_response({"total_apps": len(found), "apps": found})

    async def app(self, request: web.Request) -> web.Response:
        return web.json_response(self._json(self._app(request)))

    async def create_app(self, request: web.Request) -> web.Response:
        given = await body(request)
        name, org = given.get("app_name"), given.get("org_slug")
        if not isinstance(name, str) or not APP_NAME.fullmatch(name):
            raise ApiError(422, "Validation failed: Name is invalid", "invalid_argument")
        if org != self._platform.org:
            raise ApiError(404, "organization not found", "not_found")
        self._platform.create(name)
        told = {"id": ulid().lower()[:16], "created_at": int(time.time() * 1000)}
        return web.json_response(told, status=201)

    async def destroy_app(self, request: web.Request) -> web.Response:
        await self._platform.destroy(request.match_info["app"])
        return web.Response(status=202)

    async def tokens(self, _: web.Request) -> web.Response:
        org = self._platform.org
        told = {
            "token_id": ulid(),
            "organization": org,
            "org_slug": org,
            "apps": list(self._platform.apps),
            "user": f"console@{org}.example",
        }
        return web.json_response({"tokens": [told]})

    async def clusters(self, _: web.Request) -> web.Response:
        # The database is an app like others: nobody manages it.
        return web.json_response({"data": []})

    async def secrets(self, request: web.Request) -> web.Response:
        return web.json_response({"secrets": _secrets(self._app(request))})

    async def secret(self, request: web.Request) -> web.Response:
        app, name = self._app(request), request.match_info["name"]
        if name not in app.secrets:
            raise ApiError(404, f"secret {name} not found", "not_found")
        return web.json_response(app.secrets[name].json(name))

    async def set_secrets(self, request: web.Request) -> web.Response:
        app, values = self._app(request), (await body(request)).get("values")
        if not isinstance(values, dict):
            raise ApiError(422, "values is required", "invalid_argument")
        app.set_secrets(values)
        return web.json_response({"secrets": _secrets(app), "version": app.secrets_version})

    async def set_secret(self, request: web.Request) -> web.Response:
        app, name = self._app(request), request.match_info["name"]
        value = (await body(request)).get("value")
        if not isinstance(value, str):
            raise ApiError(422, "value is required", "invalid_argument")
        app.set_secrets({name: value})
        row = app.secrets[name].json(name)
        return web.json_response(row | {"version": app.secrets_version}, status=201)

    async def unset_secret(self, request: web.Request) -> web.Response:
        app, name = self._app(request), request.match_info["name"]
        if name not in app.secrets:
            raise ApiError(404, f"secret {name} not found", "not_found")
        app.set_secrets({name: None})
        return web.json_response({"version": app.secrets_version})

    async def releases(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "20")
        if not limit.isdigit():
            raise ApiError(400, "limit must be a number", "invalid_argument")
        return web.json_response({"releases": self._app(request).releases[: int(limit)]})

    async def current(self, request: web.Request) -> web.Response:
        return web.json_response(self._app(request).releases[0])

    async def logs(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            page = self._app(request).logs.page(
                query.get("next_token"), query.get("instance"), query.get("region")
            )
        except ValueError:
            raise ApiError(400, "next_token must be a number", "invalid_argument") from None
        return web.json_response(page)


def _secrets(app: App) -> list[Json]:
    return [secret.json(name) for name, secret in sorted(app.secrets.items())]
