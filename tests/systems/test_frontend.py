"""The frontend: status, shape, maintenance, redirects, certificate and its renewal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ainur_tui.config.types import Environment, Frontend, SecretMissing
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.systems import caa
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.certificateprobe import CertificateProbe
from ainur_tui.systems.certificates import Certificate, Host, Shown
from ainur_tui.systems.dns import Resolver
from ainur_tui.systems.frontend.probe import FrontendProbe
from ainur_tui.systems.frontend.system import connect
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.issuance import IssuanceProbe
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
            return await FrontendProbe(section, client).read()
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


def served(authority: Authority, peer: str) -> CertificateProbe:
    section = Frontend(url=f"https://{peer}/", timeout=5, ca_file=str(authority.file))
    host = Host.of(section.url, section.authority)
    assert host is not None
    return CertificateProbe("frontend", section, host, RealClock())


async def test_a_certificate_that_ends_soon_then_another(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server("127.0.0.1", -1, 5)
    async with raw_server(answer_with(PAGE), ssl=context) as peer:
        probe = served(authority, peer)
        first = await probe.read()
        authority.server("127.0.0.1", -1, 90)
        context.load_cert_chain(tmp_path / "server.pem")
        second = await probe.read()
    assert values(first)["frontend.certificate.days"] == pytest.approx(5, abs=0.01)
    note = first.readings[0].note or ""
    assert note.startswith("certificate ends in 4d 23h, on 20")
    assert note.endswith("issued by Test Authority")
    (row,) = first.tables[0].rows
    assert (row.tone, row.cells[0], row.cells[2]) == ("fail", "127.0.0.1", "take it")
    assert first.events == []
    (event,) = second.events
    assert (event.kind, event.target) == ("certificate", "frontend")
    assert "another certificate of 127.0.0.1: ends 20" in event.text
    assert second.tables[0].rows[0].tone == "none"


async def test_a_page_behind_an_ended_certificate_is_down_and_says_why(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server("127.0.0.1", -92, -2)
    with pytest.raises(ProbeFailure, match="its certificate has expired"):
        await look(answer_with(PAGE), "https", ssl=context, ca_file=authority.file)
    async with raw_server(answer_with(PAGE), ssl=context) as peer:
        sample = await served(authority, peer).read()
    assert values(sample)["frontend.certificate.days"] == pytest.approx(-2, abs=0.01)
    assert values(sample)["frontend.certificate.trusted"] == 0
    assert (sample.readings[0].note or "").startswith("certificate ended 2d 0h ago, on 20")
    assert sample.tables[0].rows[0].cells[2] == "refuse it: its certificate has expired"


@pytest.mark.parametrize(
    ("allowed", "value", "words"),
    [
        (None, 1, "leads to 192.0.2.1; every authority may issue (no CAA)"),
        (frozenset({"pki.goog"}), 0, "only pki.goog may issue (CAA), which Let's Encrypt R11 is"),
        ("no CAA answer", None, "no CAA answer"),
    ],
)
async def test_whether_another_can_be_issued(
    monkeypatch: pytest.MonkeyPatch, allowed: frozenset[str] | str | None,
    value: float | None, words: str,
) -> None:  # fmt: skip
    async def issuers(*_: object) -> frozenset[str] | None:
        if isinstance(allowed, str):
            raise ProbeFailure("dns", allowed)
        return allowed

    async def shown(_: object) -> Shown:
        return Shown(Certificate("Let's Encrypt R11", (), 0, 1, "1"))

    monkeypatch.setattr(caa, "issuers", issuers)
    monkeypatch.setattr("ainur_tui.systems.issuance.shown", shown)
    resolver = Resolver(lambda *_, **__: [(0, 0, 0, "", ("192.0.2.1", 0))])
    host = Host("app.ainur.network", 443)
    section = Frontend(url="https://app.ainur.network")
    (found,) = (
        await IssuanceProbe("frontend", section, host, RealClock(), resolver).read()
    ).readings
    assert found.value == value
    assert words in (found.note or "")


def test_a_frontend_is_connected_where_its_address_is_no_placeholder() -> None:
    def no_secret(_: object) -> Any:
        raise SecretMissing("none")

    context = Context("test", RealClock(), Redactor(), Tools(lambda _: None), no_secret)
    assert connect(Environment(), context) is None
    plain = connect(Environment(frontend=Frontend(url="http://127.0.0.1:1")), context)
    assert plain is not None
    assert [probe.name for probe in plain.probes] == ["frontend"]
    guide = Frontend(url="https://your-frontend-domain.vercel.app")
    assert connect(Environment(frontend=guide), context) is None
    found = connect(Environment(frontend=Frontend(url="https://ainur.network")), context)
    assert found is not None
    assert found.targets[0].name == "frontend"
    assert [probe.name for probe in found.probes] == [
        "frontend", "frontend.certificate", "frontend.issuance",
    ]  # fmt: skip
