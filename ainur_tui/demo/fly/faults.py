"""Faults of the platform itself: what it refuses, loses, forgets, and what others do meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ainur_tui.demo.fly.machines import ApiError, Lease, ulid
from ainur_tui.demo.fly.platform import FAULTY_APP, App, Platform

READS = re.compile("lease|query")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NONCE, HOLDER = "0ther0perator", "deploy@ainur.example"
LASTS = 120.0
TURNED_AWAY = 3
"""Changes turned away for each one let through."""


def disturb(platform: Platform) -> Any:
    """The middleware: no capacity, 429, a token that ends half-way, an answer that is lost.

    Leases and reads (a query may be a POST) get through 429 and lost answers: what they disturb
    is the change itself.
    """
    turned_away, switches = 0, platform.switches

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal turned_away
        name = request.match_info.route.name or ""
        changes = request.method in {"POST", "DELETE"} and not READS.search(name)
        expired = switches.on("fly-token-expired")
        if expired and platform.token_spent:
            raise ApiError(401, "token expired", "unauthorized")
        platform.token_spent = expired and changes
        if changes and switches.on("fly-rate-limited"):
            turned_away = (turned_away + 1) % (TURNED_AWAY + 1)
            if turned_away:
                raise ApiError(429, "rate limit exceeded", "rate_limited")
        if name == "create_machine" and switches.on("fly-no-capacity"):
            raise ApiError(422, "insufficient resources available in sjc", "insufficient_capacity")
        answer = await handler(request)
        if changes and switches.on("fly-answer-lost") and request.transport is not None:
            request.transport.abort()
        return answer

    return middleware


class Meddler:
    """Another operator of the same app: holds leases, adds a machine, restarts another."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._app = platform.apps.get(FAULTY_APP)
        self._switches = platform.switches
        self._came: str | None = None
        self._meddled = False

    async def apply(self) -> None:
        """Do, or undo, what the switches say."""
        if not self._switches.on("fly-token-expired"):
            self._platform.token_spent = False
        if self._app is None:
            return
        self._leases(self._app)
        if not self._switches.on("api-never-healthy"):
            for machine in self._app.machines:
                machine.ailing = False
        meddles = self._switches.on("fly-external-change")
        if meddles and not self._meddled:
            self._meddle(self._app)
        elif self._meddled and not meddles and self._came and self._came in self._app.runners:
            self._app.spawn(self._app.destroy(self._came))
        self._meddled = meddles

    def _leases(self, app: App) -> None:
        held = self._switches.on("fly-lease-held")
        for machine in app.machines:
            lease = machine.leased()
            if held and lease is None:
                until = time.time() + LASTS
                machine.lease = Lease(NONCE, until, HOLDER, ulid(), "deployment of v143")
            elif not held and lease is not None and lease.nonce == NONCE:
                machine.lease = None

    def _meddle(self, app: App) -> None:
        runners = list(app.runners.values())
        if not runners:
            return
        new = app.create(runners[-1].machine.config)
        self._came = new.machine.id
        app.spawn(new.start())
        app.spawn(runners[0].restart())
