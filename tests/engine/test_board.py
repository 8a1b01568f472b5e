"""The board: what was read, judged; since when; what changed."""

from __future__ import annotations

import time

import pytest

from ainur_tui.engine.board import past
from ainur_tui.engine.board.board import Board
from ainur_tui.engine.board.past import CALM
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Signal
from ainur_tui.model.target import Target
from ainur_tui.rules.graph import DELAY, Graph
from ainur_tui.systems.base import Sample
from tests.engine.probing import FakeProbe, reading, vital
from tests.engine.warp import HandClock

P95 = Signal(name="api.latency.p95", title="p95 latency", unit="s", warn=0.1, fail=0.5)
MACHINE = Signal(name="machine.up", title="state", unit="bool", worse="below", fail=1, vital=True)
API = FakeProbe("api.health", "api", signals=(vital("api"), P95))
DB = FakeProbe("db.vital", "db", signals=(vital("db"),))
FLY = FakeProbe("fly.machines", "api", signals=(MACHINE,))
METRICS = FakeProbe("api.metrics", "api", signals=(MACHINE,))


class House:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.told: list[Event] = []
        probes = (API, DB, FLY)
        self.board = Board(
            "test",
            targets=[Target(name=name, kind=name, title=name) for name in ("api", "db")],
            signals={signal.name: signal for probe in probes for signal in probe.signals},
            graph=Graph({"api": ["db"]}),
            clock=self.clock,
            not_configured={"fly": "add [fly]"},
            on_event=self.told.append,
        )

    def api(self, up: float = 1, p95: float | None = 0.05) -> None:
        at = self.clock.now()
        readings = [reading("api", "api.up", up, at), reading("api", "api.latency.p95", p95, at)]
        self.board.record(API, Sample(readings), 0.1)

    def db(self, up: float = 1) -> None:
        self.board.record(DB, Sample([reading("db", "db.up", up, self.clock.now())]), 0.1)

    def machines(self, *names: str) -> None:
        targets = [
            Target(name=f"api/machine/{n}", kind="api/machine", title=n, parent="api")
            for n in names
        ]
        at = self.clock.now()
        readings = [reading(target.name, "machine.up", 1, at) for target in targets]
        self.board.record(FLY, Sample(readings, targets=targets), 0.1)

    def state(self, target: str) -> tuple[str, float | None]:
        found = self.board.view().target(target)
        assert found is not None
        return found.state, found.since


@pytest.fixture
def house() -> House:
    return House()


def test_nothing_read_yet(house: House) -> None:
    view = house.board.view()
    assert (view.state, view.trust.fresh, view.trust.all) == ("unknown", 0, 3)
    assert view.since is None
    assert view.not_configured == {"fly": "add [fly]"}
    assert house.told == []


def test_states_begin_when_they_change_and_each_change_is_an_event(house: House) -> None:
    house.api()
    house.db()
    began = house.clock.now()
    assert house.state("api") == ("up", began)
    house.clock.go(3)
    house.api(p95=0.3)
    assert house.state("api") == ("degraded", began + 3)
    house.clock.go(2)
    assert house.state("api") == ("degraded", began + 3)
    assert [event.text for event in house.told] == [
        "up → degraded: p95 latency 300 ms, over 100 ms"
    ]
    finding = house.board.view().findings[0]
    assert (finding.signal, finding.since) == ("api.latency.p95", began + 3)


def test_what_swings_is_told_once_and_a_recovery_when_it_has_lasted(house: House) -> None:
    house.db()
    began = house.clock.now()

    def swing() -> None:
        for p95 in (0.05, 0.3) * 20:
            house.clock.go(2)
            house.db()
            house.api(p95=p95)
            house.board.view()

    swing()
    assert [event.text.split(":")[0] for event in house.told] == ["up → degraded"]
    assert house.told[0].at == began + 4
    house.clock.go(2)
    house.api(up=0)
    house.board.view()
    back = house.clock.now() + 2
    for _ in range(10):
        house.clock.go(2)
        house.db()
        house.api()
        house.board.view()
    assert [(event.text.split(":")[0], event.at) for event in house.told[1:]] == [
        ("degraded → down", back - 2), ("down → up", back),
    ]  # fmt: skip
    assert back + CALM <= house.clock.now()


def test_a_failed_read_keeps_the_value_with_its_age_and_is_late(house: House) -> None:
    house.api()
    house.clock.go(4)
    assert house.board.fail(API, ProbeFailure("dns", "no such name"), 0.1) == []
    view = house.board.view()
    signal = view.signal("api", "api.latency.p95")
    assert signal is not None
    assert (signal.value, signal.age, signal.quality) == (0.05, 4.0, "late")
    assert house.state("api")[0] == "unknown"
    assert view.probes[0].problem == "the name does not resolve: no such name"


def test_a_refused_connection_is_a_reading_for_the_history(house: House) -> None:
    house.db()
    (found,) = house.board.fail(DB, ProbeFailure("refused"), 0.1)
    assert (found.signal, found.value, found.observed_at) == ("db.up", 0.0, house.clock.now())
    assert house.state("db")[0] == "down"
    house.clock.go(5)
    house.db()
    assert house.state("db")[0] == "up"


def test_the_cause_is_named(house: House) -> None:
    house.api(up=0)
    house.board.fail(DB, ProbeFailure("refused"), 0.1)
    found = house.board.view().target("api")
    assert found is not None
    assert (found.state, found.cause) == ("down", "db")


def test_machines_come_and_go(house: House) -> None:
    house.api()
    house.machines("1", "2")
    assert [t.name for t in house.board.view().targets] == [
        "api", "api/machine/1", "api/machine/2", "db",
    ]  # fmt: skip
    house.machines("2", "3")
    names = {t.name for t in house.board.view().targets}
    assert "api/machine/1" not in names
    assert "api/machine/3" in names


def test_a_signal_the_source_does_not_have_is_no_lasting_distrust(house: House) -> None:
    at = house.clock.now()
    house.board.record(API, Sample([reading("api", "api.up", 1, at)]), 0.1)
    house.db()
    trust = house.board.view().trust
    assert (trust.fresh, trust.all) == (2, 2)


def test_ages_follow_the_clock_that_never_jumps(house: House) -> None:
    house.api()
    house.db()
    for jump in (3600.0, -7200.0):
        house.clock.wall += jump
        house.clock.mono += 1
        view = house.board.view()
        assert view.state == "up"
        signal = view.signal("api", "api.up")
        assert signal is not None
        assert signal.age is not None
        assert 0 <= signal.age <= 3


def test_after_an_hours_sleep_all_is_stale_and_nothing_green(house: House) -> None:
    house.api()
    house.db()
    house.clock.go(3600)
    view = house.board.view()
    assert view.state == "unknown"
    assert view.trust.fresh == 0


def test_an_earlier_engines_states_keep_their_beginning(house: House) -> None:
    house.board.restore({"api": ("up", 1000.0), "db": ("down", 2000.0), "": ("up", 1000.0)})
    house.api()
    house.db()
    assert house.state("api") == ("up", 1000.0)
    assert house.state("db") == ("up", house.clock.now())
    assert house.board.view().since == 1000.0
    assert house.board.states()["api"] == ("up", 1000.0)


def test_not_having_looked_yet_ends_no_state(house: House) -> None:
    house.board.restore({"db": ("up", 1000.0), "": ("up", 1000.0)})
    house.api()
    assert house.board.view().state == "unknown"
    assert house.board.states()[""] == ("up", 1000.0)
    house.clock.go(3)
    house.db()
    assert house.state("db") == ("up", 1000.0)
    assert house.board.view().since == 1000.0
    assert all("unknown" not in event.text for event in house.told)


def test_long_blindness_ends_the_state_before(house: House) -> None:
    house.board.restore({"": ("up", 1000.0)})
    house.api()
    assert house.board.view().state == "unknown"
    house.clock.go(past.BLIND + 1)
    house.board.view()
    house.api()
    house.db()
    assert house.board.view().since == house.clock.now()


def test_an_event_is_there_once_and_the_newest_are_shown(house: House) -> None:
    for number in range(1500):
        event = Event(
            key=f"k{number}", at=float(number), kind="note", target="api", text=str(number)
        )
        house.board.add_event(event)
        house.board.add_event(event)
    events = house.board.view().events
    assert [event.at for event in events] == [float(n) for n in range(1300, 1500)]
    assert len(house.told) == 1500


def test_a_machine_that_is_gone_leaves_nothing_behind(house: House) -> None:
    for number in range(50):
        house.machines(f"m{number}")
        house.clock.go(past.FORGOTTEN / 10)
        # Another probe reads the one before it once more, when nobody tells of it any longer.
        late = [reading(f"api/machine/m{number - 1}", "machine.up", 1, house.clock.now())]
        house.board.record(METRICS, Sample(late), 0.1)
        house.board.view()
    assert len(house.board._seen) <= 3
    assert {name for name, _ in house.board.states().items()} <= {"", "api/machine/m49"}


def test_a_target_only_an_earlier_engine_saw_is_forgotten_after_a_day(house: House) -> None:
    house.board.restore({"api/machine/old": ("down", 5.0)})
    house.board.view()
    house.clock.go(past.FORGOTTEN - 1)
    house.board.view()
    assert "api/machine/old" in house.board.states()
    house.clock.go(2)
    house.board.view()
    assert "api/machine/old" not in house.board.states()


def test_a_picture_costs_a_few_milliseconds() -> None:
    names = ["api", "db", "node", "storage", "frontend"]
    signals = {n: [Signal(name=f"{n}.s{i}", title="s", warn=1) for i in range(20)] for n in names}
    clock = HandClock()
    board = Board(
        "test",
        targets=[Target(name=name, kind=name, title=name) for name in names],
        signals={s.name: s for found in signals.values() for s in found},
        graph=Graph(),
        clock=clock,
        not_configured={},
    )
    for name in names:
        parts = [
            Target(name=f"{name}/p/{i}", kind=f"{name}/p", title="p", parent=name) for i in range(2)
        ]
        readings = [reading(name, s.name, 2.0, clock.now()) for s in signals[name]]
        probe = FakeProbe(f"{name}.p", name, signals=tuple(signals[name]))
        board.record(probe, Sample(readings, targets=parts), 0.1)

    def took() -> float:
        began = time.thread_time()
        board.view()
        return time.thread_time() - began

    view: BoardView = board.view()
    assert (len(view.targets), view.trust.all) == (15, 100)
    assert min(took() for _ in range(20)) < 0.006


def test_a_cause_that_was_unwell_before_is_one_when_it_gets_worse_after_its_symptom(
    house: House,
) -> None:
    house.api()
    house.db()
    house.board.view()
    house.clock.go(1)
    house.board.fail(DB, ProbeFailure("bad answer"), 0.1)
    assert house.board.view().target("db").state == "unknown"  # type: ignore[union-attr]
    house.clock.go(1)
    house.api(up=0)
    house.board.view()
    house.clock.go(2 * DELAY)
    house.api(up=0)
    house.board.fail(DB, ProbeFailure("refused"), 0.1)
    view = house.board.view()
    api, db = view.target("api"), view.target("db")
    assert api is not None
    assert db is not None
    assert db.since == house.clock.now()
    assert api.cause == "db"


def test_a_trouble_goes_on_over_a_restart(house: House) -> None:
    house.api(0.5)
    began = house.board.view().findings[0].since
    assert began is not None
    kept = house.board.states()
    after = House()
    after.clock.wall = house.clock.wall + 40
    after.board.restore(kept)
    assert after.board.states() == kept, "not read yet is not forgotten"
    after.api(0.5)
    assert after.board.view().findings[0].since == began
    after.api()
    assert after.board.view().findings == []
    after.clock.go(5)
    after.api(0.5)
    assert after.board.view().findings[0].since == after.clock.now(), "another one"
