"""Alerts folded under their causes: nothing lost, nothing that fires behind what does not."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ainur_tui.model.alert import ACTIVE, Ack, Alert, Silence
from ainur_tui.model.folding import RANK, calling, fold
from ainur_tui.model.units import seconds


def alert(name: str, target: str, state: Any = "firing", **more: Any) -> Alert:
    fields: dict[str, Any] = {"severity": "P2", "since": 1.0, "summary": "", "signal": f"s.{name}"}
    return Alert(name=name, target=target, state=state, **(fields | more))


MUTE = Silence(id="1", name="", target="db", by="mira", reason="r", at=0, until=9)


def told(*alerts: Alert) -> list[tuple[str, list[str]]]:
    return [(one.root.name, [under.name for under in one.under]) for one in fold(alerts)]


def test_a_symptom_is_told_by_its_cause_though_it_is_the_graver() -> None:
    down = alert("ApiDown", "api", severity="P1", caused_by="db")
    assert told(down, alert("DbSlow", "db")) == [("DbSlow", ["ApiDown"])]
    (one,) = fold([down, alert("DbSlow", "db")])
    assert one.worst == "P1"


def test_symptoms_of_a_cause_without_an_alert_stand_together() -> None:
    found = told(*(alert(f"S{n}", "api", caused_by="db") for n in range(3)))
    assert [len(under) for _, under in found] == [2]


def test_a_harder_threshold_tells_the_milder_and_down_tells_all_of_a_target() -> None:
    hard = alert("Hard", "api", severity="P2", signal="api.errors")
    mild = alert("Mild", "api", severity="P3", signal="api.errors")
    assert told(mild, hard) == [("Hard", ["Mild"])]
    down = alert("Down", "api", severity="P1", signal="api.up")
    assert told(mild, hard, down) == [("Down", ["Hard", "Mild"])]


def test_parts_are_told_by_their_whole_or_by_the_first_of_them() -> None:
    parts = [alert("Cpu", f"api/machine/{n}") for n in range(4)]
    assert told(*parts) == [("Cpu", ["Cpu"] * 3)]
    whole = alert("Slow", "api", severity="P3")
    assert told(*parts, alert("Other", "db")) == [("Cpu", ["Cpu"] * 3), ("Other", [])]
    assert told(whole, *parts) == [("Cpu", ["Cpu"] * 3), ("Slow", [])]
    assert told(replace(whole, severity="P1"), *parts) == [("Slow", ["Cpu"] * 4)]


def test_what_fires_is_never_behind_what_only_might() -> None:
    found = told(alert("ApiDown", "api", caused_by="db"), alert("Db", "db", "pending"))
    assert found == [("ApiDown", []), ("Db", [])]


def test_what_is_not_heard_of_any_more_stands_behind_what_is_down() -> None:
    down = alert("Down", "db", severity="P1", signal="db.up")
    quiet = [alert(f"Q{n}", "db", "no data") for n in range(3)]
    over = alert("Over", "db", "resolved")
    assert told(down, *quiet, over) == [("Down", ["Q0", "Q1", "Q2"]), ("Over", [])]
    assert len(told(*quiet)) == 3


def test_who_is_called() -> None:
    cause, symptom = alert("Db", "db"), alert("Api", "api", caused_by="db")
    taken = alert("Db", "db", ack=Ack(by="mira", comment="", at=0))
    muted = alert("Db", "db", silence=MUTE)
    assert len(calling([cause, symptom])) == 1
    assert calling([taken, symptom]) == []
    assert len(calling([muted, symptom])) == 1, "a symptom that is not muted still calls"
    assert calling([muted]) == []
    assert calling([alert("Db", "db", "pending")]) == []


TARGETS = st.sampled_from(["api", "db", "node", "api/machine/1", "api/machine/2"])
ALERTS = st.lists(
    st.builds(
        alert,
        name=st.sampled_from(list("ABCDE")),
        target=TARGETS,
        state=st.sampled_from(sorted(RANK)),
        severity=st.sampled_from(["P1", "P2", "P3", "P4"]),
        caused_by=st.one_of(st.none(), TARGETS),
        signal=st.sampled_from(["", "x.up", "x.y"]),
    ),
    max_size=30,
)


@settings(max_examples=50)
@given(ALERTS)
def test_nothing_is_lost_and_the_order_is_the_worst_first(alerts: list[Alert]) -> None:
    folds = fold(alerts)
    every = [one for f in folds for one in (f.root, *f.under)]
    assert sorted(map(repr, every)) == sorted(map(repr, alerts))
    for one in folds:
        if one.root.state not in ACTIVE:
            assert not any(under.state in ACTIVE for under in one.under)
    ranks = [(RANK[one.root.state], one.worst) for one in folds]
    assert ranks == sorted(ranks)


def test_a_silence_matches_by_name_target_and_part() -> None:
    assert MUTE.matches("Any", "db")
    assert not MUTE.matches("Any", "dbx")
    machines = Silence(id="2", name="Cpu*", target="api", by="m", reason="r", at=0, until=9)
    assert machines.matches("CpuHigh", "api/machine/1")
    assert not machines.matches("Slow", "api/machine/1")
    odd = Silence(id="4", name="Disk [sdb]", target="", by="m", reason="r", at=0, until=9)
    assert odd.matches("Disk [sdb]", "db"), "a name is itself, whatever it holds"
    part = Silence(id="3", name="", target="api/machine/1", by="m", reason="r", at=0, until=9)
    assert not part.matches("Slow", "api"), "a part mutes nothing of the whole"


def test_durations_as_people_write_them() -> None:
    assert [seconds(text) for text in ("30s", "5m", "1h30m", "2d", "100ms")] == [
        30.0, 300.0, 5400.0, 172_800.0, 0.1,
    ]  # fmt: skip
    for text in ("", "5", "m", "5 m", "-5m", "5m later"):
        try:
            seconds(text)
        except ValueError as error:
            assert "write 30s" in str(error)  # noqa: PT017
        else:
            raise AssertionError(text)
