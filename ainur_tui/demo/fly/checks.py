"""The health checks of a machine, run against its process as the platform would."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from ainur_tui.demo.fly.machines import Json, Machine, iso

INTERVAL = 1.0
EAGER_INTERVAL = 0.15
"""Seconds between checks while a machine has not passed one yet, so that starting is quick."""
TIMEOUT = 2.0
OUTPUT = 400


def declared(config: Json) -> Iterator[tuple[str, Json]]:
    """Name and declaration of every check in a machine's configuration."""
    for service in config.get("services") or []:
        for index, check in enumerate(service.get("checks") or []):
            port = check.get("port") or service["internal_port"]
            yield f"servicecheck-{index:02d}-{check['type']}-{port}", check
    yield from (config.get("checks") or {}).items()


async def _http(session: ClientSession, port: int, check: Json) -> tuple[bool, str]:
    method, path = check.get("method", "GET").upper(), check.get("path", "/")
    url = f"http://127.0.0.1:{port}{path}"
    async with session.request(method, url, allow_redirects=False) as answer:
        body = (await answer.content.read(OUTPUT)).decode("utf-8", "replace")
        said = f'{method} {url}: {answer.status} {answer.reason} Output: "{body}"'
        return 200 <= answer.status < 300, f"HTTP {said}"


async def _tcp(port: int) -> tuple[bool, str]:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True, "Success"


async def probe(session: ClientSession, port: int, check: Json) -> tuple[bool, str]:
    """Run one check; whether it passes, and its output."""
    try:
        async with asyncio.timeout(TIMEOUT):
            if check["type"] == "http":
                return await _http(session, port, check)
            return await _tcp(port)
    except TimeoutError:
        return False, f"context deadline exceeded: no answer within {TIMEOUT:g} s"
    except (OSError, ClientError) as error:
        return False, f"dial tcp 127.0.0.1:{port}: {error}"


def reset(machine: Machine) -> None:
    """Before a process has answered nothing is known, and the platform says critical."""
    machine.checks = {
        name: _entry(name, "critical", "the machine hasn't started")
        for name, _ in declared(machine.config)
    }


def _entry(name: str, status: str, output: str) -> dict[str, Any]:
    return {"name": name, "status": status, "output": output, "updated_at": iso(time.time())}


async def watch(machine: Machine) -> None:
    """Check the machine's process again and again until cancelled."""
    checks = dict(declared(machine.config))
    async with ClientSession(timeout=ClientTimeout(total=TIMEOUT)) as session:
        while True:
            for name, check in checks.items():
                passes, output = await probe(session, machine.port, check)
                if machine.ailing:
                    passes, output = False, "HTTP 503 Service Unavailable: migrations pending"
                status = "passing" if passes else "critical"
                machine.checks[name] = _entry(name, status, output)
            eager = any(check["status"] != "passing" for check in machine.checks.values())
            await asyncio.sleep(EAGER_INTERVAL if eager else INTERVAL)
