"""Node: does the chain grow, is it final, who are the peers."""

from __future__ import annotations

from textual.app import ComposeResult

from ainur_tui.console.draw import node
from ainur_tui.console.draw import target as draw
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.panels.target import TargetPanel
from ainur_tui.console.widgets.lines import LinesView


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

    def compose(self) -> ComposeResult:
        for child in super().compose():
            if child.has_class("banner"):
                child.styles.height = 2
            yield child

    def show_scene(self, scene: Scene) -> None:
        super().show_scene(scene)
        view = self.query_one(".banner", LinesView)
        columns, rows = view.size
        head = draw.banner(self.targets, scene, columns, rows)
        view.show([*head, *node.network(scene, columns)][:rows])
