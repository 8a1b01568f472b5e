"""The frontend's page tells how the API is, and when it is being mended."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientSession, web

from ainur_tui.demo.service import free_port, serve
from tests.demo.flyhouse import until
from tests.demo.processes import answers, component


async def test_the_page_follows_the_api_and_the_maintenance_marker(tmp_path: Path) -> None:
    status, api, port = {"now": 200}, free_port(), free_port()

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "told"}, status=status["now"])

    application = web.Application()
    application.add_routes([web.get("/health", health)])
    server = await serve(application, api)
    words = ("--port", port, "--api", f"http://127.0.0.1:{api}")
    with component("frontend", tmp_path, *words):
        answers(f"http://127.0.0.1:{port}/")
        async with ClientSession() as session:

            async def page(path: str = "/") -> tuple[int, str]:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.status, await answer.text()

            async def says(word: str) -> bool:
                return word in (await page())[1]

            await until(lambda: says("operational"), "the API is well")
            assert await page("/api/health") == (200, '{"status": "told"}')
            status["now"] = 503
            await until(lambda: says("degraded"), "the API is not")
            (tmp_path / "maintenance").touch()
            code, text = await page()
            assert code == 503
            assert "maintenance" in text
    await server.cleanup()
