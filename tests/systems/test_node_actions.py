"""Reserved peers and the depth of the log: unsafe methods, planned, verified and taken back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.config.types import Environment, Node
from ainur_tui.demo.node.chain import Chain
from ainur_tui.demo.node.peers import peer_id
from ainur_tui.demo.node.rpc import Methods
from ainur_tui.model.failure import Refused
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Context
from ainur_tui.systems.node.system import connect
from tests.systems import nodeworld
from tests.systems.nodeworld import WORLD, Clock, FakeNode, Told

node, clock, context = nodeworld.node, nodeworld.clock, nodeworld.context
PEER = peer_id(1, 1)
ADDRESS = f"/ip4/10.0.0.1/tcp/30333/p2p/{PEER}"


@pytest.fixture
def methods(node: FakeNode) -> Methods:
    """The miniature's methods behind the made-up node."""
    found = Methods(Chain(1, 2.0))
    names = ("system_reservedPeers", "system_addReservedPeer", "system_removeReservedPeer",
             "system_peers", "system_unstable_networkState", "system_addLogFilter",
             "system_resetLogFilter")  # fmt: skip
    for name in names:
        node.answers[name] = lambda *params, name=name: found.call(name, list(params))
    return found


@pytest.fixture
async def actions(node: FakeNode, context: Context) -> AsyncIterator[dict[str, Action]]:
    config = Node(rpc=[node.url], timeout=3.0, unit="ainur-node")
    found = connect(Environment(node=config), context)
    assert found is not None
    yield {action.spec.name: action for action in found.actions}
    assert found.close is not None
    await found.close()


async def done(action: Action, params: dict[str, str], clock: Clock) -> Any:
    """Planned and carried out; the plan. It is not so before."""
    plan = await action.plan("node", params, WORLD)
    assert (await action.observe(plan)).state == "failed"
    for step in action.steps(plan):
        await step.work(Told(clock))
    return plan


async def test_a_peer_is_reserved_and_released(
    methods: Methods, actions: dict[str, Action], clock: Clock
) -> None:
    reserve, release = actions["reserve-peer"], actions["release-peer"]
    plan = await done(reserve, {"address": ADDRESS}, clock)
    assert "connected now" in plan.facts
    assert any("--reserved-nodes" in warning for warning in plan.warnings)
    seen = await reserve.observe(plan)
    assert (seen.state, seen.by) == ("verified", f"system_reservedPeers has {PEER}")
    with pytest.raises(Refused, match="is reserved already"):
        await reserve.plan("node", {"address": ADDRESS}, WORLD)
    assert plan.undo.params == {"peer": PEER}
    plan = await done(release, plan.undo.params, clock)
    assert (await release.observe(plan)).state == "verified"
    assert plan.undo.params == {"address": ADDRESS}  # the node itself knows where it called it
    with pytest.raises(Refused, match="is not reserved already"):
        await release.plan("node", {"peer": PEER}, WORLD)


async def test_a_stranger_is_released_without_a_way_back(
    methods: Methods, actions: dict[str, Action]
) -> None:
    stranger = peer_id(2, 9)
    methods.call("system_addReservedPeer", [f"/dns4/there/tcp/1/p2p/{stranger}"])
    plan = await actions["release-peer"].plan("node", {"peer": stranger}, WORLD)
    assert (plan.undo, plan.inverse) == (None, None)
    assert "not connected now" in plan.facts
    assert any("address is not known" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("reserve-peer", {}),
        ("reserve-peer", {"address": "/ip4/1.2.3.4/tcp/1"}),
        ("reserve-peer", {"address": f"{ADDRESS}\x1b[31m"}),
        ("release-peer", {"peer": "0OIl"}),
        ("log-level", {}),
        ("log-level", {"filter": "sync=warn"}),
        ("log-level", {"filter": "-x=debug"}),
    ],
)
async def test_what_makes_no_sense(
    methods: Methods, actions: dict[str, Action], name: str, params: dict[str, str]
) -> None:
    with pytest.raises(Refused) as refused:
        await actions[name].plan("node", params, WORLD)
    assert refused.value.code == 64


@pytest.mark.parametrize(
    ("name", "params"),
    [("reserve-peer", {"address": ADDRESS}), ("log-level", {"filter": "sync=debug"})],
)
async def test_the_safe_mode_refuses_in_the_plan(
    node: FakeNode, actions: dict[str, Action], name: str, params: dict[str, str]
) -> None:
    node.answers["system_reservedPeers"] = RuntimeError(
        "RPC call is unsafe to be called externally"
    )
    with pytest.raises(Refused, match="--rpc-methods unsafe") as refused:
        await actions[name].plan("node", params, WORLD)
    assert refused.value.code == 77


class Journal:
    """A stand-in for journalctl; a record's age is in seconds."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / "journalctl"
        self._clock = clock

    def says(self, *lines: tuple[float, str]) -> None:
        records = [
            json.dumps({"__REALTIME_TIMESTAMP": f"{(self._clock.now() - age) * 1e6:.0f}",
                        "__CURSOR": "c", "MESSAGE": text})
            for age, text in lines
        ]  # fmt: skip
        text = "\n".join(records)
        self._path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        self._path.chmod(0o755)


async def test_the_journal_verifies_how_deep_the_log_is(
    methods: Methods, actions: dict[str, Action], clock: Clock, tmp_path: Path
) -> None:
    action, journal = actions["log-level"], Journal(tmp_path, clock)
    deep = "2026-11-24 02:00:05.1 DEBUG tokio-runtime-worker sync::import: block #5"
    idle = "2026-11-24 02:00:05 💤 Idle (8 peers), best: #1234"
    journal.says((60, deep), (1, idle))
    plan = await done(action, {"filter": "sync=debug"}, clock)
    assert methods.filters == {"sync": "debug"}
    assert (await action.observe(plan)).state == "failed"
    journal.says((2, deep), (1, idle))
    seen = await action.observe(plan)
    assert (seen.state, seen.by) == ("verified", "1 of 2 lines in 6 s are sync's in depth")
    plan = await done(action, plan.undo.params, clock)
    assert methods.filters == {}
    assert (await action.observe(plan)).state == "failed"
    journal.says((9, deep), (1, idle))
    assert (await action.observe(plan)).state == "verified"
    journal.says()
    assert (await action.observe(plan)).state == "failed"


async def test_no_journal_no_verdict(
    methods: Methods, actions: dict[str, Action], node: FakeNode, context: Context
) -> None:
    plan = await actions["log-level"].plan("node", {"filter": "sync=debug"}, WORLD)
    assert (await actions["log-level"].observe(plan)).state == "unknown"
    alone = connect(Environment(node=Node(rpc=[node.url], unit=None)), context)
    assert alone is not None
    action = next(one for one in alone.actions if one.spec.name == "log-level")
    assert "no node.unit" in (action.unavailable() or "")
    assert alone.close is not None
    await alone.close()
