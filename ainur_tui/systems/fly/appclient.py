"""What belongs to an app as a whole: releases, logs, secrets, volumes, certificates, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.answers import json_of, object_of, pick, text
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.access import Pace, authorization
from ainur_tui.systems.fly.limits import Limits
from ainur_tui.systems.fly.token import facts
from ainur_tui.systems.http import Answer, HttpClient
from ainur_tui.systems.httpfailures import HttpFailure
from ainur_tui.systems.httpurls import segment

Rows = list[Mapping[str, Any]]

DONE = frozenset({200, 201, 202, 204})
TRIES, LONGEST_PAUSE = 4, 15.0
"""How often a change is sent that is turned away by the rate limit, and the longest pause
(seconds) that is waited for."""
PAGES = 10
"""Pages of a list that are read at most."""
CHANGE_DEADLINE = 40.0
"""Seconds a change may take to be answered: a restart waits for the old process to end."""


class AppClient:
    """Calls of one organisation's token. Failures are :class:`ProbeFailure`; changes are sent
    once, whatever comes back; only one turned away by the rate limit (429) is sent again."""

    def __init__(self, fly: Fly, token: Secret, *, clock: Clock, redact: Redactor) -> None:
        headers = {"authorization": authorization(token)}
        self.app, self.database_app = fly.app, fly.database_app
        self.limits = Limits(facts(token), clock)
        self._pace = Pace(clock)
        self._machines = HttpClient(
            fly.url, clock=clock, redact=redact, headers=headers, deadline=fly.timeout * 0.95
        )
        self._web = HttpClient(
            fly.web_url, clock=clock, redact=redact, headers=headers, deadline=fly.timeout * 0.95
        )
        self.peer = self._machines.peer
        self._prometheus = None
        if fly.prometheus_url:
            self._prometheus = HttpClient(
                fly.prometheus_url.removesuffix("/").removesuffix("/api/v1"),
                clock=clock, redact=redact, headers=headers, deadline=fly.timeout * 0.95,
            )  # fmt: skip

    async def releases(self, limit: int = 10) -> list[Mapping[str, Any]]:
        """The newest releases of the app, newest first, as they came. ``stable`` is left out
        where no release has it: the platform does not use it for this app."""
        path = f"/api/v1/apps/{segment(self.app)}/releases"
        await self._pace.wait("releases")
        with self.limits.asking("releases"):
            found = object_of(await self._web.get(path, params={"limit": str(limit)}))
        rows = _listed(found, "releases")
        if any(row.get("stable") is True for row in rows):
            return rows
        return [{key: row[key] for key in row if key != "stable"} for row in rows]

    async def logs(self, token: str | None) -> Answer:
        """One page of log lines after ``token``."""
        path = f"/api/v1/apps/{segment(self.app)}/logs"
        with self.limits.asking("logs"):
            return await self._web.get(path, params={"next_token": token} if token else None)

    async def about(self, app: str | None = None) -> Mapping[str, Any]:
        """The app: its name, status and organization."""
        return object_of(await self._machines.get(self._path(app)))

    async def create_app(self, name: str, org: str) -> None:
        """Make an app without anything in it. A lost answer may have made it: look by its name."""
        body = {"app_name": name, "org_slug": org}
        await self._change("POST", "/v1/apps", None, "apps", body)

    async def organization(self) -> str:
        """The organisation that the token is of; raises where it tells none, or several."""
        await self._pace.wait("token")
        rows = _listed(object_of(await self._machines.get("/v1/tokens/current")), "tokens")
        found = {slug for row in rows if (slug := text(row, "org_slug", 60))}
        if len(found) != 1:
            told = f"{len(found)} organisations" if found else "no organisation"
            raise ProbeFailure("bad answer", f"the token tells {told}: give org=…")
        return found.pop()

    async def secrets(self) -> Rows:
        """Names, digests and times of the app's secrets; their values cannot be read."""
        return await self._rows("secrets")

    async def set_secrets(self, values: Mapping[str, Secret | None]) -> int | None:
        """Set (``None``: unset) secrets, staged: machines have them after their next update.
        The version to wait for in that update, where the platform tells one."""
        body = {"values": {k: None if v is None else v.reveal() for k, v in values.items()}}
        path = self._path(None, "secrets")
        found = object_of(await self._change("POST", path, None, "secrets", body))
        told = [found.get(key) for key in ("version", "Version")]
        return next((one for one in told if isinstance(one, int)), None)

    async def volumes(self, app: str | None = None) -> Rows:
        """The app's volumes."""
        return await self._rows("volumes", app=app)

    async def snapshots(self, volume: str, app: str | None = None) -> Rows:
        """A volume's snapshots."""
        return await self._rows("volumes", volume, "snapshots", app=app)

    async def snapshot(self, volume: str) -> None:
        """Take a snapshot of a volume."""
        path = self._path(None, "volumes", volume, "snapshots")
        await self._change("POST", path, None, f"snapshot {volume}")

    async def make_volume(self, name: str, region: str, size: int, app: str | None = None) -> None:
        """Make an empty volume of ``size`` GB. A lost answer may have made one: look by its name
        before trying again."""
        body = {"name": name, "region": region, "size_gb": size}
        await self._change("POST", self._path(app, "volumes"), None, f"volume {name}", body)

    async def drop_volume(self, id: str, app: str | None = None) -> None:
        """Destroy a volume and what is on it."""
        await self._change("DELETE", self._path(app, "volumes", id), None, f"volume {id}")

    async def certificates(self) -> Rows:
        """The app's host names with certificates: a summary of each, without when they end."""
        return await self._rows("certificates")

    async def certificate(self, hostname: str) -> Mapping[str, Any]:
        """One host name's certificates, what is wrong with them, and which DNS they need."""
        return object_of(await self._machines.get(self._path(None, "certificates", hostname)))

    async def addresses(self) -> Rows:
        """The app's public addresses."""
        await self._pace.wait("ip_assignments")
        path = self._path(None, "ip_assignments")
        return _listed(object_of(await self._machines.get(path)), "ips")

    async def clusters(self, organization: str) -> Rows:
        """The organization's managed Postgres clusters."""
        params = {"org_slug": organization}
        return _listed(object_of(await self._machines.get("/v1/postgres", params=params)), "data")

    async def query(self, promql: str) -> Rows:
        """An instant query of the platform's Prometheus: its vector, as it came."""
        if self._prometheus is None:
            raise ProbeFailure("missing", "fly.prometheus_url is not configured")
        answer = await self._prometheus.get("/api/v1/query", params={"query": promql})
        return _listed(pick(object_of(answer), "data"), "result")

    async def close(self) -> None:
        """Close the connections' pools."""
        await self._machines.close()
        await self._web.close()
        if self._prometheus is not None:
            await self._prometheus.close()

    async def _rows(self, *parts: str, app: str | None = None) -> Rows:
        """A list of the app's, given as it is or under the name of what it lists; all its pages."""
        kind, path = parts[-1], self._path(app, *parts)
        rows: Rows = []
        params: dict[str, str] | None = None
        for _ in range(PAGES):
            await self._pace.wait(" ".join((app or "", *parts)))
            with self.limits.asking(f"{kind} of {app}" if app else kind):
                found = json_of(await self._machines.get(path, params=params))
            rows += _listed(found, kind)
            cursor = pick(found, "next_cursor")
            if not isinstance(cursor, str) or not cursor:
                break
            params = {"cursor": cursor}
        return rows

    async def _change(
        self,
        method: str,
        path: str,
        nonce: str | None,
        pace: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        for attempt in range(TRIES):
            await self._pace.wait(pace)
            try:
                return await self._machines.send(
                    method,
                    path,
                    json=body,
                    params=params,
                    headers={"fly-machine-lease-nonce": nonce} if nonce else None,
                    expect=DONE,
                    deadline=CHANGE_DEADLINE,
                )
            except HttpFailure as failure:
                # Only this status says for certain that nothing was done.
                pause = failure.retry_after if failure.retry_after is not None else 2.0**attempt
                if failure.status != 429 or attempt == TRIES - 1 or pause > LONGEST_PAUSE:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _path(self, app: str | None, *parts: str) -> str:
        return "/v1/apps/" + "/".join(segment(part) for part in (app or self.app, *parts))


def _listed(found: Any, key: str) -> Rows:
    """The objects of a list, as it is or under ``key``; null stands for one that is empty."""
    rows = found[key] if isinstance(found, Mapping) and key in found else found
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise ProbeFailure("bad answer", f"JSON without {key}")
    return [row for row in rows if isinstance(row, Mapping)]


def release_words(row: Mapping[str, Any]) -> str:
    """A release in a line: ``v142 by deploy@… (complete)``."""
    version = row.get("version")
    user = text(row, "user.email", 60) or text(row, "user.name", 60) or text(row, "user", 60)
    by = f" by {user}" if user else ""
    return f"v{version if isinstance(version, int) else '?'}{by}"
