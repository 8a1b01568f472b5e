"""Who may issue: the nearest CAA records above a name, from a DNS server of the test's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ainur_tui.config.types import Api, Environment, Frontend
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems import caa
from ainur_tui.systems.caa import issuers, lets, words
from tests.systems.nameserver import nameserver

Zone = Mapping[str, Sequence[str]]


async def ask(zone: Zone) -> frozenset[str] | None:
    async with nameserver(lambda name, _: zone.get(name)) as port:
        return await issuers("app.ainur.network", 5.0, ["127.0.0.1"], port)


LETS_ENCRYPT = '0 issue "letsencrypt.org; validationmethods=dns-01"'


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        ({"app.ainur.network": [LETS_ENCRYPT], "ainur.network": ['0 issue "pki.goog"']},
         {"letsencrypt.org"}),
        ({"app.ainur.network": [], "ainur.network": [LETS_ENCRYPT, '0 issue "pki.goog"']},
         {"letsencrypt.org", "pki.goog"}),
        ({"ainur.network": ['0 issue ";"']}, {""}),
        ({"ainur.network": ['0 iodef "mailto:x@ainur.network"'], "network": ['0 issue ";"']}, None),
        ({}, None),
    ],
)  # fmt: skip
async def test_the_nearest_name_with_records_decides(zone: Zone, found: set[str] | None) -> None:
    assert await ask(zone) == found


async def test_a_server_that_fails_is_no_consent() -> None:
    with pytest.raises(ProbeFailure, match="no CAA answer"):
        await ask({"app.ainur.network": ["broken"]})


@pytest.mark.parametrize(
    ("allowed", "issuer", "may", "said"),
    [
        (None, "Let's Encrypt R11", True, "every authority may issue (no CAA)"),
        ({"letsencrypt.org"}, "Let's Encrypt R11", True, "only letsencrypt.org may issue (CAA)"),
        ({"pki.goog"}, "Let's Encrypt R11", False, "only pki.goog may issue (CAA)"),
        ({"pki.goog"}, "Our own", None, "only pki.goog may issue (CAA)"),
        ({""}, "Our own", False, "nobody may issue (CAA)"),
    ],
)
def test_whether_the_issuer_may_issue_again(
    allowed: set[str] | None, issuer: str, may: bool | None, said: str
) -> None:
    listed = None if allowed is None else frozenset(allowed)
    assert lets(listed, issuer) is may
    assert words(listed) == said


async def test_doctor_tells_it_of_each_public_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def told(host: str, *_: object) -> frozenset[str]:
        if host == "app.ainur.network":
            raise ProbeFailure("dns", "no CAA answer (LifetimeTimeout)")
        return frozenset({"letsencrypt.org"})

    monkeypatch.setattr(caa, "issuers", told)
    environment = Environment(
        api=Api(url="https://api.ainur.network"), frontend=Frontend(url="https://app.ainur.network")
    )
    context: Any = None
    found = [(one.name, one.state, one.words) for one in await caa.examine(environment, context)]
    assert found == [
        ("api.ainur.network", "ok", "only letsencrypt.org may issue (CAA)"),
        ("app.ainur.network", "note",
         "no CAA answer (LifetimeTimeout)"),
    ]  # fmt: skip
