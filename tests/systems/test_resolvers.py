"""A name leads where all resolvers say that it leads, and who says otherwise is named."""

from __future__ import annotations

import socket
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any

import pytest

from ainur_tui.config.types import Api, Environment, Frontend
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems import resolvers
from ainur_tui.systems.fly.recovery.ground import Ground
from ainur_tui.systems.fly.recovery.looks_service import ServiceLooks
from ainur_tui.systems.resolvers import OURS, Heard, disagreement, heard, public_hosts, words
from tests.systems.nameserver import nameserver

HOST = "api.ainur.network"


def served(*addresses: str) -> AbstractAsyncContextManager[int]:
    """Every name has these addresses; none: there is no such name."""
    return nameserver(lambda _, kind: (addresses if kind == "A" else []) if addresses else None)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's resolver answers from a table: no test asks the world."""

    class Table:
        async def addresses(self, host: str, deadline: float) -> list[str]:
            assert (host, deadline) == (HOST, resolvers.DEADLINE)
            return ["192.0.2.1"]

    monkeypatch.setattr(resolvers, "Resolver", Table)


async def test_each_is_asked_for_itself() -> None:
    async with served("192.0.2.1", "192.0.2.2") as port:
        found = await heard(HOST, ["127.0.0.1"], port=port)
    assert found == {OURS: {"192.0.2.1"}, "127.0.0.1": {"192.0.2.1", "192.0.2.2"}}
    assert disagreement(found) is None
    assert words(found) == "leads to 192.0.2.1, 192.0.2.2 by this machine, 127.0.0.1"


@pytest.mark.parametrize(
    ("addresses", "says"), [(["192.0.2.9"], "192.0.2.9"), ([], "no such name")]
)
async def test_who_says_otherwise_is_named(addresses: list[str], says: str) -> None:
    async with served(*addresses) as port:
        found = await heard(HOST, ["127.0.0.1"], port=port)
    said = f"this machine says 192.0.2.1; 127.0.0.1 says {says}"
    assert disagreement(found) == said
    assert words(found) == f"resolvers disagree: {said}"
    assert resolvers._judged(HOST, found).state == "warn"


async def test_who_does_not_answer_is_said_and_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolvers, "DEADLINE", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        found = await heard(HOST, ["127.0.0.1"], port=silent.getsockname()[1])
    assert words(found).startswith("leads to 192.0.2.1 by this machine; 127.0.0.1: no answer (")
    assert resolvers._judged(HOST, found).state == "ok"
    nobody: Heard = {OURS: "the name does not resolve", "192.0.2.53": "no answer (Timeout)"}
    assert resolvers._judged(HOST, nobody).state == "note"


def test_only_public_names_are_asked_for() -> None:
    urls = ("http://127.0.0.1:1", "https://app.ainur.network", "https://api.example", "http://api")
    hosts = [public_hosts(Environment(api=Api(url=url), frontend=Frontend(url=url)))
             for url in urls]  # fmt: skip
    assert hosts == [[], ["app.ainur.network"], [], []]


@pytest.mark.parametrize(
    ("theirs", "done"), [({"192.0.2.1"}, True), ({"192.0.2.9"}, False), ("no answer", True)]
)
async def test_a_recovery_is_not_outside_while_a_resolver_leads_elsewhere(
    monkeypatch: pytest.MonkeyPatch, theirs: set[str] | str, done: bool
) -> None:
    async def told(host: str, servers: list[str]) -> Heard:
        assert (host, servers) == (HOST, ["192.0.2.53"])
        other = theirs if isinstance(theirs, str) else frozenset(theirs)
        return {OURS: frozenset({"192.0.2.1"}), "192.0.2.53": other}

    async def health(*_: object) -> Any:
        return SimpleNamespace(answer=SimpleNamespace(status=200), status="healthy", well=True)

    monkeypatch.setattr(resolvers, "heard", told)
    environment = Environment(api=Api(url=f"https://{HOST}"), resolvers=["192.0.2.53"])
    reach: Any = SimpleNamespace(edge=SimpleNamespace(health=health))
    secret = Secret("postgresql://a@b/c")
    ground = Ground(environment, reach, [], secret, secret, Redactor(), 1.0)
    seen = await ServiceLooks(ground).outside(None)
    assert seen.done == done
    assert ("disagree" in seen.by) != done
    assert HOST in seen.by
