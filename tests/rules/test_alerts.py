"""The states of an alert, step by step."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.alert import Rule
from ainur_tui.model.signal import Signal
from ainur_tui.rules import alerts, defaults
from ainur_tui.rules.alerts import LONGEST_STEP, Memory

RULE = Rule(
    name="Slow",
    signal="api.latency.p95",
    threshold=0.1,
    clear=0.08,
    hold=10,
    keep_firing=5,
    no_data_after=20,
    severity="P3",
    summary="{target} {value} {threshold}",
)


def run(values: list[float | None], *, start: Memory | None = None, passed: float = 1.0) -> Memory:
    memory = start or Memory()
    for count, value in enumerate(values):
        memory = alerts.step(RULE, memory, value, passed=passed, now=100.0 + count * passed)
    return memory


def test_pending_holds_its_time_then_fires() -> None:
    assert run([0.2]).state == "pending"
    assert run([0.2] * 10).state == "pending"
    fired = run([0.2] * 11)
    assert (fired.state, fired.since) == ("firing", 110.0)


def test_pending_falls_back_when_it_is_well_once() -> None:
    assert run([0.2] * 9 + [0.1]).state == "inactive"


def test_between_the_thresholds_it_goes_on_firing() -> None:
    assert run([0.2] * 11 + [0.09] * 50).state == "firing"


def test_recovering_then_resolved_or_firing_again() -> None:
    fired = run([0.2] * 11)
    assert run([0.05], start=fired).state == "recovering"
    assert run([0.05, 0.2], start=fired).state == "firing"
    assert run([0.05, 0.09], start=fired).state == "firing"
    assert run([0.05] * 6, start=fired).state == "resolved"
    assert run([0.05] * 330, start=fired).state == "inactive"


def test_silence_holds_firing_and_counts_for_nothing() -> None:
    fired = run([0.2] * 11)
    assert run([None] * 500, start=fired).state == "firing"
    assert run([0.2] * 5 + [None] * 15).state == "pending"
    assert run([0.2] * 5 + [None] * 15 + [0.2] * 5).state == "pending"
    assert run([None] * 20).state == "no data"
    assert run([None] * 20 + [0.05]).state == "inactive"
    assert run([None] * 20 + [0.2]).state == "pending"


def test_a_machine_that_slept_an_hour_has_not_watched_for_an_hour() -> None:
    memory = run([0.2])
    held = alerts.step(
        Rule(name="x", signal="s", threshold=0, hold=300, severity="P3", summary=""),
        memory,
        1.0,
        passed=3600,
        now=0,
    )
    assert (held.state, held.held) == ("pending", LONGEST_STEP)


def test_a_clock_that_goes_back_changes_nothing() -> None:
    memory = run([0.2] * 5)
    assert alerts.step(RULE, memory, 0.2, passed=-3600, now=-1e6).held == memory.held


def test_a_target_that_is_gone_takes_its_alert_along() -> None:
    assert alerts.gone(run([0.2] * 11), now=1).state == "resolved"
    assert alerts.gone(run([0.2]), now=1).state == "inactive"


def samples(*values: float, rule: Rule) -> list[str]:
    """The state after each sample, each looked at twice."""
    memory, states = Memory(), []
    for at, value in enumerate(values):
        for _ in range(2):
            memory = alerts.step(rule, memory, value, passed=0.5, now=at, observed=float(at))
        states.append(memory.state)
    return states


def test_so_many_of_the_last_samples_fire_and_a_look_at_the_same_one_counts_once() -> None:
    rule = msgspec.structs.replace(RULE, of=3, at_least=2, hold=0, keep_firing=0, clear=None)
    assert samples(0.2, 0.05, 0.2, rule=rule) == ["pending", "inactive", "firing"]
    assert samples(0.2, 0.05, 0.05, 0.2, rule=rule)[-1] == "pending"
    assert samples(0.2, 0.2, 0.05, 0.05, rule=rule) == ["pending", "firing", "firing", "resolved"]
    one = alerts.step(rule, Memory(), 0.2, passed=1, now=0, observed=1.0)
    assert alerts.missing(rule, one) == 1
    assert alerts.remaining(rule, one) == 0


def test_the_hold_time_runs_only_while_enough_samples_are_bad() -> None:
    rule = msgspec.structs.replace(RULE, of=3, at_least=2, hold=2)
    assert samples(0.2, 0.2, 0.2, rule=rule) == ["pending", "pending", "firing"]
    assert samples(0.2, 0.05, 0.05, 0.2, 0.2, rule=rule)[-1] == "pending"


def test_too_few_to_judge_by_begin_nothing_and_end_nothing() -> None:
    fired = run([0.2] * 11)
    few = {"passed": 1.0, "now": 5.0, "enough": False}
    assert alerts.step(RULE, fired, 0.0, **few).state == "firing"  # type: ignore[arg-type]
    assert alerts.step(RULE, run([0.2] * 3), 0.2, **few).state == "inactive"  # type: ignore[arg-type]
    assert alerts.step(RULE, Memory(), 0.2, **few).state == "inactive"  # type: ignore[arg-type]


def test_flapping_is_counted_over_an_hour() -> None:
    memory = Memory()
    for at in range(0, 4000, 100):
        for value in [0.2] * 11 + [0.05] * 7:
            memory = alerts.step(RULE, memory, value, passed=1.0, now=float(at))
    assert len(memory.fired) == alerts.MOST_FLAPS
    assert memory.fired[-1] == 3900


VALUES = st.lists(st.sampled_from([None, 0.0, 0.09, 0.2]), max_size=60)


@given(VALUES, st.floats(0, 40))
def test_silence_alone_never_resolves(values: list[float | None], passed: float) -> None:
    before = run(values, passed=passed)
    after = run([None] * 60, start=before, passed=passed)
    if before.state in {"firing", "recovering"}:
        assert after.state == before.state
    else:
        assert after.state in {"inactive", "pending", "no data", "resolved"}


@given(VALUES, st.floats(0.1, 20))
def test_it_never_fires_before_the_hold_time(values: list[float | None], passed: float) -> None:
    memory, seen = Memory(), 0.0
    for value in values:
        was = memory.state
        memory = alerts.step(RULE, memory, value, passed=passed, now=0)
        seen = 0.0 if was != "pending" else seen + (passed if value is not None else 0)
        if was == "pending" and memory.state == "firing":
            assert seen >= RULE.hold - 1e-6


def test_our_rules_are_sound_and_tell_their_origin() -> None:
    rules = {rule.name: rule for rule in defaults.rules()}
    assert rules["HighResponseTime"].threshold == 0.1
    assert (rules["HighResponseTime"].hold, rules["HighResponseTime"].origin) == (300, "guide")
    assert (rules["ErrorRateHigh"].threshold, rules["ErrorRateHigh"].severity) == (0.01, "P3")
    assert (rules["HighErrorRate"].threshold, rules["HighErrorRate"].severity) == (0.05, "P2")
    assert rules["ApiDown"].severity == rules["DatabaseConnectionLoss"].severity == "P1"
    assert rules["CriticalAPILatency"].origin == "repository"
    assert {rule.origin for rule in rules.values()} == {"guide", "repository", "ours"}
    assert (rules["RowsLost"].severity, rules["RowsLost"].origin) == ("P1", "guide")
    assert (rules["ProofTooOld"].threshold, rules["ProofTooOld"].origin) == (8 * 86400, "guide")
    assert rules["RestoreTooSlow"].threshold == 900


def test_every_rule_on_the_database_and_the_store_is_about_a_signal_that_is_read() -> None:
    from ainur_tui.systems.postgres import rows, signals
    from ainur_tui.systems.postgres.backup import signals as backups
    from ainur_tui.systems.postgres.recovery import where as recovery_where
    from ainur_tui.systems.storage import drift, probes, uploads

    known = {
        found.name
        for module in (signals, backups, rows, recovery_where, drift, probes, uploads)
        for found in vars(module).values()
        if isinstance(found, Signal)
    }
    ours = [
        r for r in defaults.rules() if r.signal.partition(".")[0] in {"db", "backup", "storage"}
    ]
    assert len(ours) > 20
    assert not [rule.name for rule in ours if rule.signal not in known]
    for signal in ("db.wraparound", "db.archiver.failing", "db.slots.retained", "backup.overdue"):
        assert any(rule.signal == signal for rule in ours)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("nonsense =", "not a file"),
        ('severity = "P9"', "P9"),
        ("hold = -1", "times are seconds"),
        ("clear = 5", "leaving lies beyond"),
        ('summary = "{nobody}"', "something unknown"),
        ('colour = "red"', "colour"),
    ],
)
def test_a_bad_rule_file_says_what_is_wrong(change: str, said: str) -> None:
    key = change.split(" ", maxsplit=1)[0]
    lines = ['name = "A"', 'signal = "a.b"', "threshold = 1", 'severity = "P3"', 'summary = "x"']
    kept = [line for line in lines if not line.startswith(key + " ")]
    with pytest.raises(ValueError, match=said):
        defaults.parse("\n".join(["[[rule]]", *kept, change]))


def test_two_rules_of_one_name_are_refused() -> None:
    rule = '[[rule]]\nname = "A"\nsignal = "a.b"\nthreshold = 1\nseverity = "P3"\nsummary = "x"\n'
    with pytest.raises(ValueError, match="two rules are called A"):
        defaults.parse(rule * 2)
