"""The platform's machines: what is read of them, and what is done to them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from aiohttp import web

from ainur_tui.config.types import Environment, Fly, Postgres, SecretMissing
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.fly.access import Pace, authorization
from ainur_tui.systems.fly.databaseport import speaks_postgres
from ainur_tui.systems.fly.health import health
from ainur_tui.systems.fly.logs import FlyLogs
from ainur_tui.systems.fly.machines import parse_machine
from ainur_tui.systems.fly.power.scale import ScaleApi
from ainur_tui.systems.fly.releases.table import ReleasesProbe
from ainur_tui.systems.fly.roster import Roster
from ainur_tui.systems.fly.system import connect
from ainur_tui.systems.logsource import RawBatch
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.system import System
from tests.systems.flyfake import TOKEN, FlyFake, event, exit_event, iso, machine
from tests.systems.flysystem import CONTEXT, system_for
from tests.systems.flyworld import action, carry_out, probe, stored, values, world
from tests.systems.web import FakeClock, RealClock, raw_server

# Reading.


async def test_two_healthy_machines(system: System) -> None:
    sample = await probe(system).read()
    found = values(sample)
    assert found["api", "api.machines.healthy"] == 2
    assert found["api", "api.machines.failing"] == 0
    assert found["api/machine/a1", "machine.up"] == 1
    assert [target.name for target in sample.targets or ()] == ["api/machine/a1", "api/machine/b2"]
    table = sample.tables[0]
    assert table.name == "api.machines"
    assert table.rows[0].cells[:4] == ["a1", "sjc", "started", "1/1"]
    assert [len(row.cells) for row in table.rows] == [len(table.columns)] * 2


async def test_the_go_runtime_of_a_machine_is_told(system: System, fake: FlyFake) -> None:
    env = {"APP_ENV": "production", "GOGC": "100", "GODEBUG": "gctrace=1"}
    fake.machines["b2"]["config"]["env"] = env
    quiet, loud = (await probe(system).read()).tables[0].rows
    assert "Go runtime" not in quiet.detail
    assert loud.detail["Go runtime"].startswith("GOGC=100 GODEBUG=gctrace=1 (gctrace: every")


async def test_a_crashed_machine_is_counted_and_named(system: System, fake: FlyFake) -> None:
    crash = exit_event(time.time() - 5, 137, requested=False, oom=True)
    fake.machines["b2"] |= {"state": "stopped", "events": [crash]}
    sample = await probe(system).read()
    healthy = sample.readings[0]
    assert healthy.value == 1
    assert healthy.limit == 2
    assert (healthy.note or "").startswith("1 of 2 machines healthy; b2 stopped (exit 137, out of")
    assert [e.text for e in sample.events if "b2" in e.text] == [
        "machine b2 ended: exit 137, out of memory"
    ]


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({}, "up", "1 of 1 checks"),
        ({"checks": []}, "up", "started"),
        ({"state": "stopped"}, "down", "stopped"),
        ({"state": "stopped", "sleeps": True}, "paused", "until it is needed"),
        ({"state": "suspended", "sleeps": True}, "paused", "until it is needed"),
        ({"state": "stopped", "sleeps": True, "exit": (0, True, False)}, "paused", "needed"),
        ({"state": "stopped", "sleeps": True, "exit": (1, False, False)}, "down", "exit 1"),
        ({"state": "stopped", "sleeps": True, "exit": (137, True, True)}, "down", "memory"),
        ({"state": "stopped", "exit": (0, True, False)}, "down", "asked to stop"),
        ({"host_status": "unreachable", "config": None}, "down", "host is unreachable"),
        ({"state": "starting", "age": 20}, "down", "starting for 20 s"),
        ({"state": "starting", "age": 400}, "down", "stuck in starting"),
        ({"state": "updating", "age": 400}, "down", "updating for"),
        ({"state": "updating", "age": 700}, "down", "stuck in updating"),
        ({"state": "created"}, "down", "never started"),
        ({"state": "failed"}, "down", "failed"),
        ({"state": "invented"}, "down", "invented"),
        ({"cordoned": True}, "down", "cordoned"),
        ({"checks": [{"name": "http", "status": "critical", "output": "no\x1b[2J"}]}, "down", "␛"),
        ({"checks": [{"name": "http", "status": "warning"}]}, "down", "http is warning"),
    ],
)
def test_when_a_machine_is_well(changes: dict[str, Any], state: str, words: str) -> None:
    now = time.time()
    raw = machine("a1", **{k: v for k, v in changes.items() if k not in {"sleeps", "exit", "age"}})
    if changes.get("sleeps"):
        raw["config"]["services"][0]["autostop"] = "stop"
    if "exit" in changes:
        code, requested, oom = changes["exit"]
        raw["events"].insert(0, exit_event(now, code, requested=requested, oom=oom))
    if "age" in changes:
        raw["updated_at"] = iso(now - changes["age"])
    parsed = parse_machine(raw)
    assert parsed is not None
    found = health(parsed, now)
    assert found.state == state
    assert words in found.note


@pytest.mark.parametrize("raw", [None, [], {}, {"id": 7}, {"id": "../x"}, {"id": "a b"}])
def test_what_is_no_machine(raw: Any) -> None:
    assert parse_machine(raw) is None


def test_a_machine_of_odd_types_is_read_as_far_as_it_goes() -> None:
    found = parse_machine(
        {"id": "x", "state": 7, "config": "no", "checks": {"a": 1}, "image_ref": None,
         "events": [3, {"timestamp": "x"}], "created_at": "yesterday", "host_status": None}
    )  # fmt: skip
    assert found is not None
    assert (found.state, found.memory, found.events, found.image) == ("unknown", None, (), "")


async def test_asleep_is_well_and_other_groups_do_not_count(system: System, fake: FlyFake) -> None:
    for each in fake.machines.values():
        each["config"]["services"][0]["autostop"] = "stop"
        each["state"] = "stopped"
    release = {"metadata": {"fly_process_group": "fly_app_release_command"}}
    fake.machines["c3"] = machine("c3", config=release)
    fake.machines["e5"] = machine("e5", state="destroyed")
    sample = await probe(system).read()
    assert sample.paused == {"api/machine/a1", "api/machine/b2"}
    assert sample.readings[0].value == 2
    assert "asleep" in (sample.readings[0].note or "")
    assert values(sample)["api", "api.machines.failing"] == 0


async def test_what_happens_between_two_looks_is_told_once(system: System, fake: FlyFake) -> None:
    reader = probe(system)
    await reader.read()
    assert list((await reader.read()).events) == []
    now = time.time()
    fake.machines["a1"]["events"].insert(0, event("restart", now))
    fake.machines["b2"]["image_ref"]["tag"] = "v2"
    fake.machines["f6"] = machine("f6", events=[event("launch", now + 100, "flyd")])
    found = (await reader.read()).events
    assert {e.kind for e in found} == {"restart", "deploy", "scale"}
    assert any("image v2 on 1 of 3 machines" in e.text for e in found)
    assert any("2 machines became 3" in e.text for e in found)
    assert all(e.at <= time.time() for e in found)
    assert list((await reader.read()).events) == []


async def test_a_wrong_token_says_so(fake: FlyFake) -> None:
    found = system_for(fake.url, fly=Fly(url=fake.url, token="Bearer wrong", timeout=2))
    with pytest.raises(ProbeFailure) as caught:
        await probe(found).read()
    assert caught.value.kind == "auth"
    assert caught.value.blames_us
    assert found.close
    await found.close()


async def test_releases_are_told_and_never_a_trouble(system: System, fake: FlyFake) -> None:
    reader = next(p for p in system.probes if isinstance(p, ReleasesProbe))
    fake.releases = [
        {"version": 142, "status": "complete", "user": {"email": "m@x"},
         "created_at": iso(time.time()), "image_ref": "registry/x:v2"},
        {"version": "odd", "created_at": 7},
    ]  # fmt: skip
    sample = await reader.read()
    assert [e.text for e in sample.events] == ["deploy v142 by m@x"]
    assert sample.tables[0].rows[0].cells[0] == "v142"
    lost = system_for(fake.url, fly=Fly(web_url="http://127.0.0.1:1", url=fake.url, token=TOKEN))
    missing = (await next(p for p in lost.probes if isinstance(p, ReleasesProbe)).read()).tables[0]
    assert "nothing listens" in (missing.missing or "")


def test_the_header_of_each_kind_of_token() -> None:
    for given, sent in {
        "FlyV1 fm2_x": "FlyV1 fm2_x", "fm2_x\n": "FlyV1 fm2_x", "plain": "Bearer plain",
        "Bearer y": "Bearer y",
    }.items():  # fmt: skip
        assert authorization(Secret(given)).reveal() == sent


async def test_the_pace_keeps_a_burst_and_then_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    clock = FakeClock()
    pace = Pace(clock)
    for _ in range(5):
        await pace.wait("restart a1", 1.0, 3)
    await pace.wait("restart b2", 1.0, 3)
    assert slept == [1.0, 2.0]
    clock.at += 60
    await pace.wait("restart a1", 1.0, 3)
    assert slept == [1.0, 2.0]


async def test_the_roster_keeps_the_last_good_list(fake: FlyFake) -> None:
    from ainur_tui.systems.fly.client import FlyClient

    fly = Fly(url=fake.url, web_url=fake.url, token=TOKEN, timeout=2)
    client = FlyClient(fly, Secret(TOKEN), clock=RealClock(), redact=Redactor())
    clock = FakeClock()
    roster = Roster(client, clock)
    fake.machines["b2"]["state"] = "stopped"
    assert [m.id for m in await roster.awake()] == ["a1"]

    async def broken(_: web.Request) -> web.Response:
        return web.json_response({"error": "down"}, status=500)

    fake.hooks["GET machines"] = broken
    clock.at += 60
    assert [m.id for m in await roster.awake()] == ["a1"]
    await client.close()


# Log lines.


async def read_until(source: FlyLogs, resume: float | None, enough: int) -> list[RawBatch]:
    found: list[RawBatch] = []
    async with asyncio.timeout(5):
        async for batch in source.batches(resume):
            found.append(batch)
            if sum(len(b.lines) for b in found) >= enough or batch.dropped is None:
                break
    return found


async def test_lines_come_once_also_after_resuming(system: System, fake: FlyFake) -> None:
    source = system.logs[0]
    assert isinstance(source, FlyLogs)
    base = time.time_ns()
    fake.lines = [(base + i, f"line {i}") for i in range(5)]
    first = await read_until(source, None, 5)
    texts = [line.text for batch in first for line in batch.lines]
    assert texts == [f"line {i}" for i in range(5)]
    last = first[-1].lines[-1]
    assert abs(last.at - base / 1e9) < 0.001
    assert (last.machine, last.level) == ("a1", "info")
    fake.lines += [(base + 10, "line 5")]
    again = await read_until(source, last.at, 1)
    assert [line.text for batch in again for line in batch.lines] == ["line 5"]


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("2026-11-24T10:00:00.123456789Z", 1795514400.123456789),
        ("2026-11-24T10:00:00Z", 1795514400.0),
        ("2026-11-24T12:00:00.5+02:00", 1795514400.5),
        ("yesterday", 7.0),
        ("", 7.0),
    ],
)
async def test_times_of_lines_in_all_forms(stamp: str, at: float) -> None:
    source = FlyLogs(None, FakeClock(7.0))  # type: ignore[arg-type]
    page = {"data": [{"attributes": {"timestamp": stamp, "message": "m"}}] * 2}
    found = source._fresh(source._decode.decode(msgspec.json.encode(page)))
    assert [line.at for line in found] == [pytest.approx(at, abs=1e-6)]


async def test_falling_behind_jumps_to_now_and_says_so(
    system: System, fake: FlyFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ainur_tui.systems.fly import logs

    monkeypatch.setattr(logs, "PAGES", 3)
    old = time.time_ns() - 60 * 10**9
    fake.lines = [(old + i, f"line {i}") for i in range(5000)]
    source = system.logs[0]
    assert isinstance(source, FlyLogs)
    found = await read_until(source, old / 1e9, 10**9)
    assert found[-1].dropped is None
    assert found[-1].gap_since == pytest.approx(old / 1e9, abs=0.01)
    assert 0 < sum(len(batch.lines) for batch in found) < 5000


# Restart.


async def test_a_rolling_restart(system: System, fake: FlyFake) -> None:
    act = action(system, "restart", "api")
    plan = await act.plan("api", {}, world())
    assert plan.risk == "R2"
    assert plan.blocked is None
    assert plan.warnings == []
    assert plan.affects == ["frontend"]
    assert plan.steps == ["restart machine a1 (sjc)", "restart machine b2 (sjc)"]
    assert (await act.plan("api", {}, world())).before == plan.before
    assert (await act.observe(plan)).state == "failed"
    await carry_out(act, plan)
    assert fake.calls == [
        f"{verb} {id}"
        for id in ("a1", "b2")
        for verb in ("lease", "cordon", "restart", "uncordon", "release")
    ]
    assert fake.leases == {}
    seen = await act.observe(stored(plan))
    assert seen.state == "verified"
    assert "GET /health pinned to it 200" in seen.by


async def test_it_stops_at_the_machine_that_does_not_come_back(
    system: System, fake: FlyFake
) -> None:
    act = action(system, "restart", "api")
    plan = await act.plan("api", {}, world())
    fake.unhealthy.add("a1")
    with pytest.raises(ActionFailure):
        await carry_out(act, plan)
    assert fake.calls == ["lease a1", "cordon a1", "restart a1", "uncordon a1", "release a1"]
    assert fake.leases == {}
    seen = await act.observe(plan)
    assert seen.state == "failed"
    assert "a1" in seen.by
    assert "b2 was not restarted" in seen.by


async def test_another_ones_lease_is_respected(system: System, fake: FlyFake) -> None:
    act = action(system, "restart", "api")
    plan = await act.plan("api", {}, world())
    fake.leases["a1"] = "theirs"
    with pytest.raises(ActionFailure, match="someone else works on a1"):
        await carry_out(act, plan)
    assert fake.leases == {"a1": "theirs"}
    assert "restart a1" not in fake.calls


async def test_an_error_answer_is_judged_by_the_world(system: System, fake: FlyFake) -> None:
    act = action(system, "restart", "api/machine")
    plan = await act.plan("api/machine/a1", {}, world())

    async def done_yet_failed(_: web.Request) -> web.Response:
        fake.turn(fake.machines["a1"], "exit", "start", state="started")
        return web.json_response({"error": "gateway"}, status=502)

    fake.hooks["POST a1 restart"] = done_yet_failed
    context = await carry_out(act, plan)
    assert any("502" in told for told in context.told)
    assert (await act.observe(plan)).state == "verified"


async def test_a_refusal_is_a_failure_at_once(system: System, fake: FlyFake) -> None:
    act = action(system, "restart", "api/machine")
    plan = await act.plan("api/machine/a1", {}, world())

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": "no capacity"}, status=422)

    fake.hooks["POST a1 restart"] = refuse
    with pytest.raises(ActionFailure, match="no capacity"):
        await carry_out(act, plan)


async def test_what_the_plan_of_a_restart_warns_of(system: System, fake: FlyFake) -> None:
    act = action(system, "restart", "api")
    crash = exit_event(time.time(), 1, requested=False)
    fake.machines["b2"] |= {"state": "stopped", "events": [crash]}
    plan = await act.plan("api", {}, world(cause="db"))
    assert plan.steps[0] == "restart machine b2 (sjc)"
    assert "Only 1 healthy machine" in plan.warnings[0]
    assert "comes from db" in plan.warnings[1]
    await carry_out(act, plan)
    assert "start b2" in fake.calls
    fake.machines["a1"]["state"] = "updating"
    assert "deployment" in ((await act.plan("api", {}, world())).policy or "")


async def test_restart_of_what_is_not_there(system: System, fake: FlyFake) -> None:
    with pytest.raises(Refused) as caught:
        await action(system, "restart", "api/machine").plan("api/machine/zz", {}, world())
    assert caught.value.code == 64
    fake.machines.clear()
    with pytest.raises(Refused):
        await action(system, "restart", "api").plan("api", {}, world())


async def test_restart_of_the_database_asks_it_and_the_api(
    fake: FlyFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(_: Database, sql: str) -> list[Any]:
        assert sql == "SELECT 1"
        return [1]

    monkeypatch.setattr(Database, "fetch", fetch)

    async def postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16/":
            writer.write(b"N")

    async with raw_server(postgres) as peer:
        dsn = f"postgresql://ainur:pw@{peer}/ainur"
        found = system_for(fake.url, postgres=Postgres(dsn=dsn))
        act = action(found, "restart", "db")
        plan = await act.plan("db", {}, world())
        assert plan.risk == "R3"
        assert plan.affects == ["api", "frontend"]
        assert plan.load[0] == "60 sessions connected"
        assert "pw@" not in str(plan)
        await carry_out(act, plan)
        seen = await act.observe(plan)
        assert found.close
        await found.close()
    assert fake.calls == ["lease d9", "restart d9", "release d9"]
    assert seen.state == "verified"
    assert "PostgreSQL answers on its port, SELECT 1 answered" in seen.by
    assert seen.by.endswith("GET /health of the API answers 200 healthy")


async def test_a_port_that_is_not_postgres() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"HTTP/1.1 400\r\n\r\n")

    async with raw_server(other) as peer:
        host, _, port = peer.partition(":")
        assert await speaks_postgres(host, int(port)) is None
    with pytest.raises(ProbeFailure):
        await speaks_postgres(host, int(port), 0.5)


# Scale.


def scaler(system: System) -> ScaleApi:
    found = action(system, "scale", "api")
    assert isinstance(found, ScaleApi)
    found._drain = 0.01
    return found


@pytest.mark.parametrize(
    "params",
    [
        {}, {"count": "3", "by": "1"}, {"count": "0"}, {"by": "-2"}, {"by": "-9"}, {"count": "x"},
        {"count": "+3"}, {"count": "-1"}, {"by": "1.5"}, {"size": "big"}, {"count": "9999"},
    ],
)  # fmt: skip
async def test_wishes_that_make_no_sense(system: System, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        await scaler(system).plan("api", params, world())
    assert caught.value.code == 64


async def test_scale_up_clones_and_waits(system: System, fake: FlyFake) -> None:
    act = scaler(system)
    fake.machines["b2"]["created_at"] = iso(time.time() - 10)
    fake.machines["b2"]["config"]["env"] = {"LOG_LEVEL": "debug"}
    plan = await act.plan("api", {"by": "+1"}, world())
    assert plan.goal["count"] == 3
    assert plan.inverse == "scale api count=2"
    assert plan.steps == ["create machine 1 of 1 in sjc"]
    assert any("= 6 machines" in fact for fact in plan.facts)
    assert (await act.observe(plan)).state == "failed"
    context = await carry_out(act, plan)
    assert context.kept == {"machine_1": "new1"}
    made = fake.machines["new1"]["config"]
    assert made["metadata"]["ainur_action"] == "run123-1"
    assert made["metadata"]["fly_process_group"] == "app"
    assert made["env"] == {"LOG_LEVEL": "debug"}
    assert (await act.observe(stored(plan))).state == "verified"


async def test_a_lost_answer_to_create_makes_no_second_machine(
    system: System, fake: FlyFake
) -> None:
    act = scaler(system)
    plan = await act.plan("api", {"count": "3"}, world())

    async def lost(request: web.Request) -> web.Response:
        await fake.collection(request, fake.machines)
        return web.json_response({"error": "timeout"}, status=504)

    fake.hooks["POST machines"] = lost
    await carry_out(act, plan)
    assert len(fake.machines) == 3
    await carry_out(act, plan)
    assert len(fake.machines) == 3
    assert fake.calls.count("create new1") == 1


async def test_one_more_for_one_that_was_ill_before(system: System, fake: FlyFake) -> None:
    act = scaler(system)
    fake.machines["b2"]["state"] = "stopped"
    fake.machines["b2"]["events"].insert(0, exit_event(time.time(), 137, requested=False))
    plan = await act.plan("api", {"by": "+1"}, world())
    assert plan.goal["ill"] == ["b2"]
    await carry_out(act, plan)
    found = await act.observe(plan)
    assert (found.state, found.by[:35]) == ("verified", "3 of 3 machines listed, 2 well (by ")
    fake.machines["a1"]["checks"][0]["status"] = "critical"
    assert (await act.observe(plan)).state == "failed"


async def test_scale_down_drains_the_newest(system: System, fake: FlyFake) -> None:
    act = scaler(system)
    fake.machines["c3"] = machine("c3", created_at=iso(time.time()))
    plan = await act.plan("api", {"count": "2"}, world())
    assert plan.steps == ["drain and destroy machine c3"]
    await carry_out(act, plan)
    assert fake.calls == ["lease c3", "cordon c3", "stop c3", "destroy c3"]
    assert sorted(fake.machines) == ["a1", "b2"]
    assert (await act.observe(plan)).state == "verified"


async def test_the_last_healthy_machine_is_left_alone(system: System, fake: FlyFake) -> None:
    act = scaler(system)
    plan = await act.plan("api", {"count": "1"}, world())
    survivor = "a1" if "b2" in plan.steps[0] else "b2"
    fake.machines[survivor]["checks"][0]["status"] = "critical"
    with pytest.raises(ActionFailure, match="no other machine is healthy"):
        await carry_out(act, plan)
    assert len(fake.machines) == 2
    again = await act.plan("api", {"count": "1"}, world())
    assert survivor in again.steps[0]


async def test_a_machine_that_does_not_stop_gets_requests_again(
    system: System, fake: FlyFake
) -> None:
    act = scaler(system)
    plan = await act.plan("api", {"by": "-1"}, world())
    id = plan.goal["destroy"][0]

    async def runs_out(_: web.Request) -> web.Response:
        return web.json_response({"error": "deadline"}, status=408)

    fake.hooks[f"GET {id} wait"] = runs_out
    with pytest.raises(ActionFailure, match="did not stop"):
        await carry_out(act, plan)
    assert fake.calls[-2:] == [f"uncordon {id}", f"release {id}"]
    assert id in fake.machines


async def test_the_connection_budget(system: System, fake: FlyFake) -> None:
    act = scaler(system)
    over = await act.plan("api", {"count": "7"}, world())
    assert over.blocked is None
    assert "connection budget" in (over.policy or "")
    assert "= 6 machines" in (over.policy or "")
    assert (await act.plan("api", {"count": "6"}, world())).policy is None
    unknown = await act.plan("api", {"count": "3"}, world(limit=None))
    assert unknown.policy is None
    assert "not known" in unknown.warnings[0]
    assert (await act.plan("api", {"count": "50"}, world(limit=None))).policy
    down = await act.plan("api", {"count": "1"}, world(limit=20))
    assert down.blocked is None
    assert len(down.warnings) == 2
    fake.machines["b2"]["config"]["mounts"] = [{"volume": "v"}]
    fake.machines["b2"]["created_at"] = iso(time.time())
    assert "volume" in ((await act.plan("api", {"by": "1"}, world())).blocked or "")


async def test_the_number_it_has_already_needs_no_step(system: System, fake: FlyFake) -> None:
    plan = await scaler(system).plan("api", {"count": "2"}, world())
    assert plan.steps == []
    assert plan.inverse is None
    assert (await scaler(system).observe(plan)).state == "verified"


# Connecting.


def test_what_is_not_configured() -> None:
    assert connect(Environment(), CONTEXT) is None
    assert connect(Environment(fly=Fly(app="your-app", token="x")), CONTEXT) is None
    assert connect(Environment(fly=Fly(token="your-token")), CONTEXT) is None
    from ainur_tui.config.types import SecretRef

    with pytest.raises(SecretMissing):
        connect(Environment(fly=Fly(token=SecretRef(env="FLY_API_TOKEN"))), CONTEXT)
