"""The platform's own faults: each bites where it says, and heals."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientError

from ainur_tui.demo.faults import BAD_RELEASE
from tests.demo.flyhouse import House, house, until

API = "/v1/apps/zerostate-api"


async def check_held(place: House, machine: str) -> None:
    place.switches.set("fly-lease-held", on=True)

    async def is_held() -> bool:
        return (await place.call("GET", f"{API}/machines/{machine}/lease"))[0] == 200

    await until(is_held, "the machine is leased")
    status, said = await place.call("POST", f"{API}/machines/{machine}/cordon")
    assert (status, said["status"]) == (409, "lease_held")
    place.switches.set("fly-lease-held", on=False)

    async def is_free() -> bool:
        return (await place.call("POST", f"{API}/machines/{machine}/uncordon"))[0] == 200

    await until(is_free, "the machine is free")


async def check_refusals(place: House, machine: str) -> None:
    place.switches.set("fly-no-capacity", on=True)
    config = {"config": {"image": "x"}}
    status, said = await place.call("POST", f"{API}/machines", json=config)
    assert (status, said["status"]) == (422, "insufficient_capacity")
    place.switches.set("fly-no-capacity", on=False)
    place.switches.set("fly-rate-limited", on=True)
    cordon = f"{API}/machines/{machine}/uncordon"
    assert [(await place.call("POST", cordon))[0] for _ in range(4)] == [429, 429, 429, 200]
    place.switches.set("fly-rate-limited", on=False)


async def check_lost(place: House, machine: str) -> None:
    place.switches.set("fly-answer-lost", on=True)
    try:
        await place.call("POST", f"{API}/machines/{machine}/cordon")
        raise AssertionError("an answer came")
    except ClientError:
        pass
    found = {m["id"]: m["cordoned"] for m in await place.machines()}
    assert found[machine] is True
    place.switches.set("fly-answer-lost", on=False)


async def check_expiry(place: House, machine: str) -> None:
    place.switches.set("fly-token-expired", on=True)
    assert len(await place.machines()) == 2
    assert (await place.call("POST", f"{API}/machines/{machine}/uncordon"))[0] == 200
    assert (await place.call("GET", f"{API}/machines"))[0] == 401
    place.switches.set("fly-token-expired", on=False)
    assert len(await place.machines()) == 2
    place.switches.set("fly-token-expired", on=True)
    assert len(await place.machines()) == 2  # the next change has not come yet
    place.switches.set("fly-token-expired", on=False)


async def check_external(place: House) -> None:
    place.switches.set("fly-external-change", on=True)
    await place.well(3)
    place.switches.set("fly-external-change", on=False)
    await place.well(2)


async def check_never_healthy(place: House, machine: str) -> None:
    place.switches.set("api-never-healthy", on=True)
    assert (await place.call("POST", f"{API}/machines/{machine}/restart"))[0] == 200

    async def ails() -> bool:
        one = next(m for m in await place.machines() if m["id"] == machine)
        return one["state"] == "started" and "migrations" in one["checks"][0]["output"]

    await until(ails, "the restarted machine is not well")
    place.switches.set("api-never-healthy", on=False)
    await place.well(2)


async def check_bad_release(place: House) -> None:
    place.switches.set("api-bad-release", on=True)

    async def everywhere() -> bool:
        images = {m["config"]["image"] for m in await place.machines()}
        return {image.rpartition(":")[2] for image in images} == {BAD_RELEASE}

    await until(everywhere, "it is on every machine")
    place.switches.set("api-bad-release", on=False)
    await place.well(2)


async def check_rest(place: House, machine: str) -> None:
    """A machine that rests when a fault comes rests when it has gone; the others are back."""
    path = f"{API}/machines/{machine}"
    assert (await place.call("POST", f"{path}/stop"))[0] == 200

    async def rests() -> bool:
        states = {m["id"]: m["state"] for m in await place.machines()}
        return states.pop(machine) == "stopped" and set(states.values()) == {wanted}

    wanted = "started"
    await until(rests, "the machine is stopped")
    place.switches.set("api-all-down", on=True)
    wanted = "stopped"
    await until(rests, "the other is down")
    place.switches.set("api-all-down", on=False)
    wanted = "started"
    await until(rests, "the other is back, this one is not")
    assert (await place.call("POST", f"{path}/start"))[0] == 200
    await place.well(2)


async def test_each_bites_and_heals(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        machine = (await place.machines())[0]["id"]
        await check_held(place, machine)
        await check_refusals(place, machine)
        await check_lost(place, machine)
        await check_expiry(place, machine)
        await check_external(place)
        await check_never_healthy(place, machine)
        await check_bad_release(place)
        await check_rest(place, machine)
        assert not place.switches.names
