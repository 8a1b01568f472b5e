"""Services: the API and its machines, the storage and the frontend beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from ainur_tui.console.draw import machines, needs, services
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.panels.base import Wanted
from ainur_tui.console.panels.target import TargetPanel
from ainur_tui.model.table import Table

WIDE = 150
"""Columns from which on trends have room for more bars."""


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
        "api.machines", "api.services", needs.NAME, "api.events", "api.releases", "api.secrets",
        "api.certificates", "api.certificate", "frontend.certificate", "api.dns", "api.volumes",
        "storage.buckets",
    )  # fmt: skip
    words: ClassVar[Mapping[str, str]] = {
        "api.services": "health", "api.certificate": "api tls", "frontend.certificate": "page tls",
    }  # fmt: skip

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "app.record('needs')", "Edit needs", show=False, id="services.needs",
                tooltip="edit who needs whom: what explains a trouble, and who is affected"),
    ]  # fmt: skip

    def wanted(self, scene: Scene) -> list[Wanted]:
        return [*self.series, *machines.wanted(scene)]

    def table(self, scene: Scene, name: str) -> Table | None:
        if name == needs.NAME:
            return needs.table(scene)
        found = super().table(scene, name)
        if found is None:
            return None
        match name:
            case "api.machines":
                bars = machines.FEW if self.size.width < WIDE else machines.MANY
                return machines.readable(found, scene, bars)
            case "api.secrets":
                return services.secrets(found, scene)
            case "api.releases":
                return services.releases(found)
        return found
