"""Services: the API and its machines, the storage and the frontend beside it."""

from __future__ import annotations

from ainur_tui.console.panels.target import TargetPanel


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
    tables = ("api.machines", "api.services", "api.events", "storage.buckets")
