"""Many rules, many signals, a storm: what a tick costs, and that no transition is lost."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from ainur_tui.engine.alerts.alerting import Alerting
from ainur_tui.engine.alerts.keeping import began_or_ended
from ainur_tui.engine.board.board import Board
from ainur_tui.model.alert import Rule
from ainur_tui.model.board import BoardView
from ainur_tui.model.folding import calling, fold
from ainur_tui.model.signal import Signal
from ainur_tui.model.target import Target
from ainur_tui.rules.graph import Graph
from ainur_tui.systems.base import Sample
from tests.engine.engines import engine
from tests.engine.probing import FakeProbe, reading, vital
from tests.engine.warp import HandClock

MACHINES = 125
PER_TICK = 0.02
"""Seconds of processor a tick may take at most; it takes about a twentieth of that."""


class Park:
    """An API of many machines with four signals each, all from one probe."""

    def __init__(self, rules: list[Rule]) -> None:
        self.clock = HandClock()
        self.signals = [Signal(name=f"machine.s{n}", title=f"s{n}") for n in range(4)]
        self.probe = FakeProbe("fly", "api", signals=(vital("api"), *self.signals))
        graph = Graph({"api": ["db"]})
        self.board = Board(
            "test", targets=[Target(name="api", kind="api", title="api")],
            signals={s.name: s for s in self.probe.signals}, graph=graph, clock=self.clock,
            not_configured={},
        )  # fmt: skip
        self.alerting = Alerting(rules, self.clock, self.board, graph)
        self.parts = [
            Target(name=f"api/machine/{n}", kind="api/machine", title="m", parent="api")
            for n in range(MACHINES)
        ]

    def view(self, value: float, up: float = 1.0) -> BoardView:
        self.clock.go(1)
        at = self.clock.now()
        found = [reading("api", "api.up", up, at)]
        found += [
            reading(part.name, signal.name, value, at)
            for part in self.parts
            for signal in self.signals
        ]
        self.board.record(self.probe, Sample(found, targets=self.parts), 0.1)
        return self.board.view()


def rule(number: int, **more: Any) -> Rule:
    fields: dict[str, Any] = {
        "name": f"R{number}", "signal": f"machine.s{number % 4}", "threshold": 0.5,
        "severity": "P3", "summary": "{target} {value}",
    }  # fmt: skip
    return Rule(**(fields | more))


def test_two_hundred_rules_over_five_hundred_signals_cost_little() -> None:
    few = [rule(number) for number in range(4)]
    none = [rule(number, signal=f"other.s{number}") for number in range(4, 200)]
    park = Park(few + none)
    took = []
    for _ in range(30):
        view = park.view(0.1)
        began = time.thread_time()
        assert park.alerting.evaluate(view) == []
        took.append(time.thread_time() - began)
    print(f"a tick: {statistics.median(took) * 1000:.2f} ms of processor")
    assert statistics.median(took) < PER_TICK


async def test_a_storm_of_five_hundred_is_one_line_and_every_turn_is_one_event(
    tmp_path: Path,
) -> None:
    rules = [rule(number) for number in range(4)]
    park = Park([*rules, rule(9, name="Down", signal="api.up", op="below", threshold=1)])
    turned = []
    for value, up in ((0.1, 1.0), (0.9, 0.0), (0.1, 1.0), (0.9, 0.0), (0.9, 0.0)):
        alerts = park.alerting.evaluate(park.view(value, up))
        turned += park.alerting.turned()
    firing = 4 * MACHINES + 1
    assert sum(alert.state == "firing" for alert in alerts) == firing
    (line,) = fold(alerts)
    assert (line.root.name, len(line.under)) == ("Down", firing - 1)
    assert len(calling(alerts)) == 1
    assert len(turned) == 3 * firing, "fired, ended and fired again: each of them"
    async with engine(tmp_path) as made:
        for alert in turned:
            made.add_event(began_or_ended(alert))
        await made.history.flush()
        events = [e for e in await made.history.events(0) if e.key.startswith("alert:")]
    assert len(events) == len(turned)
