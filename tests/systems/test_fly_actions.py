"""Actions on the platform's machines: start, stop, drain, emergency, deploy, roll back, resize."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ainur_tui.config.types import Fly
from ainur_tui.model.action import Plan, Undo
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.systems.acting import Action
from ainur_tui.systems.fly import access
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.power import draining, power
from ainur_tui.systems.fly.releases.sizelist import Size, SizeList
from ainur_tui.systems.system import System
from tests.systems.flyfake import TOKEN, FlyFake, Steps, event, exit_event, iso, machine
from tests.systems.flysystem import CONTEXT, system_for
from tests.systems.flyworld import action, carry_out, stored, world
from tests.systems.web import RealClock, app_server

OLD = "registry.fly.io/zerostate-api:v1"
WHY = {"reason": "it writes nonsense"}
NEW = "registry.fly.io/zerostate-api:v2"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No drain, and no pace: the fake has no limits."""
    monkeypatch.setattr(power._Rest, "drain", 0.0)
    monkeypatch.setattr(draining.Drain, "drain", 0.0)
    monkeypatch.setattr(access, "_BURST", 100)


async def done(act: Action, target: str, params: dict[str, str] | None = None) -> Plan:
    """Plan it, carry it out, see it verified."""
    plan = await act.plan(target, params or {}, world())
    assert plan.blocked is None
    assert plan.policy is None
    await carry_out(act, plan)
    seen = await act.observe(stored(plan))
    assert seen.state == "verified", seen.by
    return plan


def changes(fake: FlyFake) -> list[str]:
    return [call for call in fake.calls if not call.startswith(("lease", "release"))]


# Start, stop, suspend.


async def test_stop_and_start_of_one_machine(system: System, fake: FlyFake) -> None:
    plan = await done(action(system, "stop", "api/machine"), "api/machine/a1")
    assert (plan.risk, plan.affects) == ("R2", [])
    assert plan.undo == Undo(action="start", target="api/machine/a1")
    assert changes(fake) == ["cordon a1", "stop a1"]
    assert fake.machines["a1"]["cordoned"], "the proxy would start it again"
    back = await done(action(system, "start", "api/machine"), "api/machine/a1")
    assert back.risk == "R1"
    assert changes(fake)[2:] == ["start a1", "uncordon a1"]
    assert fake.leases == {}


async def test_a_machine_that_nothing_wakes_is_routed_after_its_stop(
    system: System, fake: FlyFake
) -> None:
    fake.machines["a1"]["config"]["services"][0]["autostart"] = False
    await done(action(system, "stop", "api/machine"), "api/machine/a1")
    assert changes(fake) == ["cordon a1", "stop a1", "uncordon a1"]


async def test_the_last_healthy_machine_is_a_matter_of_policy(
    system: System, fake: FlyFake
) -> None:
    fake.machines["b2"]["checks"][0]["status"] = "critical"
    for name in ("stop", "suspend", "drain"):
        plan = await action(system, name, "api/machine").plan("api/machine/a1", {}, world())
        assert plan.blocked is None
        assert "No other machine is healthy" in (plan.policy or "")
        assert plan.affects == ["api", "frontend"]


async def test_the_whole_api(system: System, fake: FlyFake) -> None:
    plan = await done(action(system, "stop", "api"), "api")
    assert plan.risk == "R3"
    assert plan.affects == ["frontend"]
    assert "no service" in plan.warnings[0]
    with pytest.raises(Refused, match="nothing to stop"):
        await action(system, "stop", "api").plan("api", {}, world())
    assert len((await done(action(system, "start", "api"), "api")).steps) == 2
    with pytest.raises(Refused, match="nothing to start"):
        await action(system, "start", "api").plan("api", {}, world())
    assert {m["state"] for m in fake.machines.values()} == {"started"}


async def test_a_suspended_machine_is_started_again(system: System, fake: FlyFake) -> None:
    await done(action(system, "suspend", "api/machine"), "api/machine/b2")
    assert fake.machines["b2"]["state"] == "suspended"
    await done(action(system, "start", "api/machine"), "api/machine/b2")


async def test_a_start_that_brings_no_service_fails(system: System, fake: FlyFake) -> None:
    fake.machines["a1"] |= {
        "state": "stopped", "events": [exit_event(time.time(), 1, requested=False)],
    }  # fmt: skip
    fake.unhealthy.add("a1")
    act = action(system, "start", "api")
    plan = await act.plan("api", {}, world())
    assert plan.steps == ["start machine a1 (sjc)"]
    with pytest.raises(ActionFailure):
        await carry_out(act, plan)
    assert (await act.observe(plan)).state == "failed"


async def test_a_stop_whose_answer_is_lost_is_sent_once(system: System, fake: FlyFake) -> None:
    async def lost(_: web.Request) -> web.Response:
        fake.calls.append("stop a1")
        fake.turn(fake.machines["a1"], "exit", state="stopped")
        return web.json_response({"error": "gateway"}, status=502)

    fake.hooks["POST a1 stop"] = lost
    await done(action(system, "stop", "api/machine"), "api/machine/a1")
    assert fake.calls.count("stop a1") == 1


async def test_a_deploy_that_goes_on_stops_everything_but_the_emergency(
    system: System, fake: FlyFake
) -> None:
    fake.machines["b2"] |= {"state": "replacing", "updated_at": iso(time.time())}
    for name, params in {
        "stop": {}, "restart": {}, "scale": {"by": "+1"}, "deploy": {"image": "v2"},
    }.items():  # fmt: skip
        plan = await action(system, name, "api").plan("api", params, world())
        assert "deployment is under way" in (plan.policy or ""), name
    plan = await action(system, "emergency-stop", "api").plan("api", WHY, world())
    assert plan.policy is None
    assert "in spite of" in plan.facts[-1]


@pytest.mark.parametrize(
    ("status", "words"), [(401, "token is not accepted"), (403, "scope"), (422, "no capacity")]
)
async def test_refusals_have_their_meaning(
    system: System, fake: FlyFake, status: int, words: str
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": "no"}, status=status)

    fake.hooks["POST a1 stop"] = refuse
    act = action(system, "stop", "api/machine")
    plan = await act.plan("api/machine/a1", {}, world())
    with pytest.raises(ActionFailure, match=words):
        await carry_out(act, plan)
    assert not fake.machines["a1"]["cordoned"]


async def test_the_rate_limit_is_waited_for(system: System, fake: FlyFake) -> None:
    turned_away: list[int] = []

    async def storm(_: web.Request) -> web.Response | None:
        if len(turned_away) == 2:
            return None
        turned_away.append(1)
        return web.json_response({"error": "slow"}, status=429, headers={"retry-after": "0"})

    fake.hooks["POST a1 stop"] = storm
    await done(action(system, "stop", "api/machine"), "api/machine/a1")
    assert fake.calls.count("stop a1") == 1


# Drain.


async def test_drain_and_undrain(system: System, fake: FlyFake) -> None:
    plan = await done(action(system, "drain", "api/machine"), "api/machine/a1")
    assert plan.undo == Undo(action="undrain", target="api/machine/a1")
    assert fake.machines["a1"]["state"] == "started"
    with pytest.raises(Refused, match="already"):
        await action(system, "drain", "api/machine").plan("api/machine/a1", {}, world())
    await done(action(system, "undrain", "api/machine"), "api/machine/a1")
    assert changes(fake) == ["cordon a1", "uncordon a1"]
    with pytest.raises(Refused, match="not drained"):
        await action(system, "undrain", "api/machine").plan("api/machine/a1", {}, world())


# Emergency.


async def test_emergency_stop_and_back(system: System, fake: FlyFake) -> None:
    fake.machines["c3"] = machine("c3")
    stop, back = action(system, "emergency-stop", "api"), action(system, "restore-count", "api")
    with pytest.raises(Refused, match="no emergency stop"):
        await back.plan("api", {}, world())
    plan = await done(stop, "api", WHY)
    assert plan.risk == "R3"
    assert plan.undo == Undo(action="restore-count", target="api")
    assert any("not destroyed" in fact for fact in plan.facts)
    assert len(fake.machines) == 3
    assert {m["state"] for m in fake.machines.values()} == {"stopped"}
    assert {m["config"]["metadata"]["ainur_stopped"] for m in fake.machines.values()} == {"3"}
    del fake.machines["b2"]
    fake.calls.clear()
    found = await done(back, "api")
    assert "1 machine of them gone" in found.warnings[0]
    assert len(fake.machines) == 3
    assert not any("ainur_stopped" in m["config"]["metadata"] for m in fake.machines.values())


async def test_a_restore_that_broke_off_goes_on_where_it_was(system: System, fake: FlyFake) -> None:
    await done(action(system, "emergency-stop", "api"), "api", WHY)
    await done(action(system, "start", "api/machine"), "api/machine/a1")
    plan = await done(action(system, "restore-count", "api"), "api")
    assert plan.steps == ["start machine b2"]
    assert len(fake.machines) == 2


async def test_machines_that_are_all_destroyed_are_made_as_they_were(
    fake: FlyFake, tmp_path: Path
) -> None:
    found = system_for(fake.url, context=dataclasses.replace(CONTEXT, state=tmp_path))
    stop, back = action(found, "emergency-stop", "api"), action(found, "restore-count", "api")
    fake.machines["b2"] |= {"region": "lax"}
    fake.machines["b2"]["config"]["env"]["LOG_LEVEL"] = "debug"
    await done(stop, "api", WHY)
    file = tmp_path / "emergency-stop.json"
    assert file.stat().st_mode & 0o077 == 0
    fake.machines.clear()
    plan = await done(back, "api")
    assert plan.steps == ["create machine 1 of 2, as a1 was", "create machine 2 of 2, as b2 was"]
    assert "debug" not in repr(plan)
    made = [(m["region"], m["config"]["env"]["LOG_LEVEL"]) for m in fake.machines.values()]
    assert made == [("sjc", "info"), ("lax", "debug")]
    assert not any("ainur_stopped" in m["config"]["metadata"] for m in fake.machines.values())
    with pytest.raises(Refused, match="no emergency stop"):
        await back.plan("api", {}, world())
    file.chmod(0o644)
    fake.machines.clear()
    with pytest.raises(Refused, match="no emergency stop"):
        await back.plan("api", {}, world())
    assert found.close is not None
    await found.close()


async def test_emergency_stop_goes_on_past_a_machine_it_may_not_touch(
    system: System, fake: FlyFake
) -> None:
    act = action(system, "emergency-stop", "api")
    with pytest.raises(Refused, match="needs reason"):
        await act.plan("api", {}, world())
    plan = await act.plan("api", WHY, world())
    fake.leases["a1"] = "theirs"
    with pytest.raises(ActionFailure, match="someone else works on a1"):
        await carry_out(act, plan)
    assert fake.machines["b2"]["state"] == "stopped"
    assert (await act.observe(plan)).state == "failed"


# Deploy and roll back.


def release(version: int, image: str, **row: Any) -> dict[str, Any]:
    return {
        "version": version, "image_ref": image, "status": "complete", "stable": True,
        "in_progress": False, "created_at": iso(1_700_000_000 + version),
        "user": {"email": "mira@ainur"},
    } | row  # fmt: skip


async def test_deploy_and_its_way_back(system: System, fake: FlyFake) -> None:
    act = action(system, "deploy", "api")
    plan = await done(act, "api", {"image": "v2"})
    assert plan.params == {"image": NEW}
    assert plan.undo == Undo(action="deploy", target="api", params={"image": OLD})
    assert changes(fake) == [
        "cordon a1", "update a1", "uncordon a1", "cordon b2", "update b2", "uncordon b2",
    ]  # fmt: skip
    assert fake.machines["a1"]["config"]["env"] == {"LOG_LEVEL": "info"}
    with pytest.raises(Refused, match="already"):
        await act.plan("api", {"image": NEW}, world())
    assert plan.undo is not None
    await done(act, "api", plan.undo.params)
    assert fake.machines["b2"]["config"]["image"] == OLD


async def test_one_that_nobody_can_stand_in_for_stays_in_routing(
    system: System, fake: FlyFake
) -> None:
    fake.machines["b2"]["checks"][0]["status"] = "critical"
    await done(action(system, "restart", "api/machine"), "api/machine/a1")
    assert changes(fake) == ["restart a1"]


async def test_an_image_that_never_gets_healthy_is_taken_back(
    system: System, fake: FlyFake
) -> None:
    fake.broken.add(NEW)
    act = action(system, "deploy", "api")
    plan = await act.plan("api", {"image": "v2"}, world())
    with pytest.raises(ActionFailure, match="former configuration is back"):
        await carry_out(act, plan)
    assert changes(fake) == ["cordon a1", "update a1", "uncordon a1", "update a1"]
    assert {m["config"]["image"] for m in fake.machines.values()} == {OLD}
    assert (await act.observe(plan)).state == "failed"
    assert fake.leases == {}


async def test_machines_done_before_go_back_too(system: System, fake: FlyFake) -> None:
    act = action(system, "deploy", "api")
    plan = await act.plan("api", {"image": "v2"}, world())
    first, second = act.steps(plan)
    await first.work(Steps(RealClock()))
    fake.broken.add(NEW)
    with pytest.raises(ActionFailure):
        await second.work(Steps(RealClock()))
    assert first.undo is not None
    await first.undo()
    assert {m["config"]["image"] for m in fake.machines.values()} == {OLD}


async def test_a_machine_at_rest_gets_the_image_and_stays_at_rest(
    system: System, fake: FlyFake
) -> None:
    act = action(system, "deploy", "api")
    fake.machines["b2"] |= {"state": "stopped", "events": [event("stop", time.time())]}
    plan = await act.plan("api", {"image": "v2"}, world())
    await carry_out(act, plan)
    assert fake.machines["b2"]["state"] == "stopped"
    assert fake.machines["b2"]["config"]["image"] == NEW


async def test_one_that_changed_meanwhile_is_not_overwritten(system: System, fake: FlyFake) -> None:
    act = action(system, "deploy", "api")
    plan = await act.plan("api", {"image": "v2"}, world())

    async def moved(_: web.Request) -> web.Response:
        return web.json_response({"error": "current version is another"}, status=412)

    fake.hooks["POST a1"] = moved
    with pytest.raises(ActionFailure, match="someone else changed it"):
        await carry_out(act, plan)
    assert changes(fake) == ["cordon a1", "uncordon a1"]


@pytest.mark.parametrize("params", [{}, {"image": "a b"}, {"image": "-x"}])
async def test_images_that_make_no_sense(system: System, params: dict[str, str]) -> None:
    with pytest.raises(Refused):
        await action(system, "deploy", "api").plan("api", params, world())


async def test_rollback_takes_the_newest_healthy_one_before(system: System, fake: FlyFake) -> None:
    repository = OLD.rpartition(":")[0]
    fake.releases = [
        release(12, f"{repository}:v12"),
        release(11, f"{repository}:v11", status="failed"),
        release(10, f"{repository}:v10", stable=False),
        release(9, f"{repository}:v12"),
        release(8, f"{repository}:v8"),
        release(7, f"{repository}:v7"),
    ]
    for found in fake.machines.values():
        found["config"]["image"] = f"{repository}:v12"
    act = action(system, "rollback", "api")
    plan = await done(act, "api")
    assert plan.params == {"version": "8"}
    assert plan.goal["image"] == f"{repository}:v8"
    assert any(fact.startswith("left out: v11") for fact in plan.facts)
    # The platform records no release for it; what the machines run tells where we are.
    again = await act.plan("api", {}, world())
    assert again.params == {"version": "7"}
    assert (await act.plan("api", {"version": "v12"}, world())).goal["image"].endswith(":v12")
    with pytest.raises(Refused, match="no release v99"):
        await act.plan("api", {"version": "99"}, world())
    fake.releases[0]["in_progress"] = True
    assert (await act.plan("api", {}, world())).policy == "A deploy is going on"
    fake.releases = fake.releases[:1]
    with pytest.raises(Refused, match="no earlier release"):
        await act.plan("api", {}, world())


# Size and region.


async def test_the_bill_is_a_link_where_the_organisation_is_known(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    slugs = iter(["ainur", "ainur", "../evil", None])

    async def about(*_: Any) -> Any:
        if (slug := next(slugs)) is None:
            raise ProbeFailure("timeout")
        return {"organization": {"slug": slug}}

    monkeypatch.setattr(FlyClient, "about", about)
    act, link = action(system, "scale", "api"), "the bill: https://fly.io/dashboard/ainur/billing"
    for params in ({"by": "+1"}, {"size": "performance-1x"}):
        assert link in (await act.plan("api", params, world())).facts
    for _ in range(2):
        facts = (await act.plan("api", {"by": "+1"}, world())).facts
        assert not any("dashboard" in fact for fact in facts)


async def test_an_image_that_no_release_had_is_told(system: System, fake: FlyFake) -> None:
    fake.releases = [{"version": 3, "image_ref": OLD, "status": "complete"}]
    act = action(system, "deploy", "api")
    plan = await act.plan("api", {"image": "v2"}, world())
    assert any("nobody knows here whether" in one for one in plan.warnings)
    assert plan.facts[0].startswith("2 machines: ")
    fake.releases.append({"version": 2, "image_ref": plan.params["image"], "status": "complete"})
    plan = await act.plan("api", {"image": "v2"}, world())
    assert not any("nobody knows here whether" in one for one in plan.warnings)


async def test_size_and_back(system: System, fake: FlyFake) -> None:
    act = action(system, "scale", "api")
    plan = await done(act, "api", {"size": "performance-1x"})
    assert fake.machines["a1"]["config"]["guest"] == {
        "cpu_kind": "performance", "cpus": 1, "memory_mb": 2048,
    }  # fmt: skip
    assert "shared-cpu-1x, 512 MB → performance-1x, 2048 MB" in plan.facts[0]
    assert plan.undo == Undo(
        action="scale", target="api", params={"size": "shared-cpu-1x", "memory": "512"}
    )
    await done(act, "api", {"memory": "4GB"})
    assert fake.machines["b2"]["config"]["guest"]["memory_mb"] == 4096


@pytest.mark.parametrize(
    "params",
    [
        {"size": "dedicated-cpu-2x"}, {"size": "shared-cpu-3x"}, {"memory": "700"},
        {"memory": "4GB"}, {"memory": "lots"}, {"size": "shared-cpu-2x", "count": "3"},
    ],
)  # fmt: skip
async def test_sizes_that_do_not_exist(system: System, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        await action(system, "scale", "api").plan("api", params, world())
    assert caught.value.code == 64


async def test_size_of_the_database(system: System, fake: FlyFake) -> None:
    config = fake.apps["ainur-db"]["d9"]["config"]
    config |= {"guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 1024}, "image": "pg:16"}
    plan = await done(action(system, "scale", "db"), "db", {"memory": "2048"})
    assert plan.risk == "R3"
    assert plan.affects == ["api", "frontend"]
    assert plan.load == ["60 sessions connected"]
    assert "The database is away" in plan.warnings[1]


async def test_sizes_and_prices_are_the_platforms(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sizes(_: SizeList) -> dict[str, Size]:
        return {
            "shared-cpu-1x": Size("shared-cpu-1x", 256, 2048, 2.02),
            "performance-32x": Size("performance-32x", 65536, 262144, 992.0),
        }

    monkeypatch.setattr(SizeList, "sizes", sizes)
    act = action(system, "scale", "api")
    plan = await act.plan("api", {"size": "performance-32x"}, world())
    assert "→ performance-32x, 65536 MB" in plan.facts[0]
    assert plan.facts[-1].endswith("shared-cpu-1x $2.02, performance-32x $992.00")
    assert plan.warnings == []
    more = await act.plan("api", {"by": "+1"}, world())
    assert more.facts[-1].endswith("of shared-cpu-1x: $4.04 → $6.06")
    with pytest.raises(Refused, match="one of shared-cpu-1x, performance-32x"):
        await act.plan("api", {"size": "performance-1x"}, world())


async def test_the_list_of_sizes() -> None:
    rows: list[Any] = [
        {"name": "shared-cpu-1x", "memoryMb": 256, "maxMemoryMb": 2048, "priceMonth": 2.02},
        {"name": "a100", "memoryMb": 1024}, {"name": "x"}, 7,
    ]  # fmt: skip
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["authorization"] == TOKEN
        asked.append((await request.json())["query"])
        return web.json_response({"data": {"platform": {"vmSizes": rows}}} if rows else {})

    app = web.Application()
    app.router.add_post("/graphql", answer)
    async with app_server(app) as url:
        fly = Fly(web_url=url, token=TOKEN, timeout=2)
        sizes = SizeList(fly, Secret(TOKEN), clock=RealClock(), redact=CONTEXT.redact)
        found = await sizes.sizes()
        assert found == {
            "shared-cpu-1x": Size("shared-cpu-1x", 256, 2048, 2.02),
            "a100": Size("a100", 1024, 1024, None),
        }
        assert await sizes.sizes() == found
        assert len(asked) == 1
        rows.clear()
        with pytest.raises(ProbeFailure, match="without sizes"):
            await SizeList(fly, Secret(TOKEN), clock=RealClock(), redact=CONTEXT.redact).sizes()
        await sizes.close()


# Looking again.


async def test_recheck_ends_when_the_api_is_well(system: System, fake: FlyFake) -> None:
    act = action(system, "recheck", "api")
    plan = await done(act, "api", {"seconds": "5"})
    assert (plan.risk, plan.affects) == ("R0", [])
    assert changes(fake) == []
    for bad in ({"seconds": "0"}, {"seconds": "x"}):
        with pytest.raises(Refused):
            await act.plan("api", bad, world())


async def test_recheck_tells_that_it_has_not_recovered(fake: FlyFake) -> None:
    found = system_for("http://127.0.0.1:1", fly=Fly(url=fake.url, web_url=fake.url, token=TOKEN))
    act = action(found, "recheck", "api")
    plan = await act.plan("api", {}, world())
    assert "not recovered" in plan.facts[0]
    told = (await carry_out(act, plan, patience=0.1)).told
    assert "s: not recovered" in told[-1]
    assert (await act.observe(plan)).state == "failed"
    assert found.close is not None
    await found.close()


async def test_move_to_another_region(system: System, fake: FlyFake) -> None:
    act = action(system, "scale", "api")
    act._drain = 0.0  # type: ignore[attr-defined]
    plan = await done(act, "api", {"region": "lax"})
    assert len(plan.steps) == 4
    assert {m["region"] for m in fake.machines.values()} == {"lax"}
    assert plan.undo == Undo(action="scale", target="api", params={"region": "sjc"})
    plan = await act.plan("api", {"by": "+1", "region": "sjc"}, world())
    assert plan.steps == ["create machine 1 of 1 in sjc"]
    with pytest.raises(Refused):
        await act.plan("api", {"region": "../x"}, world())
