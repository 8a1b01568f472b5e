"""What a certificate says, and why a browser refuses it, from real handshakes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ainur_tui.config.types import Api, Environment, Frontend, SecretMissing
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.api.system import connect
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.certificates import Host, Shown, read, shown
from ainur_tui.systems.httptls import unusable
from tests.systems.test_http import Authority
from tests.systems.web import RealClock, answer_with, raw_server

DAY = 86400.0


async def look(folder: Path, host: str, first: float, last: float, *, known: bool = True) -> Shown:
    authority = Authority(folder)
    async with raw_server(answer_with(b""), ssl=authority.server(host, first, last)) as peer:
        place = Host.of(f"https://{peer}/", authority.file if known else None)
        assert place is not None
        return await shown(place)


async def test_what_a_good_one_says(tmp_path: Path) -> None:
    found = await look(tmp_path, "127.0.0.1", -1, 10)
    assert found.refused is None
    assert found.certificate is not None
    assert found.certificate.issuer == "Test Authority"
    assert found.certificate.names == ("127.0.0.1",)
    assert found.certificate.ends - time.time() == pytest.approx(10 * DAY, abs=60)
    assert found.certificate.ends - found.certificate.begins == pytest.approx(11 * DAY, abs=2)


@pytest.mark.parametrize(
    ("host", "first", "last", "words"),
    [
        ("127.0.0.1", -5, -1, "its certificate has expired"),
        ("127.0.0.1", 1, 5, "its certificate is not valid yet"),
        ("shop.example", -1, 5, "its certificate is for another address"),
    ],
)
async def test_a_refused_one_is_read_all_the_same(
    tmp_path: Path, host: str, first: float, last: float, words: str
) -> None:
    found = await look(tmp_path, host, first, last)
    assert found.refused == words
    assert found.certificate is not None
    assert found.certificate.names == (host,)
    assert found.certificate.ends - time.time() == pytest.approx(last * DAY, abs=60)


async def test_of_an_unknown_authority_only_the_refusal_is_known(tmp_path: Path) -> None:
    found = await look(tmp_path, "127.0.0.1", -1, 5, known=False)
    assert found.certificate is None
    assert "unknown authority" in (found.refused or "")


async def test_where_there_is_no_handshake_nothing_is_told_of_a_certificate() -> None:
    async with raw_server(answer_with(b"")) as peer:
        place = Host.of(f"https://{peer}", None)
    assert place is not None
    with pytest.raises(ProbeFailure) as caught:
        await shown(place)
    assert caught.value.kind == "refused"


def test_who_issued_it_in_words() -> None:
    life = {"notBefore": "Nov  1 00:00:00 2026 GMT", "notAfter": "Jan 30 00:00:00 2027 GMT"}

    def issuer(organization: str, common: str) -> str:
        told = ((("organizationName", organization),), (("commonName", common),))
        found = read({**life, "issuer": told})
        assert found is not None
        return found.issuer

    assert issuer("Let's Encrypt", "R11") == "Let's Encrypt R11"
    assert issuer("Ainur", "Ainur Root\x1b[2J") == "Ainur Root␛[2J"
    assert read({}) is None


def test_only_what_is_asked_over_tls_has_one() -> None:
    assert Host.of("http://app.ainur.network", None) is None
    assert Host.of("https://app.ainur.network", None) == Host("app.ainur.network", 443)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "no such file"), ("nothing", "no certificate in PEM form")]
)
def test_a_file_without_an_authority_is_told_with_what_to_do(
    tmp_path: Path, content: str | None, words: str
) -> None:
    place = tmp_path / "ca.pem"
    if content is not None:
        place.write_text(content)
    frontend = Frontend(url="https://x.example", ca_file=str(place))
    (said,) = unusable(Environment(name="live", frontend=frontend))
    assert said.startswith("environment.live.frontend.ca_file: ")
    assert words in said
    assert said.endswith("name your authority's PEM file")


@pytest.mark.parametrize(("scheme", "watched"), [("https", True), ("http", False)])
def test_the_apis_is_watched_where_it_has_one(scheme: str, watched: bool) -> None:
    def none(_: object) -> Secret:
        raise SecretMissing("none")

    context = Context("test", RealClock(), Redactor(), Tools(lambda _: None), none)
    found = connect(Environment(api=Api(url=f"{scheme}://127.0.0.1:1")), context)
    assert found is not None
    names = {signal.name for probe in found.probes for signal in probe.signals}
    assert ({"api.certificate.days", "api.certificate.trusted"} <= names) == watched
