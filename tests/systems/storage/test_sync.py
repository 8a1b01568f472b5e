"""A bucket and its copy: what differs is told, copied and seen; nothing goes unless asked for."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from ainur_tui.config.types import Environment, Storage
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.storage import drift, sync
from ainur_tui.systems.storage.client import Bucket, Stored, open_bucket
from ainur_tui.systems.storage.drift import DriftProbe, compare, marker
from ainur_tui.systems.storage.sync import Sync
from ainur_tui.systems.storage.system import connect
from ainur_tui.systems.system import System
from tests.systems.conftest import Store
from tests.systems.flyfake import Steps
from tests.systems.flyworld import stored
from tests.systems.postgres.test_backup import WORLD
from tests.systems.web import RealClock


class Pair:
    """Two buckets of a real store, one the copy of the other."""

    def __init__(self, section: Storage, clock: RealClock) -> None:
        context = Context("t", clock, Redactor(), Tools(lambda _: None), lambda s: Secret(str(s)))
        found = connect(Environment(name="t", storage=section), context)
        assert found is not None
        self.system: System = found
        (self.source, self.copy) = (
            open_bucket(section, name, context) for one in section.sync.items() for name in one
        )
        self.action = next(one for one in found.actions if isinstance(one, Sync))

    async def readings(self) -> Mapping[str, tuple[float | None, str | None]]:
        probe = next(one for one in self.system.probes if isinstance(one, DriftProbe))
        return {one.signal: (one.value, one.note) for one in (await probe.read()).readings}

    async def do(self, **params: str) -> tuple[Any, Steps, str]:
        plan = await self.action.plan("storage", params, WORLD)
        assert plan.blocked is None
        context = Steps(RealClock())
        steps = self.action.steps(stored(plan))
        assert [step.name for step in steps] == plan.steps
        for step in steps:
            await step.work(context)
        return plan, context, (await self.action.observe(stored(plan))).state


@pytest.fixture
def pair(s3: Store, clock: RealClock, request: pytest.FixtureRequest) -> Pair:
    stem = f"w{abs(hash(request.node.name)) % 10**8}-{os.getpid()}"
    for name in (f"{stem}-a", f"{stem}-b"):
        asked = urllib.request.Request(f"{s3.endpoint}/{name}", method="PUT")
        urllib.request.urlopen(asked, timeout=20).close()
    section = Storage(
        endpoint=s3.endpoint, access_key_id="k", secret_access_key="s", region="us-east-1",
        timeout=20, buckets=[f"{stem}-a"], sync={f"{stem}-a": f"{stem}-b"},
    )  # fmt: skip
    return Pair(section, clock)


async def put(bucket: Bucket, **objects: bytes) -> None:
    for key, data in objects.items():
        await bucket.put(key, data)


async def test_what_is_new_or_changed_is_copied_and_what_is_only_there_stays(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "SMALL", 5 << 20)
    large = os.urandom(1 << 20) * 6
    await put(pair.source, a=b"one", b=b"two", c=b"same", large=large)
    await put(pair.copy, b=b"old", c=b"same", z=b"only here")
    before = await pair.readings()
    assert before["storage.sync.drift"][0] == 3
    assert "2 new, 1 changed (6.0 MiB to copy), 1 only in the copy, 1 the same" in (
        before["storage.sync.drift"][1] or ""
    )
    assert before["storage.sync.exposed"][0] is not None
    assert before["storage.sync.age"][0] is None
    plan, context, state = await pair.do()
    assert state == "verified"
    assert plan.risk == "R1"
    assert plan.steps[0] == "copy 3 objects, 6.0 MiB"
    assert "new: a, 3 B" in plan.facts
    assert any("they stay" in warning for warning in plan.warnings)
    assert context.kept == {"copied": 3, "bytes": 6 + len(large)}
    assert await pair.copy.get("b") == b"two"
    assert await pair.copy.get("z") == b"only here"
    assert (await pair.copy.digest("large")) == (await pair.source.digest("large"))
    told = json.loads(await pair.copy.get(marker(pair.source.name)))
    assert (told["copied"], told["run"]) == (3, "run123")
    after = await pair.readings()
    assert (after["storage.sync.drift"][0], after["storage.sync.exposed"][0]) == (0, 0)
    assert (after["storage.sync.age"][0] or 99) < 60
    again, context, state = await pair.do()
    assert (again.steps[0], state) == ("copy 0 objects, 0 B", "verified")


async def test_deleting_is_asked_for_listed_and_bound_to_what_was_listed(pair: Pair) -> None:
    await put(pair.source, a=b"1")
    await put(pair.copy, a=b"1", x=b"2", y=b"3")
    plan = await pair.action.plan("storage", {"delete": "true"}, WORLD)
    assert plan.risk == "R2"
    assert {"deleted: x, 1 B", "deleted: y, 1 B"} <= set(plan.facts)
    await put(pair.copy, w=b"4")
    steps = pair.action.steps(stored(plan))
    assert await steps[0].work(Steps(RealClock())) == "0 objects, 0 B"
    with pytest.raises(ActionFailure, match="changed since"):
        await steps[1].work(Steps(RealClock()))
    assert (await pair.action.observe(plan)).state == "failed"
    _, context, state = await pair.do(delete="true")
    assert (context.kept["deleted"], state) == (3, "verified")
    assert [one.key for one in await pair.copy.page(None)] == [marker(pair.source.name), "a"]


async def test_the_way_back_and_what_makes_no_sense(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(pair.copy, a=b"1", b=b"2", c=b"3")
    names = {"source": pair.copy.name, "into": pair.source.name}
    plan, _, state = await pair.do(**names)
    assert (plan.risk, state) == ("R2", "verified")
    assert any("not configured as the copy" in warning for warning in plan.warnings)
    assert await pair.source.get("a") == b"1"
    for params in ({"source": "nope"}, {"into": pair.source.name}, {"delete": "x"}):
        with pytest.raises(Refused):
            await pair.action.plan("storage", params, WORLD)
    monkeypatch.setattr(drift.difference, "__defaults__", (2,))
    cut = await pair.action.plan("storage", {"delete": "true"}, WORLD)
    assert "more objects than are compared" in (cut.blocked or "")
    monkeypatch.setattr(drift, "PAGE", 1)
    assert len((await drift.listed(pair.source))[0]) == 3
    assert (await drift.listed(pair.source, 2))[1]


def test_tags_of_parts_tell_nothing_and_a_cut_listing_misses_nothing() -> None:
    plain = Stored("k", 1, 100.0, '"aa"')
    assert compare([plain], [plain._replace(tag="aa")]).same == 1
    assert compare([plain], [plain._replace(tag="bb")]).changed == [plain]
    parts = plain._replace(tag="cc-2")
    assert compare([parts], [plain._replace(modified=200.0)]).same == 1
    assert compare([parts], [plain._replace(modified=50.0)]).changed == [parts]
    a, b, c = (plain._replace(key=key) for key in "abc")
    found = compare([a, b], [a, c], cut=True)
    assert (found.new, found.gone, found.same) == ([b], [], 1)
    assert "there are more" in found.told
