"""What the token and the platform allow is asked for, one by one, and told in words."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ainur_tui.config.types import Environment, Fly
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.fly.abilities import abilities
from tests.systems.flyfake import TOKEN, machine
from tests.systems.flysystem import CONTEXT
from tests.systems.web import app_server

APP = "/v1/apps/zerostate-api"
ANSWERS: dict[str, Any] = {
    f"{APP}/machines": [],
    f"{APP}/secrets": {"secrets": []},
    f"{APP}/volumes": [],
    f"{APP}/certificates": {"certificates": []},
    "/api/v1/apps/zerostate-api/releases": {"releases": []},
    "/api/v1/apps/zerostate-api/logs": {"data": [], "meta": {"next_token": "1"}},
    "/v1/apps/ainur-db/machines": [machine("d9")],
    "/v1/tokens/current": {
        "tokens": [{"user": "mira@ainur.example", "org_slug": "ainur", "apps": ["zerostate-api"]}]
    },
}


async def told(answers: dict[str, Any], token: str = TOKEN) -> dict[str, Examined]:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("authorization") != TOKEN:
            return web.json_response({"error": "unauthorized"}, status=401)
        found = answers.get(request.path)
        if isinstance(found, int):
            return web.json_response({"error": "no \x1b[31mway"}, status=found)
        return web.json_response(found or [], status=404 if found is None else 200)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with app_server(app) as url:
        fly = Fly(token=token, url=url, web_url=url)
        found = await abilities(Environment(name="test", fly=fly), CONTEXT)
    assert TOKEN not in str(found)
    return {one.name: one for one in found}


async def test_all_is_given() -> None:
    found = await told(ANSWERS)
    untold = {"app ainur-db": "note", "changes": "note"}
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(found, "ok") | untold
    assert "mira@ainur.example" in found["token"].words
    assert "apps zerostate-api" in found["token"].words
    assert "a macaroon" in found["token"].words
    assert "unmanaged Postgres (1 ordinary machine)" in found["app ainur-db"].words


async def test_what_is_not_given_says_what_is_missing_without_it() -> None:
    found = await told(ANSWERS | {f"{APP}/secrets": 403, f"{APP}/certificates": 404})
    assert found["secrets"].state == "warn"
    assert "no secret, flag" in found["secrets"].words
    assert "\x1b" not in found["secrets"].words
    assert found["certificates"].state == "warn"
    assert found["machines"].state == "ok"


async def test_a_platform_that_does_not_tell() -> None:
    found = await told(ANSWERS | {"/v1/tokens/current": 404, "/v1/apps/ainur-db/machines": 404})
    assert found["token"].state == "note"
    assert "does not tell its scope" in found["token"].words
    assert found["app ainur-db"].state == "warn"
    assert "managed Postgres is no app" in found["app ainur-db"].words


async def test_a_token_that_is_not_taken() -> None:
    found = await told(ANSWERS, "Bearer another-token")
    assert {one.state for one in found.values()} == {"warn"}
    assert "expired, revoked" in found["token"].words


async def test_nothing_is_asked_where_nothing_is_configured() -> None:
    assert await abilities(Environment(name="test"), CONTEXT) == []
