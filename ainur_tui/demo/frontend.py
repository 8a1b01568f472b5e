"""The frontend process: one page that shows whether the API is well, or that we are mending it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from ainur_tui.demo.service import arguments, every, run, serve, until_stopped
from ainur_tui.demo.tls import TURN_EVERY, Served

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Ainur Protocol</title>
<meta name="ainur-status" content="{status}"></head>
<body><main><h1>Ainur Protocol</h1><p id="status">{words}</p></main></body>
</html>
"""
API_TIMEOUT = 2.0
LOOK_EVERY = 1.0
PUSH_EVERY = 1.0
UNSENT = 5000
"""Lines kept for a Loki that does not take them."""


class Frontend:
    """``/`` is the page, ``/api/…`` the API behind it, as the real frontend forwards it.

    The page tells how the API was when last asked: a slow API does not make the page slow.
    """

    def __init__(
        self, directory: Path, api: str, session: ClientSession, loki: str | None = None
    ) -> None:
        self._loki = loki
        self._lines: deque[list[str]] = deque(maxlen=UNSENT)
        self._marker = directory / "maintenance"
        self._api = api
        self._session = session
        self._well, self._maintenance = True, False

    def application(self) -> web.Application:
        """The aiohttp application to serve."""
        application = web.Application(middlewares=[self._logged])
        application.add_routes([web.get("/", self.page), web.get("/api/{path:.*}", self.api)])
        return application

    @web.middleware
    async def _logged(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A line for every request, as nginx writes it."""
        answer = await handler(request)
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        agent = request.headers.get("User-Agent", "-")
        line = (
            f'{request.remote} - - [{stamp}] "{request.method} {request.path_qs} HTTP/1.1"'
            f' {answer.status} {answer.content_length or 0} "-" "{agent}"'
        )
        self._lines.append([str(time.time_ns()), line])
        return answer

    async def push(self) -> None:
        """Send the lines to the Loki; those it does not take are sent again."""
        values = list(self._lines)
        if self._loki is None or not values:
            return
        stream = {"stream": {"app": "frontend", "job": "nginx"}, "values": values}
        try:
            async with self._session.post(
                f"{self._loki}/loki/api/v1/push", json={"streams": [stream]}
            ) as answer:
                taken = answer.status == 204
        except (TimeoutError, ClientError):
            return
        for _ in values if taken else ():
            self._lines.popleft()

    async def look(self) -> None:
        """Ask the API how it is."""
        status, body = await self._ask("health")
        self._well = status == 200
        # What does not answer tells nothing: a page that said maintenance goes on saying it.
        if self._well:
            self._maintenance = b'"maintenance": true' in body

    async def page(self, _: web.Request) -> web.Response:
        if self._maintenance or self._marker.exists():
            words = "Down for maintenance. We will be back shortly."
            return web.Response(
                text=PAGE.format(status="maintenance", words=words),
                content_type="text/html",
                status=503,
                headers={"Retry-After": "300", "X-Maintenance": "true"},
            )
        status = "operational" if self._well else "degraded"
        words = "All systems operational" if self._well else "The API is not available just now"
        return web.Response(text=PAGE.format(status=status, words=words), content_type="text/html")

    async def api(self, request: web.Request) -> web.Response:
        status, body = await self._ask(request.match_info["path"])
        return web.Response(status=status, body=body, content_type="application/json")

    async def _ask(self, path: str) -> tuple[int, bytes]:
        try:
            async with self._session.get(f"{self._api}/{path}") as answer:
                return answer.status, await answer.read()
        except (TimeoutError, ClientError):
            return 502, b'{"error": "the API did not answer"}'


async def main(directory: Path, port: int, https_port: int, api: str, loki: str | None) -> None:
    """Serve the page until told to stop."""
    served = Served(directory, "frontend")
    async with ClientSession(timeout=ClientTimeout(total=API_TIMEOUT)) as session:
        frontend = Frontend(directory, api.rstrip("/"), session, loki)
        servers = [
            await serve(frontend.application(), https_port, grace=0.5, tls=served.context),
            await serve(frontend.application(), port, grace=0.5),
        ]
        works = [
            asyncio.create_task(every(LOOK_EVERY, frontend.look)),
            asyncio.create_task(every(PUSH_EVERY, frontend.push)),
            asyncio.create_task(every(TURN_EVERY, served.look)),
        ]
        await until_stopped()
        for work in works:
            work.cancel()
        for server in servers:
            await server.cleanup()


if __name__ == "__main__":
    given = arguments(
        "ainur_tui.demo.frontend",
        ("--port", {"type": int, "required": True}),
        ("--https-port", {"type": int, "required": True}),
        ("--api", {"required": True, "help": "base URL of the API"}),
        ("--loki", {"help": "base URL of the Loki that gets its access log"}),
    )
    sys.exit(run(main(given.dir, given.port, given.https_port, given.api, given.loki)))
