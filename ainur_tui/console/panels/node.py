"""Node: does the chain grow, is it final, who are the peers."""

from __future__ import annotations

from ainur_tui.console.draw import node
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import Line
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
        ("finalizes", "node", "node.finality.rate"),
        ("synced in", "node", "node.sync.eta"),
        ("pool", "node", "node.pool"),
        ("clock ahead", "node", "node.clock.skew"),
        ("best is old", "node", "node.lag.seconds"),
        ("unit active", "node", "node.unit"),
    )
    charts = (("node", "node.import.rate"), ("node", "node.lag"))
    tables = (
        "node.network", "node.peers", "node.events", "node.authors", "node.facts", "node.flags",
        "node.exposure", "node.database", "node.unit",
    )  # fmt: skip

    def head(self, scene: Scene, columns: int) -> list[Line]:
        return [*super().head(scene, columns), *node.network(scene, columns)]
