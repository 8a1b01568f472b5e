"""``run`` and ``backup``: plan, decide, begin, follow; what is refused says so with its code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from ainur_tui.cli import asking, common, following
from ainur_tui.cli.errors import Stop
from ainur_tui.model.action import ActionSpec, Lease, Param, Question
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import ConfirmCall, RunCall, RunsQuery
from tests.cli.fakes import SPECS, FakeEngine, Shell, plan, run, use


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVERY", 0.001)


def engine(of: Any = None, **answers: Any) -> FakeEngine:
    of = of or plan()
    return FakeEngine(
        **{"actions": SPECS, "plan": of, "run": run(of, "running"), "runs": [run(of)]} | answers
    )


def orders(of: FakeEngine) -> list[RunCall]:
    return [params for method, params in of.calls if method == "run"]


def test_done_and_verified(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = engine()
    use(monkeypatch, fake)
    words = ("run", "scale", "api", "--param", "count=3", "--yes", "--reason", "load", "--json")
    assert shell(*words) == 0
    found = json.loads(shell.out)
    assert found["state"] == "verified"
    assert found["id"] == "r1"
    assert "one" in shell.err
    (order,) = orders(fake)
    assert order.params == {"count": "3"}
    assert order.seen == {"count": 2}
    assert order.reason == "load"
    assert len(order.key) == 32
    assert fake.calls[-1] == ("runs", RunsQuery(id="r1"))


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_not_verified_is_exit_code_1(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    use(monkeypatch, engine(runs=[run(plan(), state)]))
    assert shell("run", "scale", "api", "--yes", "--json") == 1
    assert json.loads(shell.out)["state"] == state


def test_a_dry_run_only_plans(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = engine()
    use(monkeypatch, fake)
    for words in (("--dry-run",), ("--dry-run", "--json")):
        assert shell("run", "scale", "api", *words) == 0
    found = json.loads(shell.out)
    assert found["state"] == "planned"
    assert found["plan"]["steps"] == ["one", "two"]
    assert shell("--read-only", "run", "scale", "api", "--dry-run") == 0
    assert "1. one" in shell.out
    assert orders(fake) == []


@pytest.mark.parametrize("code", [64, 69, 73, 75, 77])
@pytest.mark.parametrize("method", ["plan", "run"])
def test_a_refusal_keeps_its_code(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, code: int, method: str
) -> None:
    use(monkeypatch, engine(**{method: Refused("because of this", code)}))
    assert shell("run", "scale", "api", "--yes", "--json") == code
    found = json.loads(shell.out)
    assert (found["state"], found["message"]) == ("refused", "because of this")
    assert "because of this" in shell.err


@pytest.mark.parametrize(("held", "code"), [(False, 69), (True, 75)])
def test_a_blocked_plan_is_not_begun(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, held: bool, code: int
) -> None:
    lease = Lease(target="api", holder="mira", reason="", expires_at=0.0, run="r0")
    fake = engine(plan(blocked="not now", held=lease if held else None))
    use(monkeypatch, fake)
    assert shell("run", "scale", "api", "--yes", "--json") == code
    assert json.loads(shell.out)["state"] == "refused"
    assert orders(fake) == []


def test_who_decides(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    r3 = plan("restart", "db", "R3")
    fake = engine(r3)
    use(monkeypatch, fake)
    assert shell("run", "restart", "db", "--yes", "--json") == 64
    assert "--confirm-name db" in shell.err
    assert shell("run", "restart", "db", "--yes", "--confirm-name", "bd") == 64
    assert shell("run", "restart", "db") == 64
    assert orders(fake) == []
    assert shell("run", "restart", "db", "--confirm-name", "db") == 0
    assert orders(fake)[0].confirm == "db"
    use(monkeypatch, engine())
    assert shell("run", "scale", "api") == 64
    assert "--yes" in shell.err


def test_a_person_is_asked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "possible", lambda: True)
    monkeypatch.setattr(asking, "_answer", lambda call, question: answer)
    fake = engine()
    use(monkeypatch, fake)
    answer = ""
    assert shell("run", "scale", "api") == 1
    assert "nothing was changed" in shell.err
    answer = "y"
    assert shell("run", "scale", "api") == 0
    use(monkeypatch, engine(plan("restart", "db", "R3")))
    assert shell("run", "restart", "db") == 1
    answer = "db"
    assert shell("run", "restart", "db") == 0
    assert len(orders(fake)) == 1


def test_names_that_are_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, engine())
    for words, near in (
        (("restrat", "api"), "restart"),
        (("scale", "api", "--param", "cuont=3"), "count"),
        (("restart",), "api, db"),
    ):
        assert shell("run", *words, "--yes", "--json") == 64
        assert near in shell.err
        assert json.loads(shell.out)["state"] == "refused"


def test_a_long_plan_is_told_shortly() -> None:
    lines = following.plan_lines(plan(steps=[f"step {n}" for n in range(1, 49)]))
    assert "  … 37 more like it …" in lines
    assert "  48. step 48" in lines


def test_the_only_target_need_not_be_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = engine()
    use(monkeypatch, fake)
    assert shell("run", "scale", "--yes") == 0
    assert orders(fake)[0].target == "api"


def test_a_read_only_call_asks_the_engine_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine()
    use(monkeypatch, fake)
    assert shell("--read-only", "run", "scale", "api", "--yes", "--json") == 77
    assert fake.calls == []


def test_a_detached_run_returns_while_it_goes_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine()
    use(monkeypatch, fake)
    assert shell("run", "scale", "api", "--yes", "--detach", "--json") == 0
    assert json.loads(shell.out)["state"] == "running"
    assert fake.calls[-1][0] == "run"


def test_a_lost_engine_is_sought_again(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = engine(runs=ConnectionResetError())
    again = engine()
    use(monkeypatch, fake)
    seen: list[FakeEngine | None] = [None, again]

    async def running(*_: Any) -> FakeEngine | None:
        return seen.pop(0)

    monkeypatch.setattr(common, "running", running)
    assert shell("run", "scale", "api", "--yes", "--json") == 0
    assert [method for method, _ in again.calls] == ["runs"]


def test_an_engine_that_stays_away(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PATIENCE", 0.01)
    fake = engine(runs=ConnectionResetError())
    use(monkeypatch, fake)

    async def none(*_: Any) -> None:
        return None

    monkeypatch.setattr(common, "running", none)
    assert shell("run", "scale", "api", "--yes", "--json") == 1
    assert json.loads(shell.out)["id"] == "r1"
    assert "unknown" in shell.err


ROW = {"id": "ainur_backup_1", "bytes": 3, "locations": ["/b/1"], "state": "complete",
       "created_at": 1_795_000_000.0}  # fmt: skip


def test_backup_create_adds_the_row(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    of = plan("backup", "db", "R1")
    fake = engine(of, runs=[run(of, result={"backup": ROW})])
    use(monkeypatch, fake)
    assert shell("backup", "create", "--json") == 0
    found = json.loads(shell.out)
    assert found["backup"]["id"] == "ainur_backup_1"
    assert found["backup"]["created_at"].endswith("Z")
    assert found["backup"]["verified_at"] is None
    assert orders(fake)[0].target == "db"
    use(monkeypatch, engine(of, runs=[run(of, "failed")]))
    assert shell("backup", "create", "--json") == 1
    assert json.loads(shell.out)["backup"] is None


def test_the_engine_that_cannot_be_started(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise Stop("the engine did not answer", 69)

    monkeypatch.setattr(common, "process", fails)
    assert shell("run", "scale", "api", "--yes", "--json") == 69
    assert json.loads(shell.out)["state"] == "refused"


def test_backup_restore_asks_for_its_own_database(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = plan("restore", "db", "R3")
    names = [Param(name=name, type="str", help=name, required=True) for name in ("id", "into")]
    spec = ActionSpec(name="restore", targets=["db"], risk="R3", summary="restore", params=names)
    fake = engine(of, runs=[run(of, result={"backup": ROW})], actions=[spec])
    use(monkeypatch, fake)
    words = ("backup", "restore", "ainur_backup_1", "--into", "again", "--json")
    assert shell(*words, "--yes") == 64
    assert shell(*words, "--confirm-name", "db") == 0
    assert json.loads(shell.out)["backup"]["id"] == "ainur_backup_1"
    assert orders(fake)[0].params == {"id": "ainur_backup_1", "into": "again"}


def test_the_word_of_the_middle_is_given_ahead_or_by_a_person(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = plan("restart", "db", "R3", asks="new")
    waits = replace(run(asks, "running"), asking=Question(word="new", lines=["7 lost"], since=1.0))
    fake = engine(asks)
    use(monkeypatch, fake)
    words = ("run", "restart", "db", "--confirm-name", "db")
    assert shell(*words) == 64
    assert "--confirm-cut-over new" in shell.err
    assert shell(*words, "--confirm-cut-over", "old") == 64
    assert orders(fake) == []
    assert shell(*words, "--confirm-cut-over", "new") == 0
    assert orders(fake)[0].again == "new"
    monkeypatch.setattr(asking, "possible", lambda: True)
    for typed, method in (("new", "confirm"), ("", "abort")):
        monkeypatch.setattr(asking, "_answer", lambda call, question, typed=typed: typed)
        pictures = iter([[run(asks)]])
        fake = engine(asks, run=waits, runs=lambda _, of=pictures: next(of), **{method: waits})
        use(monkeypatch, fake)
        assert shell(*words) == 0
        assert "7 lost" in shell.err
        assert method in [name for name, _ in fake.calls]
    fake = engine(asks, runs=lambda query: [waits if len(fake.calls) < 2 else run(asks)],
                  confirm=waits)  # fmt: skip
    use(monkeypatch, fake)
    monkeypatch.setattr(asking, "possible", lambda: False)
    assert shell("confirm", "r1") == 0
    assert "it asks for: new" in shell.err
    fake.calls.clear()
    assert shell("confirm", "r1", "new") == 0
    assert ("confirm", ConfirmCall(id="r1", word="new")) in fake.calls
    fake.calls.extend([("x", None)] * 2)
    assert shell("confirm", "r1", "new") == 69


def test_total_loss_goes_on_stage_by_stage_until_a_person_has_to(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ActionSpec(name="rebuild", targets=["db"], risk="R2", summary="",
                      params=[Param(name="since", type="str", help="")])  # fmt: skip
    one = plan("rebuild", "db", "R2", params={"since": "2026-11-24T02:00:00Z", "stage": "roles"})
    plans = iter([one, one, replace(one, blocked="by hand: fly apps create x")])
    fake = engine(one, actions=[spec], plan=lambda _: next(plans))
    use(monkeypatch, fake)
    assert shell("recover", "total", "--yes", "--json") == 69
    assert len(orders(fake)) == 2
    assert orders(fake)[1].params == {"since": "2026-11-24T02:00:00Z"}, "one clock for all of it"
    found = json.loads(shell.out)
    assert (found["whole"], found["message"]) == (False, "by hand: fly apps create x")
    use(monkeypatch, engine(actions=[spec], plan=Refused("nothing is left to rebuild: open", 69)))
    assert shell("recover", "total", "--yes", "--json") == 0
    assert json.loads(shell.out)["whole"] is True
