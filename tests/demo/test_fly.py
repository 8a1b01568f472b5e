"""The platform: its machines are processes, its API says what they do, its edge loses nothing."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientError, ClientTimeout

from tests.demo.flyhouse import House, house, until

API = "/v1/apps/zerostate-api"


def at(machine: dict[str, Any], *rest: str) -> str:
    return "/".join([f"{API}/machines/{machine['id']}", *rest])


async def ask_without_pause(place: House, answers: Counter[int]) -> None:
    while True:
        answers[(await place.ask("/?wait=0.02"))[0]] += 1


async def check_reading(place: House) -> None:
    async with place.session.get(place.api + API, headers={"Authorization": "Bearer no"}) as answer:
        assert answer.status == 401
        assert (await answer.json())["status"] == "unauthorized"
        assert answer.headers["fly-request-id"]
        assert answer.headers["Date"].endswith("GMT")
    machine = (await place.machines())[0]
    assert len(machine["id"]) == 14
    assert machine["config"]["metadata"]["fly_platform_version"] == "v2"
    assert "JWT_SECRET" not in machine["config"]["env"]
    assert machine["image_ref"]["tag"] == "deployment-01"
    assert "200 OK" in machine["checks"][0]["output"]
    assert [e["type"] for e in machine["events"]] == ["start", "launch"]
    assert await place.call("GET", at(machine)) == (200, machine)
    assert (await place.call("GET", f"{API}/machines?state=stopped")) == (200, [])
    assert (await place.call("GET", f"{API}/machines/00000000000000"))[0] == 404
    assert (await place.call("GET", "/v1/apps/nobody/machines"))[0] == 404
    apps = (await place.call("GET", "/v1/apps?org_slug=ainur"))[1]["apps"]
    assert [app["name"] for app in apps] == ["zerostate-api", "ainur-db"]
    database = (await place.machines("ainur-db"))[0]
    assert database["config"]["checks"]["pg"]["type"] == "tcp"


async def check_edge(place: House) -> None:
    seen = Counter([(await place.ask())[1]["machine"] for _ in range(6)])
    assert sorted(seen.values()) == [3, 3]
    one = (await place.machines())[0]["id"]
    forced = [await place.ask(headers={"fly-force-instance-id": one}) for _ in range(3)]
    assert {answer["machine"] for _, answer in forced} == {one}
    assert (await place.ask(headers={"fly-force-instance-id": "nobody"}))[0] == 503
    assert (await place.ask(method="POST", data=b"x" * 300_000))[1]["body"] == "x" * 300_000


async def check_leases(place: House) -> None:
    machine = (await place.machines())[0]
    status, lease = await place.call("POST", at(machine, "lease"), json={"ttl": 60})
    assert status == 201
    nonce = lease["data"]["nonce"]
    for path in ("lease", "restart", "stop", "cordon"):
        status, error = await place.call("POST", at(machine, path))
        assert (status, error["status"]) == (409, "lease_held")
    held = {"fly-machine-lease-nonce": nonce}
    status, again = await place.call("POST", at(machine, "lease") + "?ttl=120", headers=held)
    assert status == 201
    assert again["data"]["expires_at"] > lease["data"]["expires_at"]
    assert (await place.call("DELETE", at(machine, "lease")))[0] == 409
    assert (await place.call("DELETE", at(machine, "lease"), headers=held))[0] == 200
    assert (await place.call("GET", at(machine, "lease")))[0] == 404


async def check_rolling_restart(place: House) -> None:
    answers: Counter[int] = Counter()
    users = [asyncio.create_task(ask_without_pause(place, answers)) for _ in range(4)]
    before = {m["id"]: m["events"][0]["id"] for m in await place.machines()}
    for machine in await place.machines():
        assert (await place.call("POST", at(machine, "restart")))[0] == 200
        query = f"wait?state=started&instance_id={machine['instance_id']}"
        assert (await place.call("GET", at(machine, query)))[0] == 200
        await place.well()
    for user in users:
        user.cancel()
    assert (await asyncio.gather(*users, return_exceptions=True))[0] is not None
    assert set(answers) == {200}
    assert answers[200] > 20
    for machine in await place.machines():
        assert machine["events"][0]["id"] != before[machine["id"]]
        ends = [e for e in machine["events"] if e["type"] == "exit"]
        assert ends[0]["request"]["exit_event"]["requested_stop"] is True


async def check_scaling(place: House) -> None:
    config = (await place.machines())[0]["config"]
    body = {"config": config, "region": "sjc"}
    status, created = await place.call("POST", f"{API}/machines", json=body)
    assert status == 200
    assert created["config"]["env"]["PORT"] != config["env"]["PORT"]
    await place.well(3)
    slow = asyncio.create_task(
        place.ask("/?wait=0.5", headers={"fly-force-instance-id": created["id"]})
    )
    await asyncio.sleep(0.1)
    assert (await place.call("DELETE", at(created)))[0] == 412
    assert (await place.call("DELETE", at(created) + "?force=true"))[0] == 200
    assert (await place.call("GET", at(created, "wait?state=destroyed")))[0] == 200
    assert (await slow)[0] == 200
    await place.well(2)
    listed = (await place.call("GET", f"{API}/machines?include_deleted=true"))[1]
    assert created["id"] in {m["id"] for m in listed}


async def check_apps(place: House) -> None:
    """An app is made, empty, under a name nobody has; one that was destroyed has its door again."""
    body = {"app_name": "zerostate-api-recovery", "org_slug": "ainur"}
    for wrong, status in (("api", 422), ("zerostate-api", 422), ("A b", 422), (None, 422)):
        answer = await place.call("POST", "/v1/apps", json=body | {"app_name": wrong})
        assert answer[0] == status, wrong
    assert (await place.call("POST", "/v1/apps", json=body | {"org_slug": "x"}))[0] == 404
    status, made = await place.call("POST", "/v1/apps", json=body)
    assert (status, made.keys()) == (201, {"id", "created_at"})
    found = (await place.call("GET", "/v1/apps/zerostate-api-recovery"))[1]
    assert (found["organization"]["slug"], found["machine_count"]) == ("ainur", 0)
    config = (await place.machines())[0]["config"]
    assert (await place.call("DELETE", "/v1/apps/zerostate-api"))[0] == 202
    assert (await place.call("GET", "/v1/apps/zerostate-api"))[0] == 404
    body["app_name"] = "zerostate-api"
    assert (await place.call("POST", "/v1/apps", json=body))[0] == 201
    assert await place.machines() == []
    assert (await place.call("GET", "/v1/apps/zerostate-api/secrets"))[1] == {"secrets": []}
    for _ in range(2):
        await place.call("POST", f"{API}/machines", json={"config": config, "region": "sjc"})
    await place.well(2)
    assert (await place.ask("/"))[0] == 200


async def check_updates(place: House) -> None:
    machine = (await place.machines())[0]
    path = f"{API}/secrets/JWT_SECRET"
    status, told = await place.call("POST", path, json={"value": "2nd"})
    assert status == 201
    assert (await place.call("GET", path))[1]["digest"] == told["digest"]
    secrets = (await place.call("GET", f"{API}/secrets"))[1]["secrets"]
    assert [s["name"] for s in secrets] == ["JWT_SECRET"]
    assert "2nd" not in str(secrets)
    here = {"fly-force-instance-id": machine["id"]}
    assert (await place.ask(headers=here))[1]["secret"] == "first"
    image = "registry.fly.io/zerostate-api:deployment-02"
    body = {"config": machine["config"] | {"image": image}, "current_version": "01OLD"}
    assert (await place.call("POST", at(machine), json=body))[0] == 412
    body["current_version"] = machine["instance_id"]
    newest = told["version"]
    too_new = body | {"min_secrets_version": newest + 1}
    status, refused = await place.call("POST", at(machine), json=too_new)
    assert (status, refused["status"]) == (412, "failed_precondition")
    assert (await place.call("POST", f"{API}/machines", json=too_new))[0] == 412
    assert (await place.call("POST", at(machine), json=body | {"min_secrets_version": "x"}))[
        0
    ] == 400
    body["min_secrets_version"] = newest
    status, updated = await place.call("POST", at(machine), json=body)
    assert status == 200
    assert updated["instance_id"] != machine["instance_id"]
    await place.well()
    said = (await place.ask(headers=here))[1]
    assert (said["image"], said["secret"]) == (image, "2nd")
    releases = (await place.call("GET", "/api/v1/apps/zerostate-api/releases?limit=2"))[1]
    assert releases["releases"][0]["image_ref"] == image
    assert [r["version"] for r in releases["releases"]] == [4, 3]
    assert len((await place.call("GET", at(machine, "versions")))[1]) == 2


async def check_stop_and_start(place: House) -> None:
    machine = (await place.machines())[0]
    assert (await place.call("POST", at(machine, "stop"), json={"timeout": "5s"}))[0] == 200
    assert (await place.call("GET", at(machine, "wait?state=stopped")))[0] == 400
    query = f"wait?state=stopped&instance_id={machine['instance_id']}"
    assert (await place.call("GET", at(machine, query)))[0] == 200
    assert (await place.call("GET", at(machine, "wait?state=started&timeout=1")))[0] == 408
    assert (await place.call("POST", at(machine, "start")))[1]["previous_state"] == "stopped"
    await place.well()
    await place.call("POST", at(machine, "cordon"))
    assert machine["id"] not in {(await place.ask())[1]["machine"] for _ in range(4)}
    await place.call("POST", at(machine, "uncordon"))
    path = at(machine, "metadata", "run")
    assert (await place.call("POST", path, json={"value": "7"}))[0] == 204
    found = (await place.call("GET", f"{API}/machines?metadata.run=7"))[1]
    assert [m["id"] for m in found] == [machine["id"]]


async def check_suspend(place: House) -> None:
    machine = (await place.machines())[0]
    here = {"fly-force-instance-id": machine["id"]}

    async def now(verb: str, state: str) -> Any:
        status, said = await place.call("POST", at(machine, verb))
        assert status == 200
        query = f"wait?state={state}&instance_id={machine['instance_id']}"
        assert (await place.call("GET", at(machine, query)))[0] == 200
        return said

    pid = (await place.ask(headers=here))[1]["pid"]
    await now("suspend", "suspended")
    assert psutil.Process(pid).status() == psutil.STATUS_STOPPED
    assert (await place.call("POST", at(machine, "suspend")))[0] == 412
    assert {(await place.ask())[0] for _ in range(4)} == {200}
    assert (await now("start", "started"))["previous_state"] == "suspended"
    await place.well()
    assert (await place.ask(headers=here))[1]["pid"] == pid
    events = (await place.call("GET", at(machine, "events")))[1]
    assert [event["type"] for event in events[:2]] == ["start", "suspend"]
    await now("suspend", "suspended")
    await now("stop", "stopped")
    await now("start", "started")
    await place.well()
    assert (await place.ask(headers=here))[1]["pid"] != pid


async def check_crash(place: House) -> None:
    machine = (await place.machines())[0]
    here = {"fly-force-instance-id": machine["id"]}
    assert (await place.ask("/?end=3", method="POST", headers=here))[0] == 502

    async def again() -> Any:
        found = (await place.call("GET", at(machine)))[1]
        ends = [e for e in found["events"] if e["type"] == "exit"]
        last: dict[str, Any] = ends[0]["request"] if ends else {}
        back = found["state"] == "started" and last.get("restart_count") == 1
        return last if back else None

    end = await until(again, "the machine is started again")
    assert end["exit_event"]["exit_code"] == 3
    assert end["exit_event"]["restarting"] is True
    await place.well()


async def check_logs(place: House) -> None:
    path = "/api/v1/apps/zerostate-api/logs"
    token = (await place.call("GET", path))[1]["meta"]["next_token"]
    lines = [b'{"level":"error","msg":"x"}', b"\x1b[31mred\xff"]
    for line in lines:
        await place.ask(f"/?say={line.hex()}")

    async def said() -> Any:
        page = (await place.call("GET", f"{path}?next_token={token}"))[1]
        return page if len(page["data"]) == len(lines) else None

    page = await until(said, "both lines are in the log")
    told = [entry["attributes"] for entry in page["data"]]
    assert [(a["level"], a["message"]) for a in told] == [
        ("error", lines[0].decode()),
        ("info", "\x1b[31mred\ufffd"),
    ]
    rest = (await place.call("GET", f"{path}?next_token={page['meta']['next_token']}"))[1]
    assert rest["data"] == []
    assert (await place.call("GET", f"{path}?next_token=soon"))[0] == 400


async def check_faults(place: House) -> None:
    first = (await place.machines())[0]
    place.switches.set("api-machine-down", on=True)

    async def down() -> Any:
        found = (await place.call("GET", at(first)))[1]
        return found if found["state"] == "stopped" else None

    found = await until(down, "the first machine is down")
    end = found["events"][0]["request"]["exit_event"]
    assert (end["exit_code"], end["requested_stop"]) == (137, False)
    assert found["checks"][0]["status"] == "critical"
    assert (await place.ask())[0] == 200
    place.switches.set("api-all-down", on=True)

    async def nobody() -> bool:
        return (await place.ask())[0] == 503

    await until(nobody, "no machine answers")
    assert {m["state"] for m in await place.machines()} == {"stopped"}
    place.switches.set("api-machine-down", on=False)
    place.switches.set("api-all-down", on=False)
    await place.well()


async def check_silence(place: House) -> None:
    place.switches.set("api-silent", on=True)
    with pytest.raises(TimeoutError):
        await place.ask(timeout=ClientTimeout(total=0.3))
    pending = asyncio.create_task(place.ask(method="POST"))  # a GET would be asked again
    await asyncio.sleep(0.05)
    place.switches.set("api-silent", on=False)
    with pytest.raises(ClientError):
        await pending
    assert (await place.ask())[0] == 200


async def test_a_platform_from_start_to_end(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        for part in (
            check_reading, check_edge, check_leases, check_rolling_restart, check_scaling,
            check_updates, check_stop_and_start, check_suspend, check_crash, check_logs,
            check_faults, check_silence, check_apps,
        ):  # fmt: skip
            await part(place)
        children = psutil.Process(place.process.pid).children(recursive=True)
        assert len(children) == 3
    assert not psutil.wait_procs(children, 5)[1]


async def test_rate_limits_are_answered_with_429(tmp_path: Path) -> None:
    async with house(tmp_path, "--rate-limits") as place:
        await until(place.machines, "the API answers")
        answers = [await place.call("GET", f"{API}/machines") for _ in range(4)]
        assert 429 in {status for status, _ in answers}
        async with place.session.get(place.api + f"{API}/machines") as answer:
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "1"


async def test_machines_end_with_a_platform_that_was_killed(tmp_path: Path) -> None:
    async with house(tmp_path, ends=-signal.SIGKILL) as place:
        asleep = (await place.machines())[0]
        assert (await place.call("POST", at(asleep, "suspend")))[0] == 200
        assert (await place.call("GET", at(asleep, "wait?state=suspended")))[0] == 200
        children = psutil.Process(place.process.pid).children(recursive=True)
        place.process.kill()
        assert not psutil.wait_procs(children, 5)[1]
        assert len(children) == 4  # one of them keeps the suspended machine still
