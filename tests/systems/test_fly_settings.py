"""Settings kept as secrets: set, unset, imported, flags, log level, maintenance; what is seen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Frontend, Node
from ainur_tui.model.action import Plan, Undo
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.rules.graph import NEEDS, Graph
from ainur_tui.systems.acting import Action, World
from ainur_tui.systems.fly import access, moves
from ainur_tui.systems.fly.power import power, quiet
from ainur_tui.systems.fly.power.outside import MaintenanceProbe
from ainur_tui.systems.fly.secrets.probe import SecretsProbe
from ainur_tui.systems.system import System
from tests.systems.flyfake import TOKEN, FlyFake, Steps, iso
from tests.systems.flysystem import system_for
from tests.systems.flyworld import action, stored, world
from tests.systems.web import RealClock, app_server

CANARY = "canary-value-42"


class SettingsFake(FlyFake):
    """With secrets: their digests count up, machines have them after an update."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[str, dict[str, Any]] = {}
        self.values: dict[str, str] = {}
        self.version = 1
        self.answers = 200
        self.asked: list[int | None] = []
        self.in_use: dict[str, dict[str, str]] = {}
        self.tick = 1_700_000_000.0
        self.held = [1]
        self.tasks = [0]

    async def list_secrets(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"] == TOKEN
        return web.json_response({"secrets": list(self.secrets.values())})

    async def set_secrets(self, request: web.Request) -> web.Response:
        values = (await request.json())["values"]
        if self.answers in {200, 500}:
            self.version += 1
            for name, value in values.items():
                self.tick += 1
                if value is None:
                    self.secrets.pop(name)
                    self.values.pop(name)
                else:
                    row = {"name": name, "digest": f"d{self.version}", "updated_at": iso(self.tick)}
                    self.secrets[name], self.values[name] = row, value
        if self.answers != 200:
            return web.json_response({"error": f"bad {values}"}, status=self.answers)
        rows = list(self.secrets.values())
        return web.json_response({"secrets": rows, "version": self.version})

    def update(self, found: dict[str, Any], body: dict[str, Any]) -> web.Response:
        self.asked.append(body.get("min_secrets_version"))
        self.in_use[found["id"]] = dict(self.values)
        return super().update(found, body)

    async def health(self, request: web.Request) -> web.Response:
        pinned = request.headers.get("fly-force-instance-id", "a1")
        on = self.in_use.get(pinned, {}).get("MAINTENANCE_MODE") == "true"
        return web.json_response({"status": "healthy", "uptime": 5.0, "maintenance": on})

    async def metrics(self, _: web.Request) -> web.Response:
        """What is held goes on while there are new requests; then it ends, and tasks after it."""
        held, tasks = 1, self.tasks[0]
        if all(m["cordoned"] for m in self.machines.values()):
            held = self.held[0]
            ending = self.held if len(self.held) > 1 else self.tasks
            del ending[: len(ending) > 1]
        return web.Response(text=f"api_connections_active {held}\nainur_tasks_in_queue {tasks}\n")

    async def page(self, _: web.Request) -> web.Response:
        on = self.in_use.get("a1", {}).get("MAINTENANCE_MODE") == "true"
        words = "Down for maintenance" if on else "Welcome"
        return web.Response(
            text=f"<!doctype html><html><title>x</title><body>{words}</body></html>",
            content_type="text/html", status=503 if on else 200,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pace: the fake has no limits."""
    monkeypatch.setattr(access, "_BURST", 100)
    monkeypatch.setattr(quiet.StopQuietly, "pause", 0.01)
    monkeypatch.setattr(quiet.StopQuietly, "patience", 0.1)
    monkeypatch.setattr(power._Rest, "drain", 0.0)
    monkeypatch.setattr(moves, "SETTLE", 0.0)
    monkeypatch.setattr(moves, "DRAIN", 0.01)


@pytest.fixture
async def fake() -> AsyncIterator[SettingsFake]:
    found = SettingsFake()
    app = web.Application()
    app.router.add_get("/health", found.health)
    app.router.add_get("/", found.page)
    app.router.add_get("/metrics", found.metrics)
    app.router.add_get("/v1/apps/{app}/secrets", found.list_secrets)
    app.router.add_post("/v1/apps/{app}/secrets", found.set_secrets)
    app.router.add_route("*", "/v1/{path:.*}", found.handle)
    async with app_server(app) as url:
        found.url = url
        yield found


@pytest.fixture
async def system(fake: SettingsFake) -> AsyncIterator[System]:
    found = system_for(fake.url, frontend=Frontend(url=fake.url, timeout=2))
    yield found
    assert found.close is not None
    await found.close()


async def carry_out(act: Action, plan: Plan, **secrets: str) -> Steps:
    context = Steps(RealClock())
    context.secrets = {name: Secret(value) for name, value in secrets.items()}
    steps = act.steps(stored(plan))
    assert [step.name for step in steps] == plan.steps
    for step in steps:
        assert await step.work(context)
    return context


async def done(act: Action, params: dict[str, str], **secrets: str) -> Plan:
    plan = await act.plan("api", params, world())
    assert (plan.blocked, plan.policy) == (None, None)
    assert (await act.observe(plan)).state != "verified"
    context = await carry_out(act, plan, **secrets)
    seen = await act.observe(stored(plan))
    assert seen.state == "verified", seen.by
    for value in secrets.values():
        assert value not in repr((plan, context.told, context.kept, seen))
    return plan


async def rows(system: System) -> tuple[dict[str, list[Any]], list[str]]:
    probe = next(p for p in system.probes if isinstance(p, SecretsProbe))
    sample = await probe.read()
    [table] = sample.tables
    assert table.missing is None
    return {row.key: row.cells for row in table.rows}, [event.text for event in sample.events]


async def test_a_secret_is_set_and_every_machine_gets_it(
    system: System, fake: SettingsFake
) -> None:
    plan = await done(action(system, "secret-set", "api"), {"name": "API_KEY"}, value=CANARY)
    assert plan.steps[0] == "set API_KEY"
    assert any("rolling restart" in fact for fact in plan.facts)
    assert plan.undo == Undo(action="secret-unset", target="api", params={"name": "API_KEY"})
    assert fake.in_use == {"a1": {"API_KEY": CANARY}, "b2": {"API_KEY": CANARY}}
    assert fake.asked == [2, 2]
    assert fake.leases == {}
    again = await done(action(system, "secret-set", "api"), {"name": "API_KEY"}, value="other-1")
    assert again.undo is None, "the former value cannot be read"
    await done(action(system, "secret-unset", "api"), {"name": "API_KEY"})
    assert fake.in_use["b2"] == {}
    with pytest.raises(Refused, match="no secret"):
        await action(system, "secret-unset", "api").plan("api", {"name": "API_KEY"}, world())


async def test_staged_it_drifts_until_the_machines_are_updated(
    system: System, fake: SettingsFake
) -> None:
    await rows(system)
    fake.tick = 4_000_000_000.0
    act = action(system, "secret-set", "api")
    plan = await done(act, {"name": "API_KEY", "stage": "true"}, value=CANARY)
    assert plan.steps == ["set API_KEY"]
    assert fake.in_use == {}
    found, events = await rows(system)
    assert found["API_KEY"][-1] == "0 of 2 machines"
    assert events == ["secret API_KEY set, digest d2"]
    assert CANARY not in json.dumps(found)
    fake.secrets["API_KEY"] |= {"digest": "theirs"}
    assert (await rows(system))[1] == ["secret API_KEY changed, digest d2 → theirs"]
    fake.secrets.clear()
    assert (await rows(system))[1] == ["secret API_KEY unset"]


async def test_a_value_that_is_gone_is_not_made_up(system: System, fake: SettingsFake) -> None:
    act = action(system, "secret-set", "api")
    plan = await act.plan("api", {"name": "API_KEY"}, world())
    with pytest.raises(ActionFailure, match="not here"):
        await carry_out(act, plan)
    assert fake.secrets == {}


async def test_a_refusal_does_not_repeat_the_value(system: System, fake: SettingsFake) -> None:
    fake.answers = 422
    act = action(system, "secret-set", "api")
    plan = await act.plan("api", {"name": "API_KEY"}, world())
    with pytest.raises(ActionFailure, match="status 422") as caught:
        await carry_out(act, plan, value=CANARY)
    assert CANARY not in str(caught.value)
    assert (await act.observe(plan)).state == "failed"


async def test_when_the_answer_is_lost_the_digest_tells(system: System, fake: SettingsFake) -> None:
    fake.answers = 500
    await done(action(system, "secret-set", "api"), {"name": "API_KEY"}, value=CANARY)
    assert fake.version == 2, "sent once"


@pytest.mark.parametrize("name", ["", "a b", "A=B", "../x", "A\x1b"])
async def test_names_that_are_none(system: System, name: str) -> None:
    with pytest.raises(Refused):
        await action(system, "secret-set", "api").plan("api", {"name": name}, world())


async def test_an_import_takes_only_a_private_file_as_it_was_planned(
    system: System, fake: SettingsFake, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.env"
    file.write_text(f"# ours\nexport A='{CANARY}'\n\nB=two=2\n")
    file.chmod(0o644)
    act = action(system, "secret-import", "api")
    with pytest.raises(Refused, match="chmod 600"):
        await act.plan("api", {"file": str(file)}, world())
    file.chmod(0o600)
    plan = await done(act, {"file": str(file)})
    assert fake.values == {"A": CANARY, "B": "two=2"}
    assert CANARY not in repr(plan)
    plan = await act.plan("api", {"file": str(file)}, world())
    assert "0 new, 2 replaced, none unset" in plan.facts
    file.write_text("A=1\nB=3\n")
    with pytest.raises(ActionFailure, match="changed since"):
        await carry_out(act, plan)
    file.write_text(f"A={CANARY}\n{CANARY}\n")
    with pytest.raises(Refused, match=":2 is no") as caught:
        await act.plan("api", {"file": str(file)}, world())
    assert CANARY not in str(caught.value)


async def test_a_flag_and_its_way_back(system: System, fake: SettingsFake) -> None:
    act = action(system, "flag-set", "api")
    params = {"name": "ENABLE_AUCTION_SYSTEM", "value": "true"}
    first = await done(act, params)
    assert first.undo is not None
    assert first.undo.action == "secret-unset"
    second = await done(act, params | {"value": "false"})
    assert second.undo == Undo(action="flag-set", target="api", params=params)
    found, _ = await rows(system)
    assert found["ENABLE_AUCTION_SYSTEM"][1:3] == ["flag", "false"]
    assert found["ENABLE_AUCTION_SYSTEM"][5] == "run run123"
    fake.secrets["ENABLE_AUCTION_SYSTEM"]["digest"] = "theirs"
    third = await act.plan("api", params, world())
    assert third.undo is None, "set elsewhere meanwhile: its value is not known"
    assert (await rows(system))[0]["ENABLE_AUCTION_SYSTEM"][2] == "?"
    for bad in ({"name": "X", "value": "true"}, params | {"value": "maybe"}):
        with pytest.raises(Refused):
            await act.plan("api", bad, world())


async def test_the_log_level(system: System, fake: SettingsFake) -> None:
    plan = await done(action(system, "log-level", "api"), {"level": "debug"})
    assert "the machines' configuration says info" in plan.facts
    assert fake.in_use["b2"] == {"LOG_LEVEL": "debug"}
    with pytest.raises(Refused):
        await action(system, "log-level", "api").plan("api", {"level": "loud"}, world())


async def test_maintenance_is_verified_from_outside(system: System, fake: SettingsFake) -> None:
    act = action(system, "maintenance", "api")
    probe = next(p for p in system.probes if isinstance(p, MaintenanceProbe))
    assert (await probe.read()).readings[0].value == 0.0
    plan = await done(act, {"mode": "on"})
    assert plan.undo == Undo(action="maintenance", target="api", params={"mode": "off"})
    assert "frontend in maintenance" in (await act.observe(plan)).by
    assert (await probe.read()).readings[0].value == 1.0
    fake.in_use["a1"].clear()
    assert (await act.observe(plan)).state == "failed", "users do not see it"
    fake.in_use["a1"]["MAINTENANCE_MODE"] = "true"
    await done(act, {"mode": "off"})
    assert (await probe.read()).readings[0].value == 0.0


async def test_the_configuration_is_saved_and_compared(
    system: System, fake: SettingsFake, tmp_path: Path
) -> None:
    act, path = action(system, "config-save", "api"), tmp_path / "config.json"
    await done(act, {"path": str(path)})
    assert path.stat().st_mode & 0o077 == 0
    fake.machines["a1"]["config"]["env"]["LOG_LEVEL"] = "debug"
    plan = await act.plan("api", {"path": str(path)}, world())
    assert plan.facts[0] == "2 lines differ from the file there"
    assert any('"LOG_LEVEL": "debug"' in fact for fact in plan.facts)
    path.write_text("{}")
    for bad in (str(path), "config.json", str(tmp_path / "none" / "x")):
        with pytest.raises(Refused):
            await act.plan("api", {"path": bad}, world())


def along(needs: dict[str, tuple[str, ...]] = NEEDS) -> World:
    """The world with this graph of needs."""
    return World(world().board, Graph(needs).dependants)


def stops(fake: SettingsFake) -> list[str]:
    return [call for call in fake.calls if call.startswith(("stop", "start"))]


async def test_all_stops_and_starts_in_order(system: System, fake: SettingsFake) -> None:
    stop, start = action(system, "shutdown-all", "api"), action(system, "start-all", "api")
    fake.held, fake.tasks = [4, 2, 3, 1, 1, 1, 1], [7, 2, 0]
    plan = await stop.plan("api", {}, along())
    assert (plan.risk, plan.blocked, plan.policy) == ("R3", None, None)
    assert plan.title == "Shut down in order: frontend → api → db"
    assert plan.undo == Undo(action="start-all", target="api")
    assert plan.affects == ["frontend", "db"]
    told = (await carry_out(stop, plan)).told
    assert [word for word in told if "in flight" in word] == [
        f"{left} requests in flight" for left in (4, 2, 0)
    ]
    assert any(word.startswith("9 tasks not") for word in told)
    assert (await stop.observe(stored(plan))).state == "verified"
    assert stops(fake) == ["stop a1", "stop b2", "stop d9"]
    assert fake.in_use["a1"] == {"MAINTENANCE_MODE": "true"}
    own = [step.partition(":")[0] for step in plan.steps]
    assert list(dict.fromkeys(own)) == ["frontend", "api", "db"]
    fake.calls.clear()
    plan = await start.plan("api", {}, along())
    assert plan.title == "Start in order: db → api → frontend"
    await carry_out(start, plan)
    assert (await start.observe(stored(plan))).state == "verified"
    assert stops(fake) == ["start d9", "start a1", "start b2"]
    assert fake.in_use["b2"] == {"MAINTENANCE_MODE": "false"}
    assert not any(m["cordoned"] for m in fake.machines.values())
    with pytest.raises(Refused, match="nothing to start"):
        await start.plan("api", {}, along())


async def test_the_order_is_the_graphs(system: System) -> None:
    act = action(system, "shutdown-all", "api")
    plan = await act.plan("api", {}, along({"db": ("api",), "api": ("frontend",)}))
    assert plan.title == "Shut down in order: db → api → frontend"


async def test_what_is_left_as_it_is(system: System, fake: SettingsFake) -> None:
    act = action(system, "shutdown-all", "api")
    plan = await act.plan("api", {"leave": "frontend, db"}, along())
    assert plan.undo == Undo(action="start-all", target="api", params={"leave": "frontend,db"})
    assert plan.facts[:2] == ["frontend: stays as it is", "db: stays as it is"]
    await carry_out(act, plan)
    assert stops(fake) == ["stop a1", "stop b2"]
    for bad in ({"leave": "moon"}, {"workers": "hope"}, {"workers": "abort"}):
        with pytest.raises(Refused) as caught:
            await act.plan("api", bad, along())
        assert caught.value.code == 64


async def test_a_node_that_cannot_be_stopped_is_told(fake: SettingsFake) -> None:
    found = system_for(fake.url, node=Node(rpc=[fake.url]))
    plan = await action(found, "shutdown-all", "api").plan("api", {}, along())
    assert "node is left as it is: no systemctl on this machine" in plan.warnings
    assert found.close is not None
    await found.close()


async def test_background_work_is_waited_for_or_left_for_a_reason(
    system: System, fake: SettingsFake
) -> None:
    act = action(system, "shutdown-all", "api")
    fake.tasks = [3]
    plan = await act.plan("api", {"leave": "frontend"}, along())
    assert any("6 tasks not finished" in fact for fact in plan.facts)
    drain, tasks, *_ = act.steps(stored(plan))
    context = Steps(RealClock())
    await drain.work(context)
    with pytest.raises(ActionFailure, match="workers=abort with reason"):
        await tasks.work(context)
    assert drain.undo is not None
    await drain.undo()
    assert not any(m["cordoned"] for m in fake.machines.values())
    params = {"leave": "frontend", "workers": "abort", "reason": "they hang"}
    plan = await act.plan("api", params, along())
    assert "Background work is left unfinished: they hang" in plan.warnings
    await carry_out(act, plan)
    assert stops(fake) == ["stop a1", "stop b2", "stop d9"]


async def test_the_database_stays_while_the_api_cannot_be_stopped(
    system: System, fake: SettingsFake
) -> None:
    act = action(system, "shutdown-all", "api")
    plan = await act.plan("api", {"leave": "frontend"}, along())
    fake.leases["b2"] = "theirs"
    with pytest.raises(ActionFailure, match="someone else"):
        await carry_out(act, plan)
    assert stops(fake) == []
    assert not fake.machines["a1"]["cordoned"], "it serves again"
    assert (await act.observe(plan)).state == "failed"


async def test_nothing_follows_a_part_that_came_back(system: System, fake: SettingsFake) -> None:
    act = action(system, "shutdown-all", "api")
    plan = await act.plan("api", {"leave": "frontend"}, along())
    steps = act.steps(stored(plan))
    context = Steps(RealClock())
    for step in steps[:-2]:
        await step.work(context)
    fake.turn(fake.machines["b2"], "start", state="started")
    with pytest.raises(ActionFailure, match="not touched"):
        await steps[-2].work(context)


async def test_the_database_stops_and_starts(system: System, fake: SettingsFake) -> None:
    stop, start = action(system, "stop", "db"), action(system, "start", "db")
    plan = await stop.plan("db", {}, world())
    assert (plan.risk, plan.policy, plan.affects) == ("R3", None, ["api", "frontend"])
    await carry_out(stop, plan)
    assert (await stop.observe(plan)).state == "verified"
    with pytest.raises(Refused, match="nothing to stop"):
        await stop.plan("db", {}, world())
    plan = await start.plan("db", {}, world())
    await carry_out(start, plan)
    assert (await start.observe(plan)).state == "verified"
