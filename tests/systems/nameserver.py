"""A DNS server of the test's own, on a free port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Answers = Callable[[str, str], Sequence[str] | None]
"""The records of a name and type (``A``, ``CAA``); ``None``: there is no such name."""


class _Server(asyncio.DatagramProtocol):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: before 3.12 the loop's own transport is no subclass of DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = dns.message.from_wire(data)
        answer, question = dns.message.make_response(asked), asked.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        rows = self._answers(question.name.to_text(omit_final_dot=True), kind)
        if rows is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif rows == ["broken"]:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif rows:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *rows))
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def nameserver(answers: Answers) -> AsyncIterator[int]:
    """Answer on 127.0.0.1; gives the port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Server(answers), ("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
