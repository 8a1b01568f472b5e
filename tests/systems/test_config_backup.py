"""What it takes to build the service again is kept beside the backups, without one value."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from ainur_tui.config.types import Backup, Environment
from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import MASK
from ainur_tui.systems.fly.configbackup import config_backup_of
from tests.systems.flyfake import Steps
from tests.systems.flysystem import CONTEXT, system_for
from tests.systems.flyworld import action, stored, world
from tests.systems.test_fly_settings import SettingsFake, quick
from tests.systems.web import RealClock, app_server

__all__ = ["quick"]

VALUE = "canary-of-the-configuration"


@pytest.fixture
async def fake() -> AsyncIterator[SettingsFake]:
    found = SettingsFake()
    app = web.Application()
    app.router.add_get("/v1/apps/{app}/secrets", found.list_secrets)
    app.router.add_route("*", "/v1/{path:.*}", found.handle)
    async with app_server(app) as url:
        found.url = url
        yield found


async def test_names_are_kept_and_values_are_not(fake: SettingsFake, tmp_path: Path) -> None:
    fake.secrets["API_KEY"] = {"name": "API_KEY", "digest": "d1"}
    for machine in fake.machines.values():
        machine["config"] |= {
            "env": {"LOG_LEVEL": VALUE}, "init": {"cmd": [VALUE]},
            "files": [{"guest_path": "/etc/x", "raw_value": VALUE}],
        }  # fmt: skip
    system = system_for(fake.url, backup=Backup(directory=str(tmp_path / "kept")))
    act = action(system, "config-backup", "api")
    plan = await act.plan("api", {}, world())
    assert plan.blocked is None
    assert "1 secret by name and digest, no value" in plan.facts
    assert (await act.observe(stored(plan))).state == "failed"
    context = Steps(RealClock())
    [step] = act.steps(stored(plan))
    await step.work(context)
    seen = await act.observe(stored(plan))
    assert seen.state == "verified", seen.by
    file = tmp_path / "kept" / str(plan.goal["name"])
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert VALUE not in text + repr((plan, context.told, context.kept))
    body = json.loads(text)
    first = body["apps"][0]["machines"][0]
    assert first["image"]
    assert (first["env"], first["files"], first["left_out"][:1]) == (
        ["LOG_LEVEL"], ["/etc/x"], ["init"],
    )  # fmt: skip
    assert body["secrets"] == [{"name": "API_KEY", "digest": "d1"}]
    assert body["configuration"]["fly"]["token"] == MASK
    await step.work(context)  # once more changes nothing
    next(iter(fake.machines.values()))["config"]["image"] = "another"
    with pytest.raises(ActionFailure, match="changed since"):
        await step.work(context)
    file.write_text("{}")
    assert (await act.observe(stored(plan))).state == "failed"
    assert system.close is not None
    await system.close()


def test_without_backups_there_is_no_place_for_it() -> None:
    assert config_backup_of([], Environment(name="e"), CONTEXT) == []
