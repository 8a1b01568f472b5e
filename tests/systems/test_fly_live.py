"""The platform's actions against the miniature's platform, whose machines are real processes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ainur_tui.config.types import Environment, Fly
from ainur_tui.model.table import Table
from ainur_tui.systems.fly.logs import FlyLogs
from ainur_tui.systems.fly.system import connect
from ainur_tui.systems.fly.vitals import VitalsProbe
from ainur_tui.systems.system import System
from tests.demo.flyhouse import house
from tests.systems.flysystem import CONTEXT
from tests.systems.flyworld import action, carry_out, probe, values, world
from tests.systems.test_fly import read_until, scaler


async def test_restart_and_scale_real_processes(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        fly = Fly(url=place.api, web_url=place.api, token="FlyV1 fm2_secret", timeout=5)
        system = connect(Environment(fly=fly), CONTEXT)
        assert system is not None
        assert system.close is not None
        found = values(await probe(system).read())
        assert found["api", "api.machines.healthy"] == 2
        restart = action(system, "restart", "api")
        plan = await restart.plan("api", {}, world())
        await carry_out(restart, plan, patience=20)
        assert (await restart.observe(plan)).state == "verified"
        scale = scaler(system)
        up = await scale.plan("api", {"by": "+1"}, world())
        await carry_out(scale, up, patience=20)
        assert (await scale.observe(up)).state == "verified"
        down = await scale.plan("api", {"count": "2"}, world())
        assert set(down.goal["destroy"]).isdisjoint(up.before["machines"])
        await carry_out(scale, down, patience=20)
        assert len(await place.well()) == 2
        source = system.logs[0]
        assert isinstance(source, FlyLogs)
        lines = [line for b in await read_until(source, None, 1) for line in b.lines]
        assert any("Main child exited" in line.text for line in lines)
        await system.close()


async def check_vitals(system: System, ids: set[str]) -> None:
    """Processor and memory of these machines, each within what it may have. The platform's
    Prometheus forgets one that rests only with the next sample."""
    (vitals,) = (one for one in system.probes if isinstance(one, VitalsProbe))
    wanted = {
        (f"api/machine/{id}", signal) for id in ids for signal in ("machine.cpu", "machine.memory")
    }
    async with asyncio.timeout(20):
        while True:
            readings = (await vitals.read()).readings
            if {(r.target, r.signal) for r in readings} == wanted:
                break
            await asyncio.sleep(0.05)
    for reading in readings:
        assert reading.value is not None
        assert 0 <= reading.value <= (reading.limit or 1.0)
        assert reading.value > 0 or reading.signal == "machine.cpu"


async def check_tables(system: System) -> None:
    """What belongs to the app beside its machines is shown, and nothing is missing."""
    tables: dict[str, Table] = {}
    for one in system.probes:
        if not isinstance(one, VitalsProbe):
            tables |= {table.name: table for table in (await one.read()).tables}
    for name in ("api.certificates", "api.releases", "api.secrets", "api.volumes"):
        assert tables[name].missing is None
        assert tables[name].rows, name


async def test_stop_deploy_and_emergency_on_real_processes(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        fly = Fly(
            url=place.api, web_url=place.api, token="FlyV1 fm2_secret", timeout=5,
            prometheus_url=f"{place.api}/prometheus/ainur/api/v1", database_app="ainur-db",
        )  # fmt: skip
        system = connect(Environment(fly=fly), CONTEXT)
        assert system is not None
        assert system.close is not None
        first, second = (machine["id"] for machine in await place.machines())
        await check_tables(system)
        await check_vitals(system, {first, second})
        for name, kind, target, params in (
            ("drain", "api/machine", f"api/machine/{first}", {}),
            ("undrain", "api/machine", f"api/machine/{first}", {}),
            ("suspend", "api/machine", f"api/machine/{first}", {}),
            ("start", "api/machine", f"api/machine/{first}", {}),
            ("deploy", "api", "api", {"image": "deployment-02"}),
            ("rollback", "api", "api", {}),
            ("emergency-stop", "api", "api", {"reason": "rehearsal"}),
            ("restore-count", "api", "api", {}),
        ):
            act = action(system, name, kind)
            plan = await act.plan(target, dict(params), world())
            assert plan.blocked is None
            assert plan.policy is None
            await carry_out(act, plan, patience=20)
            assert (await act.observe(plan)).state == "verified", name
            if name == "suspend":
                await check_vitals(system, {second})
        found = await place.well()
        assert {m["config"]["image"].rpartition(":")[2] for m in found} == {"deployment-01"}
        await system.close()
