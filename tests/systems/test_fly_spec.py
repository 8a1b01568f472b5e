"""The actions and probes against a platform that is as its public description says, no more."""

from __future__ import annotations

import base64
import dataclasses
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ainur_tui.config.types import Environment, Fly
from ainur_tui.model.action import Plan
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.table import Table
from ainur_tui.systems.base import Probe
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.fly.abilities import abilities
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.power import draining, power
from ainur_tui.systems.fly.power.scale import ScaleApi
from ainur_tui.systems.fly.system import connect
from ainur_tui.systems.fly.token import facts
from ainur_tui.systems.system import System
from tests.systems.flybox import APP, Box, config, ulid
from tests.systems.flyfake import Steps
from tests.systems.flyspec import ONE, TOKEN, Spec, fly_spec
from tests.systems.flysystem import CONTEXT
from tests.systems.flyworld import action, stored, world
from tests.systems.web import RealClock

V2 = "registry.fly.io/my-app-name:v2"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No drain, and no pace: this platform does not count."""
    monkeypatch.setattr(power._Rest, "drain", 0.0)
    monkeypatch.setattr(draining.Drain, "drain", 0.0)


@pytest.fixture
async def spec() -> AsyncIterator[Spec]:
    async with fly_spec() as found:
        yield found


def fly(spec: Spec, **changes: Any) -> Fly:
    given = {"database_app": None, "timeout": 8, "token": TOKEN} | changes
    return Fly(app=APP, url=spec.url, web_url=spec.url, **given)


@pytest.fixture
async def system(spec: Spec, tmp_path: Path) -> AsyncIterator[System]:
    context = dataclasses.replace(CONTEXT, state=tmp_path)
    found = connect(Environment(fly=fly(spec)), context)
    assert found is not None
    yield found
    assert found.close is not None
    await found.close()


async def carried_out(
    system: System, name: str, target: str, params: dict[str, str] | None = None
) -> Plan:
    act = action(system, name, target.rpartition("/")[0] or target)
    if isinstance(act, ScaleApi):
        act._drain = 0.0
    given = {**(params or {})}
    value = given.pop("value", None) if name == "secret-set" else None
    plan = await act.plan(target, given, world())
    assert (plan.blocked, plan.policy) == (None, None)
    context = Steps(RealClock(), 8.0)
    context.secrets = {} if value is None else {"value": Secret(value)}
    for step in act.steps(stored(plan)):
        assert await step.work(context)
    seen = await act.observe(stored(plan))
    assert seen.state == "verified", seen.by
    return plan


def named(system: System, name: str) -> Probe:
    return next(probe for probe in system.probes if probe.name == name)


async def table(system: System, probe: str, name: str) -> Table:
    tables = (await named(system, probe).read()).tables
    return next(one for one in tables if one.name == name)


def sound(spec: Spec) -> bool:
    """Nothing was asked that is not described, and every lease was given back."""
    assert spec.strays == []
    return all(box.lease is None for box in spec.boxes.values())


# The catalogue.

RUNS: list[list[tuple[str, str, dict[str, str]]]] = [
    [("restart", "api", {})],
    [("restart", "api/machine/a1", {})],
    [("stop", "api/machine/a1", {}), ("start", "api/machine/a1", {})],
    [("suspend", "api/machine/b2", {}), ("start", "api/machine/b2", {})],
    [("stop", "api", {}), ("start", "api", {})],
    [("drain", "api/machine/a1", {}), ("undrain", "api/machine/a1", {})],
    [("emergency-stop", "api", {"reason": "rehearsal"}), ("restore-count", "api", {})],
    [("scale", "api", {"by": "+1"}), ("scale", "api", {"by": "-2"})],
    [("scale", "api", {"size": "shared-cpu-2x"})],
    [("scale", "api", {"region": "fra"})],
    [("deploy", "api", {"image": "v2"}), ("rollback", "api", {})],
    [
        ("secret-set", "api", {"name": "KEY", "value": "canary-1"}),
        ("secret-set", "api", {"name": "KEY", "value": "canary-2"}),
        ("secret-unset", "api", {"name": "KEY"}),
    ],
    [("log-level", "api", {"level": "debug"})],
    [("flag-set", "api", {"name": "MAINTENANCE_MODE", "value": "true", "stage": "true"})],
]


@pytest.mark.parametrize("runs", RUNS, ids=lambda runs: " ".join(run[0] for run in runs))
async def test_every_action_by_what_is_described(
    system: System, spec: Spec, runs: list[tuple[str, str, dict[str, str]]]
) -> None:
    for name, target, params in runs:
        await carried_out(system, name, target, params)
    assert sound(spec)
    assert spec.done


async def test_a_machine_at_rest_stays_so_when_it_is_replaced(system: System, spec: Spec) -> None:
    await carried_out(system, "stop", "api/machine/a1")
    await carried_out(system, "deploy", "api", {"image": "v2"})
    assert spec.boxes["a1"].config["image"] == V2
    assert (spec.boxes["a1"].state, spec.boxes["b2"].state) == ("created", "started")
    assert spec.boxes["a1"].cordoned, "the stop took it out of routing"
    await carried_out(system, "start", "api/machine/a1")
    assert sound(spec)
    assert not spec.boxes["a1"].cordoned


async def test_a_machine_out_of_routing_stays_so_when_it_is_replaced(
    system: System, spec: Spec
) -> None:
    await carried_out(system, "drain", "api/machine/a1")
    await carried_out(system, "deploy", "api", {"image": "v2"})
    await carried_out(system, "log-level", "api", {"level": "debug"})
    assert spec.boxes["a1"].config["image"] == V2
    assert (spec.boxes["a1"].state, spec.boxes["a1"].cordoned) == ("started", True)
    assert sound(spec)


async def test_a_rollback_without_releases_goes_by_the_versions(system: System, spec: Spec) -> None:
    for box in spec.boxes.values():
        box.revise(config(V2), time.time() - 60)
    act = action(system, "rollback", "api")
    plan = await act.plan("api", {}, world())
    assert plan.goal["image"] == "registry.fly.io/my-app-name:v1"
    assert "healthy is not known" in plan.warnings[0]
    assert any("versions" in fact for fact in plan.facts)
    with pytest.raises(Refused, match="releases cannot be read"):
        await act.plan("api", {"version": "3"}, world())
    for box in spec.boxes.values():
        box.versions = box.versions[:1]
    with pytest.raises(Refused, match="no other image"):
        await act.plan("api", {}, world())
    assert sound(spec)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "unknown", "not accepted"),
        (403, "unknown", "scope does not allow"),
        (404, "unknown", "not there"),
        (409, "unknown", "lease"),
        (412, "unknown", "not as it was"),
        (422, "insufficient_capacity", "no capacity"),
    ],
)
async def test_what_a_refusal_means(
    system: System, spec: Spec, status: int, code: str, words: str
) -> None:
    act = action(system, "scale", "api")
    plan = await act.plan("api", {"by": "+1"}, world())
    spec.refused["POST /v1/apps/{app_name}/machines"] = status, {"error": "because", "status": code}
    with pytest.raises(ActionFailure, match=f"{words}.*because"):
        await act.steps(stored(plan))[0].work(Steps(RealClock()))
    assert "create" not in str(spec.done)


async def test_a_lease_of_somebody_else_is_told_beforehand(system: System, spec: Spec) -> None:
    act = action(system, "restart", "api")
    assert (await act.plan("api", {}, world())).policy is None
    spec.boxes["b2"].lease = {
        "nonce": "theirs", "expires_at": time.time() + 60, "owner": "hello@fly.io",
    }  # fmt: skip
    assert "hello@fly.io holds the lease on machine b2 until" in str(
        (await act.plan("api", {}, world())).policy
    )
    plan = await action(system, "restart", "api/machine").plan("api/machine/b2", {}, world())
    step = action(system, "restart", "api/machine").steps(stored(plan))[0]
    with pytest.raises(ActionFailure, match="someone else works on b2"):
        await step.work(Steps(RealClock()))
    assert spec.done == []


async def test_nothing_is_made_of_half_a_configuration(system: System, spec: Spec) -> None:
    act = action(system, "deploy", "api")
    plan = await act.plan("api", {"image": "v2"}, world())
    for box in spec.boxes.values():
        box.lost = True
    with pytest.raises(ActionFailure, match="whole configuration is not known"):
        await act.steps(stored(plan))[0].work(Steps(RealClock()))
    assert not any(done.startswith("update") for done in spec.done)
    copy = action(system, "scale", "api")
    plan = await copy.plan("api", {"by": "+1"}, world())
    with pytest.raises(ActionFailure, match="cannot be copied"):
        await copy.steps(stored(plan))[0].work(Steps(RealClock()))
    assert "create" not in str(spec.done)


async def test_a_lease_is_read_with_its_envelope_and_without(spec: Spec) -> None:
    client = FlyClient(fly(spec), Secret(TOKEN), clock=RealClock(), redact=Redactor())
    assert await client.lease("a1", 5, "why") == "5c35a1"
    spec.refused[f"POST {ONE}/lease"] = 201, {"nonce": "flat", "owner": "hello@fly.io"}
    assert await client.lease("b2", 5, "why") == "flat"
    await client.close()


# What is read.


async def test_the_least_that_a_machine_tells_is_enough(system: System, spec: Spec) -> None:
    spec.boxes["a1"].config |= {"checks": {"alive": {"type": "tcp", "port": 80}}}
    spec.boxes["c3"] = Box("c3", "ord", config(guest={"cpu_kind": "performance", "cpus": 2}))
    sample = await named(system, "fly.machines").read()
    assert sample.readings[0].value == 3
    rows = {row.key: dict(zip([c.name for c in sample.tables[0].columns], row.cells, strict=True))
            for row in sample.tables[0].rows}  # fmt: skip
    assert rows["c3"]["size"] == "performance-2x"
    assert rows["a1"]["checks"] == "1/1"
    spec.boxes["c3"].events = [
        spec.boxes["c3"].event("exit", "stopped", "flyd", MonitorEvent={
            "exit_event": {"exit_code": 137, "oom_killed": True}}),
        spec.boxes["c3"].event("launch", "created"),
    ]  # fmt: skip
    told = (await named(system, "fly.machines").read()).events
    assert {event.text for event in told} == {
        "machine c3 ended: exit 137, out of memory", "machine c3 created by user",
    }  # fmt: skip
    assert sound(spec)


async def test_lists_go_on_over_pages_and_null_is_an_empty_one(system: System, spec: Spec) -> None:
    spec.certificates = ["example.com", "*.example.com", "api.example.com"]
    found = await table(system, "fly.resources", "api.certificates")
    assert [row.key for row in found.rows] == spec.certificates
    left = next(i for i, column in enumerate(found.columns) if column.name == "days")
    assert all(isinstance(d := row.cells[left], float) and 59 < d < 61 for row in found.rows)
    volumes = await table(system, "fly.resources", "api.volumes")
    assert volumes.missing is None
    assert [row.key for row in volumes.rows] == ["vol_1"]
    assert sound(spec)


async def test_what_the_platform_does_not_have_is_said(system: System, spec: Spec) -> None:
    spec.without = {"secrets", "certificates", "volumes"}
    for probe, name in (
        ("fly.resources", "api.certificates"), ("fly.resources", "api.volumes"),
        ("fly.secrets", "api.secrets"),
    ):  # fmt: skip
        assert "this platform does not have it" in str((await table(system, probe, name)).missing)
    for name in ("secret-set", "secret-import", "flag-set", "log-level", "maintenance"):
        assert "secrets cannot be read" in str(action(system, name, "api").unavailable())
    assert action(system, "restart", "api").unavailable() is None
    spec.without = set()
    await named(system, "fly.secrets").read()
    assert action(system, "secret-set", "api").unavailable() is None


async def test_the_machines_tell_what_runs_where_no_release_is_told(
    system: System, spec: Spec
) -> None:
    spec.boxes["a1"].config |= {"metadata": {"fly_release_version": "7"}}
    found = await table(system, "fly.releases", "api.releases")
    assert found.missing is None
    assert "no releases are told" in found.title
    assert found.rows[0].cells[4:] == ["sha256:5615ef423504", "on 2 of 2"]
    spec.releases = [{"id": "r", "version": 7, "stable": False, "in_progress": False,
                      "status": "complete", "user": "m@x", "image_ref": V2}]  # fmt: skip
    again = await table(system, "fly.releases", "api.releases")
    assert [(row.key, row.tone, row.params) for row in again.rows] == [
        ("v7", "none", {"version": "7", "image": V2})
    ]


async def test_log_lines_go_on_without_gap_or_repeat(system: System, spec: Spec) -> None:
    def line(number: int) -> dict[str, Any]:
        stamp = f"2026-11-24T10:00:00.00000000{number}Z"
        told = {"timestamp": stamp, "message": f"line {number}", "level": None, "instance": "a1"}
        return {"id": None, "attributes": told}

    spec.lines = [line(number) for number in range(3)]
    source, told = system.logs[0], []
    resume: float | None = None
    for enough in (3, 5):
        batches = source.batches(resume)
        async for batch in batches:
            told += [one.text for one in batch.lines]
            resume = batch.lines[-1].at if batch.lines else resume
            if len(told) >= enough and not batch.lines:
                break
        await batches.aclose()  # type: ignore[attr-defined]
        spec.lines += [line(number) for number in range(len(spec.lines), 5)]
    assert told == [f"line {number}" for number in range(5)]
    assert sound(spec)


# The token.


def macaroon(*caveats: Any) -> str:
    body = [[b"kid", b"rnd", False], "https://api.fly.io/v1", list(caveats), b"tail"]
    return "fm2_" + base64.b64encode(msgspec.msgpack.encode(body)).decode()


def test_what_a_token_says_of_itself() -> None:
    organization, window, action_, commands = 0, 4, 26, 27
    for token, expires, reads_only in [
        ("plain", None, False),
        (macaroon(organization, [7, 31]), None, False),
        (macaroon(organization, [7, 31], window, [1, 1_800_000_000]), 1.8e9, False),
        (macaroon(organization, [7, 31], action_, 1), None, True),
        (f"FlyV1 {macaroon(organization, [7, 1])},{macaroon(window, [1, 1_700_000_000])}",
         1.7e9, True),
        (macaroon(organization, [7, 31], 13, [[commands, [["ls"], True]], 1]), None, True),
        (macaroon(organization, [7, 31], 3, [{5: 31, 6: 1}]), None, False),
        ("fm2_AAAA", None, False), ("fm2_?", None, False), (macaroon("odd"), None, False),
    ]:  # fmt: skip
        found = facts(Secret(token))
        assert (found.expires, found.reads_only) == (expires, reads_only), token


def test_versions_tell_their_time() -> None:
    from ainur_tui.systems.fly.machines import version_time

    assert version_time(ulid(1_700_000_000.5, 7)) == 1_700_000_000.5
    assert version_time("I-1") is None


async def told(spec: Spec, **changes: Any) -> dict[str, Examined]:
    found = await abilities(Environment(fly=fly(spec, **changes)), CONTEXT)
    return {one.name: one for one in found}


async def test_a_token_that_may_only_read_changes_nothing(system: System, spec: Spec) -> None:
    assert (await told(spec))["changes"].state == "ok"
    spec.writes = False
    found = await told(spec)
    assert found["changes"].state == "warn"
    assert "no action can be carried out" in found["changes"].words
    assert {found[name].state for name in ("machines", "secrets", "volumes")} == {"ok"}
    await named(system, "fly.scope").read()
    assert "may not change the app" in str(action(system, "restart", "api").unavailable())
    assert (spec.done, spec.strays) == ([], [])
    spec.writes = True
    await named(system, "fly.scope").read()
    assert action(system, "restart", "api").unavailable() is None


async def test_a_token_that_ends_or_reads_only_by_its_own_words(spec: Spec) -> None:
    for token, words in [
        (macaroon(0, [7, 1]), "may only read"),
        (macaroon(0, [7, 31], 4, [1, int(time.time()) - 60]), "the token ended 20"),
    ]:
        found = connect(Environment(fly=fly(spec, token=token)), CONTEXT)
        assert found is not None
        for act in found.actions:
            if act.spec.name not in {"config-save", "recheck", "shutdown-all", "start-all"}:
                assert words in str(act.unavailable()), act.spec.name
        assert found.close is not None
        await found.close()


async def test_databases_are_named_for_what_they_are(spec: Spec) -> None:
    assert "database" not in await told(spec)
    spec.clusters = [{"id": "c1", "name": "main", "status": "ready",
                      "attached_apps": [{"name": APP}]}]  # fmt: skip
    assert "managed Postgres main (ready)" in (await told(spec))["database"].words
    gone = (await told(spec, database_app="main"))["app main"]
    assert gone.state == "warn"
    assert "set database_app to none" in gone.words
    spec.boxes["a1"].config |= {"metadata": {"fly-managed-postgres": "true"}}
    ours = (await told(spec, database_app=APP))[f"app {APP}"]
    assert "unmanaged Postgres (2 ordinary machines)" in ours.words
