"""Services: the API and its machines, the storage and the frontend beside it."""

from __future__ import annotations

from ainur_tui.console.draw import machines
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.panels.base import Wanted
from ainur_tui.console.panels.target import TargetPanel
from ainur_tui.model.table import Table


class ServicesPanel(TargetPanel):
    """Is the service there for its users, on how many machines, and how fast."""

    title = "Services"
    key = "2"
    targets = ("api", "frontend", "storage", "host")
    signals = (
        ("requests", "api", "api.requests.rate"),
        ("p95", "api", "api.latency.p95"),
        ("mean", "api", "api.latency.mean"),
        ("errors", "api", "api.errors.ratio"),
        ("machines", "api", "api.machines.healthy"),
        ("queue", "api", "api.queue"),
        ("agents", "api", "api.agents"),
        ("frontend", "frontend", "frontend.latency"),
        ("storage", "storage", "storage.latency"),
        ("host cpu", "host", "host.cpu"),
        ("memory", "host", "host.memory"),
        ("disk", "host", "host.disk"),
    )
    charts = (("api", "api.requests.rate"), ("api", "api.latency.p95"))
    tables = (
        "api.machines", "api.services", "api.events", "api.releases", "api.secrets",
        "api.volumes", "api.certificates", "storage.buckets",
    )  # fmt: skip

    def wanted(self, scene: Scene) -> list[Wanted]:
        return [*self.series, *machines.wanted(scene)]

    def table(self, scene: Scene, name: str) -> Table | None:
        found = super().table(scene, name)
        if found is not None and name == "api.machines":
            bars = machines.FEW if self.size.width < 150 else machines.MANY
            return machines.with_use(found, scene, bars)
        return found
