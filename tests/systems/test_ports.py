"""What can be reached, and whether it should be."""

from __future__ import annotations

from collections.abc import Iterable

import psutil
import pytest

from ainur_tui.systems.ports import INTERNAL, PUBLIC, dial, inside, outside
from tests.systems.web import answer_with, raw_server


async def look(*open: int) -> tuple[str, str]:
    asked: list[int] = []

    async def answers(host: str, port: int) -> bool:
        assert host == "api.example.org"
        asked.append(port)
        return port in open

    found = await outside("api.example.org", answers)
    assert set(asked) == {*PUBLIC, *INTERNAL}
    return found.state, found.words


async def test_internal_ports_that_answer_are_named() -> None:
    assert await look(443) == ("ok", "open: 443 (HTTPS)")
    assert (await look())[0] == "ok"
    state, words = await look(443, 5432, 9944)
    assert state == "warn"
    assert words.startswith("open to others: 5432 (PostgreSQL), 9944 (the node's RPC)")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "::1", "ainur-db.internal", "db"])
async def test_what_strangers_cannot_reach_is_not_asked(host: str) -> None:
    async def never(host: str, port: int) -> bool:
        raise AssertionError(f"{host}:{port} was asked")

    assert (await outside(host, never)).state == "note"


def test_what_listens_here_for_others() -> None:
    def refused() -> Iterable[tuple[str, int]]:
        raise psutil.AccessDenied

    assert inside(lambda: [("127.0.0.1", 5432), ("::1", 9944), ("0.0.0.0", 22)]).words == (
        "open: 22 (SSH)"
    )
    assert inside(lambda: [("::", 9090), ("192.168.1.2", 1234)]).state == "warn"
    assert inside(refused).state == "note"


async def test_a_port_takes_a_connection_or_not() -> None:
    async with raw_server(answer_with(b"")) as peer:
        host, _, port = peer.partition(":")
        assert await dial(host, int(port))
    assert not await dial(host, int(port))
