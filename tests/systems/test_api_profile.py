"""Go's profiler: its profiles decoded, fetched, kept; and whether the world can reach it."""
# ruff: noqa: ASYNC240 - small files of the test itself

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.api import pprof
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.api.debug import DebugProbe
from ainur_tui.systems.api.profile import KEPT, Profile
from ainur_tui.systems.base import Context, Tools
from tests.systems.steps import WORLD, Step, no_secret
from tests.systems.web import FakeClock, RealClock, app_server

REAL = Path(__file__).with_name("recorded") / "go-cpu.pb.gz"
"""Two seconds of a small service, as Go 1.27 answers them."""


def test_a_real_profile_says_what_gos_own_tool_says() -> None:
    found = pprof.decode(REAL.read_bytes())
    assert found.total == pytest.approx(1.42)
    assert found.samples == 142
    assert found.seconds == pytest.approx(2, abs=0.1)
    assert [(name, round(share, 4)) for name, share in found.flat[:3]] == [
        ("crypto/internal/fips140/sha256.blockSHANI", 0.2465),
        ("slices.partitionOrdered[go.shape.int]", 0.1972),
        ("crypto/internal/fips140/sha256.(*Digest).checkSum", 0.0915),
    ]
    assert sum(share for _, share in found.flat) == pytest.approx(1)


def test_what_is_no_profile() -> None:
    real = REAL.read_bytes()
    whole = gzip.decompress(real)
    bad = {
        b"": "cut short", b"<html>": "not gzipped", real[:-9]: "cut short",
        gzip.compress(b""): "names no function", gzip.compress(b"\x0a\xff"): "no end",
        gzip.compress(whole[:-3]): "no end", gzip.compress(b"\xff" * 12): "no end",
        gzip.compress(bytes(pprof.LARGEST + 1)): "too large",
    }  # fmt: skip
    for packed, words in bad.items():
        with pytest.raises(ValueError, match=words):
            pprof.decode(packed)


@pytest.fixture
async def service() -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """A profiler's address, and what it answers and was asked."""
    told: dict[str, Any] = {"status": 200, "body": REAL.read_bytes()}

    async def answer(request: web.Request) -> web.Response:
        told["asked"] = request.path_qs
        return web.Response(status=told["status"], body=told["body"])

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    async with app_server(app) as url:
        yield url, told


def profile(folder: Path | None, url: str | None) -> Profile:
    context = Context(
        "test", FakeClock(1_795_500_000), Redactor(), Tools(lambda _: None), no_secret, folder
    )
    return Profile(Api(url="https://x", pprof=url), context)


async def test_a_profile_is_fetched_kept_and_read(
    service: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    url, told = service
    folder = tmp_path / "profiles"
    folder.mkdir()
    for number in range(KEPT + 3):
        (folder / f"api-2024{number:04}T000000Z.pb.gz").touch()
    action, step = profile(tmp_path, url), Step()
    plan = await action.plan("api", {"seconds": "2"}, WORLD)
    assert (await action.observe(plan)).state == "failed"
    words = await action.steps(plan)[0].work(step)
    assert told["asked"] == "/debug/pprof/profile?seconds=2"
    assert words.startswith("1.42 s of processor time in 2 s; crypto/internal/fips140/sha256")
    path = Path(step.kept["profile"]["path"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == told["body"]
    assert len(list(folder.iterdir())) == KEPT
    seen = await action.observe(plan)
    assert (seen.state, str(path) in seen.by) == ("verified", True)
    assert f"go tool pprof {path} opens it" in plan.facts


@pytest.mark.parametrize(
    ("status", "body", "words"), [(500, b"busy", "500"), (200, b"<html>", "not gzipped")]
)
async def test_a_profile_that_does_not_come(
    service: tuple[str, dict[str, Any]], tmp_path: Path, status: int, body: bytes, words: str
) -> None:
    url, told = service
    told |= {"status": status, "body": body}
    action = profile(tmp_path, url)
    plan = await action.plan("api", {}, WORLD)
    with pytest.raises(ActionFailure, match=words):
        await action.steps(plan)[0].work(Step())
    assert (await action.observe(plan)).state == "failed"


async def test_what_cannot_be_profiled(tmp_path: Path) -> None:
    for given in ({"seconds": "0"}, {"seconds": "121"}, {"seconds": "x"}):
        with pytest.raises(Refused) as refused:
            await profile(tmp_path, "http://x").plan("api", given, WORLD)
        assert refused.value.code == 64
    assert "fly proxy" in (profile(tmp_path, None).unavailable() or "")
    assert "no folder" in (profile(None, "http://x").unavailable() or "")
    assert profile(tmp_path, "http://x").unavailable() is None


@pytest.mark.parametrize(
    ("status", "body", "value"),
    [(200, b"<title>/debug/pprof/</title>Types of profiles available:", 1), (404, b"", 0),
     (200, b"a page of its own", 0), (403, b"profiles available", 0)],
)  # fmt: skip
async def test_the_profiler_is_not_for_the_world(
    service: tuple[str, dict[str, Any]], status: int, body: bytes, value: float
) -> None:
    url, told = service
    told |= {"status": status, "body": body}
    api = Api(url=url)
    client = ApiClient(api, clock=RealClock(), redact=Redactor())
    [reading] = (await DebugProbe(api, client, RealClock()).read()).readings
    assert reading.value == value
    assert (told["asked"], bool(reading.note)) == ("/debug/pprof/", bool(value))
    await client.close()
    gone = ApiClient(Api(url="http://127.0.0.1:1"), clock=RealClock(), redact=Redactor())
    [unknown] = (await DebugProbe(api, gone, RealClock()).read()).readings
    assert unknown.value is None
    await gone.close()
