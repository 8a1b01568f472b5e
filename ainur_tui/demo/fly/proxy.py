"""The platform's edge: requests go round robin to machines that are well, and none is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    web,
)
from multidict import CIMultiDict, CIMultiDictProxy

from ainur_tui.demo.fly.machines import Machine, ulid
from ainur_tui.demo.fly.platform import App
from ainur_tui.demo.switches import Switches

FORCE = "fly-force-instance-id"
WHOLE = 64 * 1024
"""Answers up to this many bytes are passed on in one piece."""
NOT_PASSED = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "expect", FORCE,
}  # fmt: skip
REPEATABLE = {"GET", "HEAD", "OPTIONS"}


class Edge:
    """The public door of one app."""

    def __init__(self, app: App, switches: Switches) -> None:
        self._app = app
        self._switches = switches
        self._turn = itertools.count()
        self._session: ClientSession

    def application(self) -> web.Application:
        """The aiohttp application to serve on the public port."""
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self.handle)
        application.cleanup_ctx.append(self._connected)
        return application

    async def _connected(self, _: web.Application) -> AsyncIterator[None]:
        async with ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=10),
            timeout=ClientTimeout(total=None, connect=2.0),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as self._session:
            yield

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on and its answer back; another machine is tried when that is safe."""
        if self._switches.on("api-silent"):
            return await self._never(request)
        request_id = f"{ulid()}-{self._app.spec['region']}"
        said = "no known healthy instances found for route tcp/443"
        for machine in self._candidates(request.headers.get(FORCE)):
            if machine.state != "started":
                continue
            with _inflight(machine):
                try:
                    answer = await self._ask(machine, request, request_id)
                    known = answer.content_length
                    small = request.method == "HEAD" or (known is not None and known <= WHOLE)
                    whole = await answer.read() if small else None
                except ClientConnectorError:
                    said = f"could not connect to instance {machine.id}"
                    continue
                except (ClientConnectionError, ClientPayloadError) as error:
                    said = f"instance {machine.id} closed the connection: {error}"
                    if request.method in REPEATABLE:
                        continue
                    break
                async with answer:
                    return await self._pass_back(request, answer, whole, request_id)
        return web.Response(
            status=503 if "no known" in said else 502,
            text=f"{said}\n",
            headers={"fly-request-id": request_id, "server": "Fly/miniature"},
        )

    def _candidates(self, forced: str | None) -> list[Machine]:
        machines = self._app.machines
        if forced:
            return [m for m in machines if m.id == forced and m.state == "started"]
        well = [machine for machine in machines if machine.routable]
        first = next(self._turn) % len(well) if well else 0
        return well[first:] + well[:first]

    async def _ask(self, machine: Machine, request: web.Request, request_id: str) -> ClientResponse:
        headers = _passed(request.headers)
        client = request.remote or ""
        headers["X-Forwarded-For"] = client
        headers["Fly-Client-IP"] = client
        headers["X-Forwarded-Proto"] = request.scheme
        headers["fly-request-id"] = request_id
        return await self._session.request(
            request.method,
            f"http://127.0.0.1:{machine.port}{request.raw_path}",
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        )

    async def _pass_back(
        self, request: web.Request, answer: ClientResponse, whole: bytes | None, request_id: str
    ) -> web.StreamResponse:
        headers = _passed(answer.headers)
        headers["fly-request-id"] = request_id
        headers["Via"] = "1.1 fly.io"
        if whole is not None:
            return web.Response(status=answer.status, headers=headers, body=whole)
        passed = web.StreamResponse(status=answer.status, headers=headers)
        if answer.content_length is None:
            passed.enable_chunked_encoding()
        await passed.prepare(request)
        async for chunk in answer.content.iter_any():
            await passed.write(chunk)
        await passed.write_eof()
        return passed

    async def _never(self, request: web.Request) -> web.Response:
        # The switch is a file: there is no event to wait for.
        while self._switches.on("api-silent") and request.transport:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)


@contextmanager
def _inflight(machine: Machine) -> Iterator[None]:
    machine.inflight += 1
    machine.idle.clear()
    try:
        yield
    finally:
        machine.inflight -= 1
        if machine.inflight == 0:
            machine.idle.set()


def _passed(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in NOT_PASSED)
