"""One holder per target (S-42, F-35, F-65)."""

from __future__ import annotations

import pytest

from ainur_tui.engine.runs.leases import LeaseLost, Leases
from ainur_tui.model.failure import Refused
from ainur_tui.model.target import overlaps
from tests.engine.acting import Clock, Store


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("api", "api", True),
        ("api", "api/machine/17", True),
        ("api/machine/17", "api", True),
        ("api/machine/17", "api/machine/18", False),
        ("api", "apidae", False),
        ("db", "api", False),
    ],
)
def test_a_whole_and_its_parts_overlap(one: str, other: str, expected: bool) -> None:
    assert overlaps(one, other) is expected


async def test_the_second_is_told_who_holds_it() -> None:
    leases = Leases(Clock())
    await leases.take("api", "mira", "restart", "r1")
    with pytest.raises(Refused, match=r"mira holds api: restart \(run r1") as refused:
        await leases.take("api/machine/17", "otto", "restart", "r2")
    assert refused.value.code == 75
    await leases.take("db", "otto", "restart", "r3")
    await leases.release("r1")
    await leases.take("api/machine/17", "otto", "restart", "r4")
    assert sorted(lease.run for lease in leases.views()) == ["r3", "r4"]


async def test_without_a_heartbeat_it_expires() -> None:
    clock = Clock()
    leases = Leases(clock, ttl=30)
    lease = await leases.take("api", "mira", "restart", "r1")
    clock.advance(29)
    await leases.renew("r1", lease)
    clock.advance(29)
    assert leases.holder("api") is not None
    clock.advance(2)
    assert leases.holder("api") is None


async def test_an_expired_lease_that_somebody_took_is_lost() -> None:
    clock = Clock()
    leases = Leases(clock)
    lease = await leases.take("api", "mira", "restart", "r1")
    clock.advance(31)
    await leases.renew("r1", lease)
    clock.advance(31)
    await leases.take("api", "otto", "restart", "r2")
    with pytest.raises(LeaseLost, match="otto"):
        await leases.renew("r1", lease)


async def test_a_jump_of_the_wall_clock_ends_no_lease() -> None:
    clock = Clock()
    leases = Leases(clock)
    await leases.take("api", "mira", "restart", "r1")
    clock.wall += 3600
    assert leases.holder("api") is not None


async def test_a_dead_engines_lease_is_known_and_expires() -> None:
    store, clock = Store(), Clock()
    await Leases(clock, store).take("api", "mira", "restart", "r1")
    clock.advance(10)
    after = Leases(clock, store)
    await after.open()
    with pytest.raises(Refused, match="mira"):
        await after.take("api", "otto", "restart", "r2")
    clock.advance(21)
    await after.take("api", "otto", "restart", "r2")


async def test_a_broken_store_is_an_empty_one() -> None:
    store = Store()
    store.values["leases"] = b"{half"
    leases = Leases(Clock(), store)
    await leases.open()
    assert leases.views() == []
