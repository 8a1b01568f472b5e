"""Who may issue: the nearest CAA records above a name, from a DNS server of the test's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ainur_tui.model.failure import ProbeFailure
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
