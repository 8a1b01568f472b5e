"""Who may issue: the nearest CAA records above a name, from a DNS server of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rcode
import dns.rrset
import pytest

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.caa import issuers, lets, words

Zone = Mapping[str, Sequence[str]]


class Server(asyncio.DatagramProtocol):
    """Answers by name with CAA records; none: no such records, a name it does not have: none."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        name = asked.question[0].name
        rows = self.zone.get(name.to_text(omit_final_dot=True))
        if rows is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif rows == ["broken"]:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif rows:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CAA", *rows))
        self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def served(zone: Zone) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Server(zone), ("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def ask(zone: Zone) -> frozenset[str] | None:
    async with served(zone) as port:
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
