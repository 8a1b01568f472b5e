"""What all routes of the platform share: who may ask, how often, and how errors are answered."""

from __future__ import annotations

import email.utils
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ainur_tui.demo.fly.machines import ApiError, Json, ulid
from ainur_tui.demo.fly.platform import App, Platform
from ainur_tui.demo.fly.runner import Runner

NONCE = "fly-machine-lease-nonce"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SCHEMES = re.compile(r"^(?:(?:Bearer|FlyV1)\s+)+", re.IGNORECASE)


class Routes(ABC):
    """An API: its routes, and what they need to find what they are about."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """What is served."""

    def _app(self, request: web.Request) -> App:
        return self._platform.app(request.match_info["app"])

    def _runner(self, request: web.Request) -> Runner:
        return self._app(request).runner(request.match_info["machine"])

    def _change(self, request: web.Request) -> Runner:
        """The machine to change, if the caller may: it is not leased, or by them."""
        runner = self._runner(request)
        runner.machine.demand(request.headers.get(NONCE))
        return runner


def same_token(header: str, token: str) -> bool:
    """Whether an Authorization header carries the token, as ``Bearer`` or ``FlyV1``."""
    return bool(SCHEMES.match(header)) and SCHEMES.sub("", header) == SCHEMES.sub("", token)


class RateLimit:
    """Token buckets per action and machine (or app), as documented: 1/s with a burst of 3;
    *get machine* 5/s with a burst of 10."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, action: str, what: str) -> float:
        """0 when the call may go on, else the seconds to wait."""
        rate, burst = (5.0, 10.0) if action == "get_machine" else (1.0, 3.0)
        now = self._clock()
        left, then = self._buckets.get((action, what), (burst, now))
        left = min(burst, left + (now - then) * rate)
        if left < 1:
            self._buckets[action, what] = (left, now)
            return (1 - left) / rate
        self._buckets[action, what] = (left - 1, now)
        return 0.0


def gate(token: str, limit: RateLimit | None, region: str) -> Any:
    """The middleware: request id and date on every answer, 401, 429, errors as JSON."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = f"{ulid()}-{region}"
        try:
            answer = await _admit(request, handler)
        except ApiError as error:
            answer = web.json_response(
                {"error": error.text, "status": error.word}, status=error.http
            )
            if error.http == 429:
                answer.headers["Retry-After"] = "1"
        except web.HTTPException as error:
            answer = web.json_response(
                {"error": error.reason, "status": "unknown"}, status=error.status
            )
        answer.headers["fly-request-id"] = request_id
        answer.headers["Date"] = email.utils.formatdate(usegmt=True)
        answer.headers["Server"] = "Fly"
        return answer

    async def _admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not same_token(request.headers.get("Authorization", ""), token):
            raise ApiError(401, "unauthorized", "unauthorized")
        if limit is not None:
            info = request.match_info
            action = info.route.name or f"{request.method} {info.route.resource}"
            wait = limit.wait(action, info.get("machine", info.get("app", "")))
            if wait:
                raise ApiError(429, "rate limit exceeded", "rate_limited")
        return await handler(request)

    return middleware


async def body(request: web.Request) -> Json:
    """The JSON object of a request, empty when there is none; 400 for anything else."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        given = json.loads(raw)
    except ValueError as error:
        raise ApiError(400, f"invalid JSON: {error}", "invalid_argument") from None
    if not isinstance(given, dict):
        raise ApiError(400, "the body must be a JSON object", "invalid_argument")
    return given


def truth(text: str | None) -> bool:
    """A query parameter as a boolean."""
    return (text or "").lower() in {"1", "t", "true"}


def duration(given: Any, default: float) -> float:
    """Seconds from a number, ``"10s"``, ``"500ms"`` or ``"1m"``; 400 for anything else."""
    if given in (None, ""):
        return default
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", str(given))
    if not match:
        raise ApiError(400, f"invalid duration: {given}", "invalid_argument")
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[match[2] or "s"]
