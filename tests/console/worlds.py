"""Pictures to draw in tests: a system that is well, and one in trouble."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.model.board import BoardView, Finding, SignalView, TargetView, Trust
from ainur_tui.model.event import Event
from ainur_tui.model.series import Series
from ainur_tui.model.signal import Quality, Verdict
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.target import State

NOW = 1_795_500_000.0
MACHINES = ("17811953c92e18", "178119d2a4b6e8")


def signal(
    name: str,
    value: float | None,
    unit: str,
    *,
    threshold: float | None = None,
    verdict: Verdict = "none",
    quality: Quality = "fresh",
    limit: float | None = None,
    age: float = 1.2,
) -> SignalView:
    return SignalView(
        name=name, title=name.rpartition(".")[2], value=value, unit=unit, statistic="last",
        source="test", observed_at=NOW - age, age=age, quality=quality, threshold=threshold,
        verdict=verdict, limit=limit,
    )  # fmt: skip


def target(
    name: str, state: State, summary: str, signals: list[SignalView], **more: object
) -> TargetView:
    fields: dict[str, Any] = {"kind": name, "title": name, "since": NOW - 720, "cause": None}
    return TargetView(name=name, state=state, summary=summary, signals=signals, **(fields | more))


def well() -> BoardView:
    machines = [
        target(f"api/machine/{m}", "up", "started, 1 of 1 checks passing", [],
               kind="api/machine", parent="api") for m in MACHINES
    ]  # fmt: skip
    return BoardView(
        environment="demo", at=NOW, state="up", since=NOW - 720, trust=Trust(fresh=42, all=42),
        targets=[
            target("frontend", "up", "answers in 4 ms", [signal("frontend.latency", 0.004, "s")],
                   needs=["api"]),
            target("api", "up", "answers in 12 ms, 38 requests/s", [
                signal("api.requests.rate", 38.2, "/s"),
                signal("api.latency.p95", 0.041, "s", threshold=0.1, verdict="ok"),
                signal("api.errors.ratio", 0.0, "ratio", threshold=0.01, verdict="ok"),
                signal("api.machines.healthy", 2, "count", limit=2, verdict="ok"),
                signal("api.queue", 4, "count", threshold=1000, verdict="ok"),
            ], needs=["db", "storage", "node"]),
            *machines,
            target("db", "up", "18 of 100 connections", [
                signal("db.connections.used", 18, "count", limit=100),
                signal("db.latency", 0.0012, "s", threshold=0.5, verdict="ok"),
            ]),
            target("storage", "up", "takes writes", [signal("storage.latency", 0.009, "s")]),
            target("node", "up", "block 1,204, 8 peers", [
                signal("node.lag", 0, "blocks", threshold=5, verdict="ok"),
                signal("node.block.age", 1.4, "s", threshold=6, verdict="ok"),
            ]),
            target("host", "up", "12 % cpu", [signal("host.cpu", 0.12, "ratio")]),
        ],
        events=[Event(key="1", at=NOW - 900, kind="deploy", target="api", text="api deployed v142"),
                Event(key="2", at=NOW - 400, kind="restart", target="node", text="node restarted")],
        tables=[machines_table()],
    )  # fmt: skip


def machines_table() -> Table:
    columns = [
        Column(name="id", title="machine"), Column(name="region", title="region", rank=2),
        Column(name="state", title="state"), Column(name="checks", title="checks", rank=1),
        Column(name="memory", title="memory", unit="B", rank=3),
        Column(name="image", title="image", rank=4),
    ]  # fmt: skip
    rows = [
        Row(key=m, cells=[m, "sjc", "started", "1/1 passing", 88_000_000.0, "deployment-01HX"],
            target=f"api/machine/{m}", detail={"instance": "01ABC"})
        for m in MACHINES
    ]  # fmt: skip
    return Table(name="api.machines", target="api", title="Machines", columns=columns, rows=rows,
                 observed_at=NOW - 2, source="fly")  # fmt: skip


def trouble() -> BoardView:
    """The database refuses; the API and the frontend fall with it."""
    view = well()
    hurt = {
        "db": ("down", "nothing listens there", None),
        "api": ("down", "answers 503: database unhealthy", "db"),
        "frontend": ("degraded", "shows an error for the API", "db"),
    }
    targets = [
        msgspec.structs.replace(t, state=hurt[t.name][0], summary=hurt[t.name][1], since=NOW - 252,
                                cause=hurt[t.name][2]) if t.name in hurt else t
        for t in view.targets
    ]  # fmt: skip
    findings = [
        Finding(target="db", text="nothing listens there", verdict="fail", since=NOW - 252,
                severity="P1", hint="restart db"),
        Finding(target="api", text="answers 503: database unhealthy", verdict="fail",
                since=NOW - 250, caused_by="db"),
        Finding(target="frontend", text="shows an error for the API", verdict="warn",
                since=NOW - 248, caused_by="db"),
    ]  # fmt: skip
    return msgspec.structs.replace(
        view, state="down", since=NOW - 252, targets=targets, findings=findings,
        trust=Trust(fresh=31, all=42),
    )  # fmt: skip


def series(target: str, name: str, points: int = 60) -> Series:
    values: list[float | None] = [20 + 15 * math.sin(i / 5) for i in range(points)]
    values[10:14] = [None] * 4
    return Series(target=target, signal=name, start=NOW - 3600, step=3600 / points, values=values)


def scene(
    view: BoardView | None = None, *, glyphs: Glyphs = UNICODE, lost: str | None = None
) -> Scene:
    drawn = {("api", "api.requests.rate"): series("api", "api.requests.rate")}
    return Scene(glyphs=glyphs, now=NOW + 1, view=view, elapsed=1.0, lost=lost, series=drawn,
                 environment="demo", operator="mira")  # fmt: skip
