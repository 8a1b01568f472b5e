"""Alerts on the board's picture, over restarts, folded under causes."""

from __future__ import annotations

import msgspec

from ainur_tui.engine.alerts.alerting import Alerting
from ainur_tui.engine.board.board import Board
from ainur_tui.model.alert import Alert, Rule
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Signal
from ainur_tui.model.target import Target
from ainur_tui.rules.graph import Graph
from ainur_tui.systems.base import Sample
from tests.engine.probing import FakeProbe, reading, vital
from tests.engine.warp import HandClock

P95 = Signal(name="api.latency.p95", title="p95 latency", unit="s", warn=0.25)
RESTARTS = Signal(name="machine.restarts", title="restarts")
API = FakeProbe("api.health", "api", signals=(vital("api"), P95))
DB = FakeProbe("db.vital", "db", signals=(vital("db"),))
FLY = FakeProbe("fly.machines", "api", signals=(RESTARTS,))
RULES = [
    Rule(
        name="Slow", signal="api.latency.p95", threshold=0.1, hold=10, severity="P3",
        summary="{target} {value} over {threshold}",
    ),
    Rule(
        name="Down", signal="api.up", op="below", threshold=1, hold=3, keep_firing=5,
        severity="P1", summary="{target} is down",
    ),
    Rule(name="Restarts", signal="machine.restarts", threshold=3, severity="P3", summary="{value}"),
    Rule(name="Never", signal="api.queue", threshold=3, severity="P3", summary="{value}"),
    Rule(name="Elsewhere", signal="node.lag", threshold=3, severity="P3", summary="{value}"),
]  # fmt: skip


class House:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.graph = Graph({"api": ["db"]})
        self.board = self.new_board()
        self.alerting = self.fresh()

    def new_board(self) -> Board:
        return Board(
            "test",
            targets=[Target(name=name, kind=name, title=name) for name in ("api", "db")],
            signals={s.name: s for probe in (API, DB, FLY) for s in probe.signals},
            graph=self.graph,
            clock=self.clock,
            not_configured={},
        )

    def fresh(self) -> Alerting:
        return Alerting(RULES, self.clock, self.board, self.graph)

    def machine(self, name: str | None, restarts: float = 0) -> None:
        targets = [Target(name=name, kind="api/machine", title="m", parent="api")] if name else []
        found = [reading(t.name, "machine.restarts", restarts, self.clock.now()) for t in targets]
        self.board.record(FLY, Sample(found, targets=targets), 0.1)

    def now(
        self, seconds: int = 0, up: float | None = 1, p95: float | None = 0.05, db: float | None = 1
    ) -> dict[str, Alert]:
        """Go on second by second with these values; ``None``: nothing is read."""
        found: list[Alert] = []
        for _ in range(max(seconds, 1)):
            self.clock.go(1 if seconds else 0)
            at = self.clock.now()
            if up is not None:
                values = [reading("api", "api.up", up, at), reading("api", P95.name, p95, at)]
                self.board.record(API, Sample(values), 0.1)
            if db is not None:
                self.board.record(DB, Sample([reading("db", "db.up", db, at)]), 0.1)
            found = self.alerting.evaluate(self.board.view())
        return {alert.name: alert for alert in found}


def test_well_has_no_alerts() -> None:
    assert House().now(5) == {}


def test_pending_says_when_it_fires_and_firing_what_and_since_when() -> None:
    house = House()
    pending = house.now(1, p95=0.2)["Slow"]
    assert pending.state == "pending"
    assert pending.fires_at == house.clock.now() + 10
    assert house.now(4, p95=0.2)["Slow"].fires_at == pending.fires_at
    firing = house.now(6, p95=0.2)["Slow"]
    assert (firing.state, firing.since) == ("firing", pending.fires_at)
    assert firing.summary == "api 200 ms over 100 ms"
    assert firing.fires_at is None


def test_worst_comes_first() -> None:
    house = House()
    house.now(11, p95=0.2)
    assert list(house.now(3, up=0, p95=0.2)) == ["Slow", "Down"]
    assert list(house.now(2, up=0, p95=0.2)) == ["Down", "Slow"]


def test_a_probe_that_finds_nobody_fires_the_rule_on_up() -> None:
    house = House()
    house.now(1)
    for _ in range(5):
        house.clock.go(1)
        house.board.fail(API, ProbeFailure("refused"), 0.1)
        alerts = house.alerting.evaluate(house.board.view())
    assert [(a.name, a.state) for a in alerts] == [("Down", "firing")]


def test_silence_resolves_nothing_and_becomes_no_data_where_all_was_well() -> None:
    house = House()
    house.now(12, p95=0.2)
    alerts = house.now(400, up=None)
    assert alerts["Slow"].state == "firing"
    assert "nothing heard for" in alerts["Slow"].summary
    assert alerts["Down"].state == "no data"
    house.now(1)
    assert house.now(1)["Slow"].state == "resolved"
    assert "Down" not in house.now(1)


def test_what_its_source_has_no_value_of_is_not_silence() -> None:
    house = House()
    house.now(2)
    assert "Slow" not in house.now(600, p95=None), "it answers, and has no requests to tell of"


def test_no_requests_is_no_data_and_no_zero() -> None:
    house = House()
    house.now(12, p95=0.2)
    assert house.now(20, p95=None)["Slow"].state == "firing"


def test_firing_is_firing_after_a_restart() -> None:
    house = House()
    house.now(12, p95=0.2)
    since = house.now(5, p95=0.2)["Slow"].since
    stored = house.alerting.dump()
    house.alerting = house.fresh()
    house.alerting.restore(stored)
    house.clock.go(7200)
    assert (house.now(0, p95=0.2)["Slow"].state, house.now(0, p95=0.2)["Slow"].since) == (
        "firing",
        since,
    )


def test_a_pending_alert_goes_on_counting_after_a_restart_and_not_while_it_was_away() -> None:
    house = House()
    house.now(6, p95=0.2)
    stored = house.alerting.dump()
    house.alerting = house.fresh()
    house.alerting.restore(stored)
    house.clock.go(3600)
    assert house.now(0, p95=0.2)["Slow"].state == "pending"
    assert house.now(4, p95=0.2)["Slow"].state == "pending"
    assert house.now(2, p95=0.2)["Slow"].state == "firing"


def test_what_cannot_be_read_back_is_left_out() -> None:
    alerting = House().fresh()
    for stored in (b"", b"nonsense", b'{"memories":[["Gone","api",{"state":"firing"}]]}'):
        alerting.restore(stored)
    assert b'"memories":[]' in alerting.dump()


def test_a_symptom_is_folded_under_its_cause_and_goes_on_being_judged() -> None:
    house = House()
    house.now(1)
    alert = house.now(5, up=0, db=0)["Down"]
    assert (alert.state, alert.caused_by) == ("firing", "db")
    assert house.now(6, up=1, db=0)["Down"].state in {"recovering", "resolved"}


def test_a_rule_stricter_than_the_state_is_folded_too() -> None:
    house = House()
    assert house.now(12, p95=0.2, db=0)["Slow"].caused_by == "db"
    assert house.board.view().target("api").state == "up"  # type: ignore[union-attr]


def test_a_machine_that_is_no_more_takes_its_alert_along() -> None:
    house = House()
    house.machine("api/machine/1", 9)
    assert house.now(1)["Restarts"].state == "firing"
    house.machine("api/machine/2")
    assert house.now(1)["Restarts"].state == "resolved"
    assert "api/machine/1" not in {alert.target for alert in house.now(400).values()}


def test_a_machine_is_not_gone_because_an_engine_has_just_started() -> None:
    house = House()
    house.machine("api/machine/1", 9)
    since = house.now(1)["Restarts"].since
    stored = house.alerting.dump()
    house.board = house.new_board()
    house.alerting = house.fresh()
    house.alerting.restore(stored)
    assert (house.now(3)["Restarts"].state, house.alerting.turned()) == ("firing", [])
    house.machine("api/machine/1", 9)
    assert house.now(1)["Restarts"].since == since
    house.machine(None)
    assert house.now(1)["Restarts"].state == "resolved", "told to be gone, it is"


def test_share_of_a_ceiling_and_too_few_samples() -> None:
    house = House()
    assert house.now(12, p95=0.2)["Slow"].state == "firing"
    rules = [
        msgspec.structs.replace(RULES[0], name="Full", share=True, threshold=0.8, hold=0),
        msgspec.structs.replace(RULES[0], name="Rare", sample="api.up", min_sample=5, hold=0),
    ]
    house.alerting = Alerting(rules, house.clock, house.board, house.graph)
    assert house.now(3, p95=0.9) == {}, "no ceiling is known, and too few to judge by"
    at = house.clock.now()
    for p95, ceiling in ((0.9, 1.0), (0.9, 2.0)):
        values = [reading("api", "api.up", 9, at), reading("api", P95.name, p95, at, limit=ceiling)]
        house.board.record(API, Sample(values), 0.1)
        found = {a.name: a.state for a in house.alerting.evaluate(house.board.view())}
        full = "firing" if ceiling == 1.0 else "resolved"
        assert found == {"Full": full, "Rare": "firing"}


def test_a_rule_that_can_never_fire_here_says_so() -> None:
    house = House()
    assert "Never" not in house.now(100)
    blind = house.now(250)["Never"]
    assert (blind.state, blind.target) == ("blind", "api")
    assert "Elsewhere" not in house.now(1)


def test_a_jump_of_the_wall_clock_moves_no_hold_time() -> None:
    house = House()
    house.now(2, p95=0.2)
    house.clock.wall += 3600
    assert house.now(1, p95=0.2)["Slow"].state == "pending"
    house.clock.wall -= 7200
    assert house.now(1, p95=0.2)["Slow"].state == "pending"
    assert house.now(7, p95=0.2)["Slow"].state == "firing"


def test_a_planned_trouble_fires_nothing() -> None:
    house = House()
    up = msgspec.structs.replace(vital("api"), planned_by=("api.maintenance",))
    mode = Signal(name="api.maintenance", title="mode", unit="bool")
    probe = FakeProbe("api.health", "api", signals=(up, mode))
    signals = {"api.up": up, mode.name: mode}
    house.board = Board("test", targets=[Target(name="api", kind="api", title="api")],
                        signals=signals, graph=house.graph, clock=house.clock,
                        not_configured={})  # fmt: skip
    house.alerting = house.fresh()

    def told(on: float) -> list[str]:
        for _ in range(10):
            house.clock.go(1)
            at = house.clock.now()
            values = [reading("api", "api.up", 0, at), reading("api", mode.name, on, at)]
            house.board.record(probe, Sample(values), 0.1)
            found = house.alerting.evaluate(house.board.view())
        return [alert.state for alert in found if alert.name == "Down"]

    assert told(on=1) == []
    assert told(on=0) == ["firing"]
    assert told(on=1) == ["resolved"]


def test_alerts_of_a_judge_that_is_configured_no_more_end_with_the_engine() -> None:
    house = House()
    stored = msgspec.json.encode(
        {
            "memories": [],
            "foreign": [
                {"name": "Theirs", "target": "api", "state": "firing", "severity": "P1", "since": 1,
                 "summary": "x", "origin": origin} for origin in ("api", "alertmanager")
            ],
        }
    )  # fmt: skip
    house.alerting.restore(stored)
    assert [alert.origin for alert in house.alerting.foreign.known()] == ["api"]
