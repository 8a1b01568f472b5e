"""The frontend: status, shape, maintenance, redirects, certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ainur_tui.config.types import Environment, Frontend, SecretMissing
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.frontend.probe import FrontendProbe
from ainur_tui.systems.frontend.system import connect
from ainur_tui.systems.http import HttpClient
from tests.systems.test_http import Authority
from tests.systems.web import Handler, RealClock, answer_with, raw_server

HEAD = b"<!doctype html><html><head><title>Ainur\n Protocol\x1b[2J</title></head>"
PAGE = HEAD + b"<body>hi</body></html>"
HTML = "Content-Type: text/html; charset=utf-8\r\n"


async def look(handler: Handler, scheme: str = "http", **options: Any) -> Sample:
    clock = RealClock()
    async with raw_server(handler, **({"ssl": options["ssl"]} if "ssl" in options else {})) as peer:
        section = Frontend(url=f"{scheme}://{peer}/", timeout=5)
        client = HttpClient(section.url, clock=clock, deadline=5.0, ca_file=options.get("ca_file"))
        try:
            return await FrontendProbe(section, client, clock).read()
        finally:
            await client.close()


def values(sample: Sample) -> dict[str, float | None]:
    return {reading.signal: reading.value for reading in sample.readings}


async def test_a_page_is_up() -> None:
    sample = await look(answer_with(PAGE, headers=HTML))
    found = values(sample)
    assert found["frontend.up"] == 1
    assert found["frontend.maintenance"] == 0
    assert 0 < (found["frontend.latency"] or 0) < 5.0
    assert "frontend.certificate.days" not in found
    assert sample.readings[0].note == "Ainur Protocol␛[2J"


@pytest.mark.parametrize(
    ("body", "status", "up", "maintenance"),
    [
        (PAGE.replace(b"hi", b"Down for <b>maintenance</b>."), "503 Later", 0, 1),
        (PAGE.replace(b"hi", b"We are under maintenance"), "200 OK", 1, 1),
        (PAGE.replace(b"<body>", b'<body class="maintenance">'), "200 OK", 1, 1),
        (PAGE.replace(b"hi", b"<script>'under maintenance'</script>x"), "200 OK", 1, 0),
        (PAGE, "503 Busy", 0, 0),
        (b"not found", "404 Not Found", 0, None),
        (b"oops", "500 Oops", 0, None),
    ],
)
async def test_what_a_page_says(
    body: bytes, status: str, up: float, maintenance: float | None
) -> None:
    found = values(await look(answer_with(body, status=status, headers=HTML)))
    assert found["frontend.up"] == up
    assert found["frontend.maintenance"] == maintenance


@pytest.mark.parametrize("body", [b"", b'{"ok": true}', b"plain words"])
async def test_a_200_that_is_no_page_is_not_up(body: bytes) -> None:
    with pytest.raises(ProbeFailure) as caught:
        await look(answer_with(body))
    assert caught.value.kind == "bad answer"


async def test_a_redirect_to_another_host_is_refused() -> None:
    head = "Location: https://evil.example/\r\n"
    with pytest.raises(ProbeFailure, match=r"another host \(evil.example\)"):
        await look(answer_with(b"", status="302 Found", headers=head))


async def test_an_access_wall_says_nothing_of_the_site() -> None:
    with pytest.raises(ProbeFailure) as caught:
        await look(answer_with(b"", status="401 Unauthorized"))
    assert caught.value.blames_us


async def test_the_days_a_certificate_has_left(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server("127.0.0.1", -1, 5)
    handler = answer_with(PAGE, headers=HTML)
    sample = await look(handler, "https", ssl=context, ca_file=authority.file)
    assert values(sample)["frontend.certificate.days"] == pytest.approx(5, abs=0.01)
    assert (sample.readings[-1].note or "").startswith("until 20")


def test_connecting() -> None:
    def no_secret(_: object) -> Any:
        raise SecretMissing("none")

    context = Context("test", RealClock(), Redactor(), Tools(lambda _: None), no_secret)
    assert connect(Environment(), context) is None
    guide = Frontend(url="https://your-frontend-domain.vercel.app")
    assert connect(Environment(frontend=guide), context) is None
    found = connect(Environment(frontend=Frontend(url="https://ainur.example")), context)
    assert found is not None
    assert found.targets[0].name == "frontend"
    assert {"frontend.certificate.days"} <= {s.name for p in found.probes for s in p.signals}
