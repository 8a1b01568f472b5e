"""A platform in a directory of its own, with machines that are a few lines of HTTP server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

from ainur_tui.demo.service import free_port
from ainur_tui.demo.switches import Switches

SERVER = """
import os, signal, sys
from aiohttp import web
import asyncio

async def answer(request):
    await asyncio.sleep(float(request.query.get("wait", 0)))
    said = request.query.get("say")
    if said:
        sys.stderr.buffer.write(bytes.fromhex(said) + b"\\n")
        sys.stderr.flush()
    if "end" in request.query:
        os._exit(int(request.query["end"]))
    body = (await request.read()).decode()
    return web.json_response({"machine": os.environ["FLY_MACHINE_ID"], "body": body,
        "pid": os.getpid(),
        "image": os.environ["FLY_IMAGE_REF"], "secret": os.environ.get("JWT_SECRET")})

app = web.Application()
app.router.add_route("*", "/{path:.*}", answer)
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, shutdown_timeout=5)
"""


@dataclass
class House:
    """A running platform: its API, its public door, its switches."""

    api: str
    edge: str
    session: ClientSession
    switches: Switches
    process: subprocess.Popen[bytes]

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, self.api + path, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def machines(self, app: str = "zerostate-api") -> list[dict[str, Any]]:
        status, found = await self.call("GET", f"/v1/apps/{app}/machines")
        assert status == 200
        return list(found)

    async def ask(self, path: str = "/", **options: Any) -> tuple[int, Any]:
        method = options.pop("method", "GET")
        async with self.session.request(method, self.edge + path, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else text

    async def well(self, count: int = 2) -> list[dict[str, Any]]:
        """Wait until that many machines are started and pass their checks."""

        async def condition() -> list[dict[str, Any]] | None:
            found = await self.machines()
            good = [
                m
                for m in found
                if m["state"] == "started" and all(c["status"] == "passing" for c in m["checks"])
            ]
            return found if len(good) == len(found) == count else None

        found: list[dict[str, Any]] = await until(condition, f"{count} machines are well")
        return found


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = 30.0) -> Any:
    """Poll until ``condition`` gives something true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = await condition()
        except (ClientError, OSError):
            found = None
        if found:
            return found
        await asyncio.sleep(0.03)
    raise AssertionError(f"not within {seconds:g} s: {what}")


@asynccontextmanager
async def house(directory: Path, *flags: str, ends: int = 0) -> AsyncIterator[House]:
    """Start the platform, wait until its machines are well, end it."""
    port, edge, database = free_port(), free_port(), free_port()
    (directory / "token").write_text("FlyV1 fm2_secret\n")
    (directory / "server.py").write_text(SERVER)
    command = [sys.executable, str(directory / "server.py")]
    api = {
        "name": "zerostate-api", "proxy_port": edge, "internal_port": None, "region": "sjc",
        "image": "registry.fly.io/zerostate-api:deployment-01", "count": 2, "command": command,
        "env": {"LOG_LEVEL": "info", "JWT_SECRET": "first"},
        "check": {"type": "http", "path": "/health"}, "hostnames": ["api.ainur.example"],
    }  # fmt: skip
    db = api | {
        "name": "ainur-db", "proxy_port": None, "internal_port": database, "count": 1,
        "env": {}, "check": {"type": "tcp"}, "hostnames": [],
        "volumes": [
            {"name": "pg_data", "size_gb": 3, "path": "/data", "directory": str(directory)}
        ],
    }  # fmt: skip
    spec = {"port": port, "token_file": str(directory / "token"), "org": "ainur", "apps": [api, db]}
    (directory / "fly.json").write_text(json.dumps(spec))
    process = subprocess.Popen(  # noqa: ASYNC220 (it outlives the loop's watchers)
        [sys.executable, "-m", "ainur_tui.demo.fly", "--dir", str(directory), *flags]
    )
    headers = {"Authorization": "Bearer fm2_secret"}
    try:
        async with ClientSession(headers=headers) as session:
            place = House(
                f"http://127.0.0.1:{port}", f"http://127.0.0.1:{edge}", session,
                Switches(directory), process,
            )  # fmt: skip
            if not flags:
                await until(place.machines, "the API answers")
                await place.well()
            yield place
    finally:
        process.terminate()
        assert process.wait(30) == ends
