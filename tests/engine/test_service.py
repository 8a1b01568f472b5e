"""The engine wired: what works, what a fault costs, what one look sees."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import msgspec
import pytest

from ainur_tui.engine import watching
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.watching import Watch
from ainur_tui.engine.wire.methods import METHODS
from ainur_tui.engine.wire.peer import WireFault
from ainur_tui.model.board import BoardView
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.logevidence import LogEvidence
from ainur_tui.model.needscalls import NeedsCall
from ainur_tui.model.runcalls import PlanQuery
from ainur_tui.model.wire import RESULTS, BoardQuery
from tests.engine.acting import CANARY, MIRA, READER, call
from tests.engine.engines import Little, engine, engine_of, hello, until

EMPTY = msgspec.Raw(b"{}")


def raw(params: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(params))


def test_every_method_of_the_wire_is_answered() -> None:
    assert METHODS.keys() | {"subscribe", "presence"} == RESULTS.keys()


async def test_one_look_without_an_engine(tmp_path: Path) -> None:
    little = Little()
    little.pulse.queue = 11
    async with engine(tmp_path, little, watching=False) as made:
        view = await made.check(None, None)
    api = view.target("api")
    assert api is not None
    assert api.state == "degraded"
    assert view.signal("api", "api.queue") is not None
    assert view.signal("api", "api.logs.rate") is not None
    assert little.closed == ["api"]
    assert not (tmp_path / "state").exists()


async def test_a_persons_threshold_leaves_the_other_as_it_was(tmp_path: Path) -> None:
    little = Little()
    little.pulse.queue = 11
    async with engine(tmp_path, little, watching=False, fail=20.0) as made:
        view = (await made.check(None, None)).signal("api", "api.queue")
    assert view is not None
    assert (view.verdict, view.threshold) == ("warn", 10.0)


async def test_one_look_has_its_end(tmp_path: Path) -> None:
    little = Little()
    little.pulse.hold.clear()
    async with engine(tmp_path, little, watching=False) as made:
        began = time.monotonic()
        view = await made.check({"api"}, 0.3)
        assert time.monotonic() - began < 10
    assert view.target("api").state == "unknown"  # type: ignore[union-attr]


async def test_a_system_that_fails_costs_only_itself(tmp_path: Path) -> None:
    little = Little()
    little.broken = {
        "node": ProbeFailure("dns", "node.example"),
        "fly": ValueError(CANARY),
        "host": ImportError("x"),
    }
    async with engine(tmp_path, little) as made:
        view = made.view()
    absent = view.not_configured
    assert absent["node"] == "the name does not resolve: node.example"
    assert absent["postgres"] == "the environment variable NOWHERE is not set"
    assert absent["frontend"] == "add [environment.test.frontend] to the configuration to watch it"
    assert "ValueError" in absent["fly"]
    assert CANARY not in str(absent)
    assert view.target("api") is not None


async def test_a_resolved_secret_is_masked_with_its_password(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        assert made.redact(f"password is {CANARY}!") == "password is ••••••!"


async def test_calls_are_typed_and_told_apart(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        assert isinstance(await made.call("board", EMPTY, MIRA), BoardView)
        assert (await made.call("hello", EMPTY, hello())).operator == "mira"
        for params in (b"{", b'{"fresh": 3}', b"[]", b"[" * 5000):
            with pytest.raises(WireFault) as fault:
                await made.call("board", msgspec.Raw(params), MIRA)
            assert fault.value.code == -32602
        with pytest.raises(WireFault, match="did you mean board") as fault:
            await made.call("bord", EMPTY, MIRA)
        assert fault.value.code == -32601


async def test_reading_may_not_operate(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        for method, params in (("run", raw(call())), ("engine.stop", EMPTY)):
            with pytest.raises(Refused) as refused:
                await made.call(method, params, READER)
            assert refused.value.code == 77
    async with engine(tmp_path, access="read") as made:
        assert (await made.call("hello", EMPTY, hello())).access == "read"
        with pytest.raises(Refused) as refused:
            await made.call("run", raw(call()), hello())
        assert refused.value.code == 77


async def test_a_fresh_board_runs_the_probes(tmp_path: Path) -> None:
    little = Little()
    async with engine(tmp_path, little) as made:
        await until(lambda: little.pulse.reads)
        little.pulse.queue = 99
        view = await made.call("board", raw(BoardQuery(fresh=True, targets=["api"])), MIRA)
        assert view.signal("api", "api.queue").value == 99
        assert little.pulse.reads == 2


async def test_plan_and_run_through_the_engine(tmp_path: Path) -> None:
    little = Little()
    async with engine(tmp_path, little) as made:
        query = raw(PlanQuery(action="restart", target="api"))
        plan = await made.call("plan", query, READER)
        assert plan.affects == ["frontend"]
        run = await made.call("run", raw(call(seen=plan.before)), MIRA)
        await until(lambda: not made.executor.active)
        view = made.view()
        assert [(r.id, r.state) for r in view.runs] == [(run.id, "verified")]
        assert "restart" in [event.kind for event in view.events]
        entries = await made.call("journal", EMPTY, READER)
        assert entries[0].kind == "intent"
        assert (await made.call("journal.verify", EMPTY, READER)).ok
        assert (await made.call("runs", EMPTY, READER))[0].id == run.id
    async with engine(tmp_path, watching=False) as later:
        assert (await later.call("runs", EMPTY, READER))[0].state == "verified"
        assert (await later.call("journal", EMPTY, READER))[0].kind == "intent"
        with pytest.raises(Refused, match="only the engine process"):
            await later.call("run", raw(call(key="k2")), MIRA)
        assert (await later.call("plan", query, READER)).steps


async def test_the_engine_does_not_stop_under_a_run(tmp_path: Path) -> None:
    little = Little()
    little.restart.gate.clear()
    async with engine(tmp_path, little) as made:
        await made.call("run", raw(call()), MIRA)
        with pytest.raises(Refused, match="restart of api") as refused:
            await made.call("engine.stop", EMPTY, MIRA)
        assert refused.value.code == 75
        assert not made.stop_asked.is_set()
        await made.call("engine.stop", msgspec.Raw(b'{"force": true}'), MIRA)
        assert made.stop_asked.is_set()


async def test_status_tells_what_it_costs(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        found = await made.call("engine.status", EMPTY, READER)
    assert found.memory > 1 << 20
    assert (found.environment, found.access, found.running) == ("test", "read", 0)


async def test_an_unwritable_journal_is_a_notice(tmp_path: Path) -> None:
    (tmp_path / "state" / "journal.jsonl").mkdir(parents=True)
    async with engine(tmp_path) as made:
        assert any("journal cannot be written" in notice for notice in made.view().notices)


async def test_the_graph_is_edited_by_those_who_operate(tmp_path: Path) -> None:
    edit = raw(NeedsCall(needs={"frontend": ["api"], "api": ["db"], "db": ["host"]}))
    async with engine(tmp_path) as made:
        with pytest.raises(Refused) as refused:
            await made.call("needs.set", edit, READER)
        assert refused.value.code == 77
        await made.call("needs.set", edit, MIRA)
        assert (await made.call("needs", EMPTY, READER)).needs["db"] == ["host"]
        assert made.board.view().target("api").needs == ["db"]  # type: ignore[union-attr]
    async with engine(tmp_path, watching=False) as later:
        assert later.view().target("api").needs == ["db"]  # type: ignore[union-attr]
        with pytest.raises(Refused, match="only the engine process"):
            await later.call("needs.set", edit, MIRA)


async def test_frozen_log_records_stand_in_the_journal(tmp_path: Path) -> None:
    frozen = LogEvidence(
        environment="test", frozen_at="2026-11-24T10:00:00Z", operator="somebody else",
        filters=["level error"], since="2026-11-24T09:00:00Z", until="2026-11-24T10:00:00Z",
        records=3, coverage=[], sha256="ab" * 32,
    )  # fmt: skip
    async with engine(tmp_path) as made:
        with pytest.raises(Refused) as refused:
            await made.call("logs.evidence", raw(frozen), READER)
        assert refused.value.code == 77
        await made.call("logs.evidence", raw(frozen), MIRA)
        entry = (await made.journal.entries())[-1]
        assert (await made.journal.verify()).ok
    assert (entry.kind, entry.action, entry.operator) == ("note", "log-evidence", MIRA.operator)
    assert (entry.detail["sha256"], entry.detail["from"]) == ("ab" * 32, "2026-11-24T09:00:00Z")
    async with engine(tmp_path, watching=False) as later:
        with pytest.raises(Refused, match="only the engine process"):
            await later.call("logs.evidence", raw(frozen), MIRA)


async def test_firing_alerts_and_states_outlive_the_engine(tmp_path: Path) -> None:
    little = Little()
    little.pulse.failure = ProbeFailure("refused")
    async with engine(tmp_path, little) as made:
        await until(lambda: (made.picture.view or made.view()).state == "down")
        since = made.view().since
        await asyncio.sleep(0)
    async with engine(tmp_path, little) as made:
        await until(lambda: made.view().target("api").state == "down")  # type: ignore[union-attr]
        api = made.view().target("api")
        assert api is not None
        assert api.since is not None
        assert since is not None
        assert api.since <= since + 1


@pytest.mark.parametrize("turns", range(5))
async def test_what_comes_together_with_the_end_does_not_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    monkeypatch.setattr(watching, "SHORTEST", 0.0)
    monkeypatch.setattr(watching, "LONGEST", 60.0)
    async with engine(tmp_path) as made:
        watch = Watch(made, SystemClock())
        await watch.start()
        for _ in range(50):
            await asyncio.sleep(0)  # until it waits for something to come
        made.relay.moved.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await watch.stop()
        assert watch._task is not None
        assert watch._task.cancelled()


@pytest.mark.parametrize("turns", [*range(12), *range(12, 120, 12)])
async def test_a_start_that_is_broken_off_leaves_nothing_behind(tmp_path: Path, turns: int) -> None:
    made = engine_of(tmp_path, little := Little())
    threads = threading.active_count()
    begun = asyncio.create_task(made.start(watching=True))
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    begun.cancel()
    (broken,) = await asyncio.gather(begun, return_exceptions=True)
    if broken is None:  # it was faster
        await made.close()
    assert threading.active_count() <= threads + 1  # asyncio's own keeps its thread for the next
    assert little.closed in ([], ["api"])
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with engine(tmp_path) as again:
        assert again.journal.problem is None


async def test_a_start_that_fails_says_why_and_can_be_closed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = engine_of(tmp_path, little := Little())

    async def fail(*_: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr("ainur_tui.engine.runs.leases.Leases.open", fail)
    with pytest.raises(OSError, match="no disk"):
        await made.start(watching=True)
    assert little.closed == ["api"]
    await made.close()
    made.hurry()
