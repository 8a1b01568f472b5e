"""The frontend's page tells how the API is; its certificate ends, and is renewed."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientSession, web

from ainur_tui.demo.credentials import AUTHORITY
from ainur_tui.demo.service import free_port, serve
from ainur_tui.demo.switches import Switches
from ainur_tui.systems.certificates import Host, shown
from tests.demo.flyhouse import until
from tests.demo.processes import answers, component

NO_CHAIN = "certificate chain incomplete, or of an unknown authority"


async def test_the_page_follows_the_api_and_the_maintenance_marker(tmp_path: Path) -> None:
    status, api, port = {"now": 200}, free_port(), free_port()

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "told"}, status=status["now"])

    application = web.Application()
    application.add_routes([web.get("/health", health)])
    server = await serve(application, api)
    words = ("--port", port, "--https-port", free_port(), "--api", f"http://127.0.0.1:{api}")
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


async def test_faults_decide_which_certificate_is_served(tmp_path: Path) -> None:
    plain, port = free_port(), free_port()
    switches = Switches(tmp_path)
    words = ("--port", plain, "--https-port", port, "--api", f"http://127.0.0.1:{free_port()}")

    async def seen() -> tuple[str | None, str | None]:
        found = await shown(Host("127.0.0.1", port, tmp_path / AUTHORITY))
        one = found.certificate
        return found.refused, one and f"{(one.ends - one.begins) / 86400:.0f} {one.names[0]}"

    async def shows(refused: str | None) -> bool:
        return refused == (await seen())[0]

    with component("frontend", tmp_path, *words):
        answers(f"http://127.0.0.1:{plain}/")
        assert await seen() == (None, "90 app.ainur.example")
        for fault, refused in (
            ("expired", "its certificate has expired"),
            ("chain", NO_CHAIN),
        ):
            switches.set(f"frontend-certificate-{fault}", on=True)
            await until(lambda words=refused: shows(words), f"it is refused: {refused}")
            switches.set(f"frontend-certificate-{fault}", on=False)
            await until(lambda: shows(None), "it is taken again")
    root = (tmp_path / "secrets" / "ca-key").read_text()
    with component("frontend", tmp_path, *words):
        answers(f"http://127.0.0.1:{plain}/")
        assert await seen() == (None, "90 app.ainur.example")
    assert (tmp_path / "secrets" / "ca-key").read_text() == root
