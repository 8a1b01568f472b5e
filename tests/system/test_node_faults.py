"""Each ill of the chain on the running miniature: named by the rule, alone, and gone again."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from ainur_tui.systems.prometheus_text import parse
from tests.helpers import Miniature, until

ILLS = (
    {"node-stalled": "stalled import", "node-eclipse": "eclipse", "node-no-peers": "no peers"},
    {"node-clock-skew": "clock skew", "node-wrong-genesis": "wrong genesis",
     "node-finality-lag": "lagging finality"},
)  # fmt: skip
WITHIN = 60.0
"""Seconds: finality has to lag by ten blocks of two seconds before that is an ill."""


def node(demo: Miniature) -> dict[str, Any]:
    found = demo.check("--fresh", "--target", "node")["targets"]
    return next(dict(target) for target in found if target["target"] == "node")


def ills(found: dict[str, Any]) -> set[str]:
    """What the rule names, by its words before the colon; nothing where all is well."""
    network = next(one for one in found["signals"] if one["name"] == "node.network")
    if network["verdict"] == "ok":
        return set()
    return {part.partition(": ")[0] for part in str(network["note"]).split("; ")}


def unfinalized(demo: Miniature) -> float:
    """How far the finalized block is behind the best one, by the node's own metrics."""
    with urllib.request.urlopen(demo.endpoints["node_metrics"], timeout=10) as page:
        scrape = parse(page.read(), ("substrate_block_height",))
    heights = {
        dict(labels)["status"]: height
        for labels, height in scrape.samples["substrate_block_height"].items()
    }
    return heights["best"] - heights["finalized"]


@pytest.mark.parametrize("ills_of", ILLS, ids=("network", "chain"))
def test_each_is_named_alone_and_goes(demo: Miniature, ills_of: dict[str, str]) -> None:
    def named() -> dict[str, Any] | None:
        found = node(demo)
        return found if ills(found) else None

    for fault, ill in ills_of.items():
        with demo.broken(fault):
            if fault == "node-finality-lag":
                # Some twenty seconds in which a look by the whole program would see nothing.
                until(lambda: unfinalized(demo) > 10, WITHIN, "finality has fallen behind")
            found = until(named, WITHIN, f"{fault} is seen")
        assert (fault, ills(found), found["state"]) == (fault, {ill}, "degraded")
        until(lambda: not ills(node(demo)), WITHIN, f"{ill} is gone")


def test_a_node_of_the_newer_family_alone_is_well(demo: Miniature) -> None:
    def heights() -> dict[str, Any] | None:
        found = {one["name"]: one for one in node(demo)["signals"]}
        best = found["node.best"]
        return found if str(best["source"]).startswith("chainHead_v1 ws://") else None

    with demo.broken("node-new-rpc"):
        found = until(heights, WITHIN, "heights come by chainHead_v1")
        assert found["node.network"]["value"] == 1
        assert found["node.finality.lag"]["value"] <= 10
        assert found["node.lag"]["value"] is not None
    # The old one is tried again once a minute.
    until(lambda: heights() is None, 2 * WITHIN, "the old family is back")
    demo.becomes("node", "up")


def test_a_peer_is_reserved_and_the_log_goes_deep(demo: Miniature) -> None:
    def act(*words: str) -> dict[str, Any]:
        done: dict[str, Any] = demo.program.json(*words, "--yes", "--reason", "rehearsal")
        assert done["state"] == "verified", done
        return done

    rows = demo.program.json("check", "--target", "node", codes=(0, 1, 2, 3))
    assert rows["targets"]
    address = "/ip4/10.9.8.7/tcp/30333/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
    done = act("run", "reserve-peer", "node", "--param", f"address={address}")
    assert done["plan"]["inverse"] == "release-peer node"
    assert act("undo")["action"] == "release-peer"
    act("run", "log-level", "node", "--param", "filter=sync=debug")
    assert "0 of" in act("undo")["verified_by"]
