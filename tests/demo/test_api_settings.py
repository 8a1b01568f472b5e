"""Settings of the API service that change what it does: each as a process that was given them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientSession

from ainur_tui.demo.service import free_port
from tests.demo.conftest import House
from tests.demo.flyhouse import until
from tests.demo.processes import component

pytestmark = pytest.mark.timeout(60)


@asynccontextmanager
async def api(house: House, directory: Path, **settings: str) -> AsyncIterator[ClientSession]:
    """One machine with these settings, well; what it writes goes to ``directory/said``."""
    # Ids of tasks come from the machine's: two machines never make the same.
    own = {"DATABASE_URL": house.url(), "PORT": str(free_port()), "FLY_MACHINE_ID": directory.name}
    env = os.environ | own | settings
    with (directory / "said").open("wb") as said:
        process = subprocess.Popen(  # noqa: ASYNC220 (it is ended below, whatever happens)
            [sys.executable, "-m", "ainur_tui.demo.api", "--dir", str(directory)],
            stdout=said, stderr=said, env=env,
        )  # fmt: skip
    try:
        async with ClientSession(f"http://127.0.0.1:{env['PORT']}") as http:

            async def well() -> bool:
                async with http.get("/health") as answer:
                    return answer.status == 200

            await until(well, "the API is well")
            yield http
    finally:
        process.terminate()
        assert process.wait(10) == 0


async def auctions_of(house: House, http: ClientSession) -> int:
    """Have a task done; how many auctions it had."""
    async with http.post("/api/v1/tasks", json={"type": "plan", "budget": 5}) as answer:
        id = (await answer.json())["id"]

    async def done() -> bool:
        async with http.get(f"/api/v1/tasks/{id}") as answer:
            found = await answer.json() if answer.status == 200 else {}
            return found.get("status") in {"completed", "failed"}

    await until(done, "the task is done")
    connection = await asyncpg.connect(house.url("ainur_monitor"))
    try:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM auctions WHERE task_id = $1::uuid", id
        )
    finally:
        await connection.close()
    return found


async def test_the_log_level_and_the_auctions(house: House, tmp_path: Path) -> None:
    (quiet := tmp_path / "quiet").mkdir()
    (loud := tmp_path / "loud").mkdir()
    async with (
        api(house, quiet, LOG_LEVEL="error", ENABLE_AUCTION_SYSTEM="false") as silent,
        api(house, loud, LOG_LEVEL="debug") as talking,
    ):
        assert await auctions_of(house, silent) == 0
        assert await auctions_of(house, talking) == 1
    written = {place.name: (place / "said").read_text() for place in (quiet, loud)}
    assert '"level":' not in written["quiet"]
    assert "[GIN]" in written["quiet"]
    for level, words in (("debug", "request handled"), ("info", "server started")):
        assert any(
            f'"level":"{level}"' in line and words in line for line in written["loud"].splitlines()
        )


async def test_maintenance_as_users_see_it(house: House, tmp_path: Path) -> None:
    api_port, port = free_port(), free_port()
    async with api(house, tmp_path, MAINTENANCE_MODE="true", PORT=str(api_port)) as http:

        async def get(path: str) -> tuple[int, Any, Any]:
            async with http.get(path) as answer:
                return answer.status, await answer.json(), answer.headers

        status, said, headers = await get("/api/v1/agents")
        assert (status, said["maintenance"]) == (503, True)
        assert int(headers["Retry-After"]) > 0
        status, said, _ = await get("/health")
        assert (status, said["status"], said["maintenance"]) == (200, "healthy", True)
        words = (
            "--port",
            port,
            "--https-port",
            free_port(),
            "--api",
            f"http://127.0.0.1:{api_port}",
        )
        with component("frontend", tmp_path, *words):
            async with ClientSession(f"http://127.0.0.1:{port}") as page:

                async def shown() -> str | None:
                    async with page.get("/") as answer:
                        text = await answer.text()
                        return text if answer.status == 503 else None

                text = await until(shown, "the page tells of the maintenance")
        assert 'content="maintenance"' in text
