"""The judged picture: states, summaries, causes, findings, trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ainur_tui.model.failure import FailureKind, ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.rules import findings, picture
from ainur_tui.rules.evidence import Evidence, Fault, lost_network
from ainur_tui.rules.graph import Graph
from ainur_tui.rules.judge import Held
from ainur_tui.rules.picture import Judged

SIGNALS = {
    signal.name: signal
    for signal in (
        Signal(name="api.up", title="health", unit="bool", worse="below", fail=1, vital=True),
        Signal(name="api.health.seconds", title="health check", unit="s"),
        Signal(name="api.requests.rate", title="requests", unit="/s"),
        Signal(name="api.latency.p95", title="p95 latency", unit="s", warn=0.25, fail=1),
        Signal(name="api.errors.ratio", title="error ratio", unit="ratio", warn=0.01, fail=0.05),
        Signal(
            name="api.machines.healthy",
            title="machines healthy",
            unit="count",
            worse="below",
            fail=1,
            vital=True,
        ),
        Signal(name="api.machines.failing", title="machines failing", unit="count", warn=0),
        Signal(name="machine.up", title="state", unit="bool", worse="below", fail=1, vital=True),
        Signal(name="db.up", title="connection", unit="bool", worse="below", fail=1, vital=True),
        Signal(name="storage.up", title="store", unit="bool", worse="below", fail=1, vital=True),
        Signal(
            name="storage.write",
            title="write probe",
            unit="bool",
            worse="below",
            fail=1,
            trouble="refuses writes",
        ),
        Signal(name="node.up", title="RPC", unit="bool", worse="below", fail=1, vital=True),
        Signal(name="frontend.up", title="page", unit="bool", worse="below", fail=1, vital=True),
    )
}
TARGETS = [Target(name=n, kind=n, title=n) for n in ("api", "db", "node", "storage", "frontend")]
MACHINES = [
    Target(name=f"api/machine/{n}", kind="api/machine", title=f"machine {n}", parent="api")
    for n in ("17", "18")
]
WELL = {"api.up": 1, "db.up": 1, "node.up": 1, "storage.up": 1, "frontend.up": 1}
GRAPH = Graph()


def fault(target: str, kind: FailureKind, *signals: str, probe: str = "") -> Fault:
    failure = ProbeFailure(kind, "as told")
    return Fault(
        probe or f"{target}.vital",
        target,
        kind,
        str(failure),
        failure.blames_us,
        frozenset(signals),
    )


def known(
    values: Mapping[str, float | None],
    *,
    faults: Sequence[Fault] = (),
    notes: Mapping[str, str] | None = None,
    machines: Mapping[str, float] | None = None,
    paused: frozenset[str] = frozenset(),
    age: float = 1.0,
) -> Evidence:
    held = {}
    failing = {name for one in faults for name in one.signals}
    for name, value in values.items():
        target = name.partition(".")[0]
        reading = Reading(
            target=target,
            signal=name,
            value=value,
            source="test",
            observed_at=0,
            note=(notes or {}).get(name),
        )
        held[target, name] = Held(reading, age, 5, 5, name in failing)
    for name, value in (machines or {}).items():
        reading = Reading(
            target=name, signal="machine.up", value=value, source="test", observed_at=0
        )
        held[name, "machine.up"] = Held(reading, age, 5, 5, "machine.up" in failing)
    targets = TARGETS + (MACHINES if machines is not None else [])
    return Evidence(targets, SIGNALS, held, {}, faults, paused)


def by_name(evidence: Evidence) -> dict[str, Judged]:
    return {one.target.name: one for one in picture.judge_all(evidence)}


def test_well_is_up_and_told_by_a_calm_fact() -> None:
    api = by_name(known(WELL | {"api.health.seconds": 0.012, "api.requests.rate": 38.0}))["api"]
    assert (api.state, api.summary) == ("up", "answers in 12 ms · 38 requests/s")


def test_a_judge_that_is_away_degrades_and_no_more() -> None:
    judge = Target(name="alertmanager", kind="alertmanager", title="Alertmanager")
    up = Signal(name="alertmanager.up", title="Alertmanager", unit="bool", worse="below", fail=1,
                vital=True)  # fmt: skip
    well = known(WELL)
    away = Evidence(
        [*TARGETS, judge], SIGNALS | {up.name: up}, well.held, {judge.name: [up.name]},
        [fault(judge.name, "refused", up.name)],
    )  # fmt: skip
    judged = picture.judge_all(away)
    assert by_name(away)["alertmanager"].state == "down"
    assert picture.overall(judged) == "degraded"
    (found,) = findings.findings(judged, {}, {})
    assert (found.target, found.severity) == ("alertmanager", "P3")


def test_nothing_read_yet_is_unknown() -> None:
    evidence = Evidence(TARGETS, SIGNALS, expected={"api": ["api.up"]})
    found = by_name(evidence)
    assert {one.state for one in found.values()} == {"unknown"}
    assert found["api"].summary == "not read yet"
    assert picture.overall(list(found.values())) == "unknown"
    assert findings.trust(list(found.values())).fresh == 0


def test_a_vital_failure_is_down_and_tells_what_was_answered() -> None:
    api = by_name(known(WELL | {"api.up": 0}, notes={"api.up": "503: database: refused"}))["api"]
    assert (api.state, api.summary) == ("down", "health: 503: database: refused")


def test_nobody_listening_is_down_and_itself_a_reading_of_zero() -> None:
    for kind in ("refused", "timeout", "unavailable", "unreachable", "exhausted"):
        db = by_name(known(WELL, faults=[fault("db", kind, "db.up")]))["db"]  # type: ignore[arg-type]
        assert db.state == "down"
        view = next(view for view in db.signals if view.name == "db.up")
        assert (view.value, view.verdict, view.quality) == (0.0, "fail", "fresh")
    assert (
        "accepts but does not answer in time"
        in by_name(known(WELL, faults=[fault("api", "timeout", "api.up")]))["api"].summary
    )


def test_our_own_access_says_nothing_about_the_target() -> None:
    for kind in ("auth", "forbidden", "rate limited", "dns", "internal", "missing"):
        db = by_name(known(WELL, faults=[fault("db", kind, "db.up")]))["db"]  # type: ignore[arg-type]
        assert db.state == "unknown"
        assert "as told" in db.summary


def test_a_bad_answer_is_degraded_only_when_something_vital_is_still_up() -> None:
    odd = [fault("api", "bad answer", "api.up")]
    assert by_name(known(WELL, faults=odd))["api"].state == "unknown"
    api = by_name(known(WELL | {"api.machines.healthy": 2}, faults=odd))["api"]
    assert (api.state, "not what it should be" in api.summary) == ("degraded", True)


def test_the_platform_not_answering_says_nothing_of_the_service() -> None:
    silent = fault("api", "timeout", "api.machines.healthy", "machine.up", probe="fly.machines")
    found = by_name(
        known(
            WELL | {"api.machines.healthy": 2},
            machines={"api/machine/17": 1, "api/machine/18": 1},
            faults=[silent],
        )
    )
    assert found["api"].state == "up"
    assert "machines healthy not readable" in found["api"].summary
    assert found["api/machine/17"].state == "unknown"


def test_troubles_are_named_with_value_and_threshold_the_worst_two() -> None:
    api = by_name(
        known(WELL | {"api.latency.p95": 0.412, "api.errors.ratio": 0.2, "api.machines.failing": 1})
    )["api"]
    assert api.state == "degraded"
    assert api.summary == "error ratio 20.0 %, over 5.0 %; p95 latency 412 ms, over 250 ms"
    assert len(api.troubles) == 3


def test_a_note_that_begins_with_the_number_is_the_sentence_and_said_once() -> None:
    note = "1 of 2 machines healthy; 1781 stopped (exit 137)"
    notes = {"api.machines.healthy": note, "api.machines.failing": note}
    api = by_name(
        known(WELL | {"api.machines.healthy": 1, "api.machines.failing": 1}, notes=notes)
    )["api"]
    assert (api.state, api.summary) == ("degraded", note)
    gone = by_name(known(WELL | {"api.machines.healthy": 0, "api.machines.failing": 2}))["api"]
    assert gone.state == "down"


def test_a_trouble_may_have_its_own_words() -> None:
    storage = by_name(known(WELL | {"storage.write": 0}))["storage"]
    assert (storage.state, storage.summary) == ("degraded", "refuses writes")


def test_a_side_probe_degrades_only_by_the_targets_own_fault() -> None:
    own = by_name(known(WELL, faults=[fault("db", "timeout", probe="db.locks")]))["db"]
    assert (own.state, own.summary.startswith("locks: accepts")) == ("degraded", True)
    ours = by_name(known(WELL, faults=[fault("db", "forbidden", probe="db.locks")]))["db"]
    assert ours.state == "up"
    assert ours.troubles[0].verdict == "none"
    both = [fault("db", "refused", "db.up"), fault("db", "refused", probe="db.locks")]
    assert len(by_name(known(WELL, faults=both))["db"].troubles) == 1


def test_missing_values_change_no_state_but_a_stale_vital_one_does() -> None:
    assert by_name(known(WELL | {"api.errors.ratio": None}))["api"].state == "up"
    stale = by_name(known(WELL, age=3600))
    assert {one.state for one in stale.values()} == {"unknown"}
    assert "nothing heard for 3600 s" in stale["api"].summary


def test_an_autostopped_machine_is_paused_and_no_trouble() -> None:
    found = by_name(
        known(
            WELL,
            machines={"api/machine/17": 1, "api/machine/18": 0},
            paused=frozenset({"api/machine/18"}),
        )
    )
    assert found["api/machine/18"].state == "paused"
    assert found["api"].state == "up"


def test_a_part_that_is_down_degrades_its_whole_and_not_the_environment_more() -> None:
    judged = picture.judge_all(known(WELL, machines={"api/machine/17": 0, "api/machine/18": 1}))
    found = {one.target.name: one for one in judged}
    assert found["api/machine/17"].state == "down"
    assert (found["api"].state, "machine 17" in found["api"].summary) == ("degraded", True)
    assert picture.overall(judged) == "degraded"


def told(evidence: Evidence) -> tuple[dict[str, str], list[tuple[str, str | None]]]:
    judged = picture.judge_all(evidence)
    caused = findings.causes(judged, GRAPH, {}, {})
    found = findings.findings(judged, caused, {})
    return caused, [(one.target, one.caused_by) for one in found]


def test_a_dead_database_is_the_one_cause_and_its_symptoms_are_folded_under_it() -> None:
    caused, order = told(
        known(
            WELL | {"api.up": 0, "frontend.up": 0, "storage.write": 0},
            machines={"api/machine/17": 0, "api/machine/18": 0},
            faults=[fault("db", "refused", "db.up")],
        )
    )
    assert caused["api"] == caused["frontend"] == caused["api/machine/17"] == "db"
    assert order[0] == ("db", None)
    assert {name for name, cause in order if cause == "db"} == {
        "api", "frontend", "api/machine/17", "api/machine/18",
    }  # fmt: skip
    assert order[-1] == ("storage", None)


def test_a_certificate_that_is_refused_is_a_cause_of_its_own() -> None:
    caused, order = told(
        known(
            WELL | {"api.up": 0},
            faults=[fault("db", "refused", "db.up"), fault("frontend", "tls", "frontend.up")],
        )
    )
    assert caused["api"] == "db"
    assert "frontend" not in caused
    assert ("frontend", None) in order


def test_a_store_that_refuses_writes_does_not_explain_a_machine_that_died() -> None:
    caused, order = told(
        known(WELL | {"storage.write": 0}, machines={"api/machine/17": 0, "api/machine/18": 1})
    )
    assert "api" not in caused
    assert "api/machine/17" not in caused
    assert ("api", None) in order
    slow = WELL | {"storage.write": 0, "api.latency.p95": 0.3}
    assert told(known(slow))[0]["api"] == "storage"


def test_findings_carry_a_hint_and_a_severity() -> None:
    judged = picture.judge_all(
        known(
            WELL | {"api.machines.failing": 1},
            machines={"api/machine/17": 0, "api/machine/18": 1},
            faults=[fault("db", "auth", "db.up")],
        )
    )
    found = findings.findings(judged, {}, {})
    by = {(one.target, one.signal): one for one in found}
    assert by["api", "api.machines.failing"].hint == "restart api/machine/17"
    assert by["api", "api.machines.failing"].severity == "P3"
    assert "credentials" in (by["db", "db.up"].hint or "")
    assert by["api/machine/17", "machine.up"].caused_by == "api"
    down = picture.judge_all(known(WELL, faults=[fault("db", "refused", "db.up")]))
    first = findings.findings(down, {}, {})[0]
    assert (first.target, first.severity, first.hint) == ("db", "P1", "restart db")


def test_a_machine_that_lost_the_network_blames_nobody() -> None:
    names = {"api": "unreachable", "db": "timeout", "storage": "dns", "frontend": "unreachable"}
    faults = [fault(name, kind, f"{name}.up") for name, kind in names.items()]  # type: ignore[arg-type]
    faults.append(fault("node", "unreachable", "node.up"))
    evidence = known(WELL, faults=faults)
    assert lost_network(evidence)
    assert {one.state for one in picture.judge_all(evidence)} == {"unknown"}
    assert not lost_network(known(WELL, faults=faults[:3]))
