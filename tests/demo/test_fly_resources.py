"""What the platform tells of an app beside its machines: metrics, volumes, certificates."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from ainur_tui.demo.fly.rules import Scrape, failing, unanswered
from tests.demo.flyhouse import House, house, until

API, DATABASE = "/v1/apps/zerostate-api", "/v1/apps/ainur-db"
METRICS = "/prometheus/ainur/api/v1"
BUSY = (
    '1 - sum by (instance) (rate(fly_instance_cpu{app="zerostate-api",mode="idle"}[1m]))'
    ' / sum by (instance) (rate(fly_instance_cpu{app="zerostate-api"}[1m]))'
)
FREE = 'fly_instance_memory_mem_available{app="zerostate-api"}'


async def check_instant(place: House) -> None:
    ids = {m["id"] for m in await place.machines()}
    for asked in (FREE, BUSY):
        status, said = await place.call("GET", f"{METRICS}/query", params={"query": asked})
        assert status == 200
        assert said["data"]["resultType"] == "vector"
        rows = said["data"]["result"]
        assert {row["metric"]["instance"] for row in rows} == ids
        assert all(float(row["value"][1]) >= 0 for row in rows)
    assert rows[0]["metric"].keys() == {"instance"}
    path = f"{METRICS}/query"
    assert (await place.call("GET", path, params={"query": "up >"}))[0] == 400
    assert (await place.call("POST", path, data={"query": FREE}))[0] == 200
    an_hour_ago = {"query": FREE, "time": time.time() - 3600}
    assert (await place.call("GET", path, params=an_hour_ago))[1]["data"]["result"] == []


async def check_scraped(place: House) -> None:
    """What it scrapes of the machines, in a little PromQL."""

    async def asked(text: str) -> list[Any]:
        _, said = await place.call("GET", f"{METRICS}/query", params={"query": text})
        found: list[Any] = said["data"]["result"]
        return found

    async def up() -> bool:
        return [row["value"][1] for row in await asked("sum(up)")] == ["2.0"]

    await until(up, "both machines are scraped")
    _, said = await place.call("GET", f"{METRICS}/label/__name__/values")
    assert "up" in said["data"]
    _, said = await place.call("GET", f"{METRICS}/targets")
    assert [one["health"] for one in said["data"]["activeTargets"]] == ["up", "up"]
    now = time.time()
    path, params = f"{METRICS}/query_range", {"query": "up", "start": now, "end": now, "step": "5"}
    _, said = await place.call("GET", path, params=params)
    assert [row["values"][0][1] for row in said["data"]["result"]] == ["1.0", "1.0"]


async def check_range(place: House) -> None:
    path, now = f"{METRICS}/query_range", time.time()
    asked: dict[str, Any] = {"query": FREE, "start": now - 10, "end": now + 5, "step": "5s"}
    status, said = await place.call("GET", path, params=asked)
    assert (status, said["data"]["resultType"]) == (200, "matrix")
    rows = said["data"]["result"]
    assert {row["metric"]["app"] for row in rows} == {"zerostate-api"}
    assert len(rows) == 2
    for row in rows:
        moments = [at for at, _ in row["values"]]
        assert set(moments) <= {now - 10, now - 5, now, now + 5}
        assert all(0 < float(value) < 512 << 20 for _, value in row["values"])
    for name, wrong in (("step", "0"), ("start", now + 9), ("start", "soon"), ("step", "0.001")):
        assert (await place.call("GET", path, params=asked | {name: wrong}))[0] == 400


async def check_rules(place: House) -> None:
    async def at_rest() -> bool:
        return bool((await place.call("GET", f"{METRICS}/alerts"))[1]["data"]["alerts"] == [])

    await until(at_rest, "machines that were just starting have been scraped again")
    (group,) = (await place.call("GET", f"{METRICS}/rules"))[1]["data"]["groups"]
    assert {rule["name"] for rule in group["rules"]} == {"InstanceDown", "ServerErrors"}
    assert {rule["state"] for rule in group["rules"]} == {"inactive"}


def test_rules_tell_failing_requests_from_a_machine_that_is_away() -> None:
    well: list[Scrape] = [{"a": (100, 1), "b": (50, 0)}, {"a": (200, 1), "b": (150, 0)}]
    assert (failing(well), unanswered(well)) == ([], [])
    (one,) = failing([*well, {"a": (300, 51), "b": (5, 0)}])  # b began anew: it counts no more
    assert one == ({}, 50 / 300)
    (away,) = unanswered([*well, {"a": None, "b": (160, 0)}])
    assert away[0] == {"instance": "a", "target": "api/machine/a"}


async def check_volumes(place: House) -> None:
    (machine,) = await place.machines("ainur-db")
    assert (await place.call("GET", f"{API}/volumes"))[1] == []
    (volume,) = (await place.call("GET", f"{DATABASE}/volumes"))[1]
    assert volume["attached_machine_id"] == machine["id"]
    assert [m["volume"] for m in machine["config"]["mounts"]] == [volume["id"]]
    assert (volume["state"], volume["size_gb"], volume["encrypted"]) == ("created", 3, True)
    assert 0 < volume["blocks_avail"] < volume["blocks_free"] < volume["blocks"]
    path = f"{DATABASE}/volumes/{volume['id']}"
    assert (await place.call("GET", path))[1]["name"] == "pg_data"
    assert (await place.call("GET", f"{DATABASE}/volumes/vol_none"))[0] == 404
    before = (await place.call("GET", f"{path}/snapshots"))[1]
    assert len(before) == 5
    status, told = await place.call("POST", f"{path}/snapshots")
    assert (status, told["Msg"]["backup"]["type"]) == (200, "BACKUP_TYPE_ON_DEMAND")

    async def taken() -> Any:
        found = (await place.call("GET", f"{path}/snapshots"))[1]
        return found[-1] if len(found) == 6 else None

    newest = await until(taken, "the snapshot is there")
    assert newest["id"] == told["Msg"]["backup"]["graph_id"]
    assert newest["size"] > 0
    # A volume is one machine's: a second one with the same mount is refused.
    body = {"config": machine["config"]}
    assert (await place.call("POST", f"{DATABASE}/machines", json=body))[0] == 412


async def check_certificates(place: House) -> None:
    listed = (await place.call("GET", f"{API}/certificates"))[1]
    assert listed["total_count"] == 1
    (row,) = listed["certificates"]
    assert row["configured"] is True
    # As documented: only the certificate by itself tells its end.
    assert "expires_at" not in row
    path = f"{API}/certificates/{row['hostname']}"
    one = (await place.call("GET", path))[1]
    ends = datetime.fromisoformat(one["certificates"][0]["expires_at"]).timestamp()
    assert 30 * 86400 < ends - time.time() < 90 * 86400
    checked = (await place.call("POST", f"{path}/check"))[1]
    assert checked["dns_records"]["a"] == checked["dns_requirements"]["a"]
    addresses = (await place.call("GET", f"{API}/ip_assignments"))[1]["ips"]
    assert addresses[0]["ip"] in one["dns_requirements"]["a"]
    assert (await place.call("GET", f"{API}/certificates/nobody.example"))[0] == 404
    assert (await place.call("GET", f"{API}/certificates?filter=nobody"))[1]["total_count"] == 0
    assert (await place.call("GET", f"{DATABASE}/certificates"))[1]["certificates"] == []


async def test_what_an_app_has(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        await check_instant(place)
        await check_scraped(place)
        await check_range(place)
        await check_rules(place)
        await check_volumes(place)
        await check_certificates(place)
        (token,) = (await place.call("GET", "/v1/tokens/current"))[1]["tokens"]
        assert (token["org_slug"], len(token["apps"])) == ("ainur", 2)
