"""Node: does the chain grow, is it final, who are the peers."""

from __future__ import annotations

from ainur_tui.console.panels.target import TargetPanel


class NodePanel(TargetPanel):
    """Whether the chain is well, not merely whether the node says that it is not syncing."""

    title = "Node"
    key = "4"
    targets = ("node",)
    signals = (
        ("best", "node", "node.best"),
        ("finalized", "node", "node.finalized"),
        ("target", "node", "node.target"),
        ("behind", "node", "node.lag"),
        ("unfinalized", "node", "node.finality.lag"),
        ("block age", "node", "node.block.age"),
        ("imports", "node", "node.import.rate"),
        ("peers", "node", "node.peers"),
        ("pool", "node", "node.pool"),
        ("syncing", "node", "node.syncing"),
        ("unit active", "node", "node.unit"),
    )
    charts = (("node", "node.import.rate"), ("node", "node.lag"))
    tables = ("node.peers", "node.facts", "node.unit")
