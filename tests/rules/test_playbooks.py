"""Playbooks step by step on made-up boards, and what their files may hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import ainur_tui
from ainur_tui.model.action import Run
from ainur_tui.model.board import BoardView, Finding
from ainur_tui.model.event import Event
from ainur_tui.model.playbook import OVER, Condition, Do, PlaybookRun, StepRun
from ainur_tui.model.signal import Quality
from ainur_tui.model.table import Row, Table
from ainur_tui.rules.defaults import rules
from ainur_tui.rules.playbooks.conditions import all_of, fill
from ainur_tui.rules.playbooks.events import happened
from ainur_tui.rules.playbooks.file import parse, shipped
from ainur_tui.rules.playbooks.playbooks import advance, passed_over, taken_over
from ainur_tui.rules.playbooks.proposals import proposals
from tests.rules.playbookworld import BOOK, T, acted, acting, board, started, target, view, world

BOOKS = shipped()


def states(run: PlaybookRun) -> list[str]:
    return [one.state for one in run.steps]


def test_it_looks_by_itself_and_waits_for_a_person_to_act() -> None:
    run = advance(started(), world(board(0)), T)
    assert states(run) == ["passed", "deciding", "waiting", "waiting"]
    assert run.now.do == Do(action="restart", target="api/machine/a")
    assert run.steps[0].words == "api.up: no"


def test_what_is_not_confirmed_ends_it_after_its_deadline() -> None:
    run = advance(started(), world(board(1)), T)
    assert run.now.state == "looking"
    assert advance(run, world(board(1)), T + 9).now.state == "looking"
    run = advance(run, world(board(1)), T + 10)
    assert (run.state, run.finished_at) == ("not needed", T + 10)
    assert states(run) == ["failed", "not needed", "not needed", "not needed"]


@pytest.mark.parametrize("quality", ["stale", "unknown", "rejected"])
def test_what_is_not_known_passes_nothing(quality: Quality) -> None:
    seen = board(0)
    api = replace(seen.targets[0], signals=[view("api.up", 0, quality=quality)])
    run = advance(started(), world(replace(seen, targets=[api])), T)
    assert run.now.state == "looking"
    assert quality in run.now.words


def test_verified_needs_both_the_run_and_the_world() -> None:
    run = advance(acting(), world(board(0), acted()), T + 20)
    assert run.now.state == "proving"
    before = advance(run, world(board(1, at=T + 19), acted()), T + 20)
    assert before.now.state == "proving"  # read before it was done: no proof
    run = advance(run, world(board(1, at=T + 21), acted()), T + 21)
    assert states(run)[:3] == ["passed", "passed", "not needed"]
    assert run.steps[2].words == "“Restart” led on to “Verify”"
    run = advance(run, world(board(1, at=T + 22)), T + 22)
    assert run.state == "running"
    run = advance(run, world(board(1, at=T + 26)), T + 26)
    assert run.state == "verified"


def test_a_hold_begins_anew_when_it_breaks() -> None:
    run = advance(acting(), world(board(1, at=T + 21), acted()), T + 21)
    run = advance(run, world(board(1, at=T + 22)), T + 22)
    run = advance(run, world(board(1, at=T + 24, p95="fail")), T + 24)
    assert run.now.held is None
    run = advance(run, world(board(1, at=T + 27)), T + 27)
    assert run.state == "running"
    assert "better" not in run.now.words


@pytest.mark.parametrize("verdict", ["failed", "unknown"])
def test_an_action_that_was_not_verified_is_for_a_person(verdict: str) -> None:
    run = advance(acting(), world(board(0), acted(verdict)), T + 20)
    assert run.now.state == "stuck"
    assert verdict in run.now.words
    assert advance(run, world(board(0), acted(verdict)), T + 500).now.state == "stuck"


def test_a_run_whose_verdict_is_being_read_is_waited_for() -> None:
    run = advance(acting(), world(board(0), acted("unknown", None)), T + 20)
    assert run.now.state == "acting"


def test_a_trouble_that_ends_by_itself_needs_no_action() -> None:
    run = advance(started(), world(board(0)), T)
    run = advance(run, world(board(1)), T + 1)
    assert run.now.state == "deciding"
    run = advance(run, world(board(1)), T + 4)
    assert states(run)[1] == "not needed"
    assert run.steps[1].words == "api.up: yes"


def test_a_part_that_is_not_in_trouble_is_not_acted_on() -> None:
    seen = board(0)
    whole = replace(seen, targets=seen.targets[:1])
    run = advance(started(), world(whole), T)
    assert states(run)[:3] == ["passed", "not needed", "deciding"]


def test_skipped_with_its_reason() -> None:
    run = passed_over(advance(started(), world(board(0)), T), "skipped", "by mira: no", T)
    assert states(run)[1:3] == ["skipped", "waiting"]


def test_the_next_engine_looks_again_and_never_repeats() -> None:
    run = advance(started(), world(board(0)), T)
    steps = [*run.steps]
    steps[1] = replace(steps[1], state="ordered", key="k")
    run = replace(run, steps=steps)
    again = taken_over(run, world(board(1)))
    assert again.steps[0].again == "no longer so: api.up: yes"
    assert (again.now.state, again.now.key, again.now.attempt) == ("deciding", None, 1)
    begun = advance(taken_over(run, world(board(0), acted())), world(board(0)), T)
    assert begun.steps[1].state == "ordered"
    assert advance(begun, world(board(0), acted(finished=None)), T).now.state == "acting"


def test_a_verdict_is_told_once_and_what_was_led_past_never() -> None:
    first = started()
    told = [event.text for event in happened(None, first, T)]
    assert told == ["B: begun by mira"]
    run = advance(first, world(board(0)), T)
    assert [e.text for e in happened(first, run, T)] == ["B: passed “Confirm”: api.up: no"]
    assert happened(run, run, T) == []
    done = advance(acting(), world(board(1, at=T + 21), acted()), T + 21)
    texts = [e.text for e in happened(acting(), done, T)]
    assert texts == ["B: passed “Restart”: api.up: yes"]


def test_better_and_worse_are_told_against_the_start() -> None:
    expect = [Condition(signal="api.p95", verdict=["ok"])]
    seen = all_of(expect, [], "api", board(1), baseline={"api.p95": 0.9})
    assert seen.words == "api.p95 100 ms, better than 900 ms"
    seen = all_of(expect, [], "api", board(1), baseline={"api.p95": 0.101})
    assert seen.words.endswith("about as at the start")


def test_one_of_several_is_enough_and_what_is_unknown_does_not_hide_it() -> None:
    some = [Condition(target="db", signal="db.up", above=0), Condition(signal="api.up", above=0)]
    blind = target("db", view("db.up", 1, quality="unknown"))

    def seen(up: int) -> BoardView:
        return replace(board(up), targets=[*board(up).targets, blind])

    assert all_of([], some, "api", seen(1)).holds is True
    assert all_of([], some, "api", seen(0)).holds is None


def test_what_is_not_watched_here_decides_nothing() -> None:
    expect = [Condition(target="db", state=["up"]), Condition(signal="api.up", above=0)]
    assert all_of(expect, [], "api", board(1)).holds is True
    alone = all_of(expect[:1], [], "api", board(1))
    assert (alone.holds, alone.there) == (None, False)
    unseen = '[{ target = "db", state = ["up"] }]'
    text = BOOK.replace('[{ signal = "api.up", below = 1 }]', unseen)
    run = advance(started(text), world(board(0)), T)
    assert states(run)[:3] == ["not needed", "not needed", "deciding"]
    assert run.steps[0].words == run.steps[1].words == "db is not watched here"


def test_a_row_of_a_table_says_what_to_act_on() -> None:
    rows = [Row(key="1", cells=[]), Row(key="2", cells=[], target="db", params={"pid": "7"})]
    table = Table(name="db.locks", target="db", title="Locks", columns=[], rows=rows,
                  observed_at=T, source="t")  # fmt: skip
    seen = board(1, tables=[table])
    do = fill(Do(action="cancel", row_of="db.locks"), "db", seen)
    assert do == Do(action="cancel", target="db", params={"pid": "7"}, row_of="db.locks")
    assert isinstance(fill(Do(action="cancel", row_of="x"), "db", seen), str)


def test_of_several_rows_that_may_be_meant_a_person_chooses() -> None:
    rows = [Row(key=n, cells=[], params={"slot": n}) for n in ("a", "b")]
    other = Row(key="sender", cells=[], params={"pid": "7"})
    do = Do(action="drop-slot", row_of="db.replication", sole="slot")

    def filled(*those: Row) -> Do | str:
        table = Table(name="db.replication", target="db", title="Slots", columns=[],
                      rows=list(those), observed_at=T, source="t")  # fmt: skip
        return fill(do, "db", board(1, tables=[table]))

    one = filled(other, rows[0])
    assert isinstance(one, Do)
    assert one.params == {"slot": "a"}
    assert filled(*rows) == "2 rows of db.replication may be meant: a person must choose"
    assert filled(other) == "no row of db.replication is there to act on"


def finding(name: str, signal: str, *, by: str | None = None, severity: str = "P1") -> Finding:
    return Finding(target=name, text=f"{signal} is bad", verdict="fail", since=T,
                   severity=severity, caused_by=by, signal=signal)  # fmt: skip


def test_the_root_is_proposed_and_never_a_symptom() -> None:
    seen = board(0, findings=[finding("db", "db.up"), finding("api", "api.up", by="db")])
    seen = replace(seen, targets=[replace(seen.targets[0], cause="db"), target("db")])
    found = proposals(BOOKS, seen, [])
    assert [(one.playbook, one.why) for one in found] == [("database", "db: db.up is bad")]


@pytest.mark.parametrize(("trusted", "first"), [(0.0, "api-certificate"), (1.0, "api-down")])
def test_a_refused_certificate_comes_before_what_it_makes_look_down(
    trusted: float, first: str
) -> None:
    both = [finding("api", "api.up"), finding("api", "api.certificate.days")]
    seen = board(0, findings=both)
    accepted = view("api.certificate.trusted", trusted, unit="bool")
    api = replace(seen.targets[0], signals=[*seen.targets[0].signals, accepted])
    found = proposals(BOOKS, replace(seen, targets=[api]), [])
    assert {one.playbook for one in found} == {"api-certificate", "api-down"}
    assert found[0].playbook == first


def test_a_machine_alone_proposes_the_playbook_of_its_whole() -> None:
    part = finding("api/machine/a", "machine.up", by="api")
    found = proposals(BOOKS, board(1, findings=[part]), [])
    assert [one.playbook for one in found] == ["api-down"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('then = "verify"', 'then = "verfy"'), "there is no step 'verfy'"),
        (
            ('signals = ["api.up"] }', 'later = [{ signal = "api.up" }] }'),
            "what must the signal be",
        ),
        (('otherwise = "end"', 'otherwise = "confirm"'), "only goes forward"),
        (("proves = true", ""), "no step proves"),
        (("deadline = 30", "deadline = 3"), "longer than hold"),
        ((", below = 1 }]\ndeadline", " }]\ndeadline"), "what must the signal be"),
        (('signal = "api.up", below = 1', 'event = "deploy", above = 0'), "and within"),
        (('id = "rollback"', 'id = "restart"'), "two steps are called"),
        (('title = "Confirm"', "titel = 1"), "titel"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(change: tuple[str, str], words: str) -> None:
    assert change[0] in BOOK
    with pytest.raises(ValueError, match=words):
        parse(BOOK.replace(*change, 1))


RELEASED = Event(key="r", at=T - 300, kind="deploy", target="api", text="deploy v9 by mira")


def errors(*events: Event, since: float = T - 60) -> BoardView:
    """The API answers with errors since ``since``, after these events."""
    found = Finding(target="api", text="5xx", verdict="fail", since=since)
    return board(1, events=list(events), findings=[found])


def rolled_back(ended: float, state: str = "verified") -> Run:
    run = acted(state, ended)
    return replace(run, plan=replace(run.plan, action="rollback", target="api"))


@pytest.mark.parametrize(
    ("seen", "holds", "words"),
    [
        (errors(RELEASED), True, "deploy v9 by mira, 4m 00s before the trouble"),
        (errors(), False, "no deploy that still stands within 10m 00s before the trouble"),
        (errors(replace(RELEASED, at=T - 10)), False, "no deploy"),
        (errors(replace(RELEASED, at=T - 3600)), False, "no deploy"),
        (errors(replace(RELEASED, kind="restart")), False, "no deploy"),
        (errors(replace(RELEASED, target="db")), False, "no deploy"),
        (board(1, events=[RELEASED]), False, "no deploy"),
        (replace(errors(RELEASED), runs=[rolled_back(T - 280)]), False, "no deploy"),
        (replace(errors(RELEASED), runs=[rolled_back(T - 400)]), True, "deploy v9"),
        (replace(errors(RELEASED), runs=[rolled_back(T - 280, "failed")]), True, "deploy v9"),
    ],
)
def test_an_event_counts_that_came_shortly_before_the_trouble(
    seen: BoardView, holds: bool, words: str
) -> None:
    found = all_of([Condition(event="deploy", within=600, above=0)], [], "api", seen)
    assert found.holds is holds
    assert found.words.startswith(words)


@pytest.mark.parametrize(("events", "first"), [([RELEASED], "rollback"), ([], "restart")])
def test_a_release_before_the_trouble_is_rolled_back_before_anything_is_restarted(
    events: list[Event], first: str
) -> None:
    book = next(one for one in BOOKS if one.name == "api-down")
    run = PlaybookRun(
        id="x", book=book, target="api", operator="m", state="running", started_at=T,
        steps=[StepRun(id=step.id) for step in book.step],
    )  # fmt: skip
    rows = [Row(key=str(number), cells=[]) for number in range(2)]
    tables = [
        Table(name=name, target="api", title="t", columns=[], rows=rows, observed_at=T, source="t",
              interval=5)
        for name in ("api.releases", "api.machines")
    ]  # fmt: skip
    seen = errors(*events)
    api = target("api", view("api.up", 1, unit="bool"), view("api.errors.ratio", 0.3))
    seen = replace(seen, targets=[api, target("db")], tables=tables)
    for later in range(0, 60, 5):
        run = advance(run, world(seen), T + later)
    assert run.now.state == "deciding"
    assert run.now.do is not None
    assert run.now.do.action == first


def test_a_look_that_expects_nothing_tells_what_it_saw() -> None:
    text = BOOK.replace('expect = [{ signal = "api.up", below = 1 }]\ndeadline = 10',
                        'look = { signals = ["api.up", "api.p95", "nowhere"] }', 1)  # fmt: skip
    run = advance(started(text), world(board(0)), T)
    assert (run.steps[0].state, run.steps[0].words) == ("passed", "api.up: no; api.p95 100 ms")


def test_what_the_playbooks_name_is_there() -> None:
    """Each signal, table, action and alert rule is declared somewhere in the systems."""
    folder = Path(ainur_tui.__file__).parent / "systems"
    source = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    alerts = {rule.name for rule in rules()}
    for book in BOOKS:
        assert set(book.fits.alerts) <= alerts
        names = {*book.fits.signals, *(one.signal for one in book.fits.later if one.signal)}
        for step in book.step:
            asked = [*step.when, *step.when_any, *step.expect, *step.expect_any]
            names |= {n for c in asked for n in (c.signal, c.table) if n} | {*step.look.signals}
            names |= {step.look.table} - {None}
            if step.run is not None:
                names |= {step.run.action} | ({step.run.row_of} - {None})
        shared = {n: f'f"{{self.target}}.{n.partition(".")[2]}"' for n in names}
        missing = {n for n in names if f'"{n}"' not in source and shared[n] not in source
                   and ".logs." not in n}  # fmt: skip
        assert missing == set(), book.name


@settings(max_examples=40)
@given(st.data())
def test_every_playbook_ends_whatever_is_observed(data: st.DataObject) -> None:
    """Time passes, boards are whatever they are, persons skip: it never stands still for ever."""
    book = BOOKS[data.draw(st.integers(0, len(BOOKS) - 1))]
    run = PlaybookRun(
        id="x", book=book, target=book.target, operator="m", state="running", started_at=T,
        steps=[StepRun(id=step.id) for step in book.step],
    )  # fmt: skip
    now = T
    for _ in range(6 * len(book.step)):
        seen = board(data.draw(st.sampled_from([0, 1, None])), at=now)
        run = advance(run, world(seen), now)
        assert all(one.state in OVER for one in run.steps[: run.at])
        if run.state != "running":
            break
        now += 700
        if run.now.state in {"deciding", "stuck"}:
            run = passed_over(run, "skipped", "no", now)
    assert run.state != "running"


def test_what_a_stuck_step_had_waited_for_may_come_late() -> None:
    """By other hands, or at last: nobody has to press a key for what is so already."""
    run = advance(acting(), world(board(0), acted("failed")), T + 21)
    assert run.now.state == "stuck"
    seen = world(board(1), acted("failed"))
    run = advance(run, seen, T + 30)
    assert run.now.state == "stuck", "once is not yet so"
    run = advance(run, world(board(0), acted("failed")), T + 32)
    run = advance(advance(run, seen, T + 40), seen, T + 42)
    assert run.now.state == "stuck", "it was away in between"
    run = advance(run, seen, T + 43.5)
    assert run.steps[1].state == "not needed"
    assert run.steps[1].words.startswith("it is so meanwhile: ")
    assert run.now.id == "rollback"


def test_what_a_person_is_asked_for_is_looked_at_meanwhile() -> None:
    text = BOOK.replace('run = { action = "rollback" }', 'ask = "do it"\n'
                        'expect = [{ signal = "api.p95", verdict = ["ok"] }]')  # fmt: skip
    run = started(text)
    run = replace(run, at=2)
    run = advance(run, world(board(0, p95="fail")), T)
    assert run.now.state == "deciding"
    assert advance(run, world(board(0, p95="fail")), T + 900).now.state == "deciding"
    seen = world(board(1))
    run = advance(advance(run, seen, T + 901), seen, T + 905)
    assert run.steps[2].state == "not needed"
    assert run.now.id == "verify"
