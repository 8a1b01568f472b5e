"""Whether the chain is well: a healthy hour raises no alarm, and each ill is called by its name."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, cast

import msgspec
import pytest

from ainur_tui.config.types import Node
from ainur_tui.demo.node.chain import Chain
from ainur_tui.demo.node.rpc import Methods, RpcError
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.signal import Reading
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.node import network
from ainur_tui.systems.node.branch import Crowd
from ainur_tui.systems.node.chain import ChainProbe
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.clockwatch import ClockWatch
from ainur_tui.systems.node.follow import Follow
from ainur_tui.systems.node.heads import Heads
from ainur_tui.systems.node.network import Other, Seen
from ainur_tui.systems.node.pace import Pace, until_synced
from ainur_tui.systems.node.peerwatch import PeerWatch
from ainur_tui.systems.node.references import References
from tests.systems.nodeworld import no_secret
from tests.systems.web import FakeClock

BLOCK = 6.0
BEGIN = 1_795_500_000.0
HOUR = 3600.0


@dataclass
class Wire:
    """The miniature's methods without a wire: answers late by jitter, dated as the real one."""

    clock: FakeClock
    chain: Chain
    dice: random.Random
    dated: bool = True
    peer: str = "miniature"
    fallback: str | None = None
    clock_watch: ClockWatch = field(default_factory=ClockWatch)
    refuses: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.methods = Methods(self.chain)

    async def call(
        self, method: str, shape: Any, *params: Any, deadline: float | None = None
    ) -> Any:
        if method in self.refuses:
            raise RpcRefused(method, -32601, "Method not found")
        try:
            found = self.methods.call(method, list(params))
        except RpcError as error:
            raise RpcRefused(method, error.json["code"], error.json["message"]) from None
        asked = self.clock.now()
        written = asked + self.dice.expovariate(20)
        if self.dated:
            date = formatdate(written + self.chain.skew, usegmt=True)
            self.clock_watch.heard(date, asked, written + self.dice.expovariate(20))
        return msgspec.json.decode(msgspec.json.encode(found), type=shape)

    async def batch(self, calls: Any, deadline: float | None = None) -> list[Any]:
        answers: list[Any] = []
        for method, shape, params in calls:
            try:
                answers.append(await self.call(method, shape, *params))
            except ProbeFailure as failure:
                answers.append(failure)
        return answers


@dataclass
class World:
    """A chain, its node and our probe on one clock; blocks come with jitter."""

    clock: FakeClock
    chain: Chain
    wire: Wire
    probe: ChainProbe
    dice: random.Random

    async def live(self, seconds: float, *faults: str, every: float = BLOCK) -> list[Sample]:
        """Let it live, looking every few seconds; what was read."""
        found, end = [], self.clock.at + seconds
        while self.clock.at < end:
            self.clock.at += every * self.dice.uniform(0.7, 1.3)
            # The clock of a busy validator: a block comes up to two seconds early or late.
            self.chain.advance(self.clock.at + self.dice.uniform(-2, 2), frozenset(faults))
            found.append(await self.probe.read())
        return found


def world(*, references: bool = False, genesis: bool = True, seed: int = 7, **more: Any) -> World:
    dice, clock, chain = random.Random(seed), FakeClock(BEGIN), Chain(seed, BLOCK)
    chain.advance(BEGIN, frozenset())
    wire = Wire(clock, chain, dice, **more)
    client = cast(NodeClient, wire)
    config = Node(rpc=["http://n"], block_time=BLOCK, genesis=chain.hash(0) if genesis else None)
    context = Context("test", clock, Redactor(), Tools(lambda _: None), no_secret)
    others = References(client, config, context)
    if references:
        others._others = [cast(NodeClient, Wire(clock, Chain(seed, BLOCK), dice, peer="reference"))]
        others._others[0].chain.advance(BEGIN, frozenset())  # type: ignore[attr-defined]
    peers = PeerWatch(client, clock)
    heads = Heads(client, Follow(config, context), None, clock)
    probe = ChainProbe(client, peers, others, config, context, heads=heads)
    return World(clock, chain, wire, probe, dice)


def reading(sample: Sample, signal: str) -> Reading:
    return next(found for found in sample.readings if found.signal == signal)


def said(sample: Sample) -> str:
    found = reading(sample, "node.network")
    return f"{found.value} {found.note}"


@pytest.mark.parametrize("seed", [7, 11])
async def test_a_healthy_hour_is_healthy(seed: int) -> None:
    lived = await world(seed=seed).live(HOUR, every=3.0)
    alarms = {said(sample) for sample in lived if reading(sample, "node.network").value != 1}
    assert alarms == set()
    assert len(lived) > 1000
    assert all(reading(sample, "node.clock.skew").value == 0 for sample in lived)
    last = lived[-1]
    assert reading(last, "node.finality.rate").value == pytest.approx(1 / BLOCK, rel=0.3)
    assert reading(last, "node.import.rate").value == pytest.approx(1 / BLOCK, rel=0.3)
    assert {row.tone for row in last.tables[0].rows} == {"ok"}
    told = reading(last, "node.network").note or ""
    assert told.startswith("well when genesis right, at least 1 peer")


ILLS = [
    ("node-stalled", "stalled import: last block"),
    ("node-finality-lag", "lagging finality: 2"),
    ("node-eclipse", "eclipse: 0 of "),
    ("node-no-peers", "no peers: 0 peers"),
    ("node-clock-skew", "clock skew: 4"),
    ("node-wrong-genesis", "wrong genesis: not the configured one"),
    ("node-lagging", "behind: 1"),
]


@pytest.mark.parametrize(("fault", "words"), ILLS)
async def test_each_ill_is_called_by_its_name_and_goes(fault: str, words: str) -> None:
    here = world()
    await here.live(60)
    seen = await here.live(120, fault)
    assert words in said(seen[-1])
    named = {ill.partition(":")[0] for _, ill in ILLS}
    found = {name for name in named if f"{name}: " in said(seen[-1])}
    # Without the votes of its peers nothing is final any more; who lags imports one in 48 s.
    also = {"node-eclipse": {"lagging finality"}, "node-lagging": {"stalled import"}}
    assert found - also.get(fault, set()) == {words.partition(":")[0]}
    assert said((await here.live(60))[-1]).startswith("1.0 well when")


async def test_without_date_or_genesis_or_peers_nothing_is_claimed() -> None:
    hidden = frozenset({"system_peers", "state_getStorage", "system_syncState"})
    here = world(genesis=False, dated=False)
    await here.live(6)
    here.wire.refuses = hidden
    last = (await here.live(60))[-1]
    assert said(last).startswith("1.0")
    unknown = [row.key for row in last.tables[0].rows if row.tone == "quiet"]
    assert unknown == ["Genesis", "On our chain", "Clock", "Sync"]
    assert reading(last, "node.clock.skew").value is None
    assert reading(last, "node.lag.seconds").value is None


async def test_the_chains_own_time_tells_of_a_clock_that_is_behind() -> None:
    here = world(dated=False)
    await here.live(30)
    here.clock.at -= 20
    here.chain.produced += 20
    assert "clock skew: the newest block is" in said(await here.probe.read())


async def test_references_tell_genesis_fork_and_distance() -> None:
    here = world(references=True, genesis=False)
    reference = here.probe._others._others[0].chain  # type: ignore[attr-defined]

    async def look(**faults: str) -> str:
        here.clock.at += 30
        for chain, name in ((here.chain, "ours"), (reference, "theirs")):
            chain.advance(here.clock.at, frozenset({faults[name]} if name in faults else ()))
        return said(await here.probe.read())

    assert (await look()).startswith("1.0")
    assert "wrong genesis: 0 of 1 references" in await look(theirs="node-wrong-genesis")
    await look(ours="node-stalled")
    assert "behind: 10 blocks behind" in await look(ours="node-stalled")
    reference.seed = 99
    found = await look()
    assert "eclipse: " in found
    assert "another block than reference at #" in found


async def test_a_reference_that_is_not_there_condemns_nothing() -> None:
    here = world(references=True)
    cast(Wire, here.probe._others._others[0]).refuses = frozenset({"chain_getHeader"})
    sample = await here.probe.read()
    assert said(sample).startswith("1.0")
    row = next(row for row in sample.tables[0].rows if row.cells[0] == "Reference")
    assert row.tone == "quiet"


async def test_the_new_family_tells_the_genesis() -> None:
    here = world(refuses=frozenset({"chain_getBlockHash"}))
    assert said(await here.probe.read()).startswith("1.0")


async def test_a_node_that_hides_its_health_is_judged_by_the_rest() -> None:
    last = (await world(refuses=frozenset({"system_health"})).live(30))[-1]
    assert said(last).startswith("1.0")
    peers = reading(last, "node.peers")
    assert (peers.value, peers.note) == (None, "neither its RPC nor its metrics tell")
    assert next(row.tone for row in last.tables[0].rows if row.key == "Peers") == "quiet"


async def test_the_head_that_does_not_answer_is_a_failure() -> None:
    with pytest.raises(ProbeFailure):
        await world(refuses=frozenset({"chain_getHeader"})).probe.read()


def test_the_clock_is_only_wrong_where_answers_prove_it() -> None:
    watch = ClockWatch()
    watch.heard("no date", 100, 101)
    assert [one.difference for one in (watch, ClockWatch())] == [None, None]
    watch.heard(formatdate(1000.9, usegmt=True), 1000.9, 1005.0)
    assert watch.difference == 0
    watch.heard(formatdate(1010.2, usegmt=True), 1005.1, 1005.2)
    low, high = watch.bounds or (0, 0)
    assert 4 < low < 5 < high < 6
    watch.heard(formatdate(1006.0, usegmt=True), 1006.2, 1006.3)
    assert watch.difference == 0
    watch.heard(formatdate(900, usegmt=True), 1007.0, 1007.1)
    assert watch.difference == pytest.approx(-106)


@pytest.mark.parametrize(
    ("behind", "imports", "target", "seconds", "words"),
    [
        (None, 1, 1, None, "no target"),
        (3, 1, 1, None, "in step"),
        (100, None, 1, None, "two readings"),
        (100, 0.5, 0.5, None, "never: imports"),
        (100, 10.5, 0.5, 10, "imports 10.5/s"),
    ],
)
def test_when_it_will_have_caught_up(
    behind: int | None, imports: float | None, target: float | None, seconds: Any, words: str
) -> None:
    found, told = until_synced(behind, imports, target)
    assert found == seconds
    assert words in told


def test_a_pace_forgets_and_needs_a_span() -> None:
    pace = Pace()
    assert pace.rate is None
    for second in range(200):
        pace.add(second, 100 + (second if second > 100 else 0))
    assert pace.rate == pytest.approx(1)


@pytest.mark.parametrize(
    ("crowd", "eclipsed"),
    [(Crowd(0, 8, 8), True), (Crowd(0, 3, 8), False), (Crowd(1, 7, 8), False),
     (Crowd(0, 0, 8), False), (Crowd(0, 1, 1), True)],
)  # fmt: skip
def test_an_eclipse_needs_most_peers_elsewhere_and_none_here(crowd: Crowd, eclipsed: bool) -> None:
    assert crowd.eclipsed is eclipsed


def test_one_reference_astray_among_three_condemns_nothing() -> None:
    others = [Other(str(i), genesis=i > 0, same=i > 0, height=5, ahead=0) for i in range(3)]
    found = network.checks(Seen(BLOCK, block_age=1, others=others))
    assert network.verdict(found) is True
    assert network.verdict(network.checks(Seen(BLOCK))) is None
    tones = [row.tone for row in network.rows(found, others)][-3:]
    assert tones == ["fail", "ok", "ok"]
