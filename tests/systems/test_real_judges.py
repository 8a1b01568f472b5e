"""The real Prometheus and Alertmanager: every call of ours, with TLS, a password and a path."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ainur_tui.config.types import Alertmanager, Environment, Prometheus
from ainur_tui.engine.probing.connecting import Redaction
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.units import rfc3339
from ainur_tui.rules import queries
from ainur_tui.rules.prom import doctor as promdoctor
from ainur_tui.rules.prom import rules as promrules
from ainur_tui.systems.alertmanager.system import connect as connect_alertmanager
from ainur_tui.systems.base import Context, Sample, Tools
from ainur_tui.systems.prometheus.system import connect as connect_prometheus
from ainur_tui.systems.system import System
from ainur_tui.systems.telling import Message
from tests.rules.test_promrules import GUIDE
from tests.systems.judges import ALERTMANAGER, PASSWORD, PROMETHEUS, USER, judges
from tests.systems.test_http import Authority
from tests.systems.web import RealClock

pytestmark = pytest.mark.skipif(
    not (PROMETHEUS and ALERTMANAGER), reason="prometheus and alertmanager are not installed here"
)
CONTEXT = Context("test", RealClock(), Redaction(), Tools(lambda _: None), Secret)  # type: ignore[arg-type]


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What ``look`` gives once it is true; failures are not yet."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if found := await look():
                return found
        except ProbeFailure as failure:
            what = f"{what} ({failure})"[:500]
        await asyncio.sleep(0.05)
    raise AssertionError(f"in vain: {what}")


def told(sample: Sample) -> dict[str, Alert]:
    return {alert.name.partition(" ")[0]: alert for alert in sample.alerts or ()}


async def test_the_real_ones_are_read_told_silenced_and_survive_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server("127.0.0.1", -1, 10)
    with judges(tmp_path, tmp_path / "server.pem") as (prometheus, alertmanager):
        access: dict[str, Any] = {
            "user": USER, "token": PASSWORD, "ca_file": str(authority.file), "timeout": 9.5,
        }  # fmt: skip
        theirs = connect_prometheus(
            Environment(prometheus=Prometheus(url=prometheus.url, **access)), CONTEXT
        )
        ours = connect_alertmanager(
            Environment(alertmanager=Alertmanager(url=alertmanager.url, **access)), CONTEXT
        )
        assert theirs is not None
        assert ours is not None
        try:
            await _prometheus(theirs)
            await _refusals(prometheus.url, access)
            await _alertmanager(ours)
            alertmanager.stop()
            with pytest.raises(ProbeFailure, match="nothing listens"):
                await ours.probes[0].read()
            alertmanager.start()
            await _again(ours)
        finally:
            for one in (theirs, ours):
                assert one.close is not None
                await one.close()


async def _prometheus(theirs: System) -> None:
    rules, targets = theirs.probes

    async def fires() -> Sample | None:
        sample = await rules.read()
        values = {one.signal: one.value for one in sample.readings}
        both = {"TargetDown", "Waits"} <= told(sample).keys()
        return sample if both and values["prometheus.rules.failing"] else None

    sample = await until(fires, "a rule fires, one waits and one is sick")
    down, waits = told(sample)["TargetDown"], told(sample)["Waits"]
    assert (down.state, down.severity, down.summary) == ("firing", "P2", "dead is down")
    assert (waits.state, waits.fires_at) == ("pending", pytest.approx(waits.since + 600))
    sick = next(one for one in sample.rules if one.name == "Sick")
    assert "many-to-many" in str(sick.off) or "duplicate series" in str(sick.off)
    (table,) = (await targets.read()).tables
    assert [(row.cells[0], row.cells[2]) for row in table.rows[:2]] == [
        ("dead", "down"), ("itself", "up"),
    ]  # fmt: skip
    assert "connection refused" in str(table.rows[0].cells[5])
    index = theirs.series
    assert index is not None
    assert await index.exists('up{job=~"it.*"}')
    assert not await index.exists("nowhere")
    assert "up" in await index.names()
    assert await index.query("1 + 1") == [({}, 2.0)]
    assert await index.query("0 / 0") == []
    for one in queries.saved():
        for expr in (*one.exprs, one.guide):
            assert await index.query(expr) is not None, expr
    for rule in promrules.parse(GUIDE, "guide.yml"):
        hints = [found.hint for found in promdoctor.examine(rule, {}) if "(" in found.hint]
        assert hints, rule.name
        for hint in hints:
            assert await index.query(hint) == [], f"what the doctor proposes is PromQL: {hint}"
    now = time.time()
    past = await index.past("sum(up)", now - 60, now, 1)
    assert past[0][1][-1][1] == 1.0
    with pytest.raises(ProbeFailure, match="unexpected end of input"):
        await index.query("up >")


async def _refusals(url: str, access: dict[str, Any]) -> None:
    """Wrong in each of the ways that happen: the words say which."""
    for change, kind in (
        ({"token": "wrong"}, "auth"), ({"user": None}, "auth"), ({"ca_file": None}, "tls"),
        ({"url": f"{url}x"}, "missing"), ({"url": url.replace("https", "http")}, "bad answer"),
    ):  # fmt: skip
        section = Prometheus(**({"url": url} | access | change))
        made = connect_prometheus(Environment(prometheus=section), CONTEXT)
        assert made is not None
        with pytest.raises(ProbeFailure) as failure:
            await made.probes[0].read()
        assert failure.value.kind == kind, change
        assert made.close is not None
        await made.close()


OURS = Alert(name="Slow \"queries\" of a\\b", target="db/x y", state="firing", severity="P1",
             since=0.0, summary="s")  # fmt: skip
KEY = (OURS.name, OURS.target)


async def _alertmanager(ours: System) -> None:
    (probe,), (receiver,) = ours.probes, ours.receivers

    async def arrived() -> Sample | None:
        sample = await probe.read()
        return sample if "TargetDown" in told(sample) else None

    await until(arrived, "Prometheus told it")
    at = time.time()
    mine = Silence(id="abc", name='Slow "*', target="db", by="mira", reason="drill",
                   at=at - 5, until=at + 600)  # fmt: skip
    alert = replace(OURS, since=at - 60, silence=mine)
    await receiver.send([Message(alert, "fires", alert.since)])
    assert (await probe.read()).muted == {}
    assert await _muted_there(probe) == {KEY}
    await receiver.send([Message(replace(alert, silence=None), "still fires", alert.since)])
    assert await _muted_there(probe) == set()
    await receiver.send([Message(alert, "still fires", alert.since)])
    await _ended_there(ours)


async def _ended_there(ours: System) -> None:
    """A silence of somebody else is listed, and over once we end it."""
    (probe,) = ours.probes
    matchers = [{"name": "alertname", "value": "Nothing", "isRegex": False}]
    await probe._http.send("POST", "/api/v2/silences", json={  # type: ignore[attr-defined]
        "matchers": matchers, "startsAt": rfc3339(time.time()), "createdBy": "jon",
        "endsAt": rfc3339(time.time() + 600), "comment": "known"})  # fmt: skip
    (theirs,) = (await probe.read()).silences
    assert (theirs.name, theirs.by) == ("Nothing", "jon")
    assert ours.silencer is not None
    await ours.silencer.end(theirs.id)
    assert (await probe.read()).silences == []
    with pytest.raises(ProbeFailure, match="not found"):
        await ours.silencer.end("7e3f4a52-0000-4000-8000-000000000000")


async def _again(ours: System) -> None:
    """It forgets alerts and keeps silences."""
    (probe,), (receiver,) = ours.probes, ours.receivers
    await until(probe.read, "it is back")
    at = time.time()
    loud = replace(OURS, since=at - 60)
    mine = Silence(id="abc", name="Slow*", target="db", by="m", reason="r", at=at, until=at + 600)
    await receiver.send([Message(replace(loud, silence=mine), "still fires", loud.since)])
    assert await _muted_there(probe) == {KEY}
    await receiver.send([Message(loud, "over", loud.since)])
    assert KEY not in await _there(probe)


async def _there(probe: Any) -> dict[tuple[str, str], str]:
    """State of what it holds of ours, as it tells it."""
    found = (await probe._http.get("/api/v2/alerts")).body
    return {
        (one["labels"]["alertname"], one["labels"].get("target", "")): one["status"]["state"]
        for one in json.loads(found) if one["labels"].get("source") == "ainur-tui"
    }  # fmt: skip


async def _muted_there(probe: Any) -> set[tuple[str, str]]:
    return {key for key, state in (await _there(probe)).items() if state == "suppressed"}
