"""The node's flags, what its RPC answers to the world, and who makes its blocks."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xxhash

from ainur_tui.config.types import Environment, Node
from ainur_tui.demo.node.chain import AUTHORITIES, Chain
from ainur_tui.demo.node.rpc import Methods, RpcError
from ainur_tui.systems.base import Context
from ainur_tui.systems.node import flagcheck
from ainur_tui.systems.node.digest import Made, authorities, made, tally
from ainur_tui.systems.node.disk import kind_of_disk
from ainur_tui.systems.node.exposure import is_public
from ainur_tui.systems.node.flags import flags_of
from ainur_tui.systems.node.state import COUNTERS
from ainur_tui.systems.node.system import connect
from tests.systems import nodeworld
from tests.systems.nodeworld import Clock, Connect, FakeNode, Unit, of, probe

# The fixtures of the other file, shared.
node, clock, context, system, unit = (
    nodeworld.node, nodeworld.clock, nodeworld.context, nodeworld.system, nodeworld.unit
)  # fmt: skip

GUIDE = (
    "--base-path /var/lib/ainur --chain ainur-testnet-raw.json --validator --port 30333 "
    "--rpc-port=9933 --ws-port 9944 --rpc-cors all --rpc-methods Safe --ws-max-connections 1000 "
    "--in-peers 50 --out-peers 50 --db-cache 1024 --wasm-execution Compiled --execution wasm "
    "--state-pruning 1000 --database RocksDb"
)


def judged(flags: str) -> dict[str, tuple[str, str, str]]:
    exec_start = f"{{ path=/bin/node ; argv[]=/bin/node {flags} ; ignore_errors=no }}"
    return {
        row.key: (str(row.cells[1]), row.tone, str(row.cells[3]))
        for row in flagcheck.rows(flags_of(exec_start))
    }


def test_the_guides_own_flags_are_judged() -> None:
    found = judged(GUIDE)
    assert list(found) == list(flagcheck.GUIDE)
    assert found["--ws-port"][1:] == ("fail", flagcheck.REMOVED["--ws-port"])
    assert found["--ws-max-connections"][1] == "fail"
    assert found["--rpc-cors"][:2] == ("all", "warn")
    assert "no archive node" in found["--pruning"][2]
    assert "both are tried" in found["--rpc-port"][2]
    assert {found[name][1] for name in flagcheck.LEGACY} == {"warn"}
    assert {found[name][1] for name in ("--in-peers", "--db-cache", "--rpc-methods")} == {"none"}


def test_flags_that_are_missing_other_or_dangerous() -> None:
    found = judged("--rpc-cors all --rpc-methods unsafe --unsafe-rpc-external --alice --in-peers 8")
    assert found["--rpc-cors"][1] == "none"
    assert found["--in-peers"] == ("8", "none", "differs")
    assert found["--ws-port"][:2] == ("not set", "quiet")
    assert {found[name][1] for name in ("--rpc-methods", "--unsafe-rpc-external", "--alice")} == {
        "fail"
    }
    assert judged("--validator --rpc-external")["--rpc-external"][1] == "warn"
    assert "--name" not in judged("--name x")


async def test_the_flags_of_the_running_unit(unit: Unit, system: Connect) -> None:
    unit.says(pid=7, flags="--ws-port 9944 --node-key=hunter22")
    tables = (await probe(system(unit="ainur-node"), "unit").read()).tables
    flags = next(table for table in tables if table.name == "node.flags")
    assert next(row.tone for row in flags.rows if row.key == "--ws-port") == "fail"
    assert "hunter" not in str(tables)


@pytest.mark.parametrize(
    ("url", "public"),
    [("http://127.0.0.1:9944", False), ("http://10.1.2.3", False), ("http://node:9944", False),
     ("http://n.internal", False), ("wss://rpc.ainur.example", True), ("http://8.8.8.8:9944", True),
     ("http://[::1]:9944", False), ("http://localhost:9933", False)],
)  # fmt: skip
def test_what_the_world_reaches(url: str, public: bool) -> None:
    assert is_public(url) is public


async def test_unsafe_methods_open_to_the_world(node: FakeNode, system: Connect) -> None:
    home = await probe(system(), "exposure").read()
    assert home.readings == []
    assert home.tables[0].rows[0].cells[1:] == ["its network", 2, "answered: system_peers"]
    where = probe(system(rpc=["http://127.0.0.1:1"], public_rpc=[node.url]), "exposure")
    sample = await where.read()
    assert of(sample)["node.rpc.exposed"].value == 1
    assert [row.tone for row in sample.tables[0].rows] == ["fail", "quiet"]
    del node.answers["system_peers"]
    sample = await where.read()
    assert of(sample)["node.rpc.exposed"].value == 0
    assert sample.tables[0].rows[0].cells[3] == "refused: a good sign"
    gone = await probe(system(public_rpc=["http://127.0.0.1:1"]), "exposure").read()
    assert of(gone)["node.rpc.exposed"].value is None


AURA = "0x0661757261{:02x}{}"


def test_slots_and_authors_of_headers() -> None:
    aura = AURA.format(8 << 2, (288_000_001).to_bytes(8, "little").hex())
    babe = (
        b"\x06BABE" + bytes([13 << 2, 2]) + (3).to_bytes(4, "little") + (77).to_bytes(8, "little")
    )
    assert made(["0x05", "zz", aura]) == Made(288_000_001)
    assert made(["0x" + babe.hex()]) == Made(77, 3)
    primary = b"\x06BABE\x69\x01\x01" + babe[7:] + bytes(96)
    assert made(["0x" + primary.hex()]) == Made(77, 3)
    for logs in ([], ["0x"], ["0x06"], ["0x0661757261"], ["0x04" + "61757261" + "20" + "00" * 8]):
        assert made(logs) is None
    assert authorities("0x08" + "01" * 32 + "02" * 32) == ["0x" + "01" * 32, "0x" + "02" * 32]
    for told in ("0x", "0x08", "0x0c" + "01" * 32, "0xfe", "zz"):
        with pytest.raises(ValueError, match=r"authorities|hex"):
            authorities(told)


def test_missed_slots_are_their_owners() -> None:
    chain = {10: Made(100), 11: Made(101), 12: Made(103), 13: Made(104)}
    found = tally(chain, 4)
    assert {at: (one.slots, one.blocks, one.missed) for at, one in found.items()} == {
        0: (2, 2, 0), 1: (1, 1, 0), 2: (1, 0, 1), 3: (1, 1, 0),
    }  # fmt: skip
    assert found[0].last == 13
    assert tally({1: Made(5, 7), 2: Made(8, 7)}, 0)[-1].missed == 2
    assert tally({}, 4) == {}


class Mini(FakeNode):
    """Answers with the miniature's methods."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = Chain(1, 2.0)
        self.chain.advance(1_795_500_000, frozenset())
        self.grow(40)

    def grow(self, blocks: int) -> None:
        self.chain.advance(self.chain.produced + 2 * blocks, frozenset())
        methods = Methods(self.chain)
        self.answers = {name: self._method(methods, name) for name in methods.names}

    @staticmethod
    def _method(methods: Methods, name: str) -> Any:
        def call(*params: Any) -> Any:
            try:
                return methods.call(name, list(params))
            except RpcError as error:
                return RuntimeError(error.json["message"])

        return call


@pytest.fixture
def mini(node: FakeNode) -> Mini:
    found = Mini()
    node.answers = found.answers
    return found


async def test_who_made_the_blocks(
    node: FakeNode, mini: Mini, system: Connect, clock: Clock
) -> None:
    where = probe(system(), "authors")
    first = await where.read()
    assert sum(int(str(row.cells[2])) for row in first.tables[0].rows) == 4
    assert node.asked.count("chain_getHeader") == 5
    sample = await where.read()
    found = of(sample)
    assert found["node.slots.missed"].value == 0
    assert (found["node.slots.own"].value, found["node.slots.own"].note) == (
        0, "over the last 31 blocks",
    )  # fmt: skip
    rows = sample.tables[0].rows
    assert len(rows) == AUTHORITIES
    assert [row.cells[5] for row in rows] == ["this node's", *["another's"] * 3]
    mini.chain._slot_offset += 1
    mini.grow(1)
    node.answers = mini.answers
    assert of(await where.read())["node.slots.missed"].value == pytest.approx(1 / 59)


async def test_a_chain_without_slots_is_not_asked_for_ever(
    node: FakeNode, mini: Mini, system: Connect
) -> None:
    node.answers["chain_getHeader"] = lambda *p: Methods(mini.chain).header(*p) | {"digest": {}}  # type: ignore[operator]
    where = probe(system(), "authors")
    for _ in range(5):
        sample = await where.read()
    assert sample.tables[0].missing == "its blocks tell no slot: neither Aura nor Babe"
    assert of(sample)["node.slots.missed"].value is None
    before = len(node.asked)
    await where.read()
    assert len(node.asked) - before < 20


def test_the_keys_of_session_and_era() -> None:
    def twox128(text: str) -> str:
        parts = (xxhash.xxh64(text, seed=seed).intdigest() for seed in (0, 1))
        return "".join(part.to_bytes(8, "little").hex() for part in parts)

    assert {
        "Session": f"0x{twox128('Session')}{twox128('CurrentIndex')}",
        "Era": f"0x{twox128('Staking')}{twox128('ActiveEra')}",
    } == COUNTERS


async def facts_of(system: Connect) -> dict[str, str]:
    sample = await probe(system(), "facts").read()
    return {row.key: str(row.cells[1]) for row in sample.tables[0].rows}


async def test_session_era_and_state_kept(node: FakeNode, mini: Mini, system: Connect) -> None:
    found = await facts_of(system)
    assert found["State kept"] == "pruned: at least 250 blocks, not 1,000"
    assert "Session" not in found
    told = {COUNTERS["Session"]: "0x2a000000", COUNTERS["Era"]: "0x0700000001aabb"}
    node.answers["state_getStorage"] = lambda key, at=None: told.get(key, "0x00")
    found = await facts_of(system)
    assert (found["Session"], found["Era"]) == ("42", "7")
    assert found["State kept"].startswith("all of it: an archive")


async def test_a_version_that_changed_while_nobody_looked(
    node: FakeNode, context: Context, tmp_path: Path
) -> None:
    kept = replace(context, state=tmp_path / "state")

    async def events() -> list[str]:
        made = connect(Environment(node=Node(rpc=[node.url], unit=None)), kept)
        assert made is not None
        assert made.close is not None
        sample = await probe(made, "facts").read()
        await made.close()
        return [event.text for event in sample.events]

    assert await events() == []
    node.answers["system_version"] = "1.1.0"
    assert await events() == ["node version 1.0.0 → 1.1.0"]
    assert await events() == []
    (tmp_path / "state" / "node-versions.json").write_text("{")
    assert await events() == []


async def test_the_database_its_growth_and_the_days_left(
    system: Connect, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "one").write_bytes(bytes(1 << 20))
    where = probe(system(base_path=str(folder)), "database")
    first = await where.read()
    assert of(first)["node.db.size"].value == pytest.approx(1 << 20, rel=0.1)
    assert of(first)["node.disk.days"].note == "needs ten minutes"
    clock.ahead += 1000
    (folder / "db" / "two").write_bytes(bytes(1 << 20))
    found = of(sample := await where.read())
    assert found["node.db.growth"].value == pytest.approx((1 << 20) / 1000, rel=0.1)
    free = shutil.disk_usage(folder).free
    assert found["node.disk.days"].value == pytest.approx(free / (1 << 20) / 86.4, rel=0.2)
    rows = {row.key: str(row.cells[1]) for row in sample.tables[0].rows}
    assert rows["Size"].endswith("in 2 files")
    gone = await probe(system(base_path="/nowhere/there"), "database").read()
    assert of(gone)["node.db.size"].value is None
    assert "cannot be measured" in (gone.tables[0].missing or "")


async def test_the_path_is_that_of_the_unit(unit: Unit, system: Connect, tmp_path: Path) -> None:
    unit.says(pid=7, flags=f"--base-path {tmp_path} --database RocksDb")
    where = system(unit="ainur-node")
    rows = {r.key: r.cells[1] for r in (await probe(where, "database").read()).tables[0].rows}
    assert rows["Path"] == str(tmp_path)
    assert rows["Database"] == "RocksDb"
    unit.says(pid=7)
    nothing = await probe(system(unit="ainur-node"), "database").read()
    assert "node.base_path" in (nothing.tables[0].missing or "")


@pytest.mark.parametrize(
    ("name", "turning", "words"),
    [("nvme0n1p1", "0", "NVMe"), ("sda1", "0", "SSD: "), ("sda1", "1", "HDD: ")],
)
def test_the_kind_of_disk(tmp_path: Path, name: str, turning: str, words: str) -> None:
    device = os.stat(tmp_path).st_dev
    partition = tmp_path / "devices" / "disk" / name
    partition.mkdir(parents=True)
    (partition.parent / "queue").mkdir()
    (partition.parent / "queue" / "rotational").write_text(f"{turning}\n")
    link = tmp_path / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(partition)
    assert kind_of_disk(tmp_path, tmp_path).startswith(words)
    assert kind_of_disk(tmp_path, tmp_path / "none") == "not told by the kernel"


async def test_where_peers_stand_and_how_they_are_connected(
    node: FakeNode, mini: Mini, unit: Unit, system: Connect
) -> None:
    unit.says(pid=7, flags="--in-peers 50")
    where = system(unit="ainur-node")
    await probe(where, "unit").read()
    sample = await probe(where, "peers").read()
    found, count = of(sample), mini.chain.peers
    assert (found["node.peers.in"].value, found["node.peers.in"].limit) == (count // 3, 50)
    assert (found["node.peers.out"].value, found["node.peers.out"].limit) == (count - count // 3, 8)
    stands = [row.cells[4] for row in sample.tables[0].rows]
    assert stands[0] == "our chain"
    assert {row.cells[5] for row in sample.tables[0].rows} == {"in", "out"}
    assert {str(row.cells[6]).partition("/")[0] for row in sample.tables[0].rows} == {"Ainur Node"}
    hidden = await probe(system(), "peers").read()
    assert of(hidden)["node.peers.out"].limit is None


async def test_a_node_that_is_silent_about_its_peers_is_not_in_trouble_for_it(
    node: FakeNode, mini: Mini, system: Connect
) -> None:
    where = probe(system(rpc=["http://127.0.0.1:1"]), "peers")
    sample = await where.read()
    assert "nothing listens there" in (sample.tables[0].missing or "")
    assert {reading.value for reading in sample.readings} == {None}
    silent = probe(system(rpc=["http://127.0.0.1:1"]), "authors")
    assert "nothing listens there" in ((await silent.read()).tables[0].missing or "")
